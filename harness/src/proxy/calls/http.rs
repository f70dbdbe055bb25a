//! HTTP calls: what a plugin may ask for, and how the answer comes back.
//!
//! A cluster that cannot be reached, or does not answer in time, still gives a response: the proxy's own, with status 503
//! or 504. Only an answer that breaks off after its head gives none (Envoy 1.40, observed).

use super::request::{finish, misframed};
use super::{Call, CallDue, CallIndex, CallKind, CallView, OpenCall};
use crate::abi::{CallbackId, Pairs, Status};
use crate::proxy::Proxy;
use crate::proxy::answer::lay_out;
use crate::proxy::chain::Drive;
use crate::proxy::codec::{PROTOCOL_ERROR, refuses_answer};
use crate::proxy::effect::Effect;
use crate::proxy::guest::{Guest, Invocation};
use crate::proxy::ids::VmIndex;

use crate::proxy::reply::LocalReply;
use crate::proxy::request_head::is_grpc;
use crate::proxy::run::Deadline;
use crate::proxy::transcript::{CallSide, Fault, What};
use crate::proxy::upstream::Answering;
use crate::proxy::upstream_head::{frame, refusal};
use crate::state::{Answer, AnswerKind, Duration, Failure, Fields, Protocol};

/// The most bytes of body that an answer may have (Envoy 1.40, observed).
const MAX_BODY: usize = 32 << 20;
/// What `proxy_get_status` answers for an answer that broke off.
const BROKEN: u32 = Status::BrokenConnection.to_abi();

/// The arguments of `proxy_http_call`.
#[derive(Debug)]
pub(crate) struct HttpAsked<'a> {
    pub(crate) cluster: &'a [u8],
    pub(crate) headers: Pairs<'a>,
    pub(crate) body: &'a [u8],
    pub(crate) trailers: Pairs<'a>,
    pub(crate) timeout: u32,
}

/// How a call goes on once it has been taken.
enum Start {
    /// The cluster received it, or could not be reached, and this comes back.
    Answered(Answer),
    /// The proxy cannot write it.
    Unsendable(String),
    /// The cluster waits for the rest of it.
    Misframed,
}

impl Proxy {
    /// Makes a call; answers its id.
    pub(crate) fn http_call(&mut self, vm: VmIndex, asked: HttpAsked<'_>) -> Result<u32, Status> {
        let (context, mut call) = self.new_call(vm, CallKind::Http).ok_or(Status::BadArgument)?;
        call.cluster = String::from_utf8_lossy(asked.cluster).into_owned();
        call.headers.set_pairs(asked.headers);
        call.body = asked.body.to_vec();
        call.timeout = Duration::from_millis(u64::from(asked.timeout));
        if asked.trailers.len() > 0 {
            let mut trailers = Fields::trailers();
            trailers.set_pairs(asked.trailers);
            call.trailers = Some(trailers);
        }
        let taken = self.take_http_call(vm, &mut call);
        let at = CallIndex(self.calls.made.len());
        call.status = taken.as_ref().err().copied().unwrap_or(Status::Ok);
        call.id = taken.as_ref().map_or(0, |(id, ..)| *id);
        self.calls.made.push(call);
        let (id, start, timeout) = taken?;
        self.start_http_call(at, OpenCall::new(vm, context, id), start, timeout);
        Ok(id)
    }

