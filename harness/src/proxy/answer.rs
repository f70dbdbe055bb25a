//! A scripted answer, laid out in the parts in which an upstream or a cluster sends it.

use std::collections::VecDeque;

use super::request_head::content_length;
use super::upstream::Answering;
use crate::state::{
    Answer, AnswerKind, Body, Buffer, Chunk, Duration, Failure, Field, Fields, GrpcAnswer, Protocol, Response,
};

/// The parts of an answer to a request that has arrived; none for an answer that never comes.
pub(super) fn lay_out(out: &mut VecDeque<Answering>, answer: AnswerKind, enable_trailers: bool) {
    match answer {
        AnswerKind::Response(response) => response_parts(out, response, enable_trailers),
        AnswerKind::Grpc(grpc) => grpc_parts(out, grpc),
        AnswerKind::Fail(Failure::Refused | Failure::Closed) => {
            out.push_back(Answering::Reset("connection termination"));
        }
        AnswerKind::Fail(Failure::Cut) => {
            let mut fields = head(200, &[]);
            fields.add(b"transfer-encoding", b"chunked");
            out.push_back(Answering::Head { fields, status: 200, end_stream: false });
            out.push_back(Answering::Reset("connection termination"));
        }
        AnswerKind::Fail(Failure::Timeout) => {}
    }
}

/// An answer that every request gets, laid out once.
#[derive(Clone, Debug)]
pub(super) struct LaidOut {
    pub(super) after: Duration,
    /// No virtual time passes until the whole answer has come.
    pub(super) immediate: bool,
    /// The protocol of the answer, when it is a response.
    pub(super) protocol: Option<Protocol>,
    pub(super) parts: VecDeque<Answering>,
}

impl LaidOut {
    /// As an upstream of this protocol lays it out: one speaks HTTP/2 in all of its answers, or in none.
    pub(super) fn new(mut answer: Answer, upstream: Protocol, enable_trailers: bool) -> Self {
        let (after, immediate) = (answer.after, answer.is_immediate());
        let protocol = match &mut answer.kind {
            AnswerKind::Response(response) => {
                if upstream == Protocol::Http2 {
                    response.protocol = Protocol::Http2;
                }
                Some(response.protocol)
            }
            AnswerKind::Grpc(_) | AnswerKind::Fail(_) => None,
        };
        let mut parts = VecDeque::new();
        lay_out(&mut parts, answer.kind, enable_trailers);
        Self { after, immediate, protocol, parts }
    }

    /// To be given many times: its bodies are not copied then.
    pub(super) fn shared(mut self) -> Self {
        for part in &mut self.parts {
            if let Answering::Data { bytes, .. } = part {
                *bytes = std::mem::take(bytes).shared();
            }
        }
        self
    }
}

/// The head that a cluster or the upstream writes.
fn head(status: u16, sent: &[Field]) -> Fields {
    let mut fields = Fields::response();
    fields.add(b":status", status.to_string().as_bytes());
    sent.iter().for_each(|(name, value)| fields.add(name, value.trim_ascii()));
    fields
}

/// The parts of a scripted response.
fn response_parts(out: &mut VecDeque<Answering>, response: Response, enable_trailers: bool) {
    let h2 = response.protocol == Protocol::Http2;
    let given =
        |name: &str| response.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
    let mut fields = head(response.status, &response.headers);
    let never_a_body = matches!(response.status, 204 | 304);
    let length = content_length(&response.body);
    let trailers = response.trailers.filter(|_| h2 || enable_trailers);
    if !given("content-length") {
        match (&response.body, length) {
            (Body::Sized(_), Some(length)) => {
                fields.add(b"content-length", length.to_string().as_bytes());
            }
            (Body::None, _) if trailers.is_none() && !h2 && !never_a_body => {
                fields.add(b"content-length", b"0");
            }
            (Body::Sized(_) | Body::None, _) if trailers.is_none() => {}
            _ if !h2 && !given("transfer-encoding") => {
                fields.add(b"transfer-encoding", b"chunked");
            }
            _ => {}
        }
    }
    let chunks: &[Chunk] = match &response.body {
        Body::None => &[],
        Body::Sized(chunks) | Body::Chunked(chunks) => chunks,
    };
    let empty =
        !matches!(response.body, Body::Chunked(_)) && chunks.iter().all(|chunk| chunk.data.is_empty());
    let end_stream = never_a_body || (empty && trailers.is_none());
    out.push_back(Answering::Head { fields, status: response.status, end_stream });
    if end_stream {
        return;
    }
    body_parts(out, chunks, trailers, h2);
}

/// The pieces of an answer and its end.
pub(super) fn body_parts(
    out: &mut VecDeque<Answering>,
    chunks: &[Chunk],
    trailers: Option<Vec<Field>>,
    h2: bool,
) {
    for (at, chunk) in chunks.iter().enumerate() {
        let last = h2 && trailers.is_none() && at + 1 == chunks.len();
        out.push_back(Answering::Data {
            bytes: chunk.data.clone().into(),
            after: chunk.after,
            end_stream: last,
        });
    }
    match trailers {
        Some(fields) => out.push_back(Answering::Trailers(fields)),
        None if h2 && chunks.is_empty() => {
            let (bytes, after) = (Buffer::new(), Duration::ZERO);
            out.push_back(Answering::Data { bytes, after, end_stream: true });
        }
        None if h2 => {}
        None => out.push_back(Answering::End),
    }
}

/// Takes the end of the answer away: more is to come.
pub(super) fn hold_open(parts: &mut VecDeque<Answering>) {
    match parts.back_mut() {
        Some(Answering::End | Answering::Trailers(_)) => drop(parts.pop_back()),
        Some(Answering::Data { bytes, end_stream: true, .. }) if bytes.is_empty() => drop(parts.pop_back()),
        Some(Answering::Data { end_stream, .. } | Answering::Head { end_stream, .. }) => *end_stream = false,
        Some(Answering::Reset(_)) | None => {}
    }
}

/// The parts of a scripted gRPC answer: messages framed, the status in trailers.
fn grpc_parts(out: &mut VecDeque<Answering>, grpc: GrpcAnswer) {
    let mut fields = head(200, &[]);
    fields.add(b"content-type", b"application/grpc");
    grpc.initial_metadata.iter().for_each(|(name, value)| fields.add(name, value.trim_ascii()));
    out.push_back(Answering::Head { fields, status: 200, end_stream: false });
    for message in grpc.messages {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&message);
        out.push_back(Answering::Data { bytes: bytes.into(), after: Duration::ZERO, end_stream: false });
    }
    let mut trailers = vec![(b"grpc-status".to_vec(), grpc.status.to_string().into_bytes())];
    if !grpc.message.is_empty() {
        trailers.push((b"grpc-message".to_vec(), grpc.message));
    }
    trailers.extend(grpc.trailing_metadata);
    out.push_back(Answering::Trailers(trailers));
}
