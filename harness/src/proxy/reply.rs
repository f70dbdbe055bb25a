//! Local responses: made by a plugin, by the router or by the proxy itself, in place of the upstream's.
//!
//! Where a local response enters depends on how far the real one has come (Envoy 1.40, observed): before it has
//! begun, the reply runs through the chain's response callbacks; once it has begun to run through them, the reply
//! goes to the client past them; once its head is out, all that is left is to cut the stream.

use super::chain::{Drive, From};
use super::codec::PROTOCOL_ERROR;
use super::guest::Guest;
use super::ids::{Direction, PluginIndex, StreamId};
use super::stream::BodyView;
use crate::state::{Buffer, Field, Fields};

/// The details of the answer of a dead VM.
const FAILURE: &str = "wasm_fail_stream";

/// A response that did not come from the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalReply {
    /// The plugin that asked for it; `None` when the proxy made it.
    pub plugin: Option<PluginIndex>,
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
    /// Additional header fields.
    pub headers: Vec<Field>,
    /// gRPC status, used when the request was a gRPC one.
    pub grpc_status: Option<u32>,
    /// Response code details for the access log.
    pub details: Vec<u8>,
}

impl LocalReply {
    /// A reply of the proxy's own.
    pub(crate) fn own(status: u16, body: &str, details: &str) -> Self {
        Self {
            plugin: None,
            status,
            body: body.as_bytes().to_vec(),
            headers: Vec::new(),
            grpc_status: None,
            details: details.as_bytes().to_vec(),
        }
    }

    /// The proxy answers for a dead VM.
    fn is_failure(&self) -> bool {
        self.plugin.is_none() && self.details == FAILURE.as_bytes()
    }

    /// Status and body of the reply when nobody can be reached, or who was reached went away or made no sense.
    pub(super) fn unreachable(reason: &str) -> (u16, String) {
        let status = if reason == PROTOCOL_ERROR { 502 } else { 503 };
        let body = "upstream connect error or disconnect/reset before headers. reset reason: ";
        (status, format!("{body}{reason}"))
    }

    /// The response headers it has when it enters the chain.
    pub(super) fn fields(&self, grpc_request: bool) -> Fields {
        let mut fields = Fields::response();
        if grpc_request {
            fields.add(b":status", b"200");
            for (name, value) in self.headers.iter().filter(|(name, _)| name != b":status") {
                fields.add(name, value);
            }
            fields.replace(b"content-type", b"application/grpc");
            let status = self.grpc_status.unwrap_or_else(|| grpc_status_of(self.status));
            fields.replace(b"grpc-status", status.to_string().as_bytes());
            if !self.body.is_empty() {
                fields.replace(b"grpc-message", &percent_encode(&self.body));
            }
            return fields;
        }
        fields.add(b":status", self.status.to_string().as_bytes());
        for (name, value) in self.headers.iter().filter(|(name, _)| name != b":status") {
            fields.add(name, value);
        }
        if self.body.is_empty() {
            fields.remove(b"content-length");
            fields.remove(b"content-type");
        } else {
            fields.overwrite(b"content-length", self.body.len().to_string().as_bytes());
            if fields.get(b"content-type").is_none() {
                fields.add(b"content-type", b"text/plain");
            }
        }
        fields
    }
}

