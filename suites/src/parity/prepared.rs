//! A scenario that can be played: its modules, what the mock made of it, and what it needs of an Envoy.

use std::collections::BTreeMap;

use proxy_wasm_harness::manifest::stands_for_rbac;
use proxy_wasm_harness::scenario::{Modules, PluginSpec, StartOutcome, StepKind};
use proxy_wasm_harness::state::Protocol;
use proxy_wasm_harness::vm::Plugin;

use super::Trial;
use super::config::{UPSTREAM, own_name};
use super::exchange::Exchange;
use super::playable::LONGEST;
use super::push::pushes;
use super::report::Outcome;
use super::simulate::{Simulated, simulate};

/// Calls by which a plugin reaches what a whole process shares.
const SHARED: [&str; 5] = [
    "proxy_set_shared_data",
    "proxy_get_shared_data",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_define_metric",
];

/// Calls that go on from the start: their time is the scenario's only where Envoy starts for it.
const FROM_THE_START: [&str; 4] =
    ["proxy_set_tick_period_milliseconds", "proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream"];

/// Whether HTTP/1.1 has trailers, and HTTP/2 METADATA; whether streams find a connection to the upstream open; by cluster,
/// whether it speaks HTTP/2.
pub(super) type Settings = ([bool; 2], bool, BTreeMap<String, bool>);

/// A scenario that can be played, with its modules.
pub(super) struct Prepared<'a> {
    pub(super) trial: &'a Trial,
    pub(super) plugins: Vec<(&'a PluginSpec, Plugin)>,
    pub(super) simulated: Simulated,
}

impl<'a> Prepared<'a> {
    /// Plays it on the mock.
    pub(super) fn new(
        trial: &'a Trial,
        plugins: Vec<(&'a PluginSpec, Plugin)>,
        modules: &dyn Modules,
    ) -> Result<Self, Box<Outcome>> {
        let simulated = simulate(trial.broken.as_ref().unwrap_or(&trial.scenario), modules)
            .map_err(|why| Box::new(Outcome::MockFailed(why)))?;
        // A stall is not waited for: only what ends by itself has to be given its time.
        let took = simulated.forecast.took;
        if took > LONGEST && simulated.forecast.stalls.iter().all(Option::is_none) {
            let why = format!("it takes {took:?} in real time, which is more than {LONGEST:?}");
            return Err(Box::new(Outcome::NotPlayable(why)));
        }
        Ok(Self { trial, plugins, simulated })
    }

    /// Whether it needs an Envoy of its own.
    pub(super) fn alone(&self) -> bool {
        self.refused()
            || pushes(&self.trial.scenario.steps)
            || self.crashes()
            || self.simulated.calls(&SHARED)
            || self.simulated.calls_at_start(&FROM_THE_START)
    }

    /// Whether the scenario says that the proxy refuses to start.
    pub(super) fn refused(&self) -> bool {
        let steps = &self.trial.scenario.steps;
        steps.iter().any(|step| step.kind == StepKind::Start(StartOutcome::Refused))
    }

    /// Whether the mock says that Envoy does not survive it.
    pub(super) fn crashes(&self) -> bool {
        self.simulated.findings.iter().any(|id| id == "envoy/crash")
    }

    /// Whether the mock says that a plugin's stack overflows.
    pub(super) fn overflows(&self) -> bool {
        self.simulated.findings.iter().any(|id| id == "envoy/stack-overflow")
    }

    /// Whether Envoy wrote a head, or the end of a request, twice, as the mock says it does.
    pub(super) fn foretells_of(&self, exchanges: &[Exchange]) -> bool {
        let found = |id: &str| self.simulated.findings.iter().any(|finding| finding == id);
        (found("envoy/request-twice") && exchanges.iter().any(|exchange| exchange.upstream.len() > 1))
            || (found("envoy/head-twice") && exchanges.iter().any(Exchange::has_two_heads))
            || (found("envoy/trailers-twice") && exchanges.iter().any(Exchange::has_two_ends))
    }

    /// How much Envoy has to compile for it.
    pub(super) fn bytes(&self) -> usize {
        self.plugins.iter().map(|(_, plugin)| plugin.wasm().len()).sum()
    }

    /// What scenarios of one Envoy share: see [`Settings`].
    pub(super) fn settings(&self) -> Settings {
        let scenario = &self.trial.scenario;
        let h2 = |protocol| protocol == Protocol::Http2;
        let mut clusters = BTreeMap::from([(UPSTREAM.to_owned(), h2(scenario.upstream_protocol()))]);
        for (name, answers) in &scenario.clusters {
            clusters.insert(name.clone(), h2(self.simulated.cluster_protocol(name, answers)));
        }
        (
            [scenario.host.enable_trailers == Some(true), scenario.host.allow_metadata],
            self.simulated.fleeting,
            clusters,
        )
    }

    /// The VM of each plugin of the chain: its number among those of the chain.
    pub(super) fn groups(&self) -> Vec<usize> {
        let mut firsts: Vec<usize> = Vec::new();
        let shares = |one: usize, other: usize| {
            let ((a, p), (b, q)) = (&self.plugins[one], &self.plugins[other]);
            a.vm.id == b.vm.id
                && p.sha256() == q.sha256()
                && a.vm.config == b.vm.config
                && a.vm.env == b.vm.env
        };
        (0..self.plugins.len())
            .map(|at| {
                firsts.iter().position(|first| shares(*first, at)).unwrap_or_else(|| {
                    firsts.push(at);
                    firsts.len() - 1
                })
            })
            .collect()
    }

    /// The VMs of plugins that stand for a filter of Envoy's own, which has none.
    pub(super) fn stand_ins(&self) -> Vec<&str> {
        let all = self.plugins.iter().filter(|(spec, _)| stands_for_rbac(spec));
        all.map(|(spec, _)| spec.name.as_str()).collect()
    }

    /// The name of the VM of a mark, where the scenario's marks begin with `first`.
    pub(super) fn vm_of(&self, mark: u32, first: u32) -> Option<String> {
        let group = mark.checked_sub(first).filter(|group| *group < 64)?;
        self.vm_name(group as usize)
    }

    /// The name of a VM: those of its plugins.
    fn vm_name(&self, group: usize) -> Option<String> {
        let names: Vec<&str> = self
            .groups()
            .iter()
            .zip(&self.plugins)
            .filter(|(of, _)| **of == group)
            .map(|(_, (spec, _))| spec.name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join("+"))
    }

    /// What Envoy may write before a message of one of the plugins.
    pub(super) fn prefixes(&self) -> Vec<String> {
        let mut all = vec![": ".to_owned()];
        for (spec, _) in &self.plugins {
            let root = spec.root_id.as_str();
            let pushed = self.trial.scenario.steps.iter().filter_map(|step| match &step.kind {
                StepKind::Reconfigure(of) if of.plugin == spec.name => of.vm.as_ref(),
                _ => None,
            });
            for vm in std::iter::once(&spec.vm).chain(pushed) {
                for parts in [&[root, &vm.id][..], &[own_name(spec), root, &vm.id]] {
                    let said: String =
                        parts.iter().filter(|part| !part.is_empty()).map(|part| format!(" {part}")).collect();
                    all.push(format!("{said}: "));
                }
            }
        }
        all
    }
}
