//! Which scenarios share an Envoy, and what one Envoy makes of them.

use std::collections::{BTreeMap, BTreeSet};

use proxy_wasm_harness::scenario::FailurePolicy;

use super::compare::compare;
use super::durations;
use super::envoy::Envoy;
use super::error::ParityError;
use super::exchange::Exchange;
use super::ground::Ground;
use super::mock::{self, Thread};
use super::one_write;
use super::play::play;
use super::prepared::{Prepared, Settings};
use super::refused;
use super::report::Outcome;
use super::stage::Stage;
use super::trace;
use super::views::{self, View};

/// How many scenarios one Envoy serves at most.
const MOST: usize = 24;

/// How many bytes of modules one Envoy compiles at most, unless a single scenario has more. Each scenario has modules of
/// its own, and V8 needs a second and more for each megabyte before Envoy serves.
const BYTES: usize = 8 << 20;

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

/// Whether V8 says that calls inside each other have taken its whole stack.
fn overflown(message: &[u8]) -> bool {
    String::from_utf8_lossy(message).contains("Maximum call stack size exceeded")
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
    let sizes = one_write::sizes(scenario);
    one_write::join(&mut envoy.abi, &sizes);
    one_write::join(&mut mock.abi, &sizes);
    let mut divergences = compare(&envoy, &mock);
    let foretold = prepared.foretells_of(&played.exchanges);
    if foretold {
        divergences.retain(|divergence| divergence.view != View::Http);
    }
    if prepared.overflows() && records.iter().any(|record| overflown(&record.message)) {
        // How deep that is depends on Envoy's frames.
        divergences.clear();
    }
    // An end that comes with data comes behind it when the machine is busy.
    let hurried = !played.links.is_empty();
    let slow = !divergences.is_empty()
        && (hurried || played.exchanges.iter().any(Exchange::slow) || !more.is_empty());
    let findings = prepared.simulated.findings.clone();
    Ok((Outcome::Played { divergences, foretold, envoy, mock, findings }, slow))
}
