//! The simulated proxy's mind: it owns what a proxy remembers, and decides which callback comes next.
//!
//! Holds no engine type; plugins are reached through [`Guest`]. In reading order: `guest` (the seam), `context`
//! (contexts of a VM), `stream` (one exchange), `chain` (the iteration over plugins), `filter` (one plugin's
//! callbacks), `access` (what is open when), `effect` (what waits for a callback to return), `reply` (local
//! responses), `codec`, `ingress`, `router`, `egress` (the ends of the chain), `calls` (to clusters), `tcp` (connections),
//! `run` (time), `transcript` (the record).

mod access;
mod answer;
mod calls;
mod chain;
mod client;
mod codec;
mod context;
mod effect;
mod egress;
mod filter;
mod guest;
mod ids;
mod ingress;
mod inject;
mod options;
mod properties;
mod queues;
mod reply;
mod router;
mod run;
mod status;
mod stream;
mod tcp;
pub mod transcript;
mod upstream;

pub(crate) use access::Closed;
pub use calls::{Call, CallKind, Cluster, Responder, Waiting};
pub(crate) use calls::{GrpcAsked, HttpAsked};
pub(crate) use chain::Drive;
pub use client::{End, Received};
pub(crate) use context::{ContextRef, VmState};
pub(crate) use effect::{At, Effect};
pub(crate) use filter::Called;
pub use guest::{Guest, Invocation, Returned, Slot};
pub use ids::{Direction, PluginContextId, PluginIndex, StreamContextId, StreamId, VmIndex};
pub use inject::Injection;
pub use options::Options;
pub use reply::LocalReply;
pub use run::Held;
pub(crate) use stream::{Filter, Stream};
pub use tcp::ClosedBy;
pub use transcript::Transcript;
pub use upstream::Script;

use run::Deadline;
use time::OffsetDateTime;
use time::macros::format_description;
use transcript::{Detail, Fault, Kind, Party, What};

use crate::abi::LogLevel;
use crate::state::{Clock, Deadlines, Entropy, Fields, Metrics, SharedData, SharedQueues};

/// A plugin's place in the chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainPlugin {
    /// The name that the test calls it by.
    pub(crate) name: String,
    /// The name that it reads as the property `plugin_name`.
    pub(crate) own_name: String,
    pub(crate) root_id: String,
    pub(crate) configuration: Vec<u8>,
    /// Envoy's deprecated `fail_open`: even the stream that trapped goes on.
    pub(crate) fail_open: bool,
    pub(crate) policy: FailurePolicy,
    pub(crate) allow_on_headers_stop_iteration: bool,
    /// Which VM of each worker runs it.
    pub(crate) group: usize,
}

/// What happens to streams once a plugin's VM is dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They get 503.
    #[default]
    Closed,
    /// Later streams pass as if the plugin were absent.
    Open,
    /// The next stream gets a new VM.
    Reload,
}

/// The simulated proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub(crate) clock: Clock,
    pub(crate) deadlines: Deadlines<Deadline>,
    pub(crate) transcript: Transcript,
    pub(crate) options: Options,
    pub(crate) plugins: Vec<ChainPlugin>,
    /// VMs, worker by worker.
    pub(crate) vms: Vec<VmState>,
    pub(crate) groups: usize,
    pub(crate) upstream: Script,
    pub(crate) calls: calls::Calls,
    pub(crate) request_ids: Entropy,
    pub(crate) shared_data: SharedData,
    pub(crate) shared_queues: SharedQueues<queues::Listener>,
    pub(crate) metrics: Metrics,
    /// Properties that the test gave to every stream and plugin.
    pub(crate) properties: properties::Overrides,
    pub(crate) findings: Vec<Finding>,
    pub(crate) injections: Vec<Injection>,
    /// The streams not yet handed over to the test; `first_stream` is the number of the first.
    streams: std::collections::VecDeque<Option<Box<Stream>>>,
    first_stream: usize,
    /// TCP connections, by their numbers among the streams.
    connections: std::collections::BTreeMap<StreamId, tcp::Connection>,
    /// Local responses asked for by plugins, by stream, in order.
    pub(crate) local_replies: Vec<(StreamId, LocalReply)>,
    halted: bool,
    /// How much has happened at the present instant.
    at_this_instant: u32,
    /// The second last written as a date, and the date.
    date: (u64, String),
}

