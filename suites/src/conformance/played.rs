//! What came of a run: exchanges read back out of the transcript, and the state that is left.

use std::collections::BTreeMap;

use proxy_wasm_harness::abi::Pairs;
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::transcript::{CallSide, Kind, Party, What};
use proxy_wasm_harness::proxy::{StreamId, Transcript};
use proxy_wasm_harness::scenario::Run;
use proxy_wasm_harness::state::{Field, MetricValue};

use super::trace::Trace;

/// A run and what it left behind.
#[derive(Debug)]
pub struct Played {
    /// The run.
    pub run: Run,
    /// Its exchanges, in the order in which they were opened.
    pub exchanges: Vec<Exchange>,
    /// Its calls to clusters.
    pub calls: Vec<CallMade>,
    /// Metrics by name, with their values in words.
    pub metrics: Vec<(String, String)>,
    /// Entries of the shared store: key and value.
    pub shared: Vec<(Vec<u8>, Vec<u8>)>,
    /// Messages that wait in shared queues, by the queue's name.
    pub queues: Vec<(Vec<u8>, usize)>,
    /// Bytes of memory of each VM.
    pub memory: Vec<u64>,
    /// Number of streams that have not ended.
    pub open: usize,
}

/// A message as one side received it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The head: pseudo headers first.
    pub head: Vec<Field>,
    /// The body.
    pub body: Vec<u8>,
    /// The trailers, if there were any.
    pub trailers: Option<Vec<Field>>,
    /// Whether it came to its end.
    pub complete: bool,
}

/// A local response that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The plugin; empty when the proxy made it.
    pub plugin: String,
    /// Status code.
    pub status: u16,
    /// Its event.
    pub event: usize,
}

/// One exchange.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// What the upstream received.
    pub upstream: Option<Message>,
    /// What the client received.
    pub client: Option<Message>,
    /// Local responses, in order.
    pub local: Vec<Local>,
    /// It could not end.
    pub stalled: bool,
}

/// A call to a cluster, as it left the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMade {
    /// The cluster.
    pub cluster: String,
    /// The fields of its head.
    pub head: Vec<Field>,
    /// Its body, or its messages one after the other.
    pub body: Vec<u8>,
}

impl Message {
    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.head.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.head.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

impl Exchange {
    /// The status that the client received; zero when none.
    #[must_use]
    pub fn status(&self) -> u16 {
        let status = self.client.as_ref().and_then(|message| message.get(":status"));
        status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok()).unwrap_or_default()
    }

    /// Whether a plugin answered it.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.local.iter().any(|local| !local.plugin.is_empty())
    }
}

impl Played {
    pub(super) fn new(run: Run, host: &Host) -> Self {
        let (exchanges, calls) = read(&run);
        let metrics = host.metrics().map(|(name, value)| {
            let value = match value {
                MetricValue::Counter(value) | MetricValue::Gauge(value) => value.to_string(),
                MetricValue::Histogram(values) => format!("{values:?}"),
            };
            (String::from_utf8_lossy(name).into_owned(), value)
        });
        let queues = host.queues().map(|(_, name, messages)| (name.to_vec(), messages.len()));
        let shared = host.shared_data().map(|(_, key, value, _)| (key.to_vec(), value.to_vec()));
        Self {
            exchanges,
            calls,
            metrics: metrics.collect(),
            shared: shared.collect(),
            queues: queues.collect(),
            memory: host.memory_sizes().collect(),
            open: host.open_streams().len(),
            run,
        }
    }

    /// The callbacks and hostcalls.
    #[must_use]
    pub fn trace(&self) -> Trace<'_> {
        Trace::of(&self.run.transcript)
    }

    /// Whether something happened that no scenario lets pass.
    #[must_use]
    pub fn trouble(&self) -> bool {
        !self.run.traps.is_empty() || !self.run.stalls.is_empty() || self.run.findings.iter().any(of_plugin)
    }

    /// The last exchange.
    ///
    /// # Panics
    ///
    /// When there is none: a mistake of the caller.
    #[must_use]
    pub fn last(&self) -> &Exchange {
        self.exchanges.last().expect("an exchange")
    }
}

/// Whether a finding of the host is about the plugin, not about the script.
pub(super) fn of_plugin(finding: &proxy_wasm_harness::proxy::Finding) -> bool {
    !finding.id.starts_with("script/")
}

fn fields(bytes: &[u8]) -> Vec<Field> {
    match Pairs::parse(bytes) {
        Ok(pairs) => pairs.map(|(name, value)| (name.to_vec(), value.to_vec())).collect(),
        Err(_) => Vec::new(),
    }
}

fn read(run: &Run) -> (Vec<Exchange>, Vec<CallMade>) {
    let transcript: &Transcript = &run.transcript;
    let mut exchanges: BTreeMap<StreamId, Exchange> = BTreeMap::new();
    let mut calls: Vec<(u32, String, CallMade)> = Vec::new();
    for (index, event) in transcript.events().iter().enumerate() {
        match event.kind {
            Kind::Message { stream, party, what, data } => {
                let exchange = exchanges.entry(stream).or_default();
                let side = match party {
                    Party::UpstreamReceives => &mut exchange.upstream,
                    Party::ClientReceives => &mut exchange.client,
                    _ => continue,
                };
                let message = side.get_or_insert_with(Message::default);
                let bytes = transcript.bytes(data);
                match what {
                    What::Head { end_stream } => {
                        message.head = fields(bytes);
                        message.complete = end_stream;
                    }
                    What::Data { end_stream } => {
                        message.body.extend_from_slice(bytes);
                        message.complete |= end_stream;
                    }
                    What::Trailers => {
                        message.trailers = Some(fields(bytes));
                        message.complete = true;
                    }
                    What::Metadata => {}
                    What::End => message.complete = true,
                    What::Reset => message.complete = false,
                }
            }
            Kind::LocalResponse { stream, plugin, status, .. } => {
                let plugin = String::from_utf8_lossy(transcript.bytes(plugin)).into_owned();
                exchanges.entry(stream).or_default().local.push(Local { plugin, status, event: index });
            }
            Kind::Stalled { stream } => exchanges.entry(stream).or_default().stalled = true,
            Kind::Call { plugin, cluster, id, side, what, data, .. } => {
                let plugin = String::from_utf8_lossy(transcript.bytes(plugin)).into_owned();
                let bytes = transcript.bytes(data);
                match (side, what) {
                    (CallSide::Calls, What::Head { .. }) => {
                        let cluster = String::from_utf8_lossy(transcript.bytes(cluster)).into_owned();
                        let made = CallMade { cluster, head: fields(bytes), body: Vec::new() };
                        calls.push((id, plugin, made));
                    }
                    (CallSide::Calls | CallSide::Sends, What::Data { .. }) => {
                        let of = calls.iter_mut().rfind(|(known, by, _)| *known == id && *by == plugin);
                        if let Some((_, _, made)) = of {
                            made.body.extend_from_slice(bytes);
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    (exchanges.into_values().collect(), calls.into_iter().map(|(_, _, made)| made).collect())
}