/// The gRPC status that stands for an HTTP status (gRPC, "HTTP to gRPC Status Code Mapping").
pub(super) fn grpc_status_of(status: u16) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// `grpc-message` on the wire: bytes outside printable ASCII, and the percent sign, as `%XX`.
fn percent_encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if (0x20..=0x7e).contains(&byte) && byte != b'%' {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

impl<G: Guest> Drive<'_, G> {
    /// Answers the stream with `reply`, in the way that is still open.
    pub(crate) fn send_local_reply(&mut self, id: StreamId, reply: LocalReply) {
        let stream = self.stream(id);
        if stream.ended {
            return;
        }
        let running = stream.running;
        if running.decoding {
            stream.half_mut(Direction::Request).aborted = true;
        } else if running.encoding {
            stream.half_mut(Direction::Response).aborted = true;
        }
        stream.details = Some(reply.details.clone());
        self.proxy.reset_upstream(id);
        let stream = self.stream(id);
        if stream.half(Direction::Response).headers.is_none() {
            if running.decoding {
                // Of two in one callback the first one counts; its details have been overwritten all the same. A trap
                // behind it counts for more.
                if stream.prepared.is_none() || reply.is_failure() {
                    stream.prepared = Some(reply);
                }
            } else {
                self.reply_through_chain(id, reply);
            }
        } else if !stream.head_sent {
            self.reply_to_client(id, reply);
        } else {
            self.reset_stream(id);
        }
    }

    /// Sends the reply that a callback of the iteration that just ended has prepared.
    pub(crate) fn send_prepared_reply(&mut self, id: StreamId) {
        let stream = self.stream(id);
        if let Some(reply) = stream.prepared.take() {
            if stream.ended && reply.is_failure() {
                let failed = stream.filters.iter().find(|filter| filter.failure_replied);
                let vm = failed.unwrap_or(&stream.filters[0]).vm;
                let what = "the stream that it traps in has been closed by the same callback: Envoy answers it, and it is gone";
                self.envoy_would_crash(vm, "proxy_close_stream", what);
                return;
            }
            self.reply_through_chain(id, reply);
        }
    }

    fn reply_through_chain(&mut self, id: StreamId, reply: LocalReply) {
        let (fields, body) = self.local_response(id, reply);
        let headers_only = body.is_empty();
        self.half(id, Direction::Response).headers = Some(fields);
        self.half(id, Direction::Response).complete = headers_only;
        self.headers(id, Direction::Response, From::Start, headers_only);
        if !headers_only {
            self.response_piece(id, body, true);
        }
    }

    fn reply_to_client(&mut self, id: StreamId, reply: LocalReply) {
        let (fields, body) = self.local_response(id, reply);
        let headers_only = body.is_empty();
        self.half(id, Direction::Response).headers = Some(fields);
        self.client_headers_unchecked(id, headers_only);
        if !headers_only {
            self.client_data(id, body, true);
        }
    }

    /// Headers and body of the reply; no body for HEAD and for gRPC.
    fn local_response(&mut self, id: StreamId, reply: LocalReply) -> (Fields, Vec<u8>) {
        self.proxy.record_local_reply(id, &reply);
        let stream = self.stream(id);
        stream.code = Some(reply.status);
        let fields = reply.fields(stream.grpc_request);
        let bodiless = stream.grpc_request || stream.head_request;
        (fields, if bodiless { Vec::new() } else { reply.body })
    }

    /// A piece of response body enters the chain.
    pub(crate) fn response_piece(&mut self, id: StreamId, bytes: Vec<u8>, end_stream: bool) {
        self.piece(id, Direction::Response, bytes, end_stream);
    }

    /// A piece of body enters the chain of `direction`.
    pub(crate) fn piece(
        &mut self,
        id: StreamId,
        direction: Direction,
        bytes: impl Into<Buffer>,
        end_stream: bool,
    ) {
        let bytes = bytes.into();
        let half = self.half(id, direction);
        half.complete |= end_stream;
        half.received += bytes.len() as u64;
        let depth = half.flight.len();
        half.flight.push(bytes);
        self.data(id, direction, From::Start, BodyView::Flight(depth), end_stream);
        self.half(id, direction).flight.truncate(depth);
    }

    /// The answer of a dead VM (Envoy 1.40, observed: 503, no body, details `wasm_fail_stream`).
    pub(crate) fn fail_stream(&mut self, id: StreamId) {
        let mut reply = LocalReply::own(503, "", FAILURE);
        reply.grpc_status = Some(14);
        self.send_local_reply(id, reply);
    }
}
