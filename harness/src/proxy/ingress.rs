//! What the client sends becomes what the chain sees: the parts of its request, one after the other.

use std::collections::VecDeque;

use super::chain::{Drive, From};
use super::client::Part;
use super::codec;
use super::guest::Guest;
use super::ids::{Direction, StreamId};
use super::request_head::{Head, content_length};
use super::run::Deadline;
use super::transcript::{Party, What};
use super::upgrade;
use crate::state::{Body, Buffer, Chunk, Duration, Field, Fields, Protocol, Request};

impl<G: Guest> Drive<'_, G> {
    /// Opens a stream with the head of `request`; the rest of the message stands ready to be sent.
    pub(crate) fn open(&mut self, request: &Request, worker: usize) -> StreamId {
        self.open_stream(request, worker, false, true)
    }

    /// As [`Self::open`]; the upstream answers when the test says so, and the message stays open unless `end`.
    pub(crate) fn open_by_hand(&mut self, request: &Request, worker: usize, end: bool) -> StreamId {
        self.open_stream(request, worker, true, end)
    }

    fn open_stream(&mut self, request: &Request, worker: usize, by_hand: bool, end: bool) -> StreamId {
        let id = self.proxy.next_stream();
        let Head { fields, head_request, grpc_request, usual, .. } = self.proxy.request_head(request);
        let mut parts = parts(request, self.proxy.options.enable_trailers);
        let to = if usual { None } else { upgrade::asked(request) };
        let end_stream = parts.is_empty() && to.is_none();
        if !end || to.is_some() {
            hold_open(&mut parts);
        }
        self.proxy.record_head_sent(id, request, end_stream);
        self.new_stream(request, worker);
        self.stream(id).upstream.by_hand = by_hand;
        if !usual && let Some(reply) = codec::refusal(request, content_length(&request.body)) {
            self.send_local_reply(id, reply);
            return id;
        }
        if let Some((to, how)) = to {
            let known = &self.proxy.options.upgrades;
            if !known.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(to)) {
                self.half(id, Direction::Request).headers = Some(fields);
                self.send_local_reply(id, upgrade::refused());
                return id;
            }
            self.stream(id).upgrade = Some(how);
        }
        let stream = self.stream(id);
        stream.head_request = head_request;
        stream.grpc_request = grpc_request;
        if request.respond.is_some() {
            stream.upstream.own_answer.clone_from(&request.respond);
        }
        stream.client.outbox.append(&mut parts);
        let half = stream.half_mut(Direction::Request);
        half.headers = Some(fields);
        half.complete = end_stream;
        self.headers(id, Direction::Request, From::Start, end_stream);
        if to.is_some() {
            self.piece(id, Direction::Request, Vec::new(), false);
        }
        self.schedule_client(id);
        id
    }

    fn new_stream(&mut self, request: &Request, worker: usize) {
        let id = self.proxy.next_stream();
        let mut stream = self.proxy.blank_stream(id, request.protocol);
        self.chain_of_stream(id, worker, &mut stream.filters);
        self.proxy.insert_stream(stream);
    }

    /// The client sends more of its request: pieces of its body, then its end, with trailers or without.
    pub(crate) fn send_more(
        &mut self,
        id: StreamId,
        chunks: &[Chunk],
        trailers: Option<&[Field]>,
        end: bool,
    ) {
        let kept = self.proxy.options.enable_trailers;
        let stream = self.stream(id);
        let protocol = stream.protocol;
        let trailers = trailers.filter(|_| kept || protocol == Protocol::Http2).map(<[Field]>::to_vec);
        let mut parts = body_parts(chunks, trailers, protocol);
        if !end {
            hold_open(&mut parts);
        }
        stream.client.outbox.append(&mut parts);
        self.schedule_client(id);
    }

    /// The client goes away.
    pub(crate) fn client_gone(&mut self, id: StreamId) {
        if !self.proxy.has_stream(id) || self.stream(id).ended {
            return;
        }
        let now = self.proxy.clock.now();
        self.proxy.record_part(id, Party::ClientSends, What::Reset, b"");
        let stream = self.stream(id);
        let details: &[u8] = match stream.protocol {
            Protocol::Http1 => b"downstream_remote_disconnect",
            Protocol::Http2 => b"http2.remote_reset",
        };
        stream.details = Some(details.to_vec());
        stream.client.received.end = super::client::End::Cut;
        stream.client.received.ended_at = Some(now);
        self.end_stream(id);
    }

    /// Puts the client's next part on the clock.
    pub(crate) fn schedule_client(&mut self, id: StreamId) {
        let now = self.proxy.clock.now();
        let stream = self.stream(id);
        let blocked = stream.half(Direction::Request).blocked;
        let client = &mut stream.client;
        if client.sending || blocked {
            return;
        }
        let after = match client.outbox.front() {
            None => return,
            Some(Part::Data { after, .. }) => *after,
            Some(Part::End | Part::Trailers(_)) => Duration::ZERO,
        };
        client.sending = true;
        self.proxy.deadlines.schedule(now + after, Deadline::ClientPart(id));
    }

    /// The client's next part arrives.
    pub(crate) fn client_part(&mut self, id: StreamId) {
        let stream = self.stream(id);
        stream.client.sending = false;
        if stream.ended || stream.half(Direction::Request).blocked {
            return;
        }
        let Some(part) = stream.client.outbox.pop_front() else { return };
        match part {
            Part::Data { mut bytes, mut end_stream, .. } => {
                if let Some(rest) = self.proxy.beyond_one_read(&mut bytes) {
                    let part = Part::Data { bytes: rest, after: Duration::ZERO, end_stream };
                    self.stream(id).client.outbox.push_front(part);
                    end_stream = false;
                }
                self.proxy.record_data(id, Party::ClientSends, bytes.as_slice(), end_stream);
                self.piece(id, Direction::Request, bytes, end_stream);
                // The end of an HTTP/1.1 body is read together with its last bytes.
                if self.stream(id).client.outbox.front() == Some(&Part::End)
                    && !self.half(id, Direction::Request).blocked
                {
                    self.client_part(id);
                    return;
                }
            }
            Part::End if self.upgraded(id) => {
                self.client_gone(id);
                return;
            }
            Part::End => {
                self.proxy.record_part(id, Party::ClientSends, What::End, b"");
                self.piece(id, Direction::Request, Vec::new(), true);
            }
            Part::Trailers(fields) => {
                let mut trailers = Fields::trailers();
                for (name, value) in &fields {
                    trailers.add(name, value);
                }
                self.proxy.record_fields(id, Party::ClientSends, What::Trailers, &trailers);
                let half = self.half(id, Direction::Request);
                half.trailers = Some(trailers);
                half.complete = true;
                self.trailers(id, Direction::Request, From::Start);
            }
        }
        if !self.stream(id).ended {
            self.schedule_client(id);
        }
    }
}

