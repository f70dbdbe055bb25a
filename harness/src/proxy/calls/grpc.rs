//! gRPC calls and streams: what plugins ask for.
//!
//! A server that answers with [`GrpcAnswer`](crate::state::GrpcAnswer) answers a stream message by message: each message
//! of the plugin lets one go, the end of the plugin's messages all that are left; the status follows the last one.

use super::grpc_answer::GrpcFailure;
use super::grpc_service::{Service, Target};
use super::request::{finish, grpc_timeout};
use super::{Call, CallDue, CallIds, CallIndex, CallKind, OpenCall};
use crate::abi::{Pairs, Status};
use crate::proxy::Proxy;
use crate::proxy::effect::Effect;
use crate::proxy::ids::VmIndex;
use crate::proxy::run::Deadline;
use crate::proxy::transcript::{CallSide, Fault, What};
use crate::state::{Answer, AnswerKind, Duration, Fields, GrpcAnswer, Instant};

/// The arguments of `proxy_grpc_call` and `proxy_grpc_stream`.
#[derive(Debug)]
pub(crate) struct GrpcAsked<'a> {
    pub(crate) service: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) method: &'a [u8],
    pub(crate) metadata: Pairs<'a>,
    /// Message and timeout of a call; a stream has neither.
    pub(crate) call: Option<(&'a [u8], u32)>,
}

/// What is particular to an open gRPC call.
#[derive(Clone, Debug, Default)]
pub(super) struct GrpcState {
    pub(super) stream: bool,
    /// Bytes of the answer that are no whole message yet.
    pub(super) unread: Vec<u8>,
    /// The answer to a call: the last message counts.
    pub(super) reply: Option<Vec<u8>>,
    /// Messages let go by the plugin's own; `None`: the answer does not wait for any.
    pub(super) paced: Option<usize>,
    /// Time that the server takes for each message.
    after: Duration,
    /// The plugin has sent its last message.
    half_closed: bool,
    /// When; for a call, when it was made.
    pub(super) half_closed_at: Option<Instant>,
    /// `proxy_grpc_close` was called.
    pub(super) local_closed: bool,
    /// `proxy_on_grpc_close` has been called, or is running.
    pub(super) remote_closed: bool,
}

impl GrpcState {
    /// Nothing more is to come.
    pub(super) fn over(&self) -> bool {
        self.remote_closed
    }
}

impl Proxy {
    /// Begins a call or a stream; answers its id.
    pub(crate) fn grpc_begin(&mut self, vm: VmIndex, asked: GrpcAsked<'_>) -> Result<u32, Status> {
        let (kind, name) = match asked.call {
            Some(_) => (CallKind::Grpc, "proxy_grpc_call"),
            None => (CallKind::GrpcStream, "proxy_grpc_stream"),
        };
        let (context, mut call) = self.new_call(vm, kind).ok_or(Status::BadArgument)?;
        call.cluster = String::from_utf8_lossy(asked.service).into_owned();
        if let Some((message, timeout)) = asked.call {
            call.messages.push(message.to_vec());
            call.timeout = Duration::from_millis(u64::from(timeout));
        }
        let service = Service::read(asked.service);
        if let Service::Message(target) = &service {
            call.cluster.clone_from(&target.cluster);
        }
        call.headers = head(&call, &asked, &service);
        let begun = self.take_grpc_call(vm, context, &service, &mut call, name);
        let at = CallIndex(self.calls.made.len());
        call.status = begun.as_ref().err().copied().unwrap_or(Status::Ok);
        call.id = begun.as_ref().map_or(0, |(id, ..)| *id);
        self.calls.made.push(call);
        let (id, answer, timeout) = begun?;
        self.start_grpc_call(at, OpenCall::new(vm, context, id), answer, timeout);
        Ok(id)
    }

