//! The client's end of a stream: what it still has to send, and what it has received.

use std::collections::VecDeque;

use crate::state::{Buffer, Duration, Field, Fields, Instant};

/// A part of the request that is still on its way to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Body bytes, after a span of virtual time; the last of them may end the message (HTTP/2).
    Data { bytes: Buffer, after: Duration, end_stream: bool },
    /// The end of an HTTP/1.1 body.
    End,
    /// Trailers, which end the message.
    Trailers(Vec<Field>),
}

/// What the client sent and got.
#[derive(Clone, Debug)]
pub(crate) struct ClientSide {
    /// Parts not yet taken in by the proxy.
    pub(crate) outbox: VecDeque<Part>,
    /// A deadline for the next part is set.
    pub(crate) sending: bool,
    pub(crate) received: Received,
}

impl ClientSide {
    pub(crate) fn new() -> Self {
        Self { outbox: VecDeque::new(), sending: false, received: Received::default() }
    }

    /// As a new one, but for the room that its list took.
    pub(super) fn renew(&mut self) {
        let Self { outbox, sending, received } = self;
        outbox.clear();
        *sending = false;
        received.renew();
    }
}

/// A message as it arrived at one end, whole or in part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// The head as on the wire, pseudo headers kept; `None` before it came.
    pub head: Option<Fields>,
    /// Body pieces, one for each write of the proxy that had bytes.
    pub chunks: Vec<Vec<u8>>,
    /// Trailers, when there were any.
    pub trailers: Option<Fields>,
    /// How it ended.
    pub end: End,
    /// When its head came.
    pub head_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It has not: more may come.
    #[default]
    Open,
    /// In full.
    Complete,
    /// The connection was closed, or the stream reset, before its end.
    Cut,
}

impl Received {
    /// As a new one. It is most often one already: whoever asked for the exchange has taken what it was.
    pub(super) fn renew(&mut self) {
        let Self { head, chunks, trailers, end, head_at, ended_at } = self;
        *head = None;
        chunks.clear();
        *trailers = None;
        *end = End::Open;
        (*head_at, *ended_at) = (None, None);
    }

    /// All body bytes.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }
}
