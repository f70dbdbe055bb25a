//! One request and its response on the wire: the client's connection, and the upstream's.

use std::time::{Duration, Instant};

use proxy_wasm_harness::scenario::Peer as From;
use proxy_wasm_harness::state::{Answer, AnswerKind, Chunk, Field, Request};

use super::durations;
use super::h2;
use super::peer::Peer;
use super::render::{self, Act, Ending, To};
use super::render_h2;
use super::todo::Todo;
use super::wire::{self, Kind, Message};

/// An exchange under way, or over.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) name: Option<String>,
    client: Peer,
    client_todo: Todo,
    /// Connections to the upstream; more than one only when Envoy sends the request more than once.
    pub(super) upstream: Vec<Peer>,
    upstream_todo: Todo,
    pub(super) own_answer: Option<Answer>,
    /// What the client asks for.
    pub(super) path: Vec<u8>,
    head_request: bool,
    by_hand: bool,
    answered: bool,
    /// The client went away, or had its upstream go away.
    left: bool,
    chunked: bool,
    answer_chunked: bool,
    /// The upstream has agreed to another protocol: its end is that of its connection.
    upgraded: bool,
    began: Instant,
    answered_after: Duration,
}

impl Exchange {
    pub(super) fn new(
        mut client: Peer,
        name: Option<&str>,
        request: &Request,
        by_hand: bool,
        ending: Ending,
    ) -> Self {
        let acts = match &mut client.h2 {
            Some(h2) => render_h2::request(h2, client.stream, request, ending),
            None => render::request(request, ending),
        };
        let chunked = acts.first().is_some_and(|act| says_chunked(&act.what));
        let mut client_todo = Todo::default();
        client_todo.then(Duration::ZERO, acts);
        Self {
            name: name.map(str::to_owned),
            client,
            client_todo,
            upstream: Vec::new(),
            upstream_todo: Todo::default(),
            own_answer: request.respond.clone(),
            path: request.path.clone(),
            head_request: request.method == b"HEAD",
            by_hand,
            answered: false,
            left: false,
            chunked,
            answer_chunked: false,
            upgraded: false,
            began: Instant::now(),
            answered_after: Duration::ZERO,
        }
    }

    /// What the client has received.
    pub(super) fn response(&self) -> Message {
        let mut message = self.client.message(Kind::Response { head_request: self.head_request });
        // What has no end of its own ends with its connection, but not when the client takes that away.
        message.complete &= !(self.left && self.upgraded);
        message
    }

    /// What the upstream has received, over each connection.
    pub(super) fn requests(&self) -> Vec<(Message, bool)> {
        self.upstream
            .iter()
            .map(|peer| {
                let message = peer.message(Kind::Request);
                let cut = peer.socket.closed || message.reset;
                (message, cut)
            })
            .collect()
    }

    /// Whether the connection of the client is closed, and whether it was the client that closed it.
    pub(super) fn closed(&self) -> (bool, bool) {
        (self.client.socket.closed || self.response().reset, self.left)
    }

    /// Whether nothing more will come to the client.
    pub(super) fn over(&self) -> bool {
        let response = self.response();
        self.client.socket.closed || response.complete || response.reset
    }

    /// Whether the client received the head of a response twice. Over HTTP/2 a second one has the place of trailers.
    pub(super) fn has_two_heads(&self) -> bool {
        if self.client.h2.is_some() {
            return self.response().trailers.iter().any(|line| line.starts_with(b":status: "));
        }
        let raw = &self.client.socket.raw;
        raw.windows(9).filter(|window| *window == b"HTTP/1.1 ").count() > 1
    }

    /// Whether an upstream received the end of a request twice.
    pub(super) fn has_two_ends(&self) -> bool {
        self.requests().iter().any(|(message, _)| message.complete && message.stray.starts_with(b"0\r\n"))
    }

    /// Whether the machine was so slow that plugins may have seen it: `x-envoy-upstream-service-time` has more digits
    /// than it would.
    pub(super) fn slow(&self) -> bool {
        self.answered_after > Duration::from_millis(9) || self.more_digits().next().is_some()
    }

