//! The plugin under examination, its sessions, and what it does when nothing is changed.

use std::path::PathBuf;
use std::sync::Arc;

use proxy_wasm_harness::abi::CallbackId;
use proxy_wasm_harness::check::{Finding, Judged};
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::scenario::{
    Answers, Chain, Expectations, FailurePolicy, PluginSource, PluginSpec, RunOptions, Scenario, Span, Step,
    load_text,
};
use proxy_wasm_harness::state::{Answer, Duration, Entropy, GrpcAnswer};
use proxy_wasm_harness::vm::{HANG_TIMEOUT, Inspection, LoadError, LoadOptions, MAX_MEMORY, Plugin, inspect};

use super::compare::Difference;
use super::habits::Habits;
use super::played::Played;
use super::profile::{self, Profile};
use super::session::Session;
use super::transform::streams;
use super::world::{NoStart, World};
use super::{corpus, seeds, trouble};

/// Rounds in which clusters are looked for: each answer may make a plugin call another.
const ROUNDS: usize = 4;

/// What is decided before an examination.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where randomness comes from: the choices of transformations, and the plugin's own.
    pub seed: u64,
    /// Random variants of each thing that is varied at random.
    pub cases: u32,
    /// The host whose differences count.
    pub profile: &'static Profile,
    /// Whether to do what no host may do.
    pub hostile: bool,
    /// Requests that are sent to see memory grow.
    pub requests: u32,
    /// Wall-clock time that one call into the plugin may take.
    pub hang_timeout: Duration,
    /// Bytes of memory that a VM may have.
    pub max_memory: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            cases: 4,
            profile: &profile::ENVOY,
            hostile: false,
            requests: 1600,
            hang_timeout: HANG_TIMEOUT,
            max_memory: MAX_MEMORY,
        }
    }
}

impl Options {
    /// How runs are carried out: everything is recorded.
    #[must_use]
    pub fn running(&self) -> RunOptions {
        RunOptions {
            hang_timeout: self.hang_timeout,
            max_memory: self.max_memory,
            detail: Detail::Abi,
            ..RunOptions::default()
        }
    }
}

/// What is examined.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The module's path, as reports and reproductions name it.
    pub place: PathBuf,
    /// Its bytes, binary or text.
    pub bytes: Vec<u8>,
    /// Its configuration; none: that of the scenarios, else zero bytes.
    pub config: Option<Vec<u8>>,
    /// Scenarios whose requests and surroundings are used in place of the standard corpus.
    pub scenarios: Vec<Scenario>,
}

/// A plugin, as far as it can be examined.
pub struct Subject {
    /// What its module declares.
    pub inspection: Inspection,
    /// What is decided.
    pub options: Options,
    lab: Result<Lab, NoLab>,
}

/// Why a plugin cannot be run.
pub(super) enum NoLab {
    /// No host loads it.
    Unloadable(LoadError),
    /// It does not start as it is configured.
    NoStart(Box<World>, NoStart, bool),
    /// The scenarios cannot be used.
    Scenarios(String),
}

/// A plugin that runs, and everything known of its untouched runs.
pub struct Lab {
    /// The plugin.
    pub plugin: Plugin,
    /// What is decided.
    pub options: Options,
    /// Every session.
    pub sessions: Vec<Session>,
    /// The untouched run of each session.
    pub oracles: Vec<Played>,
    /// What it was seen to do.
    pub habits: Habits,
}

impl Subject {
    /// Makes `input` ready: loads it, finds the clusters that it calls, runs each session untouched.
    ///
    /// # Errors
    ///
    /// When the bytes are no module at all.
    pub fn new(input: &Input, options: &Options, loading: &LoadOptions) -> Result<Self, LoadError> {
        let place = input.place.display().to_string();
        let inspection = inspect(&place, &input.bytes)?;
        let name = input
            .place
            .file_stem()
            .map_or_else(|| "plugin".into(), |stem| stem.to_string_lossy().into_owned());
        let lab = match Plugin::from_bytes(name, &input.bytes, loading) {
            Err(error) => Err(NoLab::Unloadable(error)),
            Ok(plugin) => Lab::new(plugin, input, options),
        };
        Ok(Self { inspection, options: options.clone(), lab })
    }

    /// The plugin at work, when it runs.
    #[must_use]
    pub fn lab(&self) -> Option<&Lab> {
        self.lab.as_ref().ok()
    }

    pub(super) fn no_lab(&self) -> Option<&NoLab> {
        self.lab.as_ref().err()
    }

