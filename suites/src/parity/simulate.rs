//! A scenario on the mock.

use proxy_wasm_harness::abi::LogLevel;
use proxy_wasm_harness::proxy::StreamId;
use proxy_wasm_harness::proxy::Transcript;
use proxy_wasm_harness::proxy::transcript::Kind;
use proxy_wasm_harness::scenario::{Modules, RunOptions, Scenario, run};

use super::play::Forecast;

/// What the mock made of a scenario.
#[derive(Debug)]
pub(super) struct Simulated {
    pub(super) transcript: Transcript,
    /// Ids of what was found.
    pub(super) findings: Vec<String>,
    pub(super) forecast: Forecast,
}

/// Plays `scenario` on the mock, at the log level that Envoy's trace needs.
pub(super) fn simulate(scenario: &Scenario, modules: &dyn Modules) -> Result<Simulated, String> {
    let mut scenario = scenario.clone();
    scenario.host.log_level = LogLevel::Trace;
    // What is expected is judged by other suites.
    scenario.steps.iter_mut().for_each(|step| step.expect = None);
    let run = run(&scenario, modules, &RunOptions::default()).map_err(|error| error.to_string())?;
    let streams = run.transcript.events().iter().filter_map(|event| match event.kind {
        Kind::Message { stream, .. } => Some(stream.0 + 1),
        _ => None,
    });
    let stalled = |at: usize| run.stalls.iter().any(|stall| stall.stream == StreamId(at));
    let stalls = (0..streams.max().unwrap_or(0)).map(stalled).collect();
    let findings = run.findings.iter().map(|finding| finding.id.clone()).collect();
    Ok(Simulated { transcript: run.transcript, findings, forecast: Forecast { stalls } })
}

impl Simulated {
    /// Whether a plugin called one of these.
    pub(super) fn calls(&self, names: &[&str]) -> bool {
        self.transcript.events().iter().any(|event| match event.kind {
            Kind::Hostcall { row, .. } | Kind::Unimplemented { row, .. } => names.contains(&row.name),
            _ => false,
        })
    }
}
