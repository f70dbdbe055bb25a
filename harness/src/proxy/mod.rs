//! The simulated proxy's mind: it owns what a proxy remembers, and decides which callback comes next.
//!
//! Holds no engine type; plugins are reached through [`Guest`]. In reading order: `guest` (the seam), `context`
//! (contexts of a VM), `stream` (one exchange), `chain` (the iteration over plugins), `filter` (one plugin's
//! callbacks), `access` (what is open when), `effect` (what waits for a callback to return), `reply` (local
//! responses), `codec`, `ingress` and `request_head`, `router` and `upstream_head`, `answering`, `egress`, `upgrade` (the
//! ends of the chain), `calls` (to clusters), `foreign` (functions by name), `dns` (lookups), `tcp` (connections), `run`
//! (time), `streams` (those that live), `finding`, `records`, `http_date` and `transcript` (the record), `tester` (the
//! profile `google`).

mod access;
mod answer;
mod answering;
mod calls;
pub(crate) mod capabilities;
mod chain;
mod client;
mod codec;
mod context;
mod dns;
mod effect;
mod egress;
mod filter;
mod finding;
mod findings;
mod foreign;
mod guest;
mod http_date;
mod ids;
mod ingress;
mod inject;
mod options;
mod properties;
mod push;
mod queues;
mod records;
mod reload;
mod reply;
mod request_head;
mod router;
mod run;
mod start;
mod status;
mod stream;
mod streams;
mod tcp;
mod tester;
mod threads;
pub mod transcript;
mod upgrade;
mod upstream;
mod upstream_head;

pub(crate) use access::Closed;
pub use calls::{Call, CallKind, Cluster, Responder, Waiting};
pub(crate) use calls::{GrpcAsked, HttpAsked};
pub(crate) use chain::Drive;
pub use client::{End, Received};
pub(crate) use context::{ContextRef, VmState};
pub(crate) use effect::{At, Effect};
pub(crate) use filter::Called;
pub use finding::Finding;
pub use findings::{FINDINGS, FindingKind, finding_kind};
pub(crate) use foreign::Own;
pub use guest::{Guest, Invocation, NotCreated, Returned, Slot};
pub use ids::{Direction, PluginContextId, PluginIndex, StreamContextId, StreamId, VmIndex};
pub use inject::Injection;
pub use options::{Options, Start};
pub use reply::LocalReply;
pub use run::Held;
pub use start::Refused;
pub(crate) use stream::Stream;
pub use tcp::ClosedBy;
pub use tester::TesterReply;
pub(crate) use tester::{Stage as TesterStage, Tester};
pub(crate) use threads::{PluginKey, VmKind};
pub use transcript::Transcript;
pub use upstream::Script;

use std::sync::Arc;

use answer::LaidOut;
use http_date::HttpDate;
pub(crate) use run::Deadline;
use threads::{Handle, Thread};
use transcript::Detail;

use crate::state::{Clock, Deadlines, Duration, Entropy, Metrics, SharedData, SharedQueues};

