//! Checks of configurations that are pushed while the plugin runs.

use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{Chain, Config, Reconfigure, Span, StartOutcome, Step, StepKind};

use super::lab::{Lab, Subject};
use super::session::Session;
use super::tally::Tally;
use super::transform::streams::step;
use super::{compare, trouble};

/// Sessions that are run after a push.
const SESSIONS: usize = 6;

/// What a push leaves is as after a start.
pub static RELOAD: Check<Subject> = Check {
    requirement: Requirement {
        id: "configuration/reload",
        level: Level::Must,
        sentence: "After a new configuration is pushed the plugin behaves as if it had been started with it, and hundreds \
                   of pushes leave no memory behind.",
        source: Source::Envoy("a push makes a new plugin context in the same VM, then ends the old one"),
        evidence: &[
            "alibaba/higress#2255",
            "envoyproxy/envoy#27336",
            "envoyproxy/envoy#13690",
            "istio/istio#29843",
        ],
        exercises: "pushes another configuration and compares with a start with it; pushes hundreds and measures memory",
        bad: "static CONFIG: OnceLock<Config>: the first configuration stays for ever",
        good: "keep configuration and state in the plugin context, and drop both with it",
    },
    judge: |subject| subject.run(reload),
};

fn push(session: &Session, config: &[u8]) -> Step {
    step(StepKind::Reconfigure(Reconfigure {
        span: Span::none(),
        plugin: session.world.spec().name.clone(),
        config: Config(config.to_vec()),
        vm: None,
        outcome: StartOutcome::Ok,
    }))
}

fn reload(lab: &Lab) -> Judged {
    let mut tally = Tally::of("pushes of a configuration");
    let Some((first, _)) = lab.sound().next() else { return tally.judged() };
    let own = first.world.spec().config.clone();
    let Some(other) = super::configuration::other(lab) else {
        return Judged::NotApplicable("it takes no second configuration that is different".to_owned());
    };
    let fresh = lab.world_with(first, |scenario| {
        if let Chain::Plugins(plugins) = &mut scenario.chain {
            plugins[0].config.clone_from(&other);
        }
    });
    let same_world = |session: &Session| std::sync::Arc::ptr_eq(&session.world, &first.world);
    for (session, _) in lab.sound().filter(|(session, _)| same_world(session)).take(SESSIONS) {
        let oracle = fresh.play(&session.steps);
        if trouble::of(&oracle).is_some() {
            continue;
        }
        let mut steps = vec![push(session, &other)];
        steps.extend(session.steps.iter().cloned());
        tally.tried();
        let played = session.world.play(&steps);
        let what = format!("{}, after another configuration was pushed", session.name);
        if let Some(finding) = trouble::finding(&session.world, &steps, &played, &what) {
            tally.found(finding);
            continue;
        }
        let at = session.exchange_index();
        if let (Some(one), Some(two)) = (oracle.exchanges.get(at), played.exchanges.get(at))
            && let Some(difference) = compare::exchange(one, two)
        {
            tally.found(lab.difference(
                &session.world,
                steps,
                session.target + 1,
                &played,
                &what,
                difference,
            ));
        }
    }
    let pushes = |count: usize| -> Vec<Step> {
        (0..count).map(|nth| push(first, if nth % 2 == 0 { &other } else { &own })).collect()
    };
    let memory = |count: usize| first.world.play(&pushes(count)).memory.first().copied().unwrap_or_default();
    let (some, more, most) = (memory(100), memory(200), memory(400));
    (0..400).for_each(|_| tally.tried());
    // A collector grows to its plateau; what leaks grows on at the same rate.
    const MUCH: u64 = 4 << 16;
    let (before, after) = (more - some, most - more);
    if before > 0 && after >= MUCH && after * 2 >= before * 3 {
        tally.found(Finding::new(format!(
            "{} KiB of memory after 100 pushes, {} after 200, {} after 400",
            some / 1024,
            more / 1024,
            most / 1024
        )));
    }
    tally.judged()
}
