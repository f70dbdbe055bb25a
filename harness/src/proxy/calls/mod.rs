//! HTTP calls and gRPC calls that plugins make to clusters: the record of each, and what is open at the moment.
//!
//! A call belongs to a plugin context, also when a stream made it: its callbacks go there, and they come even when the
//! stream has gone (Envoy 1.40, observed). In reading order: `cluster` (who answers), `request` (what the proxy makes of
//! a call's headers), `http` (HTTP calls), `grpc` (gRPC calls and streams: what plugins ask for), `grpc_answer` (what
//! servers send), `grpc_service` and `framing` (two formats).

mod cluster;
mod framing;
mod grpc;
mod grpc_answer;
mod grpc_service;
mod http;
mod request;

use std::collections::{BTreeMap, VecDeque};

pub use cluster::{Cluster, Responder};
pub(crate) use grpc::GrpcAsked;
pub(crate) use grpc_answer::GrpcFailure;
pub(crate) use http::HttpAsked;

use grpc::GrpcState;
use indexmap::IndexMap;

use super::Proxy;
use super::ids::VmIndex;
use super::transcript::{CallSide, Detail, Kind, What};
use super::upstream::Answering;
use crate::abi::Status;
use crate::state::{Answer, Buffer, DeadlineId, Duration, Failure, Fields, Instant};

/// What a plugin calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `proxy_http_call`.
    Http,
    /// `proxy_grpc_call`.
    Grpc,
    /// `proxy_grpc_stream`.
    GrpcStream,
}

/// A call that a plugin made, as the cluster received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What kind of call.
    pub kind: CallKind,
    /// The plugin whose context it belongs to.
    pub plugin: String,
    /// The cluster; for a gRPC call whose service cannot be read, the bytes in its place as text.
    pub cluster: String,
    /// The header fields, pseudo headers first. What the plugin gave when the call did not begin.
    pub headers: Fields,
    /// The body of an HTTP call.
    pub body: Vec<u8>,
    /// The trailers that the plugin gave to an HTTP call. Envoy 1.40 sends none of them (observed); that is a finding.
    pub trailers: Option<Fields>,
    /// gRPC: the messages so far.
    pub messages: Vec<Vec<u8>>,
    /// The timeout that the plugin gave; zero: none.
    pub timeout: Duration,
    /// What the hostcall answered.
    pub status: Status,
    /// The id that the plugin got; zero when it got none.
    pub id: u32,
    /// When it was made.
    pub at: Instant,
    /// The event of the transcript that came next.
    pub event: usize,
}

impl Call {
    /// A header field as text; nothing when it is absent or no UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name.as_bytes()).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The method: `POST` for gRPC.
    #[must_use]
    pub fn method(&self) -> &str {
        self.header(":method").unwrap_or_default()
    }

    /// The path with its query; `/service/method` for gRPC.
    #[must_use]
    pub fn path(&self) -> &str {
        self.header(":path").unwrap_or_default()
    }

    /// gRPC: the service, without its method.
    #[must_use]
    pub fn service(&self) -> &str {
        let path = self.path().trim_start_matches('/');
        path.rsplit_once('/').map_or(path, |(service, _)| service)
    }

    /// gRPC: the method of the service.
    #[must_use]
    pub fn rpc(&self) -> &str {
        self.path().rsplit_once('/').map_or("", |(_, method)| method)
    }
}

/// Names a call: its place among all that were made. VMs and their restarts do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallIndex(pub(crate) usize);

/// What falls due for an open call.
#[derive(Clone, Debug)]
pub(crate) enum CallDue {
    /// The next part of the answer arrives.
    Part,
    /// A message has arrived at a server that answers message by message.
    Message,
    /// The end of the client's messages has arrived there.
    HalfClose,
    /// The call's own timeout ends.
    Timeout,
    /// The proxy found that it cannot send the call.
    Unsendable(String),
}

