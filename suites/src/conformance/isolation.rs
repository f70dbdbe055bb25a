//! Checks that streams, plugins of one VM, and VMs do not get into each other's way.

use std::sync::Arc;

use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{Chain, StepKind};
use proxy_wasm_harness::state::Duration;

use super::lab::{Lab, Subject};
use super::played::Exchange;
use super::session::Session;
use super::tally::Tally;
use super::transform::streams::{self, by_hand, interleaved};
use super::world::World;
use super::{compare, trouble};

/// Streams at the same time are as streams one after the other.
pub static STREAMS: Check<Subject> = Check {
    requirement: Requirement {
        id: "isolation/streams",
        level: Level::Must,
        sentence: "Streams that are open at the same time do not change each other.",
        source: Source::Abi("Context lifecycle"),
        evidence: &["Kuadrant/wasm-shim#227", "istio/istio#54490"],
        exercises: "runs pairs of exchanges one after the other, and part by part in turns",
        bad: "keeping the current request in a static variable",
        good: "keep it in the stream's context",
    },
    judge: |subject| subject.run(interleaving),
};

fn interleaving(lab: &Lab) -> Judged {
    const PAIRS: usize = 12;
    let mut tally = Tally::of("pairs of streams in turns");
    let single: Vec<&Session> =
        lab.sound().map(|(session, _)| session).filter(|session| session.steps.len() == 1).collect();
    let mut entropy = lab.entropy("isolation/streams");
    for index in 0..PAIRS.min(single.len()) {
        if tally.is_full() || single.len() < 2 {
            break;
        }
        let one = single[index];
        let other = single[(index + 1 + (entropy.next_u64() as usize % (single.len() - 1))) % single.len()];
        if !Arc::ptr_eq(&one.world, &other.world) || std::ptr::eq(one, other) {
            continue;
        }
        let (a, b) =
            (by_hand("a", one.request(), &one.answer()), by_hand("b", other.request(), &other.answer()));
        let after_all = |mut steps: Vec<_>| {
            steps.push(streams::advance(Duration::from_secs(65)));
            steps
        };
        let apart = after_all(a.iter().chain(&b).cloned().collect());
        let in_turns = after_all(interleaved(&a, &b));
        let (oracle, played) = (one.world.play(&apart), one.world.play(&in_turns));
        // What cannot be done by hand at all (a stream that waits for a call) says nothing.
        let failed = |played: &super::played::Played| {
            played.run.failures.iter().any(|failure| failure.what == "respond")
        };
        if failed(&oracle) || failed(&played) {
            continue;
        }
        tally.tried();
        let what = format!("{} and {}, in turns", one.name, other.name);
        if trouble::of(&oracle).is_none()
            && let Some(finding) = trouble::finding(&one.world, &in_turns, &played, &what)
        {
            tally.found(finding);
            continue;
        }
        for (nth, (was, is)) in oracle.exchanges.iter().zip(&played.exchanges).enumerate() {
            let again = || with_other_randomness(lab, one).play(&apart).exchanges.into_iter().nth(nth);
            if let Some(difference) = difference(lab, was, is, again) {
                let stream = ["a", "b"][nth.min(1)];
                let mut difference = difference;
                difference.expect.stream = Some(stream.to_owned());
                let last = in_turns.len() - 1;
                tally.found(lab.difference(&one.world, in_turns.clone(), last, &played, &what, difference));
                break;
            }
        }
    }
    tally.judged()
}

/// A world in which a session's plugin draws other numbers.
fn with_other_randomness(lab: &Lab, session: &Session) -> Arc<World> {
    lab.world_with(session, |scenario| scenario.seed = lab.options.seed.wrapping_add(1))
}

/// In what an exchange differs from the untouched one. Where the plugin draws random numbers and they show in what it
/// writes, only its decisions count: who draws in another order gets other numbers, and nothing is shared by that.
/// `again` is the untouched exchange with other randomness; it is asked for only when something differs.
fn difference(
    lab: &Lab,
    oracle: &Exchange,
    found: &Exchange,
    again: impl FnOnce() -> Option<Exchange>,
) -> Option<compare::Difference> {
    let differs = compare::exchange(oracle, found)?;
    let random = lab.habits.calls("random_get")
        && again().is_some_and(|again| compare::exchange(oracle, &again).is_some());
    if random { compare::decision(oracle, found) } else { Some(differs) }
}

/// Each worker has its own VM.
pub static WORKERS: Check<Subject> = Check {
    requirement: Requirement {
        id: "isolation/workers",
        level: Level::Info,
        sentence: "Decisions do not depend on how many workers the proxy has.",
        source: Source::Envoy("each worker has a VM of its own"),
        evidence: &["tetratelabs/wasm-rate-limiting main.go", "envoyproxy/envoy-wasm#305"],
        exercises: "runs sessions with one worker and with three",
        bad: "a limit of two requests per second, kept in the VM: with eight workers it is sixteen",
        good: "keep in the shared store what holds for the whole proxy",
    },
    judge: |subject| subject.run(workers),
};

