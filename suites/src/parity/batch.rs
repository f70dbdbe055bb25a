//! Which scenarios share an Envoy, and what one Envoy makes of them.

use std::collections::{BTreeMap, BTreeSet};

use proxy_wasm_harness::manifest::stands_for_rbac;
use proxy_wasm_harness::scenario::{FailurePolicy, Modules, PluginSpec, StartOutcome, StepKind};
use proxy_wasm_harness::state::Protocol;
use proxy_wasm_harness::vm::Plugin;

use super::Trial;
use super::compare::compare;
use super::config::{UPSTREAM, own_name};
use super::durations;
use super::envoy::Envoy;
use super::error::ParityError;
use super::exchange::Exchange;
use super::ground::Ground;
use super::mock::{self, Thread};
use super::play::play;
use super::playable::LONGEST;
use super::refused;
use super::report::Outcome;
use super::simulate::{Simulated, simulate};
use super::stage::Stage;
use super::trace;
use super::views::{self, View};

/// How many scenarios one Envoy serves at most.
const MOST: usize = 24;

/// How many bytes of modules one Envoy compiles at most, unless a single scenario has more. Each scenario has modules of
/// its own, and V8 needs a second and more for each megabyte before Envoy serves.
const BYTES: usize = 8 << 20;

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

/// Whether HTTP/1.1 has trailers, and HTTP/2 METADATA; whether streams find a connection to the upstream open; by cluster, whether it speaks
/// HTTP/2.
type Settings = ([bool; 2], bool, BTreeMap<String, bool>);

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
    fn alone(&self) -> bool {
        self.refused()
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
    fn crashes(&self) -> bool {
        self.simulated.findings.iter().any(|id| id == "envoy/crash")
    }

    /// Whether Envoy wrote a head twice, as the mock says it does.
    fn foretells_of(&self, exchanges: &[Exchange]) -> bool {
        let found = |id: &str| self.simulated.findings.iter().any(|finding| finding == id);
        (found("envoy/request-twice") && exchanges.iter().any(|exchange| exchange.upstream.len() > 1))
            || (found("envoy/head-twice") && exchanges.iter().any(Exchange::has_two_heads))
    }

    /// How much Envoy has to compile for it.
    fn bytes(&self) -> usize {
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
            let (root, vm) = (spec.root_id.as_str(), spec.vm.id.as_str());
            for parts in [&[root, vm][..], &[own_name(spec), root, vm]] {
                let said: String =
                    parts.iter().filter(|part| !part.is_empty()).map(|part| format!(" {part}")).collect();
                all.push(format!("{said}: "));
            }
        }
        all
    }
}

/// Puts scenarios together that can share an Envoy. The numbers are places in `all`.
pub(super) fn batches(all: &[Prepared<'_>]) -> Vec<Vec<usize>> {
    let mut done: Vec<Vec<usize>> = Vec::new();
    let mut open: BTreeMap<Settings, (Vec<usize>, usize)> = BTreeMap::new();
    for (at, prepared) in all.iter().enumerate() {
        if prepared.alone() {
            done.push(vec![at]);
            continue;
        }
        let (batch, bytes) = open.entry(prepared.settings()).or_default();
        if batch.len() == MOST || (!batch.is_empty() && *bytes + prepared.bytes() > BYTES) {
            done.push(std::mem::take(batch));
            *bytes = 0;
        }
        batch.push(at);
        *bytes += prepared.bytes();
    }
    done.extend(open.into_values().map(|(batch, _)| batch));
    done
}

/// Marks of one scenario begin here.
pub(super) fn first_mark(at: usize) -> u32 {
    (at as u32) << 6
}

/// How often a scenario is played whose differences may come from a busy machine.
const TRIES: usize = 5;

/// Plays a batch, each of its scenarios until it is certain that the machine was fast enough for it.
pub(super) fn run(envoy: &Envoy, batch: &[&Prepared<'_>]) -> Result<Vec<Outcome>, ParityError> {
    if let [one] = batch
        && one.refused()
    {
        return Ok(vec![refused::judge(envoy, one)?]);
    }
    let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
    let mut rest: Vec<usize> = (0..batch.len()).collect();
    for _ in 0..TRIES {
        rest = once(envoy, batch, rest, &mut outcomes)?;
        if rest.is_empty() {
            break;
        }
    }
    Ok(outcomes.into_iter().map(|outcome| outcome.expect("each was played")).collect())
}

/// Plays the scenarios at `places` of a batch. When Envoy dies over one, those after it get a new Envoy. Answers the
/// places of those that have to be played again.
fn once(
    envoy: &Envoy,
    batch: &[&Prepared<'_>],
    mut places: Vec<usize>,
    outcomes: &mut [Option<Outcome>],
) -> Result<Vec<usize>, ParityError> {
    let mut again = Vec::new();
    while !places.is_empty() {
        let members: Vec<&Prepared<'_>> = places.iter().map(|at| batch[*at]).collect();
        let mut stage = Stage::new(envoy, Ground::new(&members)?)?;
        let mut played = 0;
        for (at, prepared) in members.iter().enumerate() {
            let place = places[at];
            played += 1;
            match judge(&mut stage, at, prepared) {
                Ok((outcome, slow)) => {
                    outcomes[place] = Some(outcome);
                    if slow {
                        again.push(place);
                    }
                }
                Err(ParityError::Died { status, log }) => {
                    outcomes[place] = Some(Outcome::EnvoyDied { status, log, foretold: prepared.crashes() });
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        places.drain(..played);
    }
    Ok(again)
}

fn judge(stage: &mut Stage, at: usize, prepared: &Prepared<'_>) -> Result<(Outcome, bool), ParityError> {
    let scenario = &prepared.trial.scenario;
    if prepared.plugins.iter().any(|(spec, _)| spec.failure_policy == FailurePolicy::Reload) {
        stage.grow_old();
    }
    let mut played = play(stage, &format!("scenario-{at}"), scenario, &prepared.simulated)?;
    if prepared.alone() {
        played.stats = stage.process.plugin_stats()?;
    }
    let records = &stage.process.records.all()[..played.end];
    let main = stage.process.main_thread();
    let blocks = trace::blocks(records, |thread| thread != main);
    let vms = |mark: u32| prepared.vm_of(mark, first_mark(at));
    let mut envoy = views::of_envoy(&played, &blocks, &vms, &prepared.prefixes());
    let mut mock = mock::views(scenario, &prepared.simulated, Thread::Worker, &prepared.stand_ins());
    if let Some(parity) = &scenario.parity {
        envoy.mask(&parity.mask);
        mock.mask(&parity.mask);
    }
    let logged = records.iter().flat_map(|record| durations::more_digits(&record.message));
    let received = played.exchanges.iter().flat_map(Exchange::more_digits);
    let more: BTreeSet<u64> = logged.chain(received).collect();
    durations::shorten(&mut envoy, &mock, &more);
    let mut divergences = compare(&envoy, &mock);
    let foretold = prepared.foretells_of(&played.exchanges);
    if foretold {
        divergences.retain(|divergence| divergence.view != View::Http);
    }
    // An end that comes with data comes behind it when the machine is busy.
    let hurried = !played.links.is_empty();
    let slow = !divergences.is_empty()
        && (hurried || played.exchanges.iter().any(Exchange::slow) || !more.is_empty());
    let findings = prepared.simulated.findings.clone();
    Ok((Outcome::Played { divergences, foretold, envoy, mock, findings }, slow))
}
