//! One request and its response on the wire: the client's connection, and the upstream's.

use std::time::{Duration, Instant};

use proxy_wasm_harness::state::{Answer, Chunk, Field, Request};

use super::render::{self, Ending};
use super::socket::Socket;
use super::wire::{self, Kind, Message};

/// An exchange under way, or over.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) name: Option<String>,
    client: Socket,
    /// Connections to the upstream; more than one only when Envoy sends the request more than once.
    pub(super) upstream: Vec<Socket>,
    pub(super) own_answer: Option<Answer>,
    head_request: bool,
    by_hand: bool,
    answered: bool,
    /// The client went away, or had its upstream go away.
    left: bool,
    chunked: bool,
    answer_chunked: bool,
    began: Instant,
    answered_after: Duration,
}

impl Exchange {
    pub(super) fn new(
        mut client: Socket,
        name: Option<&str>,
        request: &Request,
        by_hand: bool,
        ending: Ending,
    ) -> Self {
        let acts = render::request(request, ending);
        let chunked = acts.first().is_some_and(|act| says_chunked(&act.what));
        client.then(Duration::ZERO, acts);
        Self {
            name: name.map(str::to_owned),
            client,
            upstream: Vec::new(),
            own_answer: request.respond.clone(),
            head_request: request.method == b"HEAD",
            by_hand,
            answered: false,
            left: false,
            chunked,
            answer_chunked: false,
            began: Instant::now(),
            answered_after: Duration::ZERO,
        }
    }

    /// What the client has received.
    pub(super) fn response(&self) -> Message {
        wire::read(&self.client.raw, Kind::Response { head_request: self.head_request }, self.client.closed)
    }

    /// What the upstream has received, over each connection.
    pub(super) fn requests(&self) -> Vec<(Message, bool)> {
        self.upstream
            .iter()
            .map(|socket| (wire::read(&socket.raw, Kind::Request, socket.closed), socket.closed))
            .collect()
    }

    /// Whether the connection of the client is closed, and whether it was the client that closed it.
    pub(super) fn closed(&self) -> (bool, bool) {
        (self.client.closed, self.left)
    }

    /// Whether nothing more will come to the client.
    pub(super) fn over(&self) -> bool {
        self.client.closed || self.response().complete
    }

    /// Whether the client received the head of a response twice.
    pub(super) fn has_two_heads(&self) -> bool {
        let raw = &self.client.raw;
        raw.windows(9).filter(|window| *window == b"HTTP/1.1 ").count() > 1
    }

    /// Whether the machine was so slow that plugins may have seen it: `x-envoy-upstream-service-time` has more digits
    /// than it would.
    pub(super) fn slow(&self) -> bool {
        self.answered_after > Duration::from_millis(9)
    }

    /// Reads what has come on any side.
    pub(super) fn read(&mut self) -> bool {
        let mut any = self.client.read();
        for socket in &mut self.upstream {
            any |= socket.read();
        }
        any
    }

    /// Does one thing that is due.
    pub(super) fn act(&mut self) -> bool {
        self.client.act() || self.upstream.iter_mut().any(Socket::act)
    }

    /// Whether the first thing to be done is to begin an answer.
    pub(super) fn begins_to_answer(&self) -> bool {
        self.answered && self.client.due().is_none() && self.response().head.is_empty()
    }

    /// When something is to be done next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.upstream.iter().chain([&self.client]).filter_map(Socket::due).min()
    }

    /// Whether the upstream has the whole request, and its script is to answer it.
    pub(super) fn awaits_answer(&self) -> bool {
        !self.by_hand
            && !self.answered
            && self.upstream.last().is_some_and(|socket| !socket.closed)
            && self.requests().last().is_some_and(|(message, _)| message.complete)
    }

    /// The upstream begins to answer.
    pub(super) fn answer(&mut self, answer: &Answer, ending: Ending) {
        let head_request = self
            .requests()
            .last()
            .is_some_and(|(message, _)| message.head.first().is_some_and(|line| line.starts_with(b"HEAD ")));
        self.answered = true;
        self.answered_after = self.began.elapsed();
        let acts = render::answer(&answer.kind, head_request, ending);
        self.answer_chunked = acts.first().is_some_and(|act| says_chunked(&act.what));
        if let Some(socket) = self.upstream.last_mut() {
            socket.then(answer.after, acts);
        }
    }

    /// The upstream goes on answering.
    pub(super) fn answer_more(&mut self, chunks: &[Chunk], trailers: Option<&[Field]>, ending: Ending) {
        let acts = render::more(chunks, trailers, self.answer_chunked, ending);
        if let Some(socket) = self.upstream.last_mut() {
            socket.then(Duration::ZERO, acts);
        }
    }

    /// The client sends more of its request.
    pub(super) fn send(&mut self, chunks: &[Chunk], trailers: Option<&[Field]>, ending: Ending) {
        let acts = render::more(chunks, trailers, self.chunked, ending);
        self.client.then(Duration::ZERO, acts);
    }

    /// The client goes away.
    pub(super) fn client_leaves(&mut self) {
        self.left = true;
        self.client.close();
    }

    /// The upstream goes away.
    pub(super) fn upstream_leaves(&mut self) {
        self.answered = true;
        for socket in &mut self.upstream {
            socket.close();
        }
    }
}

fn says_chunked(what: &render::What) -> bool {
    let render::What::Write(bytes) = what else { return false };
    wire::find(&bytes.to_ascii_lowercase(), b"transfer-encoding: chunked").is_some()
}