/// Something found about a plugin, or about the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable identifier.
    pub id: String,
    /// What it is, in a sentence.
    pub message: String,
    /// The event of the transcript where it shows.
    pub event: usize,
}

impl Proxy {
    pub(crate) fn new(options: Options, clock: Clock, detail: Detail) -> Self {
        Self {
            clock,
            deadlines: Deadlines::new(),
            transcript: Transcript::new(detail),
            options,
            plugins: Vec::new(),
            vms: Vec::new(),
            groups: 0,
            upstream: Script::Every(crate::state::Answer::ok()),
            calls: calls::Calls::default(),
            request_ids: Entropy::new(0, "x-request-id"),
            shared_data: SharedData::new(),
            shared_queues: SharedQueues::new(),
            metrics: Metrics::new(),
            properties: properties::Overrides::default(),
            findings: Vec::new(),
            injections: Vec::new(),
            streams: std::collections::VecDeque::new(),
            first_stream: 0,
            connections: std::collections::BTreeMap::new(),
            local_replies: Vec::new(),
            halted: false,
            at_this_instant: 0,
            date: (0, String::new()),
        }
    }

    /// From here on all randomness comes from `seed`: each consumer draws from a stream of its own.
    pub(crate) fn seed(&mut self, seed: u64) {
        self.request_ids = Entropy::new(seed, "x-request-id");
        for (index, vm) in self.vms.iter_mut().enumerate() {
            vm.entropy = Entropy::of_vm(seed, "guest", index);
        }
    }

    pub(crate) fn vm(&self, vm: VmIndex) -> &VmState {
        &self.vms[vm.0]
    }

    pub(crate) fn vm_mut(&mut self, vm: VmIndex) -> &mut VmState {
        &mut self.vms[vm.0]
    }

    pub(crate) fn plugin(&self, plugin: PluginIndex) -> &ChainPlugin {
        &self.plugins[plugin.0]
    }

    pub(crate) fn vm_of(&self, worker: usize, plugin: PluginIndex) -> VmIndex {
        VmIndex(worker * self.groups + self.plugins[plugin.0].group)
    }

    /// The chain of a new stream. A plugin whose VM is dead is left out when its policy is to fail open.
    fn filters(&self, worker: usize) -> Vec<Filter> {
        let mut filters = Vec::with_capacity(self.plugins.len());
        for (index, plugin) in self.plugins.iter().enumerate() {
            let vm = self.vm_of(worker, PluginIndex(index));
            let state = self.vm(vm);
            if state.failed && plugin.policy == FailurePolicy::Open {
                continue;
            }
            let parent = state.plugin_context(PluginIndex(index)).map_or(0, |context| context.id);
            filters.push(Filter::new(PluginIndex(index), vm, parent));
        }
        filters
    }

    pub(crate) fn next_stream(&self) -> StreamId {
        StreamId(self.first_stream + self.streams.len())
    }

    fn insert_stream(&mut self, stream: Stream) {
        self.streams.push_back(Some(Box::new(stream)));
    }

    /// Whether the stream is still here: streams leave when the test has taken their exchange.
    pub(crate) fn has_stream(&self, id: StreamId) -> bool {
        id.0 >= self.first_stream && self.streams.get(id.0 - self.first_stream).is_some_and(Option::is_some)
    }

    pub(crate) fn stream(&self, id: StreamId) -> &Stream {
        self.streams[id.0 - self.first_stream].as_deref().expect("the stream is here")
    }

