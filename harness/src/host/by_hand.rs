//! Streams opened, fed and answered step by step. Nothing here moves time.

use std::sync::Arc;

use std::fmt;

use super::{Act, Host, Reply};
use crate::proxy::{Direction, StreamId};
use crate::state::{Answer, AnswerKind, Body, Chunk, Field, Fields, Request};

/// Who ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The client.
    Client,
    /// The upstream.
    Upstream,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
        })
    }
}

impl Host {
    /// Sends a request, without moving time: what of it comes later waits for the clock. The upstream waits for
    /// [`Host::respond`].
    pub fn open(&mut self, request: Request) -> StreamId {
        self.open_stream(request, true)
    }

    /// As [`Host::open`], but the request does not end: more comes with [`Host::send_body`].
    pub fn open_unended(&mut self, mut request: Request) -> StreamId {
        keep_open(&mut request.body);
        self.open_stream(request, false)
    }

    fn open_stream(&mut self, request: Request, end: bool) -> StreamId {
        let worker = self.worker(&request);
        let stream = self.slot.next_stream();
        let request = Arc::new(request);
        self.act(Act::Open { stream, request: Arc::clone(&request), end });
        let mut drive = self.drive();
        drive.open_by_hand(&request, worker, end);
        drive.settle();
        stream
    }

    /// Sends a piece of the request's body on an open stream; `end` ends the request.
    pub fn send_body(&mut self, stream: StreamId, bytes: &[u8], end: bool) {
        let chunks = if bytes.is_empty() { Vec::new() } else { vec![Chunk::from(bytes)] };
        self.send_more(stream, chunks, None, end);
    }

    /// Ends the request of an open stream with trailers.
    pub fn send_trailers(&mut self, stream: StreamId, trailers: Vec<Field>) {
        self.send_more(stream, Vec::new(), Some(trailers), true);
    }

    /// Ends the request of an open stream.
    pub fn finish(&mut self, stream: StreamId) {
        self.send_more(stream, Vec::new(), None, true);
    }

    /// Sends more of a request. To a stream that has ended nothing is sent: the client has its answer.
    pub(crate) fn send_more(
        &mut self,
        stream: StreamId,
        chunks: Vec<Chunk>,
        trailers: Option<Vec<Field>>,
        end: bool,
    ) {
        self.act(Act::More { stream, chunks: chunks.clone(), trailers: trailers.clone(), end });
        if self.is_open(stream) {
            let mut drive = self.drive();
            drive.send_more(stream, &chunks, trailers.as_deref(), end);
            drive.settle();
        }
    }

    /// Lets the upstream answer an open stream.
    ///
    /// # Errors
    ///
    /// When the request has not reached the upstream: the message names who holds it.
    pub fn respond(&mut self, stream: StreamId, answer: impl Into<Answer>) -> Result<(), String> {
        self.reply(stream, Reply::Answer(answer.into()), true)
    }

    /// Lets the upstream give its scripted answer to an open stream.
    ///
    /// # Errors
    ///
    /// As [`Host::respond`].
    pub fn respond_scripted(&mut self, stream: StreamId) -> Result<(), String> {
        self.reply(stream, Reply::Scripted, true)
    }

    /// Lets the upstream send something of its answer; `end` ends it.
    pub(crate) fn reply(&mut self, stream: StreamId, mut with: Reply, end: bool) -> Result<(), String> {
        if let (Reply::Answer(Answer { kind: AnswerKind::Response(response), .. }), false) = (&mut with, end)
        {
            keep_open(&mut response.body);
        }
        self.act(Act::Respond { stream, with: Box::new(with.clone()), end });
        if !self.is_open(stream) {
            return Err("the stream has ended".to_owned());
        }
        if self.slot.stream(stream).upstream.received.head.is_none() {
            return Err(match self.slot.held_by(stream) {
                Some(held) => format!("plugin {} holds the request since {}", held.plugin, held.callback),
                None => "the request has not reached the upstream".to_owned(),
            });
        }
        let mut drive = self.drive();
        match with {
            Reply::Scripted => drive.answer_now(stream, None, end),
            Reply::Answer(answer) => drive.answer_now(stream, Some(answer), end),
            Reply::More { chunks, trailers } => drive.answer_more(stream, &chunks, trailers.as_deref(), end),
        }
        drive.settle();
        Ok(())
    }

    /// Ends an open stream from outside, at this point.
    pub fn abort(&mut self, stream: StreamId, by: Peer) {
        self.act(Act::Abort { stream, by });
        let mut drive = self.drive();
        match by {
            Peer::Client => drive.client_gone(stream),
            Peer::Upstream => drive.upstream_gone(stream),
        }
        drive.settle();
    }

    /// Sends an HTTP/2 METADATA frame with these elements on an open stream. Every plugin of the stream is told how many
    /// they are, in `proxy_on_request_metadata` or `proxy_on_response_metadata`, when [`Options::allow_metadata`] says so;
    /// none can read them, and what they return changes nothing. A frame waits for the head of its message, and one
    /// behind the message's end is dropped (Envoy 1.40, observed).
    ///
    /// [`Options::allow_metadata`]: crate::proxy::Options::allow_metadata
    pub fn metadata<N, V>(&mut self, stream: StreamId, from: Peer, elements: impl IntoIterator<Item = (N, V)>)
    where
        N: Into<Vec<u8>>,
        V: Into<Vec<u8>>,
    {
        let elements: Vec<Field> =
            elements.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let mut frame = Fields::trailers();
        elements.iter().for_each(|(name, value)| frame.add(name, value));
        self.act(Act::Metadata { stream, from, elements });
        if self.is_open(stream) {
            let direction = match from {
                Peer::Client => Direction::Request,
                Peer::Upstream => Direction::Response,
            };
            let mut drive = self.drive();
            drive.metadata(stream, direction, frame);
            drive.settle();
        }
    }

    /// Whether the stream has not ended.
    #[must_use]
    pub fn is_open(&self, stream: StreamId) -> bool {
        self.slot.has_stream(stream) && !self.slot.stream(stream).ended
    }
}

/// A message that does not end with what is sent of it has no length to state.
fn keep_open(body: &mut Body) {
    *body = match std::mem::take(body) {
        Body::None => Body::Chunked(Vec::new()),
        Body::Sized(chunks) | Body::Chunked(chunks) => Body::Chunked(chunks),
    };
}