fn workers(lab: &Lab) -> Judged {
    let mut tally = Tally::of("sessions of several requests with three workers");
    for (session, oracle) in lab.sound() {
        let requests = session.steps.iter().filter(|step| matches!(step.kind, StepKind::Request(_))).count();
        if requests < 2 || tally.is_full() {
            continue;
        }
        let world = lab.world_with(session, |scenario| scenario.host.workers = 3);
        let played = world.play(&session.steps);
        tally.tried();
        let pairs = oracle.exchanges.iter().zip(&played.exchanges);
        let differs = pairs.enumerate().find_map(|(at, (one, two))| Some((at, compare::decision(one, two)?)));
        if let Some((at, difference)) = differs {
            let what = format!("{}, with three workers, request {}", session.name, at + 1);
            let steps = session.steps.clone();
            let at = at.min(steps.len() - 1);
            tally.found(lab.difference(&world, steps, at, &played, &what, difference));
        }
    }
    tally.judged()
}

/// Two plugins in one VM are as in two.
pub static SHARED_VM: Check<Subject> = Check {
    requirement: Requirement {
        id: "configuration/shared-vm",
        level: Level::Must,
        sentence: "Two plugins of one module with different configurations do not share them: Envoy runs both in one VM \
                   when their vm_id is the same.",
        source: Source::Envoy(
            "plugins with the same vm_id, VM configuration, code and environment share a VM",
        ),
        evidence: &[
            "proxy-wasm/proxy-wasm-cpp-host#64",
            "envoyproxy/envoy-wasm#249",
            "envoyproxy/envoy#46893",
        ],
        exercises: "runs two plugins with different configurations in one VM, and in two",
        bad: "static CONFIG: OnceLock<Config>",
        good: "keep the configuration in the plugin context",
    },
    judge: |subject| subject.run(shared_vm),
};

fn shared_vm(lab: &Lab) -> Judged {
    let mut tally = Tally::of("sessions with two plugins in one VM");
    let Some((session, _)) = lab.sound().next() else { return tally.judged() };
    let Some(other) = super::configuration::other(lab) else {
        return Judged::NotApplicable("it takes no second configuration that is different".to_owned());
    };
    let pair = |ids: [&str; 2], seed: u64| {
        lab.world_with(session, |scenario| {
            scenario.seed = seed;
            let Chain::Plugins(plugins) = &mut scenario.chain else { return };
            let mut second = plugins[0].clone();
            second.name = format!("{}_other", second.name);
            second.config.clone_from(&other);
            plugins.truncate(1);
            plugins.push(second);
            for (plugin, id) in plugins.iter_mut().zip(ids) {
                plugin.vm.id = id.to_owned();
            }
        })
    };
    let seed = lab.options.seed;
    let (apart, together) = (pair(["one", "two"], seed), pair(["one", "one"], seed));
    let chance = std::cell::LazyCell::new(|| pair(["one", "two"], seed.wrapping_add(1)));
    if let Err(no) = apart.start().map(quiet) {
        return Judged::Inconclusive(format!("two of it do not start: {}", super::lab::first_line(&no.why)));
    }
    if let Err(no) = together.start().map(quiet) {
        tally.tried();
        let why = super::lab::first_line(&no.why);
        tally.found(Finding::new(format!("two plugins start in two VMs, and not in one: {why}")));
        return tally.judged();
    }
    for (session, _) in lab.sound().filter(|(of, _)| Arc::ptr_eq(&of.world, &session.world)).take(8) {
        tally.tried();
        let (oracle, played) = (apart.play(&session.steps), together.play(&session.steps));
        let what = format!("{}, two plugins in one VM", session.name);
        if trouble::of(&oracle).is_none()
            && let Some(finding) = trouble::finding(&together, &session.steps, &played, &what)
        {
            tally.found(finding);
        } else {
            let exchange = |exchanges: &[Exchange]| exchanges.get(session.exchange_index()).cloned();
            let again = || exchange(&chance.play(&session.steps).exchanges);
            if let (Some(one), Some(two)) = (exchange(&oracle.exchanges), exchange(&played.exchanges))
                && let Some(difference) = difference(lab, &one, &two, again)
            {
                let steps = session.steps.clone();
                tally.found(lab.difference(&together, steps, session.target, &played, &what, difference));
            }
        }
        if tally.is_full() {
            break;
        }
    }
    tally.judged()
}

fn quiet(mut host: proxy_wasm_harness::host::Host) {
    host.allow("trap").allow("stall");
}