    pub(crate) fn stream_mut(&mut self, id: StreamId) -> &mut Stream {
        self.streams[id.0 - self.first_stream].as_deref_mut().expect("the stream is here")
    }

    /// Hands an ended stream over.
    pub(crate) fn take_stream(&mut self, id: StreamId) -> Option<Box<Stream>> {
        let slot = self.streams.get_mut(id.0.checked_sub(self.first_stream)?)?;
        let stream = slot.take_if(|stream| stream.ended);
        while self.streams.front().is_some_and(Option::is_none) {
            self.streams.pop_front();
            self.first_stream += 1;
        }
        stream
    }

    /// The streams that have not ended, oldest first.
    pub(crate) fn open_streams(&self) -> impl Iterator<Item = StreamId> {
        self.streams.iter().flatten().filter(|stream| !stream.ended).map(|stream| stream.id)
    }

    /// A stream is over: nothing waits for it any more, and its upstream request is reset if it was under way.
    fn stream_ended(&mut self, id: StreamId) {
        let stream = self.stream_mut(id);
        stream.client.outbox.clear();
        self.reset_upstream(id);
    }

    /// Whatever the upstream was doing for this stream ends; its request is reset if it was under way.
    pub(crate) fn reset_upstream(&mut self, id: StreamId) {
        let stream = self.stream_mut(id);
        let cut = stream.upstream.received.head.is_some() && !stream.upstream.answer_complete;
        stream.upstream.answering.clear();
        let timeout = stream.upstream.timeout.take();
        stream.upstream.answer_complete |= cut;
        if cut && stream.upstream.received.end == End::Open {
            stream.upstream.received.end = End::Cut;
        }
        if let Some(deadline) = timeout {
            self.deadlines.cancel(deadline);
        }
        if cut {
            self.record_part(id, Party::UpstreamReceives, What::Reset, b"");
        }
    }

    /// Nothing runs any more: Envoy would be dead.
    pub(crate) fn halted(&self) -> bool {
        self.halted
    }

    /// A plugin did what Envoy does not survive.
    pub(crate) fn fault(&mut self, vm: VmIndex, fault: Fault) {
        self.halted |= fault.id == "envoy/crash";
        self.fault_in(Some(vm), fault);
    }

    /// Something that Envoy does wrong for a plugin's sake.
    pub(crate) fn fault_in(&mut self, vm: Option<VmIndex>, fault: Fault) {
        let event = self.transcript.mark();
        let message = format!("{}: {}", fault.call, fault.what);
        self.findings.push(Finding { id: fault.id.to_owned(), message, event });
        self.record(Kind::Fault { vm, fault });
    }

    /// A plugin asked for more memory than it may have.
    pub(crate) fn memory_cap_met(&mut self, vm: VmIndex, asked: u64, cap: u64) {
        let message = format!(
            "plugin {} asked for {asked} bytes of memory and may have {cap}: it grows without bound, or needs a higher cap",
            self.transcript.vm_name(vm)
        );
        self.find("vm/memory-cap", message);
    }

    fn find(&mut self, id: &str, message: String) {
        let event = self.transcript.mark();
        self.findings.push(Finding { id: id.to_owned(), message, event });
    }

    /// The script has no answer for this request.
    fn script_exhausted(&mut self, id: StreamId) {
        let message = format!(
            "the upstream got request #{}, and its scripted answers are used up: add an answer, or give one answer \
             instead of a list",
            id.0 + 1
        );
        self.find("script/upstream-exhausted", message);
        self.stream_mut(id)
            .upstream
            .answering
            .push_back(upstream::Answering::Reset("connection termination"));
        let now = self.clock.now();
        self.deadlines.schedule(now, Deadline::UpstreamPart(id));
    }

