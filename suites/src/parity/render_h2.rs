//! Requests and answers as frames of HTTP/2, in the packets in which a scenario sends them.

use std::time::Duration;

use proxy_wasm_harness::state::{AnswerKind, Body, Chunk, Failure, Field, GrpcAnswer, Request, Response};

use super::h2::{Connection, HeaderField, data, reset};
use super::render::{Act, Ending, What};

/// A request on `stream`: its head, then each piece of its body. The end goes with the last piece.
pub(super) fn request(to: &mut Connection, stream: u32, request: &Request, ending: Ending) -> Vec<Act> {
    let mut fields: Vec<HeaderField> = [
        (&b":method"[..], &request.method),
        (b":path", &request.path),
        (b":scheme", &request.scheme),
        (b":authority", &request.authority),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_vec(), value.clone()))
    .collect();
    message(to, stream, &mut fields, &request.headers, &request.body, request.trailers.as_deref(), ending)
}

/// What a server does to answer on `stream`.
pub(super) fn answer(
    to: &mut Connection,
    stream: u32,
    kind: &AnswerKind,
    head_request: bool,
    ending: Ending,
) -> Vec<Act> {
    match kind {
        AnswerKind::Response(of) => response(to, stream, of, head_request, ending),
        AnswerKind::Grpc(grpc) => grpc_answer(to, stream, grpc),
        AnswerKind::Fail(Failure::Refused | Failure::Closed) => {
            vec![Act { after: Duration::ZERO, what: What::Close }]
        }
        AnswerKind::Fail(Failure::Cut) => {
            let head = to.headers(stream, &[field(b":status", b"200")], false);
            vec![Act::write(head), Act { after: Duration::ZERO, what: What::Close }]
        }
        AnswerKind::Fail(Failure::Timeout) => Vec::new(),
    }
}

/// More of a body, and its end.
pub(super) fn more(
    to: &mut Connection,
    stream: u32,
    pieces: &[Chunk],
    trailers: Option<&[Field]>,
    ending: Ending,
) -> Vec<Act> {
    let ends = ending == Ending::Ends;
    let mut acts: Vec<Act> = pieces
        .iter()
        .enumerate()
        .map(|(at, piece)| {
            let end = ends && trailers.is_none() && at + 1 == pieces.len();
            Act { after: piece.after, what: What::Write(data(stream, &piece.data, end)) }
        })
        .collect();
    match trailers {
        Some(fields) => acts.push(Act::write(to.headers(stream, &lower(fields), true))),
        None if ends && pieces.is_empty() => acts.push(Act::write(data(stream, b"", true))),
        None => {}
    }
    acts
}

/// The answer of a gRPC server, a piece each: metadata, messages, the end.
pub(super) fn grpc_answer(to: &mut Connection, stream: u32, grpc: &GrpcAnswer) -> Vec<Act> {
    let mut head = vec![field(b":status", b"200"), field(b"content-type", b"application/grpc")];
    head.extend(lower(&grpc.initial_metadata));
    let mut trailers = vec![field(b"grpc-status", grpc.status.to_string().as_bytes())];
    if !grpc.message.is_empty() {
        trailers.push(field(b"grpc-message", &grpc.message));
    }
    trailers.extend(lower(&grpc.trailing_metadata));
    let mut acts = vec![Act::write(to.headers(stream, &head, false))];
    acts.extend(grpc.messages.iter().map(|message| {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bytes.extend_from_slice(message);
        Act::write(data(stream, &bytes, false))
    }));
    acts.push(Act::write(to.headers(stream, &trailers, true)));
    acts
}

/// The client no longer wants a stream, or the server gives it up.
pub(super) fn abandoned(stream: u32) -> Vec<Act> {
    vec![Act::write(reset(stream))]
}

fn response(
    to: &mut Connection,
    stream: u32,
    response: &Response,
    head_request: bool,
    ending: Ending,
) -> Vec<Act> {
    let mut fields = vec![field(b":status", response.status.to_string().as_bytes())];
    let never_a_body = matches!(response.status, 204 | 304);
    if head_request || never_a_body {
        fields.extend(lower(&response.headers));
        declare_length(&mut fields, &response.body);
        return vec![Act::write(to.headers(stream, &fields, true))];
    }
    let trailers = response.trailers.as_deref();
    message(to, stream, &mut fields, &response.headers, &response.body, trailers, ending)
}

fn message(
    to: &mut Connection,
    stream: u32,
    fields: &mut Vec<HeaderField>,
    headers: &[Field],
    body: &Body,
    trailers: Option<&[Field]>,
    ending: Ending,
) -> Vec<Act> {
    fields.extend(lower(headers));
    declare_length(fields, body);
    let pieces = body.pieces();
    let empty = !matches!(body, Body::Chunked(_)) && pieces.iter().all(|piece| piece.data.is_empty());
    let ends = empty && trailers.is_none() && ending == Ending::Ends;
    let mut acts = vec![Act::write(to.headers(stream, fields, ends))];
    if !ends {
        let pieces = if empty { &[] } else { pieces };
        acts.extend(more(to, stream, pieces, trailers, ending));
    }
    acts
}

fn declare_length(fields: &mut Vec<HeaderField>, body: &Body) {
    if let Body::Sized(pieces) = body
        && !fields.iter().any(|(name, _)| name == b"content-length")
    {
        let length: usize = pieces.iter().map(|piece| piece.data.len()).sum();
        fields.push(field(b"content-length", length.to_string().as_bytes()));
    }
}

/// Names in HTTP/2 are lower case, and there is no `host` beside `:authority`.
fn lower(fields: &[Field]) -> Vec<HeaderField> {
    fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

fn field(name: &[u8], value: &[u8]) -> HeaderField {
    (name.to_vec(), value.to_vec())
}
