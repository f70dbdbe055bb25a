//! What a test in Rust did with its host, as a scenario file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::Span;
use super::expect::Side;
use super::host_options::{HostOptions, StartMode};
use super::model::{Answers, Property, Scenario};
use super::plugin::{Chain, Config, EnvoySpec, FailurePolicy, PluginSource, PluginSpec, VmSpec};
use super::print::print;
use super::step::{
    self, Abort, Close, Connect, Data, Enqueue, Fault, Metadata, Open, Reconfigure, Respond, RespondWith,
    Send, SetProperty, SetSharedData, StartOutcome, Step, StepKind,
};
use super::value::clock::WallTime;
use super::value::headers::Headers;
use super::value::path::PropertyPath;
use super::value::units::Size;
use crate::host::{Act, Builder, Host, Peer, Reply, Setup, Upstream};
use crate::proxy::{self, Script, StreamId};
use crate::state::{Clock, Duration};

impl Host {
    /// The steps so far, as a scenario file that a run repeats with the same transcript: for the report of a property
    /// test that fails. Modules keep the paths that they were loaded from; one that came from bytes has to be saved
    /// under its name.
    #[must_use]
    pub fn script(&self) -> String {
        print(&self.as_scenario(), Path::new(""))
    }

    /// The steps so far, as a scenario.
    #[must_use]
    pub fn as_scenario(&self) -> Scenario {
        let Builder { chain, upstream, options, properties, realtime, workers, patience, .. } = &*self.setup;
        let trailers = self.acts.iter().any(has_trailers);
        Scenario {
            span: Span::none(),
            name: "what the test did".to_owned(),
            case: None,
            chain: Chain::Plugins(chain.iter().map(spec).collect()),
            configs: IndexMap::new(),
            upstream: match upstream {
                Upstream::Every(answer) => Answers::Every(answer.clone()),
                Upstream::Each(answers) => Answers::Each(answers.clone()),
            },
            clusters: self.clusters(),
            properties: properties.iter().map(property).collect(),
            clock: (*realtime != Clock::DEFAULT_REALTIME).then_some(WallTime { ns: *realtime }),
            seed: self.seed,
            host: HostOptions {
                workers: *workers as u32,
                log_level: options.log_level,
                buffer_limit: Size(options.buffer_limit as u64),
                enable_trailers: (trailers || options.enable_trailers).then_some(options.enable_trailers),
                allow_on_headers_stop_iteration: options.allow_on_headers_stop_iteration,
                route_timeout: options.route_timeout,
                upgrades: options.upgrades.clone(),
                allow_metadata: options.allow_metadata,
                start: match options.start {
                    proxy::Start::Single => StartMode::Single,
                    proxy::Start::Envoy => StartMode::Envoy,
                },
                ..HostOptions::default()
            },
            steps: self.acts.iter().map(|act| self.step_of(act)).collect(),
            snapshot: Vec::new(),
            skip: None,
            known_failure: None,
            patience: *patience,
            cost: None,
            parity: None,
            rate_limit: None,
        }
    }

    /// What clusters answer. Those that a function answers for have a list of what it did answer.
    fn clusters(&self) -> IndexMap<String, Answers> {
        let described = self.setup.clusters.iter().filter_map(|(name, cluster)| {
            let cluster = if cluster.is_function() { self.cluster_now(name)? } else { cluster };
            let answers = match cluster.script()? {
                Script::Every(answer) => Answers::Every(answer),
                Script::Each(answers) => Answers::Each(answers.into()),
            };
            Some((name.clone(), answers))
        });
        described.collect()
    }

