//! A scenario on the mock.

use proxy_wasm_harness::abi::LogLevel;
use proxy_wasm_harness::host::{Builder, Host, Peer, Setup};
use proxy_wasm_harness::proxy::{FailurePolicy, Options, StreamId, Transcript};
use proxy_wasm_harness::scenario::{self, Answers, PluginSpec, RespondWith, Scenario, StepKind};
use proxy_wasm_harness::vm::Plugin;

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
pub(super) fn simulate(scenario: &Scenario, plugins: &[(&PluginSpec, Plugin)]) -> Result<Simulated, String> {
    let mut host = builder(scenario, plugins).build().map_err(|error| error.to_string())?;
    let mut named: Vec<(String, StreamId)> = Vec::new();
    let mut opened = 0;
    let played = steps(scenario, &mut host, &mut named, &mut opened);
    for finding in host.findings().to_vec() {
        host.allow(finding.id);
    }
    host.allow("trap").allow("stall");
    played?;
    let stalls =
        (0..opened).map(|at| host.stalls().iter().any(|stall| stall.stream == StreamId(at))).collect();
    Ok(Simulated {
        transcript: host.transcript().clone(),
        findings: host.findings().iter().map(|finding| finding.id.clone()).collect(),
        forecast: Forecast { stalls },
    })
}

fn builder(scenario: &Scenario, plugins: &[(&PluginSpec, Plugin)]) -> Builder {
    let host = &scenario.host;
    let options = Options {
        log_level: LogLevel::Trace,
        buffer_limit: host.buffer_limit.0 as usize,
        enable_trailers: host.enable_trailers == Some(true),
        route_timeout: host.route_timeout,
        allow_on_headers_stop_iteration: host.allow_on_headers_stop_iteration,
        ..Options::default()
    };
    let mut builder = Host::builder().options(options).seed(scenario.seed).patience(scenario.patience);
    builder = match &scenario.upstream {
        Answers::Every(answer) => builder.upstream(answer.clone()),
        Answers::Each(answers) => builder.upstream_each(answers.iter().cloned()),
    };
    for (spec, plugin) in plugins {
        let policy = match spec.failure_policy {
            scenario::FailurePolicy::Closed => FailurePolicy::Closed,
            scenario::FailurePolicy::Open => FailurePolicy::Open,
            scenario::FailurePolicy::Reload => FailurePolicy::Reload,
        };
        let mut setup = Setup::from(plugin.clone())
            .name(&spec.name)
            .root_id(&spec.root_id)
            .config(spec.config.clone())
            .failure_policy(policy)
            .vm_id(&spec.vm.id)
            .vm_config(spec.vm.config.0.clone());
        for (name, value) in &spec.vm.env {
            setup = setup.env(name, value);
        }
        builder = builder.plugin(setup);
    }
    builder
}

fn steps(
    scenario: &Scenario,
    host: &mut Host,
    named: &mut Vec<(String, StreamId)>,
    opened: &mut usize,
) -> Result<(), String> {
    let find = |named: &[(String, StreamId)], name: &str| {
        named
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, id)| *id)
            .ok_or("no such stream".to_owned())
    };
    for step in &scenario.steps {
        match &step.kind {
            StepKind::Request(request) => {
                for _ in 0..step.repeat {
                    let began = host.now();
                    host.send(request.clone());
                    *opened += 1;
                    if let Some(every) = step.every {
                        let spent = host.now() - began;
                        host.advance(every.saturating_sub(spent));
                    }
                }
            }
            StepKind::Open(open) if open.end => {
                named.push((open.stream.clone(), host.open(open.request.clone())));
                *opened += 1;
            }
            StepKind::Send(send) => {
                let id = find(named, &send.stream)?;
                for (at, chunk) in send.chunks.iter().enumerate() {
                    let last = at + 1 == send.chunks.len() && send.end && send.trailers.is_none();
                    host.send_body(id, &chunk.data, last);
                }
                match &send.trailers {
                    Some(trailers) => host.send_trailers(id, trailers),
                    None if send.chunks.is_empty() && send.end => host.finish(id),
                    None => {}
                }
            }
            StepKind::Respond(respond) => {
                let id = find(named, &respond.stream)?;
                match &respond.with {
                    RespondWith::Scripted => host.respond_scripted(id)?,
                    RespondWith::Answer(answer) if respond.end => host.respond(id, answer.clone())?,
                    _ => return Err("a response in parts is not offered yet".to_owned()),
                }
            }
            StepKind::Abort(abort) => {
                let by = match abort.by {
                    scenario::Peer::Client => Peer::Client,
                    scenario::Peer::Upstream => Peer::Upstream,
                };
                host.abort(find(named, &abort.stream)?, by);
            }
            StepKind::Advance(span) => host.advance(*span),
            StepKind::Start(_) | StepKind::Expect => {}
            _ => return Err("this step is not offered yet".to_owned()),
        }
    }
    Ok(())
}