    fn take_grpc_call(
        &mut self,
        vm: VmIndex,
        context: u32,
        service: &Service,
        call: &mut Call,
        name: &'static str,
    ) -> Result<(u32, Answer, Duration), Status> {
        let known = self.calls.clusters.get(&call.cluster).map(super::Cluster::has_hosts);
        match service {
            Service::NoTarget => {
                self.fault(vm, Fault {
                    id: "envoy/crash",
                    call: name,
                    what: "a service that is empty, or a name that reads as a message of unknown fields, is a GrpcService \
                           without a target: Envoy ends with `panic: unset oneof`",
                });
                return Err(Status::InternalFailure);
            }
            Service::Name if known.is_none() => return Err(Status::ParseFailure),
            Service::Name | Service::Message(_) => {}
        }
        let id = self.vm_mut(vm).call_ids.next(call.kind);
        let stream = call.kind == CallKind::GrpcStream;
        let failure = match known {
            None => GrpcFailure { stream: false, metadata: None, message: b"Cluster not available".to_vec() },
            Some(false) => GrpcFailure::no_host(stream),
            Some(true) => {
                let timeout = finish(&mut call.headers, call.timeout);
                let answer = self.choose_answer(call);
                return Ok((id, expired(call, answer), timeout));
            }
        };
        if failure.stream {
            self.fault(vm, Fault {
                id: "envoy/callback-in-hostcall",
                call: name,
                what: "a stream to a cluster without hosts runs proxy_on_grpc_receive_initial_metadata and \
                       _trailing_metadata inside the hostcall; here they come after it",
            });
        }
        self.vm_mut(vm).effects.push_back(Effect::GrpcFailed { context, id, failure });
        Err(Status::InternalFailure)
    }

    fn start_grpc_call(&mut self, at: CallIndex, mut open: OpenCall, answer: Answer, timeout: Duration) {
        let call = &self.calls.made[at.0];
        let stream = call.kind == CallKind::GrpcStream;
        let (headers, message) = (call.headers.clone(), call.messages.first().cloned());
        self.record_call_fields(at, CallSide::Calls, What::Head { end_stream: false }, &headers);
        if let Some(message) = message {
            self.record_call(at, CallSide::Sends, What::Data { end_stream: true }, &message);
        }
        let now = self.clock.now();
        if !stream && !timeout.is_zero() {
            let due = Deadline::Call(at, CallDue::Timeout);
            open.timeout = Some(self.deadlines.schedule(now + timeout, due));
        }
        let paced = (stream && matches!(answer.kind, AnswerKind::Grpc(_))).then_some(0);
        self.connect(at, &answer);
        let after = answer.after;
        if open.will_answer(answer, self.options.enable_trailers) {
            self.deadlines.schedule(now + after, Deadline::Call(at, CallDue::Part));
        }
        open.grpc = Some(GrpcState {
            stream,
            paced,
            after,
            half_closed: !stream,
            half_closed_at: (!stream).then_some(now),
            ..GrpcState::default()
        });
        self.calls.open.insert(at, open);
    }

    /// The open call of this id, of the effective context's plugin.
    fn grpc_find(&self, vm: VmIndex, id: u32) -> Result<CallIndex, Status> {
        let context = self.effective_plugin_context(vm).ok_or(Status::NotFound)?;
        let found = self.calls.open.iter().find(|(_, open)| {
            open.vm == vm && open.context == context && open.id == id && open.grpc.is_some()
        });
        found.map(|(at, _)| *at).ok_or(Status::NotFound)
    }

    pub(super) fn grpc_state(&mut self, at: CallIndex) -> Option<&mut GrpcState> {
        self.calls.open.get_mut(&at)?.grpc.as_mut()
    }

    /// `proxy_grpc_send`: a message on a stream. What comes too late is dropped, and is no error.
    pub(crate) fn grpc_send(
        &mut self,
        vm: VmIndex,
        id: u32,
        message: &[u8],
        end: bool,
    ) -> Result<(), Status> {
        if CallIds::grpc_kind(id)? == CallKind::Grpc {
            return Err(Status::BadArgument);
        }
        let at = self.grpc_find(vm, id)?;
        let now = self.clock.now();
        let Some(state) = self.grpc_state(at) else { return Ok(()) };
        if state.half_closed || state.remote_closed {
            return Ok(());
        }
        state.half_closed = end;
        state.half_closed_at = end.then_some(now);
        let (paced, after) = (state.paced.is_some(), state.after);
        self.calls.made[at.0].messages.push(message.to_vec());
        self.record_call(at, CallSide::Sends, What::Data { end_stream: end }, message);
        if paced {
            let due = self.clock.now() + after;
            self.deadlines.schedule(due, Deadline::Call(at, CallDue::Message));
            if end {
                self.deadlines.schedule(due, Deadline::Call(at, CallDue::HalfClose));
            }
        }
        Ok(())
    }

