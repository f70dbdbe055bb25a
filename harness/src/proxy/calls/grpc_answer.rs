//! gRPC calls and streams: what servers send, and what of it plugins get to see.
//!
//! A call ends with one callback: its message, or its close. A stream shows metadata, messages, trailing metadata and
//! its close. The message of a status carries, in braces, the proxy's own details (Envoy 1.40, observed).

use super::framing::{self, INTERNAL, UNKNOWN};
use super::{CallDue, CallIndex, CallView};
use crate::abi::CallbackId;
use crate::proxy::chain::Drive;
use crate::proxy::effect::Effect;
use crate::proxy::guest::{Guest, Invocation};
use crate::proxy::ids::VmIndex;
use crate::proxy::reply::LocalReply;
use crate::proxy::transcript::{CallSide, What};
use crate::proxy::upstream::Answering;
use crate::state::{Buffer, Fields};

/// Status of a call that did not reach its server.
const UNAVAILABLE: u32 = 14;

/// A call that failed inside the hostcall that made it: what is delivered after it.
#[derive(Clone, Debug)]
pub(crate) struct GrpcFailure {
    /// The metadata callbacks of a stream come as well.
    pub(super) stream: bool,
    pub(super) metadata: Option<Fields>,
    pub(super) message: Vec<u8>,
}

impl GrpcFailure {
    pub(super) fn no_host(stream: bool) -> Self {
        let metadata = LocalReply::own(503, "no healthy upstream", "").fields(true);
        Self {
            stream,
            metadata: stream.then_some(metadata),
            message: b"no healthy upstream{no_healthy_upstream}".to_vec(),
        }
    }
}

