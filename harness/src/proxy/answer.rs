//! A scripted answer, laid out in the parts in which an upstream or a cluster sends it.

use std::collections::VecDeque;

use super::request_head::content_length;
use super::upstream::Answering;
use crate::state::{AnswerKind, Body, Chunk, Duration, Failure, Field, GrpcAnswer, Protocol, Response};

/// The parts of an answer to a request that has arrived; none for an answer that never comes.
pub(super) fn lay_out(out: &mut VecDeque<Answering>, answer: AnswerKind, enable_trailers: bool) {
    match answer {
        AnswerKind::Response(response) => response_parts(out, response, enable_trailers),
        AnswerKind::Grpc(grpc) => grpc_parts(out, grpc),
        AnswerKind::Fail(Failure::Refused | Failure::Closed) => {
            out.push_back(Answering::Reset("connection termination"));
        }
        AnswerKind::Fail(Failure::Cut) => {
            let fields = vec![(b"transfer-encoding".to_vec(), b"chunked".to_vec())];
            out.push_back(Answering::Head { fields, status: 200, end_stream: false });
            out.push_back(Answering::Reset("connection termination"));
        }
        AnswerKind::Fail(Failure::Timeout) => {}
    }
}

/// The parts of a scripted response.
fn response_parts(out: &mut VecDeque<Answering>, response: Response, enable_trailers: bool) {
    let h2 = response.protocol == Protocol::Http2;
    let given =
        |name: &str| response.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
    let mut fields = response.headers.clone();
    let never_a_body = matches!(response.status, 204 | 304);
    let length = content_length(&response.body);
    let trailers = response.trailers.filter(|_| h2 || enable_trailers);
    if !given("content-length") {
        match (&response.body, length) {
            (Body::Sized(_), Some(length)) => {
                fields.push((b"content-length".to_vec(), length.to_string().into_bytes()));
            }
            (Body::None, _) if trailers.is_none() && !h2 && !never_a_body => {
                fields.push((b"content-length".to_vec(), b"0".to_vec()));
            }
            (Body::Sized(_) | Body::None, _) if trailers.is_none() => {}
            _ if !h2 && !given("transfer-encoding") => {
                fields.push((b"transfer-encoding".to_vec(), b"chunked".to_vec()));
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
        out.push_back(Answering::Data { bytes: chunk.data.clone(), after: chunk.after, end_stream: last });
    }
    match trailers {
        Some(fields) => out.push_back(Answering::Trailers(fields)),
        None if h2 && chunks.is_empty() => {
            out.push_back(Answering::Data { bytes: Vec::new(), after: Duration::ZERO, end_stream: true });
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
    let mut fields = vec![(b"content-type".to_vec(), b"application/grpc".to_vec())];
    fields.extend(grpc.initial_metadata);
    out.push_back(Answering::Head { fields, status: 200, end_stream: false });
    for message in grpc.messages {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&message);
        out.push_back(Answering::Data { bytes, after: Duration::ZERO, end_stream: false });
    }
    let mut trailers = vec![(b"grpc-status".to_vec(), grpc.status.to_string().into_bytes())];
    if !grpc.message.is_empty() {
        trailers.push((b"grpc-message".to_vec(), grpc.message));
    }
    trailers.extend(grpc.trailing_metadata);
    out.push_back(Answering::Trailers(trailers));
}