    fn step_of(&self, act: &Act) -> Step {
        let span = Span::none();
        let kind = match act.clone() {
            Act::Send(request) => StepKind::Request(Arc::unwrap_or_clone(request)),
            Act::Open { stream, request, end } => {
                let request = Arc::unwrap_or_clone(request);
                StepKind::Open(Open { stream: name(stream), end, request })
            }
            Act::More { stream, chunks, trailers, end } => {
                StepKind::Send(Send { stream: name(stream), end, chunks, trailers })
            }
            Act::Respond { stream, with, end } => {
                let with = match *with {
                    Reply::Scripted => RespondWith::Scripted,
                    Reply::Answer(answer) => RespondWith::Answer(answer),
                    Reply::More { chunks, trailers } => RespondWith::More { chunks, trailers },
                };
                StepKind::Respond(Respond { stream: name(stream), end, with })
            }
            Act::Abort { stream, by } => {
                let by = match by {
                    Peer::Client => step::Peer::Client,
                    Peer::Upstream => step::Peer::Upstream,
                };
                StepKind::Abort(Abort { span, stream: name(stream), by })
            }
            Act::Metadata { stream, from, elements } => {
                let from = match from {
                    Peer::Client => step::Peer::Client,
                    Peer::Upstream => step::Peer::Upstream,
                };
                StepKind::Metadata(Metadata { span, stream: name(stream), from, elements: Headers(elements) })
            }
            Act::Connect { stream, worker } => {
                StepKind::Connect(Connect { span, stream: name(stream), worker: worker.map(|at| at as u32) })
            }
            Act::Bytes { stream, from, bytes, end } => {
                StepKind::Data(Data { span, stream: name(stream), from: side(from), bytes, end })
            }
            Act::Close { stream, by } => StepKind::Close(Close { span, stream: name(stream), by: side(by) }),
            Act::Advance(span) => StepKind::Advance(span),
            Act::SetClock(ns) => StepKind::SetClock(WallTime { ns }),
            Act::Reconfigure { plugin, config, vm, refused } => StepKind::Reconfigure(Reconfigure {
                span,
                plugin,
                config: Config(config),
                vm: vm.map(|vm| VmSpec {
                    span: Span::none(),
                    id: vm.id,
                    config: Config(vm.config),
                    env: vm.env.into_iter().collect(),
                }),
                outcome: if refused { StartOutcome::Refused } else { StartOutcome::Ok },
            }),
            Act::Fault(injection) => StepKind::Fault(Fault {
                span,
                hostcall: injection.hostcall,
                status: injection.status,
                plugin: injection.plugin.and_then(|at| self.plugins().nth(at.0)).map(str::to_owned),
                nth: injection.skip + 1,
                count: injection.count,
            }),
            Act::Enqueue { vm_id, queue, message } => {
                StepKind::Enqueue(Enqueue { span, vm_id, queue, data: message })
            }
            Act::SetSharedData { vm_id, key, value, cas } => {
                StepKind::SetSharedData(SetSharedData { span, vm_id, key, value, cas })
            }
            Act::SetProperty { stream, path, value } => StepKind::SetProperty(SetProperty {
                span,
                stream: stream.map(name),
                path: PropertyPath(path),
                value,
            }),
        };
        Step { span: Span::none(), kind, repeat: 1, every: None, expect: None }
    }
}

fn property((path, value): &(Vec<String>, Vec<u8>)) -> Property {
    Property { span: Span::none(), path: PropertyPath(path.clone()), value: value.clone() }
}

/// The name of a stream in the script: its number, as transcripts show it.
fn name(stream: StreamId) -> String {
    format!("s{}", stream.0 + 1)
}

fn side(peer: Peer) -> Side {
    match peer {
        Peer::Client => Side::Client,
        Peer::Upstream => Side::Server,
    }
}

fn has_trailers(act: &Act) -> bool {
    match act {
        Act::Send(request) | Act::Open { request, .. } => request.trailers.is_some(),
        Act::More { trailers, .. } => trailers.is_some(),
        Act::Respond { with, .. } => {
            matches!(&**with, Reply::More { trailers: Some(_), .. })
        }
        _ => false,
    }
}

/// How long Envoy waits before a second reload when nothing is said.
const BACKOFF: Duration = Duration::from_secs(1);

fn spec(setup: &Setup) -> PluginSpec {
    let place = setup.plugin.place();
    PluginSpec {
        span: Span::none(),
        name: setup.name.clone().unwrap_or_else(|| setup.plugin.name().to_owned()),
        root_id: setup.root_id.clone(),
        source: PluginSource::Path(PathBuf::from(place)),
        config: setup.config.clone(),
        failure_policy: match setup.policy {
            proxy::FailurePolicy::Closed => FailurePolicy::Closed,
            proxy::FailurePolicy::Open => FailurePolicy::Open,
            proxy::FailurePolicy::Reload => FailurePolicy::Reload,
        },
        vm: VmSpec {
            span: Span::none(),
            id: setup.vm_id.clone(),
            config: Config(setup.vm_config.clone()),
            env: setup.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        },
        envoy: EnvoySpec {
            span: Span::none(),
            plugin_name: setup.plugin_name.clone(),
            fail_open: setup.fail_open,
            allow_on_headers_stop_iteration: setup.allow_on_headers_stop_iteration,
            reload_backoff: (setup.reload_backoff != BACKOFF).then_some(setup.reload_backoff),
            allowed_capabilities: setup.capabilities.names(),
        },
    }
}