impl<G: Guest> Drive<'_, G> {
    /// Something falls due for a gRPC call.
    pub(super) fn grpc_due(&mut self, at: CallIndex, due: CallDue) {
        let Some(open) = self.proxy.calls.open.get_mut(&at) else { return };
        let Some(state) = open.grpc.as_mut().filter(|state| !state.over()) else { return };
        match due {
            CallDue::Part => {}
            CallDue::Message => state.paced = state.paced.map(|count| count + 1),
            CallDue::HalfClose => state.paced = None,
            CallDue::Timeout => {
                open.timeout = None;
                let begun = open.head.is_some();
                self.proxy.record_call(at, CallSide::TimedOut, What::End, b"");
                if begun {
                    self.grpc_error(at, INTERNAL, b"response_timeout");
                } else {
                    self.grpc_unreachable(at, 504, "upstream request timeout", "response_timeout");
                }
                return;
            }
            CallDue::Unsendable(_) => return,
        }
        // A message waits until one of the plugin's lets it go.
        match (&mut state.paced, open.answering.front()) {
            (Some(0), Some(Answering::Data { .. })) => return,
            (Some(count), Some(Answering::Data { .. })) => *count -= 1,
            _ => {}
        }
        self.grpc_part(at);
        self.schedule_part(at);
    }

    /// The next part of the answer arrives.
    fn grpc_part(&mut self, at: CallIndex) {
        match self.next_part(at, false) {
            None => {}
            Some(Answering::Head { status, end_stream, .. }) => {
                let head = self.proxy.calls.open.get(&at).and_then(|open| open.head.clone());
                self.grpc_head(at, head.unwrap_or_else(Fields::response), status, end_stream, "via_upstream");
            }
            Some(Answering::Data { bytes, end_stream, .. }) => {
                self.grpc_data(at, bytes.as_slice(), end_stream)
            }
            Some(Answering::End) => self.grpc_error(at, UNKNOWN, b"via_upstream"),
            Some(Answering::Trailers(_)) => {
                let trailers = self.proxy.calls.open.get_mut(&at).and_then(|open| open.trailers.take());
                self.grpc_trailers(at, trailers.unwrap_or_else(Fields::trailers), "via_upstream");
            }
            Some(Answering::Reset(reason)) => {
                let begun = self.proxy.calls.open.get(&at).is_some_and(|open| open.head.is_some());
                let words = reason.replace(' ', "_");
                if begun {
                    let details = format!("upstream_reset_after_response_started{{{words}}}");
                    self.grpc_error(at, INTERNAL, details.as_bytes());
                } else {
                    let why = match words.as_str() {
                        "remote_connection_failure" => "|delayed_connect_error:_Connection_refused",
                        _ => "",
                    };
                    let details = format!("upstream_reset_before_response_started{{{words}{why}}}");
                    let (status, message) = LocalReply::unreachable(reason);
                    self.grpc_unreachable(at, status, &message, &details);
                }
            }
        }
    }

    /// The proxy answers in the server's place.
    fn grpc_unreachable(&mut self, at: CallIndex, status: u16, message: &str, details: &str) {
        let head = LocalReply::own(status, message, "").fields(true);
        self.grpc_head(at, head, 200, true, details);
    }

    fn grpc_head(&mut self, at: CallIndex, head: Fields, status: u16, end_stream: bool, details: &str) {
        let trailers_only = end_stream && (status == 200 || framing::status(&head).is_some());
        let shown = if status != 200 || end_stream { Fields::response() } else { head.clone() };
        self.grpc_metadata(at, CallbackId::GrpcReceiveInitialMetadata, shown);
        if trailers_only {
            self.grpc_trailers(at, head, details);
        } else if status != 200 {
            self.grpc_error(at, framing::of_http(status), details.as_bytes());
        }
    }

    fn grpc_data(&mut self, at: CallIndex, bytes: &[u8], end_stream: bool) {
        let Some(state) = self.proxy.calls.open.get_mut(&at).and_then(|open| open.grpc.as_mut()) else {
            return;
        };
        state.unread.extend_from_slice(bytes);
        loop {
            // The plugin may have cancelled the stream in the callback.
            let Some(state) = self.proxy.calls.open.get_mut(&at).and_then(|open| open.grpc.as_mut()) else {
                return;
            };
            let next = framing::next_message(&mut state.unread);
            let shown = next.as_ref().map_or(Some(bytes), |message| message.as_deref());
            let stream = state.stream;
            if let Some(shown) = shown {
                self.proxy.record_call(at, CallSide::Answers, What::Data { end_stream: false }, shown);
            }
            match next {
                Ok(None) => break,
                Ok(Some(message)) if stream => self.grpc_message(at, message, None),
                Ok(Some(message)) => self.grpc_reply(at, message),
                Err(_) => {
                    self.grpc_error(at, INTERNAL, b"via_upstream");
                    return;
                }
            }
        }
        if end_stream {
            self.grpc_error(at, UNKNOWN, b"via_upstream");
        }
    }

    /// A message of the answer to a call; the last one counts.
    fn grpc_reply(&mut self, at: CallIndex, message: Vec<u8>) {
        if let Some(state) = self.proxy.calls.open.get_mut(&at).and_then(|open| open.grpc.as_mut()) {
            state.reply = Some(message);
        }
    }

    /// The answer ends with its status.
    fn grpc_trailers(&mut self, at: CallIndex, trailers: Fields, details: &str) {
        let status = framing::status(&trailers).unwrap_or(UNKNOWN);
        let message = match trailers.get(b"grpc-message") {
            None | Some(b"") => details.as_bytes().to_vec(),
            Some(message) => [message, b"{", details.as_bytes(), b"}"].concat(),
        };
        self.grpc_metadata(at, CallbackId::GrpcReceiveTrailingMetadata, trailers);
        self.grpc_end(at, status, message);
    }

    /// The answer ends in a way that has no status of its own.
    fn grpc_error(&mut self, at: CallIndex, status: u32, message: &[u8]) {
        self.grpc_metadata(at, CallbackId::GrpcReceiveTrailingMetadata, Fields::trailers());
        self.grpc_end(at, status, message.to_vec());
    }

    /// The last callback: the message of a call that went well, or the close.
    fn grpc_end(&mut self, at: CallIndex, status: u32, message: Vec<u8>) {
        let Some(open) = self.proxy.calls.open.get_mut(&at) else { return };
        open.answering.clear();
        let (vm, context, id, timeout) = (open.vm, open.context, open.id, open.timeout.take());
        let Some(state) = open.grpc.as_mut() else { return };
        state.remote_closed = true;
        let reply = state.reply.take();
        let (status, message) = match (state.stream, status, reply) {
            (false, 0, Some(reply)) => return self.grpc_replied(at, timeout, reply),
            // Without a message a call has failed, and nobody says why.
            (false, 0, None) => (INTERNAL, Vec::new()),
            _ => (status, message),
        };
        timeout.map(|timeout| self.proxy.deadlines.cancel(timeout));
        self.grpc_close_callback(vm, context, id, status, message, Some(at));
    }

    fn grpc_replied(&mut self, at: CallIndex, timeout: Option<crate::state::DeadlineId>, reply: Vec<u8>) {
        timeout.map(|timeout| self.proxy.deadlines.cancel(timeout));
        self.grpc_message(at, reply, Some(at));
    }

    /// `proxy_on_grpc_receive`.
    fn grpc_message(&mut self, at: CallIndex, message: Vec<u8>, ended: Option<CallIndex>) {
        let Some(open) = self.proxy.calls.open.get(&at) else { return };
        let (vm, context, id, size) = (open.vm, open.context, open.id, message.len() as u32);
        self.grpc_callback(vm, CallbackId::GrpcReceive, [context, id, size], ended, |view| {
            view.grpc_message = Some(Buffer::from(message));
        });
    }

    /// A metadata callback of a stream; calls have none.
    fn grpc_metadata(&mut self, at: CallIndex, callback: CallbackId, metadata: Fields) {
        let Some(open) = self.proxy.calls.open.get(&at) else { return };
        if open.grpc.as_ref().is_some_and(|state| state.stream) {
            let (vm, context, id) = (open.vm, open.context, open.id);
            self.grpc_metadata_callback(vm, context, id, callback, metadata);
        }
    }

    fn grpc_metadata_callback(
        &mut self,
        vm: VmIndex,
        context: u32,
        id: u32,
        callback: CallbackId,
        metadata: Fields,
    ) {
        let count = metadata.len() as u32;
        self.grpc_callback(vm, callback, [context, id, count], None, |view| {
            let place = match callback {
                CallbackId::GrpcReceiveInitialMetadata => &mut view.initial_metadata,
                _ => &mut view.trailing_metadata,
            };
            *place = Some(metadata);
        });
    }

    fn grpc_close_callback(
        &mut self,
        vm: VmIndex,
        context: u32,
        id: u32,
        status: u32,
        message: Vec<u8>,
        ended: Option<CallIndex>,
    ) {
        self.grpc_callback(vm, CallbackId::GrpcClose, [context, id, status], ended, |view| {
            view.status = status;
            view.message = message;
        });
    }

    fn grpc_callback(
        &mut self,
        vm: VmIndex,
        callback: CallbackId,
        args: [u32; 3],
        ended: Option<CallIndex>,
        show: impl FnOnce(&mut CallView),
    ) {
        let context = args[0];
        let Some(view) = self.proxy.view_of(vm, context) else { return };
        show(view);
        self.proxy.vm_mut(vm).effects.push_back(Effect::CloseCall { context, ended });
        self.call(vm, Invocation::new(callback, &args));
    }

    /// Delivers what Envoy delivers while the hostcall still runs.
    pub(crate) fn grpc_failed(&mut self, vm: VmIndex, context: u32, id: u32, failure: GrpcFailure) {
        if failure.stream {
            let none = Fields::response();
            self.grpc_metadata_callback(vm, context, id, CallbackId::GrpcReceiveInitialMetadata, none);
            let metadata = failure.metadata.unwrap_or_else(Fields::trailers);
            self.grpc_metadata_callback(vm, context, id, CallbackId::GrpcReceiveTrailingMetadata, metadata);
        }
        self.grpc_close_callback(vm, context, id, UNAVAILABLE, failure.message, None);
    }
}