    /// Whether the call can begin: its id, what comes of it, and the timeout that holds.
    fn take_http_call(&mut self, vm: VmIndex, call: &mut Call) -> Result<(u32, Start, Duration), Status> {
        let cluster = self.calls.clusters.get(&call.cluster).ok_or(Status::BadArgument)?;
        let (hosts, idle) = (cluster.has_hosts(), cluster.idle > 0);
        let required: [&[u8]; 3] = [b":path", b":method", b":authority"];
        if call.timeout.as_millis() > i32::MAX as u128
            || required.iter().any(|name| call.headers.get(name).is_none())
        {
            return Err(Status::BadArgument);
        }
        if !call.body.is_empty() {
            call.headers.overwrite(b"content-length", call.body.len().to_string().as_bytes());
        }
        let id = self.vm_mut(vm).call_ids.next(CallKind::Http);
        if !hosts {
            return Err(Status::InternalFailure);
        }
        let timeout = finish(&mut call.headers, call.timeout);
        if call.trailers.is_some() {
            self.fault(
                vm,
                Fault {
                    id: "envoy/call-trailers",
                    call: "proxy_http_call",
                    what: "the trailers of a call are not sent: the cluster gets headers and body alone",
                },
            );
        }
        let unsendable = match refusal(&call.headers) {
            Some(reply) => Some(String::from_utf8_lossy(&reply.body).into_owned()),
            None => (call.headers.get(b":method") == Some(b"CONNECT"))
                .then(|| "missing required header: :protocol".to_owned()),
        };
        if let Some(why) = unsendable {
            // With a connection at hand this is found out inside the hostcall, else when there is one.
            return if idle {
                Err(Status::InternalFailure)
            } else {
                Ok((id, Start::Unsendable(why), timeout))
            };
        }
        if let Some((name, what)) = misframed(&call.headers, &call.body) {
            self.fault(vm, Fault { id: name, call: "proxy_http_call", what });
            return Ok((id, Start::Misframed, timeout));
        }
        let answer = self.choose_answer(call);
        if answer.protocol() == Protocol::Http1 {
            frame(&mut call.headers, call.body.is_empty());
        }
        Ok((id, Start::Answered(answer), timeout))
    }

    fn start_http_call(&mut self, at: CallIndex, mut open: OpenCall, start: Start, timeout: Duration) {
        let call = &self.calls.made[at.0];
        let (headers, body) = (call.headers.clone(), call.body.clone());
        self.record_call_fields(at, CallSide::Calls, What::Head { end_stream: body.is_empty() }, &headers);
        if !body.is_empty() {
            self.record_call(at, CallSide::Sends, What::Data { end_stream: true }, &body);
        }
        let now = self.clock.now();
        if !timeout.is_zero() {
            let due = Deadline::Call(at, CallDue::Timeout);
            open.timeout = Some(self.deadlines.schedule(now + timeout, due));
        }
        match start {
            Start::Answered(answer) => {
                open.connected = self.connect(at, &answer);
                let due = now + answer.after;
                if open.will_answer(answer, self.options.enable_trailers) {
                    self.deadlines.schedule(due, Deadline::Call(at, CallDue::Part));
                }
            }
            Start::Unsendable(why) => {
                self.deadlines.schedule(now, Deadline::Call(at, CallDue::Unsendable(why)));
            }
            Start::Misframed => {}
        }
        self.calls.open.insert(at, open);
    }

    /// Takes a connection of the cluster, or makes one. Answers whether it goes back when the call is over.
    pub(super) fn connect(&mut self, at: CallIndex, answer: &Answer) -> bool {
        let name = &self.calls.made[at.0].cluster;
        let Some(cluster) = self.calls.clusters.get_mut(name) else { return false };
        match (&answer.kind, answer.protocol()) {
            (AnswerKind::Fail(Failure::Refused), _) => false,
            // One connection carries every call.
            (_, Protocol::Http2) => {
                cluster.idle = 1;
                false
            }
            (_, Protocol::Http1) => {
                cluster.idle = cluster.idle.saturating_sub(1);
                true
            }
        }
    }

    /// The call's connection is free for another.
    fn disconnect(&mut self, at: CallIndex, open: &OpenCall) {
        let kept = open.head.as_ref().is_some_and(|head| head.get(b"connection") != Some(b"close"));
        let name = &self.calls.made[at.0].cluster;
        if open.connected
            && kept
            && let Some(cluster) = self.calls.clusters.get_mut(name)
        {
            cluster.idle += 1;
        }
    }
}