    /// Judges by runs.
    pub(super) fn run(&self, judge: fn(&Lab) -> Judged) -> Judged {
        match &self.lab {
            Ok(lab) => judge(lab),
            Err(NoLab::Unloadable(error)) => Judged::Skipped(format!("it does not load: {error}")),
            Err(NoLab::NoStart(_, no, _)) => {
                Judged::Skipped(format!("it does not start: {}", first_line(&no.why)))
            }
            Err(NoLab::Scenarios(why)) => Judged::Skipped(why.clone()),
        }
    }

    /// Whether it does nothing that anybody could see: then nothing that it does is right or wrong.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match &self.lab {
            Ok(lab) => lab.is_idle(),
            Err(_) => false,
        }
    }
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

impl Lab {
    fn new(plugin: Plugin, input: &Input, options: &Options) -> Result<Self, NoLab> {
        let found = if input.scenarios.is_empty() {
            let mut scenario = blank();
            scenario.chain = Chain::Plugins(vec![spec(plugin.name(), &input.place, input.config.clone())]);
            let world = world_that_starts(scenario, &plugin, options, input.config.is_some())?;
            corpus::sessions(&world)
        } else {
            let seeds = seeds::of(&input.scenarios, &plugin, input);
            let mut sessions = Vec::new();
            for seed in seeds {
                let world = world_that_starts(seed.scenario.clone(), &plugin, options, true)?;
                sessions.extend(seed.sessions(&world));
            }
            if sessions.is_empty() {
                return Err(NoLab::Scenarios(
                    "the scenarios send no request over HTTP to this plugin alone".to_owned(),
                ));
            }
            sessions
        };
        let oracles: Vec<Played> = found.iter().map(|session| session.world.play(&session.steps)).collect();
        let mut habits = Habits::default();
        oracles.iter().for_each(|played| habits.note(played));
        Ok(Self { plugin, options: options.clone(), sessions: found, oracles, habits })
    }

    /// The sessions whose untouched runs end well, with these runs.
    pub fn sound(&self) -> impl Iterator<Item = (&Session, &Played)> {
        self.sessions.iter().zip(&self.oracles).filter(|(_, oracle)| {
            oracle.run.traps.is_empty() && oracle.run.stalls.is_empty() && !halted(oracle)
        })
    }

    /// Every session with its untouched run.
    pub fn all(&self) -> impl Iterator<Item = (&Session, &Played)> {
        self.sessions.iter().zip(&self.oracles)
    }

    /// The first world: where the plugin is as it is configured.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.sessions[0].world
    }

    /// The worlds, each once.
    #[must_use]
    pub fn worlds(&self) -> Vec<&Arc<World>> {
        let mut worlds: Vec<&Arc<World>> = Vec::new();
        for session in &self.sessions {
            if !worlds.iter().any(|known| Arc::ptr_eq(known, &session.world)) {
                worlds.push(&session.world);
            }
        }
        worlds
    }

    /// Whether the module has this callback.
    #[must_use]
    pub fn has(&self, callback: CallbackId) -> bool {
        self.plugin.export(callback).is_some()
    }

    /// Randomness of the check of this id.
    #[must_use]
    pub fn entropy(&self, id: &str) -> Entropy {
        Entropy::new(self.options.seed, id)
    }

    /// `session`'s world, changed.
    #[must_use]
    pub fn world_with(&self, session: &Session, change: impl FnOnce(&mut Scenario)) -> Arc<World> {
        session.world.with(&self.options.running(), change)
    }

    /// A finding about the trap or stall in a run of `steps`; nothing when there is none.
    pub(super) fn trouble(&self, world: &World, steps: &[Step], what: &str) -> Option<Finding> {
        let played = world.play(steps);
        trouble::finding(world, steps, &played, what)
    }

    /// A finding about a difference that a run of `steps` shows at step `at`.
    pub(super) fn difference(
        &self,
        world: &World,
        mut steps: Vec<Step>,
        at: usize,
        played: &Played,
        what: &str,
        difference: Difference,
    ) -> Finding {
        steps.truncate(at + 1);
        steps[at].expect = Some(difference.expect);
        Finding::new(format!("{what}: {}", difference.what))
            .evidence(trouble::lines_before(played, usize::MAX))
            .on(profile::bites(&played.trace()))
            .reproduction(world.script(what, steps))
    }

    fn is_idle(&self) -> bool {
        let logs = |name: &str| matches!(name, "proxy_log" | "proxy_get_log_level" | "fd_write");
        let acts = self.habits.most_in_a_run.keys().any(|name| !logs(name));
        let pauses = !self.habits.pauses.is_empty();
        let breaks = self.oracles.iter().any(Played::trouble);
        !acts && !pauses && !breaks && !self.timed()
    }

    /// Whether the start set a timer: the plugin acts by itself.
    fn timed(&self) -> bool {
        self.habits.calls("proxy_set_tick_period_milliseconds")
            || self.habits.calls("proxy_register_shared_queue")
    }
}