    /// By how many digits the durations that the client received have more than one.
    pub(super) fn more_digits(&self) -> impl Iterator<Item = u64> + '_ {
        durations::more_digits(&self.client.socket.raw)
    }

    /// Reads what has come on any side.
    pub(super) fn read(&mut self) -> bool {
        let mut any = self.client.read();
        for peer in &mut self.upstream {
            any |= peer.read();
        }
        any
    }

    /// Does one thing of the client's that is due.
    pub(super) fn client_acts(&mut self) -> bool {
        self.client_todo.act(&mut self.client)
    }

    /// Does one thing of the upstream's that is due.
    pub(super) fn upstream_acts(&mut self) -> bool {
        self.upstream.last_mut().is_some_and(|peer| self.upstream_todo.act(peer))
    }

    /// Whether the upstream has something to do now.
    pub(super) fn upstream_ready(&self) -> bool {
        self.upstream_todo.due().is_some_and(|due| due <= Instant::now())
    }

    /// How many pieces of its answer the upstream has sent.
    pub(super) fn answered_pieces(&self) -> usize {
        self.upstream_todo.done
    }

    /// Whether the first thing to be done is to begin an answer.
    pub(super) fn begins_to_answer(&self) -> bool {
        self.answered && self.client_todo.due().is_none() && self.response().head.is_empty()
    }

    /// When something is to be done next.
    pub(super) fn due(&self) -> Option<Instant> {
        let client = self.client_todo.due().filter(|_| !self.client.socket.closed);
        let open = self.upstream.last().is_some_and(|peer| !peer.socket.closed);
        client.into_iter().chain(self.upstream_todo.due().filter(|_| open)).min()
    }

    /// Whether the upstream has the whole request, and its script is to answer it.
    pub(super) fn awaits_answer(&self) -> bool {
        !self.by_hand
            && !self.answered
            && self.upstream.last().is_some_and(|peer| !peer.socket.closed)
            && self.requests().last().is_some_and(|(message, _)| message.complete)
    }

    /// What the upstream answers.
    fn to(&self) -> To {
        match self.requests().last() {
            Some((message, _)) if message.is_head_request() => To::Head,
            Some((message, _)) if message.is_connect() => To::Connect,
            _ => To::Any,
        }
    }

    /// The upstream begins to answer.
    pub(super) fn answer(&mut self, answer: &Answer, ending: Ending) {
        let to = self.to();
        self.answered = true;
        self.answered_after = self.began.elapsed();
        let Some(peer) = self.upstream.last_mut() else { return };
        let acts = match &mut peer.h2 {
            Some(h2) => render_h2::answer(h2, peer.stream, &answer.kind, to == To::Head, ending),
            None => render::answer(&answer.kind, to, ending),
        };
        self.upgraded = matches!(&answer.kind, AnswerKind::Response(of) if render::agrees(of.status, to));
        self.answer_chunked = acts.first().is_some_and(|act| says_chunked(&act.what));
        self.upstream_todo.then(answer.after, acts);
    }

    /// The upstream goes on answering.
    pub(super) fn answer_more(&mut self, chunks: &[Chunk], trailers: Option<&[Field]>, ending: Ending) {
        let Some(peer) = self.upstream.last_mut() else { return };
        let mut acts = match &mut peer.h2 {
            Some(h2) => render_h2::more(h2, peer.stream, chunks, trailers, ending),
            None => render::more(chunks, trailers, self.answer_chunked, ending),
        };
        if self.upgraded && ending == Ending::Ends {
            acts.push(Act::close());
        }
        self.upstream_todo.then(Duration::ZERO, acts);
    }

    /// The client sends more of its request.
    pub(super) fn send(&mut self, chunks: &[Chunk], trailers: Option<&[Field]>, ending: Ending) {
        let acts = match &mut self.client.h2 {
            Some(h2) => render_h2::more(h2, self.client.stream, chunks, trailers, ending),
            None => render::more(chunks, trailers, self.chunked, ending),
        };
        self.client_todo.then(Duration::ZERO, acts);
    }

    /// A METADATA frame comes from the client, or from the upstream.
    pub(super) fn metadata(&mut self, from: From, elements: &[Field]) {
        let act = |stream| vec![Act::write(h2::metadata(stream, elements))];
        match from {
            From::Client => self.client_todo.then(Duration::ZERO, act(self.client.stream)),
            From::Upstream => {
                let stream = self.upstream.last().map_or(1, |peer| peer.stream);
                self.upstream_todo.then(Duration::ZERO, act(stream));
            }
        }
    }

    /// The client goes away: in HTTP/2 it gives up the stream.
    pub(super) fn client_leaves(&mut self) {
        self.left = true;
        self.client_todo.clear();
        if self.client.h2.is_some() {
            self.client_todo.then(Duration::ZERO, render_h2::abandoned(self.client.stream));
            self.client_acts();
        } else {
            self.client.socket.close();
        }
    }

    /// The upstream goes away.
    pub(super) fn upstream_leaves(&mut self) {
        self.answered = true;
        self.upstream_todo.clear();
        for peer in &mut self.upstream {
            peer.socket.close();
        }
    }
}

fn says_chunked(what: &render::What) -> bool {
    let render::What::Write(bytes) = what else { return false };
    wire::find(&bytes.to_ascii_lowercase(), b"transfer-encoding: chunked").is_some()
}
