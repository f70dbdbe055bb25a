//! A start that the proxy refuses: what its main thread does until it gives up. No worker begins.

use super::batch::first_mark;
use super::compare::compare;
use super::envoy::Envoy;
use super::error::ParityError;
use super::ground::Ground;
use super::mock::{self, Thread};
use super::prepared::Prepared;
use super::report::Outcome;
use super::trace;
use super::views;

/// What the `http` view of such a scenario says on either side.
pub(super) const REFUSED: &str = "the configuration is refused";
pub(super) const TAKEN: &str = "the configuration is taken";

/// What Envoy says of a plugin that refuses its configuration.
const OF_A_PLUGIN: &str = "Unable to create Wasm plugin";

/// How its log says that it gives a plugin up.
const NOT_LOADED: &[u8] = b" failed to load";

/// Starts an Envoy that is expected to refuse its configuration.
pub(super) fn judge(envoy: &Envoy, prepared: &Prepared<'_>) -> Result<Outcome, ParityError> {
    let ground = Ground::new(&[prepared])?;
    let (mut process, ended) = envoy.try_to_start(&ground.config, ground.home.path())?;
    let said = match ended {
        None => TAKEN,
        // Anything else that ends Envoy is a mistake of ours.
        Some(status) if !process.last_words().contains(OF_A_PLUGIN) => {
            return Err(ParityError::Ended { status, log: process.last_words() });
        }
        Some(_) => REFUSED,
    };
    let main = process.main_thread();
    let records = process.records.all();
    // What it does from then on is how it ends, and the mock's proxy does not.
    let refusal =
        records.iter().position(|record| record.level == "critical" && record.message.ends_with(NOT_LOADED));
    let mut blocks = trace::blocks(&records[..refusal.unwrap_or(records.len())], |thread| thread == main);
    for block in &mut blocks {
        // A start that fails before its first callback has no mark.
        block.vm.get_or_insert(first_mark(0));
    }
    let vms = |mark: u32| prepared.vm_of(mark, first_mark(0));
    let mut envoy = views::of_start(said, &blocks, &vms, &prepared.prefixes());
    let scenario = &prepared.trial.scenario;
    let mut mock = mock::views(scenario, &prepared.simulated, Thread::Main, &prepared.stand_ins());
    let said = if prepared.simulated.refused { REFUSED } else { TAKEN };
    mock.http = vec![said.to_owned()];
    if let Some(parity) = &scenario.parity {
        envoy.mask(&parity.mask);
        mock.mask(&parity.mask);
    }
    let divergences = compare(&envoy, &mock);
    let findings = prepared.simulated.findings.clone();
    Ok(Outcome::Played { divergences, foretold: false, envoy, mock, findings })
}