/// The calls of a host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    pub(crate) clusters: IndexMap<String, Cluster>,
    pub(crate) made: Vec<Call>,
    open: BTreeMap<CallIndex, OpenCall>,
}

/// A call under way.
#[derive(Clone, Debug)]
struct OpenCall {
    vm: VmIndex,
    /// Number of the plugin context.
    context: u32,
    id: u32,
    timeout: Option<DeadlineId>,
    /// Parts of the answer still to come.
    answering: VecDeque<Answering>,
    /// The answer so far.
    head: Option<Fields>,
    body: Vec<u8>,
    trailers: Option<Fields>,
    /// It took a connection that goes back when the answer has come in full.
    connected: bool,
    grpc: Option<GrpcState>,
}

/// What the callbacks of calls show of the answer, and `proxy_get_status`: for each plugin context.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallView {
    /// Stays from one callback to the next; the message does not (Envoy 1.40, observed).
    pub(crate) status: u32,
    pub(crate) message: Vec<u8>,
    pub(crate) headers: Option<Fields>,
    pub(crate) trailers: Option<Fields>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) initial_metadata: Option<Fields>,
    pub(crate) trailing_metadata: Option<Fields>,
    pub(crate) grpc_message: Option<Buffer>,
    /// The answer of a lookup of a name.
    pub(crate) call_data: Option<Vec<u8>>,
}

impl CallView {
    /// The callback has returned.
    pub(crate) fn close(&mut self) {
        *self = Self { status: self.status, ..Self::default() };
    }
}

/// The next ids of a VM: one sequence for each kind, told apart by the two low bits (Envoy 1.40, observed).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallIds {
    http: u32,
    grpc: u32,
    streams: u32,
}

impl CallIds {
    fn next(&mut self, kind: CallKind) -> u32 {
        let (last, low) = match kind {
            CallKind::Http => (&mut self.http, 0),
            CallKind::Grpc => (&mut self.grpc, 1),
            CallKind::GrpcStream => (&mut self.streams, 2),
        };
        *last = last.wrapping_add(4);
        *last | low
    }

    /// The kind that an id of a gRPC call stands for.
    fn grpc_kind(id: u32) -> Result<CallKind, Status> {
        match id & 3 {
            1 => Ok(CallKind::Grpc),
            2 => Ok(CallKind::GrpcStream),
            _ => Err(Status::BadArgument),
        }
    }
}

/// A call that waits for its answer, for the report of a stall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The plugin that made it.
    pub plugin: String,
    /// The cluster.
    pub cluster: String,
    /// Its id.
    pub id: u32,
    /// The time that it has waited.
    pub since: Duration,
}

impl Calls {
    /// The VM that made a call under way.
    pub(crate) fn vm_of(&self, call: CallIndex) -> Option<VmIndex> {
        self.open.get(&call).map(|open| open.vm)
    }
}

impl Proxy {
    /// The calls that wait for an answer, oldest first.
    pub(crate) fn calls_waiting(&self) -> Vec<Waiting> {
        let waiting =
            self.calls.open.iter().filter(|(_, open)| !open.grpc.as_ref().is_some_and(GrpcState::over));
        waiting
            .map(|(at, open)| {
                let call = &self.calls.made[at.0];
                Waiting {
                    plugin: call.plugin.clone(),
                    cluster: call.cluster.clone(),
                    id: open.id,
                    since: self.clock.now() - call.at,
                }
            })
            .collect()
    }

    /// What the callback that runs shows of a call, to the effective context's plugin.
    pub(crate) fn call_view(&self, vm: VmIndex) -> Option<&CallView> {
        let context = self.effective_plugin_context(vm)?;
        self.vm(vm).plugins.iter().find(|plugin| plugin.id == context).map(|plugin| &plugin.view)
    }

    /// As [`Self::call_view`], to change.
    pub(crate) fn call_view_mut(&mut self, vm: VmIndex) -> Option<&mut CallView> {
        let context = self.effective_plugin_context(vm)?;
        self.view_of(vm, context)
    }