/// A plugin's place in the chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainPlugin {
    /// The name that the test calls it by.
    pub(crate) name: String,
    /// Where the name stands in the transcript, for the lines that it logs.
    pub(crate) logged_as: Option<transcript::Text>,
    /// What it shares a plugin context by, and what it is configured with.
    pub(crate) key: Arc<PluginKey>,
    /// Envoy's deprecated `fail_open`: even the stream that trapped goes on.
    pub(crate) fail_open: bool,
    pub(crate) policy: FailurePolicy,
    pub(crate) allow_on_headers_stop_iteration: bool,
    /// How long after a reload the next one may be.
    pub(crate) reload_backoff: Duration,
    /// What kind of VM runs it.
    pub(crate) kind: usize,
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
    /// All VMs that there have been, in the order in which they were made.
    pub(crate) vms: Vec<VmState>,
    pub(crate) kinds: Vec<VmKind>,
    /// How many workers there are.
    pub(crate) workers: usize,
    /// Who serves each plugin, thread by thread.
    handles: Vec<(Thread, Vec<Handle>)>,
    /// Plugin contexts that threads have taken their hands off.
    parting: std::collections::BTreeSet<(VmIndex, u32)>,
    /// Where randomness comes from since the start.
    seed: Option<u64>,
    pub(crate) upstream: Script,
    pub(crate) calls: calls::Calls,
    pub(crate) request_ids: Entropy,
    pub(crate) shared_data: SharedData,
    pub(crate) shared_queues: SharedQueues<queues::Listener>,
    pub(crate) metrics: Metrics,
    /// The names that the test gave addresses to.
    pub(crate) dns: std::collections::BTreeMap<String, Vec<std::net::IpAddr>>,
    /// Foreign functions that the test brought.
    pub(crate) own_functions: std::collections::BTreeMap<String, Own>,
    /// Properties that the test gave to every stream and plugin.
    pub(crate) properties: properties::Overrides,
    pub(crate) findings: Vec<Finding>,
    pub(crate) injections: Vec<Injection>,
    /// The streams not yet handed over to the test; `first_stream` is the number of the first.
    streams: Vec<Option<Box<Stream>>>,
    first_stream: usize,
    /// TCP connections, by their numbers among the streams.
    connections: std::collections::BTreeMap<StreamId, tcp::Connection>,
    /// Local responses asked for by plugins, by stream, in order.
    pub(crate) local_replies: Vec<(StreamId, LocalReply)>,
    halted: bool,
    /// In place of a proxy: the profile `google`.
    pub(crate) tester: Option<Box<Tester>>,
    /// How much has happened at the present instant.
    pub(crate) at_this_instant: u32,
    /// The second last written as a date, and the date.
    date: Option<(u64, HttpDate)>,
    /// The request last sent.
    known: Option<request_head::Known>,
    /// The upstream's answer laid out, where it has one for every request.
    every: Option<std::sync::Arc<LaidOut>>,
    /// A stream that has ended, to be used again.
    spare: Option<Box<Stream>>,
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
            kinds: Vec::new(),
            workers: 1,
            handles: Vec::new(),
            parting: std::collections::BTreeSet::new(),
            seed: None,
            upstream: Script::Every(crate::state::Answer::ok()),
            calls: calls::Calls::default(),
            request_ids: Entropy::new(0, "x-request-id"),
            shared_data: SharedData::new(),
            shared_queues: SharedQueues::new(),
            metrics: Metrics::new(),
            dns: std::collections::BTreeMap::new(),
            own_functions: std::collections::BTreeMap::new(),
            properties: properties::Overrides::default(),
            findings: Vec::new(),
            injections: Vec::new(),
            streams: Vec::new(),
            first_stream: 0,
            connections: std::collections::BTreeMap::new(),
            local_replies: Vec::new(),
            halted: false,
            tester: None,
            at_this_instant: 0,
            date: None,
            known: None,
            every: None,
            spare: None,
        }
    }

    /// From here on all randomness comes from `seed`: each consumer draws from a stream of its own.
    pub(crate) fn seed(&mut self, seed: u64) {
        self.seed = Some(seed);
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

    /// A VM is named after its plugins, and after its thread where there are several.
    fn name_of_vm(&self, thread: Thread, kind: usize) -> String {
        let plugins = self.plugins.iter().filter(|plugin| plugin.kind == kind);
        let name = plugins.map(|plugin| plugin.name.as_str()).collect::<Vec<_>>().join("+");
        match thread {
            Thread::Worker(_) if self.workers == 1 => name,
            Thread::Worker(worker) => format!("{name}@{worker}"),
            Thread::Main => format!("{name}@main"),
            Thread::Base => format!("{name}@base"),
            Thread::Canary => format!("{name}@canary"),
        }
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
}
