//! Requests and answers as bytes, in the packets in which a scenario sends them.

use std::time::Duration;

use proxy_wasm_harness::state::{
    Answer, AnswerKind, Body, Chunk, Failure, Field, GrpcAnswer, Request, Response,
};

/// Something that is done on a socket, and how long after what came before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) after: Duration,
    pub(super) what: What,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Write(Vec<u8>),
    Close,
}

impl Act {
    pub(super) fn write(bytes: Vec<u8>) -> Self {
        Self { after: Duration::ZERO, what: What::Write(bytes) }
    }

    pub(super) fn close() -> Self {
        Self { after: Duration::ZERO, what: What::Close }
    }
}

/// Whether a message ends with what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Ends,
    Open,
}

/// A request: its head, then each piece of its body. The end goes with the last piece.
pub(super) fn request(request: &Request, ending: Ending) -> Vec<Act> {
    let mut head = Vec::new();
    let connects = request.method == b"CONNECT";
    let target = if connects { &request.authority } else { &request.path };
    for part in [&request.method[..], b" ", target, b" HTTP/1.1\r\n"] {
        head.extend_from_slice(part);
    }
    if !given(&request.headers, "host") {
        write_field(&mut head, b"host", &request.authority);
    }
    for (name, value) in &request.headers {
        write_field(&mut head, name, value);
    }
    let framing = match connects || asks_for_upgrade(&request.headers) {
        true => Framing::None,
        false => framing(&request.body, request.trailers.is_some(), ending),
    };
    declare(&mut head, &framing, &request.headers);
    head.extend_from_slice(b"\r\n");
    let mut acts = vec![Act::write(head)];
    acts.extend(body(request.body.pieces(), request.trailers.as_deref(), framing.chunked(), ending));
    acts
}

/// What an answer answers, as far as it decides over the answer's form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum To {
    #[default]
    Any,
    Head,
    Connect,
}

/// Whether a status makes the connection one of another protocol.
pub(super) fn agrees(status: u16, to: To) -> bool {
    status == 101 || (to == To::Connect && (200..300).contains(&status))
}

/// A response, as [`request`]. To HEAD nothing follows the head.
pub(super) fn response(response: &Response, to: To, ending: Ending) -> Vec<Act> {
    let head_request = to == To::Head;
    let agrees = agrees(response.status, to);
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, "Told").into_bytes();
    for (name, value) in &response.headers {
        write_field(&mut head, name, value);
    }
    let never_a_body = matches!(response.status, 204 | 304) && !agrees;
    let mut framing = framing(&response.body, response.trailers.is_some(), ending);
    if agrees {
        framing = Framing::None;
    } else if framing == Framing::None && !never_a_body {
        framing = Framing::Length(0);
    }
    declare(&mut head, &framing, &response.headers);
    head.extend_from_slice(b"\r\n");
    let mut acts = vec![Act::write(head)];
    if !head_request && !never_a_body {
        let pieces = response.body.pieces();
        acts.extend(body(pieces, response.trailers.as_deref(), framing.chunked(), ending));
    }
    if agrees && ending == Ending::Ends {
        acts.push(Act::close());
    }
    acts
}

/// Whether a request asks for another protocol: what follows its head is not HTTP.
pub(super) fn asks_for_upgrade(headers: &[Field]) -> bool {
    let upgrade = |value: &[u8]| {
        value.split(|byte| *byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    };
    given(headers, "upgrade")
        && headers.iter().any(|(name, value)| name.eq_ignore_ascii_case(b"connection") && upgrade(value))
}

/// What an upstream does to answer.
pub(super) fn answer(kind: &AnswerKind, to: To, ending: Ending) -> Vec<Act> {
    match kind {
        AnswerKind::Response(of) => response(of, to, ending),
        AnswerKind::Grpc(grpc) => response(&grpc_response(grpc), to, ending),
        AnswerKind::Fail(Failure::Refused | Failure::Closed) => vec![Act::close()],
        AnswerKind::Fail(Failure::Cut) => {
            vec![
                Act::write(b"HTTP/1.1 200 Told\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()),
                Act::close(),
            ]
        }
        AnswerKind::Fail(Failure::Timeout) => Vec::new(),
    }
}

/// Whether the answer is that nobody is there.
pub(super) fn is_refusal(answer: &Answer) -> bool {
    answer.kind == AnswerKind::Fail(Failure::Refused)
}

/// More of a chunked body.
pub(super) fn more(pieces: &[Chunk], trailers: Option<&[Field]>, chunked: bool, ending: Ending) -> Vec<Act> {
    body(pieces, trailers, chunked, ending)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    None,
    Length(usize),
    Chunked,
}

impl Framing {
    fn chunked(self) -> bool {
        self == Self::Chunked
    }
}

fn framing(body: &Body, trailers: bool, ending: Ending) -> Framing {
    match body {
        Body::Sized(chunks) if !trailers && ending == Ending::Ends => {
            Framing::Length(chunks.iter().map(|chunk| chunk.data.len()).sum())
        }
        Body::None if !trailers && ending == Ending::Ends => Framing::None,
        _ => Framing::Chunked,
    }
}

fn declare(head: &mut Vec<u8>, framing: &Framing, headers: &[Field]) {
    match framing {
        Framing::Length(length) if !given(headers, "content-length") => {
            write_field(head, b"content-length", length.to_string().as_bytes());
        }
        Framing::Chunked if !given(headers, "transfer-encoding") && !given(headers, "content-length") => {
            write_field(head, b"transfer-encoding", b"chunked");
        }
        _ => {}
    }
}

fn body(pieces: &[Chunk], trailers: Option<&[Field]>, chunked: bool, ending: Ending) -> Vec<Act> {
    let mut acts: Vec<Act> = Vec::new();
    for piece in pieces {
        let mut bytes = Vec::new();
        if chunked {
            bytes.extend_from_slice(format!("{:x}\r\n", piece.data.len()).as_bytes());
            bytes.extend_from_slice(&piece.data);
            bytes.extend_from_slice(b"\r\n");
        } else {
            bytes.extend_from_slice(&piece.data);
        }
        acts.push(Act { after: piece.after, what: What::Write(bytes) });
    }
    if !chunked || ending == Ending::Open {
        return acts;
    }
    let mut end = b"0\r\n".to_vec();
    for (name, value) in trailers.unwrap_or_default() {
        write_field(&mut end, name, value);
    }
    end.extend_from_slice(b"\r\n");
    match acts.last_mut() {
        // Trailers come on their own; a bare end comes with the last bytes.
        Some(Act { what: What::Write(bytes), .. }) if trailers.is_none() => bytes.extend_from_slice(&end),
        _ => acts.push(Act::write(end)),
    }
    acts
}

fn grpc_response(grpc: &GrpcAnswer) -> Response {
    let mut headers = vec![(b"content-type".to_vec(), b"application/grpc".to_vec())];
    headers.extend(grpc.initial_metadata.iter().cloned());
    let mut trailers = vec![(b"grpc-status".to_vec(), grpc.status.to_string().into_bytes())];
    if !grpc.message.is_empty() {
        trailers.push((b"grpc-message".to_vec(), grpc.message.clone()));
    }
    trailers.extend(grpc.trailing_metadata.iter().cloned());
    let messages = grpc.messages.iter().map(|message| {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bytes.extend_from_slice(message);
        bytes
    });
    Response { headers, body: Body::chunked(messages), trailers: Some(trailers), ..Response::default() }
}

fn given(headers: &[Field], name: &str) -> bool {
    headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
}

fn write_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}