impl OpenCall {
    pub(super) fn new(vm: VmIndex, context: u32, id: u32) -> Self {
        Self {
            vm,
            context,
            id,
            timeout: None,
            answering: std::collections::VecDeque::new(),
            head: None,
            body: Vec::new(),
            trailers: None,
            connected: false,
            grpc: None,
        }
    }

    /// Lays out the parts of the answer; false when none ever comes.
    pub(super) fn will_answer(&mut self, answer: Answer, enable_trailers: bool) -> bool {
        match answer.kind {
            AnswerKind::Fail(Failure::Refused) => {
                self.answering.push_back(Answering::Reset("remote connection failure"));
            }
            kind => lay_out(&mut self.answering, kind, enable_trailers),
        }
        !self.answering.is_empty()
    }
}

impl<G: Guest> Drive<'_, G> {
    /// Something falls due for a call.
    pub(crate) fn call_due(&mut self, at: CallIndex, due: CallDue) {
        let Some(open) = self.proxy.calls.open.get_mut(&at) else { return };
        if open.grpc.is_some() {
            self.grpc_due(at, due);
            return;
        }
        match due {
            CallDue::Part => self.http_part(at),
            CallDue::Timeout => {
                open.timeout = None;
                self.proxy.record_call(at, CallSide::TimedOut, What::End, b"");
                if self.proxy.calls.open[&at].head.is_some() {
                    self.http_failed(at);
                } else {
                    self.http_reply(at, LocalReply::own(504, "upstream request timeout", ""));
                }
            }
            CallDue::Unsendable(why) => self.http_reply(at, LocalReply::own(503, &why, "")),
            CallDue::Message | CallDue::HalfClose => {}
        }
    }

    /// The next part of the answer to an HTTP call arrives.
    fn http_part(&mut self, at: CallIndex) {
        let head_request = self.proxy.calls.made[at.0].method() == "HEAD";
        let Some(part) = self.next_part(at, head_request) else { return };
        let Some(open) = self.proxy.calls.open.get_mut(&at) else { return };
        let ended = match part {
            Answering::Head { end_stream, .. } => end_stream,
            Answering::Data { bytes, end_stream, .. } => {
                let bytes = bytes.as_slice();
                open.body.extend_from_slice(bytes);
                let size = open.body.len();
                self.proxy.record_call(at, CallSide::Answers, What::Data { end_stream }, bytes);
                if size > MAX_BODY {
                    self.http_failed(at);
                    return;
                }
                end_stream
            }
            Answering::End | Answering::Trailers(_) => true,
            Answering::Reset(reason) => {
                if open.head.is_some() {
                    self.http_failed(at);
                } else {
                    let (status, body) = LocalReply::unreachable(reason);
                    self.http_reply(at, LocalReply::own(status, &body, ""));
                }
                return;
            }
        };
        if ended {
            self.http_answered(at);
        } else {
            self.schedule_part(at);
        }
    }

    /// Takes the next part of an answer in: records it, but for body bytes, and keeps its head or trailers.
    pub(super) fn next_part(&mut self, at: CallIndex, head_request: bool) -> Option<Answering> {
        let now = self.proxy.clock.now();
        let made = self.proxy.calls.made[at.0].at;
        let open = self.proxy.calls.open.get_mut(&at)?;
        // Counted from the end of what was asked: for a stream of messages that goes on there is no such time.
        let asked = open.grpc.as_ref().map_or(Some(made), |state| state.half_closed_at);
        let mut part = open.answering.pop_front()?;
        match &mut part {
            Answering::Head { fields, end_stream, status } => {
                *end_stream |= head_request;
                let mut head = std::mem::replace(fields, Fields::response());
                self.proxy.record_call_fields(
                    at,
                    CallSide::Answers,
                    What::Head { end_stream: *end_stream },
                    &head,
                );
                if refuses_answer(&mut head, *status) {
                    self.proxy.calls.open.get_mut(&at)?.answering.clear();
                    return Some(Answering::Reset(PROTOCOL_ERROR));
                }
                if let Some(asked) = asked {
                    let took = (now - asked).as_millis().to_string();
                    head.overwrite(b"x-envoy-upstream-service-time", took.as_bytes());
                }
                self.proxy.calls.open.get_mut(&at)?.head = Some(head);
            }
            Answering::Data { .. } => {}
            Answering::End => self.proxy.record_call(at, CallSide::Answers, What::End, b""),
            Answering::Trailers(fields) => {
                let mut trailers = Fields::trailers();
                fields.iter().for_each(|(name, value)| trailers.add(name, value));
                self.proxy.record_call_fields(at, CallSide::Answers, What::Trailers, &trailers);
                self.proxy.calls.open.get_mut(&at)?.trailers = Some(trailers);
            }
            Answering::Reset(reason) => {
                self.proxy.record_call(at, CallSide::Answers, What::Reset, reason.as_bytes());
            }
        }
        Some(part)
    }

    /// Puts the next part of the answer on the clock.
    pub(super) fn schedule_part(&mut self, at: CallIndex) {
        let after = match self.proxy.calls.open.get(&at).and_then(|open| open.answering.front()) {
            None => return,
            Some(Answering::Data { after, .. }) => *after,
            Some(_) => Duration::ZERO,
        };
        let due = self.proxy.clock.now() + after;
        self.proxy.deadlines.schedule(due, Deadline::Call(at, CallDue::Part));
    }

    /// The answer is complete.
    fn http_answered(&mut self, at: CallIndex) {
        let Some(open) = self.proxy.close_call(at) else { return };
        self.proxy.disconnect(at, &open);
        let OpenCall { vm, context, id, head, body, trailers, .. } = open;
        let headers = head.unwrap_or_else(Fields::response);
        self.http_callback(vm, context, id, |view| {
            view.headers = Some(headers);
            view.body = Some(body);
            view.trailers = trailers;
        });
    }

    /// The proxy answers the call itself.
    fn http_reply(&mut self, at: CallIndex, reply: LocalReply) {
        let Some(OpenCall { vm, context, id, .. }) = self.proxy.close_call(at) else { return };
        let call = &self.proxy.calls.made[at.0];
        let grpc = call.headers.get(b"content-type").is_some_and(is_grpc);
        let headers = reply.fields(grpc);
        let bodiless = grpc || call.method() == "HEAD";
        self.http_callback(vm, context, id, |view| {
            view.headers = Some(headers);
            view.body = Some(if bodiless { Vec::new() } else { reply.body });
        });
    }

    /// The answer broke off: the callback shows nothing of it.
    fn http_failed(&mut self, at: CallIndex) {
        let Some(OpenCall { vm, context, id, .. }) = self.proxy.close_call(at) else { return };
        self.http_callback(vm, context, id, |view| {
            view.status = BROKEN;
            view.message = b"reset".to_vec();
        });
    }

    /// `proxy_on_http_call_response`, unless the plugin context has gone.
    fn http_callback(&mut self, vm: VmIndex, context: u32, id: u32, show: impl FnOnce(&mut CallView)) {
        let Some(view) = self.proxy.view_of(vm, context) else { return };
        show(view);
        let count = |fields: &Option<Fields>| fields.as_ref().map_or(0, |fields| fields.len() as u32);
        let (headers, trailers) = (count(&view.headers), count(&view.trailers));
        let size = view.body.as_ref().map_or(0, |body| body.len() as u32);
        // What the callback asks for runs after the answer has been closed.
        self.proxy.vm_mut(vm).effects.push_back(Effect::CloseCall { context, ended: None });
        self.call(vm, Invocation::new(CallbackId::HttpCallResponse, &[context, id, headers, size, trailers]));
    }
}