    /// Realtime as an HTTP date (RFC 9110, section 5.6.7). Written anew when the second is another.
    fn http_date(&mut self) -> &str {
        let second = self.clock.realtime() / 1_000_000_000;
        if self.date.0 != second || self.date.1.is_empty() {
            let format = format_description!(
                "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
            );
            let date = i64::try_from(second)
                .ok()
                .and_then(|second| OffsetDateTime::from_unix_timestamp(second).ok());
            self.date = (second, date.and_then(|date| date.format(&format).ok()).unwrap_or_default());
        }
        &self.date.1
    }

    /// The plugin that a context of a VM belongs to.
    pub(crate) fn plugin_of(&self, vm: VmIndex, context: u32) -> Option<PluginIndex> {
        self.plugin_behind(self.vm(vm).context(context)?)
    }

    /// The name of the plugin that the effective context of a VM belongs to; the VM's where there is none.
    pub(crate) fn name_in(&self, vm: VmIndex) -> String {
        match self.vm(vm).effective().and_then(|context| self.plugin_behind(context)) {
            Some(plugin) => self.plugin(plugin).name.clone(),
            None => self.transcript.vm_name(vm).to_owned(),
        }
    }

    fn plugin_behind(&self, context: ContextRef) -> Option<PluginIndex> {
        match context {
            ContextRef::Plugin(plugin) => Some(plugin),
            ContextRef::Connection { connection, filter } => {
                self.connection(connection).map(|connection| connection.filters[filter].plugin)
            }
            ContextRef::Stream { stream, filter } => {
                self.has_stream(stream).then(|| self.stream(stream).filters[filter].plugin)
            }
        }
    }

    /// A log line of a plugin, or of whatever the effective context is.
    pub(crate) fn log(&mut self, vm: VmIndex, level: LogLevel, message: &[u8]) {
        if level < self.options.log_level || !self.transcript.records(Detail::Log) {
            return;
        }
        let plugin = self.vm(vm).effective().and_then(|context| self.plugin_behind(context));
        let plugin = plugin.map(|plugin| {
            let name = std::mem::take(&mut self.plugins[plugin.0].name);
            let text = self.transcript.put(name.as_bytes());
            self.plugins[plugin.0].name = name;
            text
        });
        let message = self.transcript.put(message);
        self.record(Kind::Log { vm, plugin, level, message });
    }

    pub(crate) fn record(&mut self, kind: Kind) {
        if self.transcript.detail() > Detail::Off {
            self.transcript.push(self.clock.now(), kind);
        }
    }

    /// A step of the script begins.
    pub(crate) fn record_step(&mut self, words: &dyn std::fmt::Display) {
        if self.transcript.records(Detail::Http) {
            let text = self.transcript.put(words.to_string().as_bytes());
            self.record(Kind::Step { text });
        }
    }

    fn record_part(&mut self, stream: StreamId, party: Party, what: What, bytes: &[u8]) {
        if self.transcript.records(Detail::Http) {
            let data = self.transcript.put(bytes);
            self.record(Kind::Message { stream, party, what, data });
        }
    }

    fn record_data(&mut self, stream: StreamId, party: Party, bytes: &[u8], end_stream: bool) {
        self.record_part(stream, party, What::Data { end_stream }, bytes);
    }

    fn record_fields(&mut self, stream: StreamId, party: Party, what: What, fields: &Fields) {
        if self.transcript.records(Detail::Http) {
            let data = self.transcript.put_fields(fields);
            self.record(Kind::Message { stream, party, what, data });
        }
    }

    fn record_local_reply(&mut self, stream: StreamId, reply: &LocalReply) {
        if self.transcript.records(Detail::Http) {
            let name = reply.plugin.map_or(String::new(), |plugin| self.plugin(plugin).name.clone());
            let plugin = self.transcript.put(name.as_bytes());
            let details = self.transcript.put(&reply.details);
            self.record(Kind::LocalResponse { stream, plugin, status: reply.status, details });
        }
        if reply.plugin.is_some() {
            self.local_replies.push((stream, reply.clone()));
        }
    }
}
