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
    let mut stalls = Vec::new();
    let mut began = Vec::new();
    for event in run.transcript.events() {
        match event.kind {
            Kind::Message { stream: StreamId(at), .. } if at >= began.len() => {
                began.resize(at + 1, event.at);
                stalls.resize(at + 1, None);
            }
            Kind::Stalled { stream: StreamId(at) } if at < began.len() => {
                stalls[at] = Some(event.at - began[at]);
            }
            _ => {}
        }
    }
    let findings = run.findings.iter().map(|finding| finding.id.clone()).collect();
    Ok(Simulated { transcript: run.transcript, findings, forecast: Forecast { stalls, took: run.took } })
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
