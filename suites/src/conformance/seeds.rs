//! Sessions out of scenario files: their worlds, and each of their requests as something to be changed.

use std::path::Path;
use std::sync::Arc;

use proxy_wasm_harness::scenario::{
    Answers, Chain, PluginSource, PluginSpec, Scenario, Span, StartOutcome, Step, StepKind,
};
use proxy_wasm_harness::state::Request;
use proxy_wasm_harness::vm::Plugin;

use super::lab::Input;
use super::session::Session;
use super::world::World;

/// Sessions that are made of all scenarios together.
const MOST: usize = 24;

/// A world to be, and its scripts: name, steps, target.
#[derive(Clone, Debug)]
pub(super) struct Seed {
    /// The world's scenario.
    pub(super) scenario: Scenario,
    scripts: Vec<(String, Vec<Step>, usize)>,
}

impl Seed {
    /// Its sessions in this world.
    pub(super) fn sessions(self, world: &Arc<World>) -> Vec<Session> {
        let session = |(name, steps, target)| Session { name, world: Arc::clone(world), steps, target };
        self.scripts.into_iter().map(session).collect()
    }
}

/// The seeds in these scenarios, those with equal surroundings together.
pub(super) fn of(scenarios: &[Scenario], plugin: &Plugin, input: &Input) -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    let mut seen: Vec<Request> = Vec::new();
    let mut count = 0;
    for scenario in scenarios {
        let Some(spec) = place_in(scenario, plugin, &input.place) else { continue };
        if scenario.skip.is_some() || scenario.known_failure.is_some() {
            continue;
        }
        let Some(steps) = steps(scenario) else { continue };
        let mut world = scenario.clone();
        let mut spec = spec.clone();
        spec.source = PluginSource::Path(input.place.clone());
        spec.span = Span::none();
        if let Some(config) = &input.config {
            spec.config.clone_from(config);
        }
        world.chain = Chain::Plugins(vec![spec]);
        world.configs.clear();
        world.span = Span::none();
        world.name = "conformance".to_owned();
        (world.case, world.snapshot, world.cost, world.parity, world.rate_limit) =
            (None, Vec::new(), None, None, None);
        world.steps.clear();
        let mut scripts = Vec::new();
        for (target, step) in steps.iter().enumerate() {
            let StepKind::Request(request) = &step.kind else { continue };
            // Later ones of one request see another state: the last of each is the most telling.
            if !seen.contains(request) && count < MOST {
                seen.push(request.clone());
                count += 1;
                let name = format!("{}, step {}", scenario.label(), target + 1);
                scripts.push((name, steps[..=target].to_vec(), target));
            }
        }
        match seeds.iter_mut().find(|seed| seed.scenario == world) {
            Some(seed) => seed.scripts.extend(scripts),
            None if scripts.is_empty() => {}
            None => seeds.push(Seed { scenario: world, scripts }),
        }
    }
    seeds
}

/// The plugin's place in the scenario's chain: by its file, or because it is alone there.
fn place_in<'s>(scenario: &'s Scenario, plugin: &Plugin, place: &Path) -> Option<&'s PluginSpec> {
    let Chain::Plugins(plugins) = &scenario.chain else { return None };
    let same = |path: &Path| {
        path.canonicalize().is_ok_and(|path| place.canonicalize().is_ok_and(|here| here == path))
    };
    let by_file = plugins.iter().find(|spec| matches!(&spec.source, PluginSource::Path(path) if same(path)));
    let by_name = || plugins.iter().find(|spec| spec.name == plugin.name());
    let alone = || plugins.first().filter(|_| plugins.len() == 1);
    by_file.or_else(by_name).or_else(alone)
}

/// The steps without what they expect; nothing when the scenario is none of HTTP that starts.
fn steps(scenario: &Scenario) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for step in &scenario.steps {
        let mut step = Step { span: Span::none(), expect: None, ..step.clone() };
        match &mut step.kind {
            StepKind::Start(StartOutcome::Refused) => return None,
            StepKind::Connect(_) | StepKind::Data(_) | StepKind::Close(_) => return None,
            StepKind::Start(StartOutcome::Ok) | StepKind::Expect => continue,
            StepKind::Request(request) => {
                if let (None, Answers::Every(answer)) = (&request.respond, &scenario.upstream) {
                    request.respond = Some(answer.clone());
                }
            }
            _ => {}
        }
        steps.push(step);
    }
    Some(steps)
}