/// Whether it did what Envoy does not survive, or never came to an end.
fn halted(played: &Played) -> bool {
    let fatal = [
        "envoy/crash",
        "envoy/head-twice",
        "envoy/request-twice",
        "envoy/trailers-twice",
        "envoy/stack-overflow",
        "script/no-progress",
    ];
    played.run.findings.iter().any(|finding| fatal.contains(&finding.id.as_str()))
}

/// A scenario without anything: as a file has it in which only defaults are said.
fn blank() -> Scenario {
    const TEXT: &str =
        "plugins: [{name: p, wasm: p.wasm}]\nscenarios: [{name: conformance, steps: [{request: GET /}]}]\n";
    let file =
        load_text("conformance.scenario.yaml".as_ref(), TEXT).unwrap_or_else(|errors| panic!("{errors}"));
    let mut scenario = file.scenarios.into_iter().next().expect("one scenario");
    scenario.span = Span::none();
    scenario
}

/// The plugin alone, at this place.
pub(super) fn spec(name: &str, place: &std::path::Path, config: Option<Vec<u8>>) -> PluginSpec {
    PluginSpec {
        span: Span::none(),
        name: name.to_owned(),
        root_id: String::new(),
        source: PluginSource::Path(place.to_path_buf()),
        config: config.unwrap_or_default(),
        failure_policy: FailurePolicy::Closed,
        vm: Default::default(),
        envoy: Default::default(),
    }
}

/// The world of a scenario, with every cluster in it that the plugin calls.
fn world_that_starts(
    mut scenario: Scenario,
    plugin: &Plugin,
    options: &Options,
    configured: bool,
) -> Result<Arc<World>, NoLab> {
    scenario.seed = options.seed;
    // The requests are of use here whatever they were written for.
    scenario.host.profile = proxy_wasm_harness::scenario::Profile::Envoy140;
    let running = options.running();
    for round in 0..=ROUNDS {
        let world = World::new(scenario.clone(), plugin, &running).map_err(NoLab::Scenarios)?;
        match world.start() {
            Ok(mut host) => {
                // Nothing was done with it.
                for what in ["trap", "stall"] {
                    host.allow(what);
                }
                let ids: Vec<String> = host.findings().iter().map(|finding| finding.id.clone()).collect();
                for id in ids {
                    host.allow(id);
                }
            }
            Err(no) => {
                let world = World::new(scenario, plugin, &running).map_err(NoLab::Scenarios)?;
                let world = Arc::try_unwrap(world).expect("nobody else has it");
                return Err(NoLab::NoStart(Box::new(world), no, configured));
            }
        }
        let mut unknown = std::collections::BTreeSet::new();
        if round < ROUNDS {
            for session in corpus::sessions(&world) {
                unknown.extend(Habits::unknown_clusters(&world.play(&session.steps)));
            }
            // Timers call, too.
            let waiting = [streams::advance(Duration::from_secs(10))];
            unknown.extend(Habits::unknown_clusters(&world.play(&waiting)));
        }
        unknown.retain(|(name, _)| !scenario.clusters.contains_key(name));
        if unknown.is_empty() {
            return Ok(world);
        }
        for (name, grpc) in unknown {
            scenario.clusters.insert(name, Answers::Every(if grpc { grpc_ok() } else { http_ok() }));
        }
    }
    unreachable!("the last round looks for no clusters")
}

fn http_ok() -> Answer {
    Answer::ok().header("content-type", "application/json").body("{}").after(Duration::from_millis(1))
}

fn grpc_ok() -> Answer {
    let answer = GrpcAnswer { messages: vec![Vec::new()], ..GrpcAnswer::default() };
    Answer::grpc(answer).after(Duration::from_millis(1))
}

/// No expectations but these.
pub(super) fn expecting(change: impl FnOnce(&mut Expectations)) -> Expectations {
    let mut expectations = Expectations::default();
    change(&mut expectations);
    expectations
}