/// What follows the head, in the order in which the client sends it.
fn parts(request: &Request, enable_trailers: bool) -> VecDeque<Part> {
    let trailers = match (&request.trailers, request.protocol) {
        (Some(fields), Protocol::Http2) => Some(fields.clone()),
        // HTTP/1.1 trailers are dropped unless the host is told to keep them.
        (Some(fields), Protocol::Http1) if enable_trailers => Some(fields.clone()),
        _ => None,
    };
    let chunks = match &request.body {
        Body::None if request.trailers.is_none() => return VecDeque::new(),
        Body::None => [].as_slice(),
        Body::Sized(chunks) if trailers.is_none() && chunks.iter().all(|chunk| chunk.data.is_empty()) => {
            return VecDeque::new();
        }
        Body::Sized(chunks) | Body::Chunked(chunks) => chunks,
    };
    body_parts(chunks, trailers, request.protocol)
}

/// Body pieces and the end of a message in the given protocol.
fn body_parts(
    chunks: &[Chunk],
    trailers: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    protocol: Protocol,
) -> VecDeque<Part> {
    let h2 = protocol == Protocol::Http2;
    let mut parts: VecDeque<Part> = chunks
        .iter()
        .enumerate()
        .map(|(at, chunk)| Part::Data {
            bytes: chunk.data.clone().into(),
            after: chunk.after,
            end_stream: h2 && trailers.is_none() && at + 1 == chunks.len(),
        })
        .collect();
    match trailers {
        Some(fields) => parts.push_back(Part::Trailers(fields)),
        None if h2 && chunks.is_empty() => {
            parts.push_back(Part::Data { bytes: Buffer::new(), after: Duration::ZERO, end_stream: true });
        }
        None if h2 => {}
        None => parts.push_back(Part::End),
    }
    parts
}

/// Takes the end of the message away: more is to come.
fn hold_open(parts: &mut VecDeque<Part>) {
    match parts.back_mut() {
        Some(Part::End) => drop(parts.pop_back()),
        Some(Part::Data { bytes, end_stream: true, .. }) if bytes.is_empty() => drop(parts.pop_back()),
        Some(Part::Data { end_stream, .. }) => *end_stream = false,
        Some(Part::Trailers(_)) | None => {}
    }
}
