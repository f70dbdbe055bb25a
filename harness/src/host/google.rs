//! An exchange under the profile `google`: what Google's plugin tester would make of it, which is no proxy. Nothing is added
//! to the messages, no time passes, a body callback sees its piece alone, and a local response ends the callbacks.

use std::sync::Arc;

use super::Host;
use super::act::{Act, Sending};
use super::exchange::{Exchange, LocalResponse, Stall};
use super::phases::{Phases, Seen};
use crate::proxy::transcript::{Kind, Party, What};
use crate::proxy::{Direction, End, Held, LocalReply, PluginIndex, Received, StreamId};
use crate::state::{Chunk, Duration, Fields, Request, Response};

impl Host {
    /// Makes the callbacks that the tester makes for a request and its answer: headers, body pieces, the same of the
    /// response, done and delete. The host was started under the profile.
    pub(crate) fn send_as_tester(
        &mut self,
        stream: StreamId,
        request: &Request,
        answer: &Response,
    ) -> Exchange {
        self.slot.record_step(&Sending(request));
        let phases = Phases::of(self);
        let mut talk = Talk { host: self, phases, exchange: Exchange::without_proxy(stream), alive: true };
        talk.run(request, answer);
        let exchange = talk.exchange;
        self.acts.push(Act::Send(Arc::new(request.clone())));
        exchange
    }
}

struct Talk<'h> {
    host: &'h mut Host,
    phases: Phases,
    exchange: Exchange,
    /// The VM has not failed.
    alive: bool,
}

impl Talk<'_> {
    fn run(&mut self, request: &Request, answer: &Response) {
        let opened = self.phases.open(self.host, self.exchange.stream);
        self.alive = opened.failed.is_none();
        let sent = self.message(Direction::Request, request_head(request), request.body.pieces());
        if let Some(sent) = sent {
            self.exchange.upstream = sent;
            let received = self.message(Direction::Response, response_head(answer), answer.body.pieces());
            self.exchange.client = received.unwrap_or_default();
        }
        if let Some(LocalResponse { reply, .. }) = self.exchange.local.first() {
            let mut head = Fields::response();
            head.add(b":status", reply.status.to_string().as_bytes());
            reply.headers.iter().for_each(|(name, value)| head.add(name, value));
            let chunks = Some(reply.body.clone()).filter(|body| !body.is_empty());
            let received = self.whole(head, chunks.into_iter().collect());
            self.arrives(Party::ClientReceives, &received);
            self.exchange.client = received;
        }
        if self.alive {
            self.phases.close(self.host);
        }
    }

    /// A message on its way through the plugin, and how it leaves: not at all after a local response or a failure.
    fn message(&mut self, direction: Direction, head: Fields, body: &[Chunk]) -> Option<Received> {
        let (from, to) = match direction {
            Direction::Request => (Party::ClientSends, Party::UpstreamReceives),
            Direction::Response => (Party::UpstreamSends, Party::ClientReceives),
        };
        let given = self.whole(head.clone(), body.iter().map(|chunk| chunk.data.clone()).collect());
        self.arrives(from, &given);
        if !self.alive {
            return None;
        }
        let seen = self.phases.headers(self.host, direction, head.iter());
        self.took(&seen);
        if seen.stops && seen.reply.is_none() {
            self.stalls(direction);
        }
        let mut left = Fields::new(head.kind());
        seen.headers.iter().for_each(|(name, value)| left.add(name, value));
        let mut chunks = Vec::new();
        for (at, piece) in body.iter().enumerate() {
            if !self.goes_on() {
                break;
            }
            let seen = self.phases.body(self.host, direction, &piece.data, at + 1 == body.len());
            self.took(&seen);
            chunks.extend(Some(seen.body).filter(|body| !body.is_empty()));
        }
        if !self.goes_on() || self.exchange.stall.is_some() {
            return None;
        }
        let received = self.whole(left, chunks);
        self.arrives(to, &received);
        Some(received)
    }

    fn goes_on(&self) -> bool {
        self.alive && self.exchange.local.is_empty()
    }

    /// Notes what a phase did beside its message.
    fn took(&mut self, seen: &Seen) {
        self.alive = seen.failed.is_none();
        let Some(reply) = self.phases.reply(self.host) else { return };
        let reply = LocalReply {
            plugin: Some(PluginIndex(0)),
            status: u16::try_from(reply.status).unwrap_or(u16::MAX),
            body: reply.body,
            headers: reply.headers,
            grpc_status: Some(reply.grpc_status).filter(|status| *status != u32::MAX),
            details: reply.details,
        };
        self.host.slot.record_local_reply(self.exchange.stream, &reply);
        let plugin = self.host.plugins().next().unwrap_or_default().to_owned();
        self.exchange.local.push(LocalResponse { plugin, reply });
    }

    /// The plugin holds a message, which the tester takes for a failure: nothing there would go on later.
    fn stalls(&mut self, direction: Direction) {
        let stream = self.exchange.stream;
        let event = self.host.slot.transcript.mark();
        self.host.slot.record(Kind::Stalled { stream });
        let callback = match direction {
            Direction::Request => "proxy_on_request_headers",
            Direction::Response => "proxy_on_response_headers",
        };
        let plugin = self.host.plugins().next().unwrap_or_default().to_owned();
        let held = Some(Held { plugin, callback, direction, dead: false });
        let stall = Stall { stream, held, calls: Vec::new(), waited: Duration::ZERO, patience: None, event };
        self.host.stalls.push(stall.clone());
        self.exchange.stall = Some(stall);
    }

    fn whole(&self, head: Fields, chunks: Vec<Vec<u8>>) -> Received {
        let now = Some(self.host.now());
        Received { head: Some(head), chunks, trailers: None, end: End::Complete, head_at: now, ended_at: now }
    }

    /// Records a message that arrives.
    fn arrives(&mut self, party: Party, message: &Received) {
        let (stream, last) = (self.exchange.stream, message.chunks.len());
        if let Some(head) = &message.head {
            self.host.slot.record_fields(stream, party, What::Head { end_stream: last == 0 }, head);
        }
        for (at, chunk) in message.chunks.iter().enumerate() {
            self.host.slot.record_data(stream, party, chunk, at + 1 == last);
        }
    }
}

/// The head as the tester makes it of a request in HTTP/1 text with an absolute url.
fn request_head(request: &Request) -> Fields {
    let mut head = Fields::request();
    for (name, value) in [
        (&b":method"[..], &request.method),
        (b":scheme", &request.scheme),
        (b":authority", &request.authority),
        (b":path", &request.path),
    ] {
        head.add(name, value);
    }
    request.headers.iter().for_each(|(name, value)| head.add(name, value));
    head
}

fn response_head(answer: &Response) -> Fields {
    let mut head = Fields::response();
    head.add(b":status", answer.status.to_string().as_bytes());
    answer.headers.iter().for_each(|(name, value)| head.add(name, value));
    head
}
