//! A scenario on the mock.

use std::collections::BTreeMap;

use proxy_wasm_harness::abi::LogLevel;
use proxy_wasm_harness::proxy::StreamId;
use proxy_wasm_harness::proxy::Transcript;
use proxy_wasm_harness::proxy::transcript::{CallSide, Kind, Party, What, show_bytes};
use proxy_wasm_harness::scenario::{Answers, Modules, RunOptions, Scenario, StartMode, run};
use proxy_wasm_harness::state::{MetricValue, Protocol};

use super::play::{Forecast, Order};
use super::script::Script;
use super::wire::find;

/// What the mock made of a scenario.
#[derive(Debug)]
pub(super) struct Simulated {
    pub(super) transcript: Transcript,
    /// It was not started.
    pub(super) refused: bool,
    /// Ids of what was found.
    pub(super) findings: Vec<String>,
    pub(super) forecast: Forecast,
    /// Counters and gauges of plugins, as Envoy prints them.
    pub(super) stats: Vec<String>,
    /// An upstream has a request and loses it at one instant: whether Envoy has written it by then is a matter of whether
    /// a connection was open.
    pub(super) fleeting: bool,
    /// Its calls, in the order in which they were made.
    pub(super) calls: Vec<Called>,
}

/// A call that a plugin made.
#[derive(Clone, Debug)]
pub(super) struct Called {
    pub(super) cluster: String,
    /// What tells it from others: plugin and number, and the instant.
    key: (String, u32, u64),
    /// It is a gRPC call or stream.
    grpc: bool,
    /// When each piece of its answer comes, among all that answers.
    ranks: Vec<usize>,
    /// No cluster received it: nobody was there, or it was given up before there was a connection.
    unheard: bool,
    /// The events in which the cluster receives it.
    pub(super) received: Vec<usize>,
}

/// Plays `scenario` on the mock, at the log level that Envoy's trace needs.
pub(super) fn simulate(scenario: &Scenario, modules: &dyn Modules) -> Result<Simulated, String> {
    let mut scenario = scenario.clone();
    scenario.host.log_level = LogLevel::Trace;
    // What the VMs beside the worker's do counts, too: numbers of shared data, metrics, queues, calls.
    scenario.host.start = StartMode::Envoy;
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
    let calls = calls(&run.transcript);
    let order = order(&run.transcript, &calls);
    let stats = run.metrics.iter().filter_map(|(name, value)| stat(name, value)).collect();
    let findings: Vec<String> = run.findings.iter().map(|finding| finding.id.clone()).collect();
    // To a connection that it has yet to make Envoy writes what there is then, once.
    let twice = findings.iter().any(|id| id == "envoy/trailers-twice");
    let fleeting = twice || fleeting(&run.transcript);
    Ok(Simulated {
        refused: run.refused,
        transcript: run.transcript,
        findings,
        forecast: Forecast { stalls, took: run.took, order },
        stats,
        fleeting,
        calls,
    })
}

/// The calls of a transcript that clusters received.
fn calls(transcript: &Transcript) -> Vec<Called> {
    let mut calls: Vec<Called> = Vec::new();
    for (at, event) in transcript.events().iter().enumerate() {
        let Kind::Call { plugin, cluster, id, called, side, what, data } = event.kind else { continue };
        let text = |text| String::from_utf8_lossy(transcript.bytes(text)).into_owned();
        let key = (text(plugin), id, called.as_nanos());
        if side == CallSide::Calls {
            let cluster = text(cluster);
            let grpc = find(transcript.bytes(data), b"application/grpc").is_some();
            calls.push(Called { cluster, key, grpc, ranks: Vec::new(), unheard: false, received: vec![at] });
            continue;
        }
        let Some(of) = calls.iter().rposition(|call| call.key == key) else { continue };
        let earlier = calls[..of].iter().any(|call| call.cluster == calls[of].cluster && !call.unheard);
        let call = &mut calls[of];
        call.unheard |= side == CallSide::Cancels && event.at == called && !earlier;
        match side {
            CallSide::Sends | CallSide::Cancels => call.received.push(at),
            CallSide::Answers => {
                call.ranks.push(at);
                call.unheard |= what == What::Reset && transcript.bytes(data) == b"remote connection failure";
            }
            _ => {}
        }
    }
    calls.retain(|call| !call.unheard);
    calls
}

/// Whether an upstream has the head of a request and its reset at the same instant.
fn fleeting(transcript: &Transcript) -> bool {
    let mut heads = BTreeMap::new();
    transcript.events().iter().any(|event| match event.kind {
        Kind::Message { stream, party: Party::UpstreamReceives, what, .. } => match what {
            What::Head { .. } => heads.insert(stream.0, event.at) == Some(event.at),
            What::Reset => heads.get(&stream.0) == Some(&event.at),
            _ => false,
        },
        _ => false,
    })
}

fn order(transcript: &Transcript, calls: &[Called]) -> Order {
    let mut order = Order::default();
    for (at, event) in transcript.events().iter().enumerate() {
        let Kind::Message { stream: StreamId(stream), party: Party::UpstreamSends, .. } = event.kind else {
            continue;
        };
        if order.streams.len() <= stream {
            order.streams.resize(stream + 1, Vec::new());
        }
        order.streams[stream].push(at);
    }
    for call in calls {
        order.calls.entry(call.cluster.clone()).or_default().push(call.ranks.clone());
    }
    order
}

/// A metric as Envoy prints it; a histogram shows nothing before its values are flushed.
fn stat(name: &[u8], value: &MetricValue) -> Option<String> {
    let (MetricValue::Counter(value) | MetricValue::Gauge(value)) = value else { return None };
    Some(format!("{}: {value}", show_bytes(name)))
}

impl Simulated {
    /// The protocol of a cluster: that of its answers, and HTTP/2 where plugins speak gRPC to it.
    pub(super) fn cluster_protocol(&self, cluster: &str, answers: &Answers) -> Protocol {
        let grpc = self.calls.iter().any(|call| call.cluster == cluster && call.grpc);
        if grpc { Protocol::Http2 } else { Script::new(answers).protocol() }
    }

    /// Whether a plugin called one of these before anything came over the network.
    pub(super) fn calls_at_start(&self, names: &[&str]) -> bool {
        let before = |kind: &Kind| !matches!(kind, Kind::Message { .. } | Kind::Tcp { .. });
        let events = self.transcript.events().iter().take_while(|event| before(&event.kind));
        events.into_iter().any(|event| match event.kind {
            Kind::Hostcall { row, .. } => names.contains(&row.name),
            _ => false,
        })
    }

    /// Whether a plugin called one of these.
    pub(super) fn calls(&self, names: &[&str]) -> bool {
        self.transcript.events().iter().any(|event| match event.kind {
            Kind::Hostcall { row, .. } | Kind::Unimplemented { row, .. } => names.contains(&row.name),
            _ => false,
        })
    }
}