    pub(crate) fn view_of(&mut self, vm: VmIndex, context: u32) -> Option<&mut CallView> {
        self.vm_mut(vm).plugins.iter_mut().find(|plugin| plugin.id == context).map(|plugin| &mut plugin.view)
    }

    /// The callback that showed a call has returned.
    pub(crate) fn close_view(&mut self, vm: VmIndex, context: u32, ended: Option<CallIndex>) {
        if let Some(view) = self.view_of(vm, context) {
            view.close();
        }
        if let Some(at) = ended {
            self.callback_ended_call(at);
        }
    }

    /// A call of the effective context's plugin, not yet begun.
    fn new_call(&self, vm: VmIndex, kind: CallKind) -> Option<(u32, Call)> {
        let context = self.effective_plugin_context(vm)?;
        let plugin = self.vm(vm).plugins.iter().find(|plugin| plugin.id == context)?.plugin;
        let call = Call {
            kind,
            plugin: self.plugin(plugin).name.clone(),
            cluster: String::new(),
            headers: Fields::request(),
            body: Vec::new(),
            trailers: None,
            messages: Vec::new(),
            timeout: Duration::ZERO,
            status: Status::Ok,
            id: 0,
            at: self.clock.now(),
            event: self.transcript.mark(),
        };
        Some((context, call))
    }

    /// Takes the call off the open ones, and its timeout off the clock.
    fn close_call(&mut self, at: CallIndex) -> Option<OpenCall> {
        let open = self.calls.open.remove(&at)?;
        if let Some(timeout) = open.timeout {
            self.deadlines.cancel(timeout);
        }
        Some(open)
    }

    /// The plugin context goes, and with it the calls that wait for an answer.
    pub(crate) fn drop_calls_of(&mut self, vm: VmIndex, context: u32) {
        let of_it = self.calls.open.iter().filter(|(_, open)| (open.vm, open.context) == (vm, context));
        for at in of_it.map(|(at, _)| *at).collect::<Vec<_>>() {
            let over = self.grpc_state(at).is_some_and(|state| state.over());
            if !over {
                self.record_call(at, CallSide::Cancels, What::End, b"");
            }
            self.close_call(at);
        }
    }

    /// The cluster's answer to a call; a call too many is a finding, and the connection closes.
    fn choose_answer(&mut self, call: &Call) -> Answer {
        let cluster = self.calls.clusters.get_mut(&call.cluster);
        cluster.and_then(|cluster| cluster.answer(call)).unwrap_or_else(|| {
            let message = format!(
                "cluster {} got one call more than it has scripted answers, {} {} of plugin {}: add an answer, or give \
                 one answer instead of a list",
                call.cluster,
                call.method(),
                call.path(),
                call.plugin
            );
            self.find("script/cluster-exhausted", message);
            Answer::fail(Failure::Closed)
        })
    }

    fn record_call(&mut self, at: CallIndex, side: CallSide, what: What, data: &[u8]) {
        if self.transcript.records(Detail::Http) {
            let data = self.transcript.put(data);
            self.push_call(at, side, what, data);
        }
    }

    fn record_call_fields(&mut self, at: CallIndex, side: CallSide, what: What, fields: &Fields) {
        if self.transcript.records(Detail::Http) {
            let data = self.transcript.put_fields(fields);
            self.push_call(at, side, what, data);
        }
    }

    fn push_call(&mut self, at: CallIndex, side: CallSide, what: What, data: super::transcript::Text) {
        let call = &self.calls.made[at.0];
        let plugin = self.transcript.put(call.plugin.as_bytes());
        let cluster = self.transcript.put(call.cluster.as_bytes());
        let (id, called) = (call.id, call.at);
        self.record(Kind::Call { plugin, cluster, id, called, side, what, data });
    }
}