    /// `proxy_grpc_cancel`: nothing more is delivered.
    pub(crate) fn grpc_cancel(&mut self, vm: VmIndex, id: u32) -> Result<(), Status> {
        CallIds::grpc_kind(id)?;
        let at = self.grpc_find(vm, id)?;
        let over = self.grpc_state(at).is_some_and(|state| state.over());
        if !over {
            self.record_call(at, CallSide::Cancels, What::End, b"");
        }
        self.close_call(at);
        Ok(())
    }

    /// `proxy_grpc_close`: cancels a call; ends the plugin's side of a stream, whose other side goes on.
    pub(crate) fn grpc_close(&mut self, vm: VmIndex, id: u32) -> Result<(), Status> {
        if CallIds::grpc_kind(id)? == CallKind::Grpc {
            return self.grpc_cancel(vm, id);
        }
        let at = self.grpc_find(vm, id)?;
        let now = self.clock.now();
        let Some(state) = self.grpc_state(at) else { return Ok(()) };
        if state.remote_closed {
            self.close_call(at);
            return Ok(());
        }
        state.local_closed = true;
        state.half_closed_at.get_or_insert(now);
        let (first, paced, after) =
            (!std::mem::replace(&mut state.half_closed, true), state.paced.is_some(), state.after);
        if first {
            self.record_call(at, CallSide::Sends, What::End, b"");
            if paced {
                let due = self.clock.now() + after;
                self.deadlines.schedule(due, Deadline::Call(at, CallDue::HalfClose));
            }
        }
        Ok(())
    }

    /// The callback that ended a call has returned.
    pub(super) fn callback_ended_call(&mut self, at: CallIndex) {
        // A stream that the plugin has not closed stays known until it does.
        if self.grpc_state(at).is_some_and(|state| !state.stream || state.local_closed) {
            self.close_call(at);
        }
    }
}

/// The header fields of a call.
fn head(call: &Call, asked: &GrpcAsked<'_>, service: &Service) -> Fields {
    let none = Target::default();
    let target = if let Service::Message(target) = service { target } else { &none };
    let authority = if target.authority.is_empty() { &call.cluster } else { &target.authority };
    let path = [b"/", asked.name, b"/", asked.method].concat();
    let mut fields = Fields::request();
    fields.add(b":method", b"POST");
    fields.add(b":path", &path);
    fields.add(b":authority", authority.as_bytes());
    fields.add(b"te", b"trailers");
    if call.kind == CallKind::Grpc {
        fields.add(b"grpc-timeout", grpc_timeout(call.timeout).as_bytes());
    }
    fields.add(b"content-type", b"application/grpc");
    let own = target.metadata.iter().map(|(key, value)| (&key[..], &value[..]));
    for (key, value) in own.chain(asked.metadata.clone()) {
        if key.to_ascii_lowercase().ends_with(b"-bin") {
            fields.add(key, data_encoding::BASE64.encode(value).as_bytes());
        } else {
            fields.add(key, value);
        }
    }
    fields
}

/// A call with a timeout of zero reaches the server after its deadline.
fn expired(call: &Call, answer: Answer) -> Answer {
    match answer.kind {
        AnswerKind::Grpc(_) if call.kind == CallKind::Grpc && call.timeout.is_zero() => Answer {
            kind: AnswerKind::Grpc(GrpcAnswer {
                status: 4,
                message: b"Deadline Exceeded".to_vec(),
                ..GrpcAnswer::default()
            }),
            ..answer
        },
        _ => answer,
    }
}
