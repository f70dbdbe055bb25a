//! The surroundings in which a plugin is exercised, and runs in them.
//!
//! A world is a scenario without steps: chain, clusters, upstream, clock, options. A run adds steps and gives what was
//! [`Played`]. Runs start alike and share nothing, so that each can be told from the untouched one by what was changed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use proxy_wasm_harness::host::{Builder, Host, HostError, Started, Template};
use proxy_wasm_harness::scenario::{
    Chain, ModuleError, Modules, PluginSource, PluginSpec, RunOptions, Scenario, Step, StepKind, builder,
    run_on,
};
use proxy_wasm_harness::vm::Plugin;

use super::played::Played;

/// Runs after which a world is worth a template.
const WORTH_A_TEMPLATE: u32 = 8;

/// Gives the one plugin under examination, whatever is asked for.
pub(super) struct Only(pub(super) Plugin);

impl Modules for Only {
    fn load(&self, _: &str, _: &PluginSource) -> Result<Plugin, ModuleError> {
        Ok(self.0.clone())
    }
}

/// Surroundings, and the plugin in them.
pub struct World {
    scenario: Scenario,
    plugin: Plugin,
    builder: Builder,
    runs: AtomicU32,
    template: OnceLock<Option<Template>>,
}

/// A start that did not succeed.
#[derive(Debug)]
pub struct NoStart {
    /// Why, with what the plugin logged.
    pub why: String,
    /// Whether the plugin trapped in it.
    pub trapped: bool,
    /// The lines that the plugin logged.
    pub log: Vec<String>,
}

impl World {
    /// The surroundings that `scenario` describes; its steps do not count.
    ///
    /// # Errors
    ///
    /// When no host can be made for them at all: the message says why.
    pub fn new(mut scenario: Scenario, plugin: &Plugin, options: &RunOptions) -> Result<Arc<Self>, String> {
        scenario.steps.clear();
        let builder =
            builder(&scenario, &Only(plugin.clone()), options).map_err(|error| error.to_string())?;
        Ok(Arc::new(Self {
            scenario,
            plugin: plugin.clone(),
            builder,
            runs: AtomicU32::new(0),
            template: OnceLock::new(),
        }))
    }

    /// The world that differs from this one by what `change` does.
    ///
    /// # Panics
    ///
    /// When `change` makes of it what no host can be: a mistake of the caller.
    #[must_use]
    pub fn with(&self, options: &RunOptions, change: impl FnOnce(&mut Scenario)) -> Arc<Self> {
        let mut scenario = self.scenario.clone();
        change(&mut scenario);
        Self::new(scenario, &self.plugin, options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The scenario without steps.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The plugin of the chain; of several places in it, the first.
    #[must_use]
    pub fn spec(&self) -> &PluginSpec {
        let Chain::Plugins(plugins) = &self.scenario.chain else { unreachable!("worlds have plugins") };
        &plugins[0]
    }

    /// The scenario with these steps.
    #[must_use]
    pub fn script(&self, name: &str, steps: Vec<Step>) -> Scenario {
        let trailers = steps.iter().any(|step| has_trailers(&step.kind));
        let mut scenario = Scenario { name: name.to_owned(), steps, ..self.scenario.clone() };
        if trailers {
            // Envoy's default, which a file has to state.
            scenario.host.enable_trailers.get_or_insert(false);
        }
        scenario
    }

    /// Whether the plugin starts here.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn start(&self) -> Result<Host, NoStart> {
        let (log, why, trapped) = match self.builder.clone().start() {
            Ok(Started::Running(host)) => return Ok(*host),
            Ok(Started::Refused(mut host, refusal)) => {
                host.allow("trap");
                let findings: Vec<String> = host.findings().iter().map(|one| one.id.clone()).collect();
                for id in findings {
                    host.allow(id);
                }
                (host.transcript().log(), refusal.to_string(), refusal.trap.is_some())
            }
            Err(error @ HostError::Refused { .. }) => (String::new(), error.to_string(), false),
            Err(error) => (String::new(), format!("{error:?}"), false),
        };
        Err(NoStart { why, trapped, log: log.lines().map(str::to_owned).collect() })
    }

    /// Carries out these steps on a fresh host.
    ///
    /// # Panics
    ///
    /// When the plugin does not start here, or the steps cannot be carried out: callers have seen to both.
    #[must_use]
    pub fn play(&self, steps: &[Step]) -> Played {
        let host = self.fresh();
        self.play_on(host, steps)
    }

    /// Carries out these steps on a host of this world.
    ///
    /// # Panics
    ///
    /// When the steps cannot be carried out.
    #[must_use]
    pub fn play_on(&self, host: Host, steps: &[Step]) -> Played {
        let scenario = self.script("run", steps.to_vec());
        let (run, host) = run_on(&scenario, host).unwrap_or_else(|error| panic!("{error}"));
        Played::new(run, &host)
    }

    fn fresh(&self) -> Host {
        let runs = self.runs.fetch_add(1, Ordering::Relaxed);
        if runs >= WORTH_A_TEMPLATE
            && let Some(template) = self.template.get_or_init(|| self.builder.clone().template().ok())
        {
            return template.fresh();
        }
        self.start().unwrap_or_else(|error| panic!("{}", error.why))
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("scenario", &self.scenario.name).finish_non_exhaustive()
    }
}

fn has_trailers(kind: &StepKind) -> bool {
    match kind {
        StepKind::Request(request) => {
            request.trailers.is_some() || request.respond.as_ref().is_some_and(answer_has_trailers)
        }
        StepKind::Open(open) => open.request.trailers.is_some(),
        StepKind::Send(send) => send.trailers.is_some(),
        StepKind::Respond(respond) => match &respond.with {
            proxy_wasm_harness::scenario::RespondWith::Answer(answer) => answer_has_trailers(answer),
            proxy_wasm_harness::scenario::RespondWith::More { trailers, .. } => trailers.is_some(),
            proxy_wasm_harness::scenario::RespondWith::Scripted => false,
        },
        _ => false,
    }
}

fn answer_has_trailers(answer: &proxy_wasm_harness::state::Answer) -> bool {
    matches!(&answer.kind, proxy_wasm_harness::state::AnswerKind::Response(response) if response.trailers.is_some())
}
