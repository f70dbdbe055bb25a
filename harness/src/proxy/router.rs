//! Where the request leaves the chain: route, checks, the upstream's request.

use super::chain::Drive;
use super::client::End;
use super::guest::Guest;
use super::ids::{Direction, StreamId};
use super::reply::LocalReply;
use super::run::Deadline;
use super::transcript::{Fault, Party, What};
use super::upstream::Answering;
use super::upstream_head::{frame, refusal, routed};
use crate::state::{Answer, AnswerKind, Decimal, Duration, Failure, Protocol, names};

impl<G: Guest> Drive<'_, G> {
    /// The request's head has passed the chain.
    pub(crate) fn router_headers(&mut self, id: StreamId, end_stream: bool) {
        let stream = self.stream(id);
        if stream.ended {
            return;
        }
        if std::mem::replace(&mut stream.upstream.requested, true) {
            let vm = stream.culprit();
            self.proxy.fault_in(vm, Fault {
                id: "envoy/request-twice",
                call: "proxy_continue_stream",
                what: "continuing the request inside proxy_on_request_headers and then returning Continue sends it \
                       upstream twice",
            });
            return;
        }
        let timeout = self.proxy.options.route_timeout;
        let stream = self.stream(id);
        let Some(fields) = stream.half_mut(Direction::Request).headers.as_mut() else { return };
        if !routed(fields) {
            stream.upstream.requested = false;
            stream.running.decoding = true;
            self.send_local_reply(id, LocalReply::own(404, "", "route_not_found"));
            self.stream(id).running.decoding = false;
            self.send_prepared_reply(id);
            return;
        }
        let head_request = fields.get_known(names::METHOD) == Some(b"HEAD");
        if !timeout.is_zero() {
            fields.overwrite_known(names::EXPECTED_TIMEOUT, Decimal::of(timeout.as_millis()).as_bytes());
        }
        let refused = refusal(fields);
        let mut wire = fields.clone();
        stream.head_request = head_request;
        let upgrade = stream.upgrade;
        if self.proxy.options.upstream_protocol == Protocol::Http1 && upgrade.is_none() {
            frame(&mut wire, end_stream);
        }
        if let Some(reply) = refused {
            // Found out when the connection is there and the head is to be written.
            let now = self.proxy.clock.now();
            self.proxy.deadlines.schedule(now, Deadline::Reply { stream: id, reply: Box::new(reply) });
            return;
        }
        if let Some(after) = self.refused_connection(id) {
            let due = self.proxy.clock.now() + after;
            let reason = "remote connection failure";
            self.stream(id).upstream.answering.push_back(Answering::Reset(reason));
            self.proxy.deadlines.schedule(due, Deadline::UpstreamPart(id));
            return;
        }
        self.proxy.record_fields(id, Party::UpstreamReceives, What::Head { end_stream }, &wire);
        let now = self.proxy.clock.now();
        let stream = self.stream(id);
        let received = &mut stream.upstream.received;
        received.head = Some(wire);
        received.head_at = Some(now);
        let waits = stream.upgrade.is_some() && !stream.upstream.by_hand;
        self.flush_metadata(id);
        if end_stream {
            self.request_complete(id);
        } else if waits {
            // A request without an end is answered when its head has come.
            match self.stream(id).upstream.own_answer.take() {
                Some(answer) => self.answer(id, answer, true),
                None => self.answer_by_script(id, true),
            }
        }
    }

    /// The answer chosen for this stream is that no connection comes about: after how long.
    fn refused_connection(&mut self, id: StreamId) -> Option<Duration> {
        let refused =
            |answer: &Answer| (answer.kind == AnswerKind::Fail(Failure::Refused)).then_some(answer.after);
        let upstream = &self.stream(id).upstream;
        if upstream.by_hand {
            return None;
        }
        let after = match &upstream.own_answer {
            Some(answer) => refused(answer)?,
            None => {
                let after = self.proxy.upstream.peek().and_then(refused)?;
                self.proxy.upstream.next();
                after
            }
        };
        self.stream(id).upstream.answered = true;
        Some(after)
    }

    /// A piece of the request's body has passed the chain.
    pub(crate) fn router_data(&mut self, id: StreamId, bytes: Vec<u8>, end_stream: bool) {
        let stream = self.stream(id);
        if stream.ended {
            return;
        }
        if !stream.upstream.takes_more() {
            // Given up, or not asked yet: a continuation can overtake the head, where a context is made on its way.
            if stream.upstream.reset_early() || !stream.upstream.requested {
                self.body_without_upstream(id);
            }
            return;
        }
        if stream.upstream.received.head.is_some() {
            if !bytes.is_empty() {
                self.proxy.record_data(id, Party::UpstreamReceives, &bytes, false);
                self.stream(id).upstream.received.chunks.push(bytes);
            }
            if end_stream {
                self.proxy.record_part(id, Party::UpstreamReceives, What::End, b"");
            } else if self.stream(id).upstream.has_all_of_its_length() {
                // The end of the request is under way. Where a plugin holds it, the upstream does not wait for it.
                let now = self.proxy.clock.now();
                self.proxy.deadlines.schedule(now, Deadline::UpstreamHasAll(id));
            }
        }
        if end_stream {
            self.request_complete(id);
        }
    }

    /// The upstream has as many bytes as the head announced, whether the proxy has come to the end or not.
    pub(super) fn upstream_has_all(&mut self, id: StreamId) {
        let http1 = self.proxy.options.upstream_protocol == Protocol::Http1;
        let stream = self.stream(id);
        let upstream = &mut stream.upstream;
        if stream.ended || !http1 || !upstream.takes_more() {
            return;
        }
        upstream.received.end = End::Complete;
        if upstream.by_hand || upstream.answered {
            return;
        }
        match self.stream(id).upstream.own_answer.take() {
            Some(answer) => self.answer(id, answer, true),
            None => self.answer_by_script(id, true),
        }
    }

    /// A piece of body has passed the chain, and a local response has given the upstream up meanwhile.
    fn body_without_upstream(&mut self, id: StreamId) {
        let stream = self.stream(id);
        let answered = stream.half(Direction::Response).headers.is_some() && !stream.head_sent;
        let vm = stream.culprit();
        let finding = match stream.protocol {
            Protocol::Http1 => "envoy/head-twice",
            Protocol::Http2 => "envoy/crash",
        };
        let body = "upstream is closed prematurely during decoding data from downstream";
        self.send_local_reply(id, LocalReply::own(503, body, "early_upstream_reset"));
        if let Some(vm) = vm.filter(|_| answered) {
            let what = "continuing the request after a local response in the same callback: its body has no upstream any \
                        more, so Envoy answers 503 first, and the local response behind it";
            self.proxy.fault(vm, Fault { id: finding, call: "proxy_continue_stream", what });
        }
    }

    /// The request's trailers have passed the chain.
    pub(crate) fn router_trailers(&mut self, id: StreamId) {
        let stream = self.stream(id);
        if stream.ended || !stream.upstream.takes_more() {
            if stream.upstream.waits_for_its_answer() && !stream.ended {
                self.trailers_twice(id);
            }
            return;
        }
        let written =
            self.proxy.options.upstream_protocol == Protocol::Http2 || self.proxy.options.enable_trailers;
        match self.half(id, Direction::Request).trailers.clone().filter(|_| written) {
            Some(trailers) => {
                self.proxy.record_fields(id, Party::UpstreamReceives, What::Trailers, &trailers);
                self.stream(id).upstream.received.trailers = Some(trailers);
            }
            None => self.proxy.record_part(id, Party::UpstreamReceives, What::End, b""),
        }
        self.request_complete(id);
    }

    /// Trailers have passed the chain, and the upstream has had them.
    fn trailers_twice(&mut self, id: StreamId) {
        if self.proxy.options.upstream_protocol == Protocol::Http2 {
            return;
        }
        let stream = self.stream(id);
        if std::mem::replace(&mut stream.upstream.ended_twice, true) {
            return;
        }
        let vm = stream.culprit();
        self.proxy.fault_in(vm, Fault {
            id: "envoy/trailers-twice",
            call: "proxy_continue_stream",
            what: "continuing a request that goes on already lets its trailers leave the chain twice: over HTTP/1.1 Envoy \
                   writes its end to the upstream again, where the next request of the connection begins",
        });
    }

    /// The upstream has the whole request: it answers, and the route's timeout begins to run.
    fn request_complete(&mut self, id: StreamId) {
        let now = self.proxy.clock.now();
        let timeout = self.proxy.options.route_timeout;
        let upstream = &mut self.stream(id).upstream;
        if upstream.request_ended_at.replace(now).is_some() {
            return;
        }
        let (by_hand, answered) = (upstream.by_hand, upstream.answered);
        // A body shorter than its content-length: the upstream waits for the rest, and does not answer.
        let short = self.check_length(id, Direction::Request);
        if !short {
            let received = &mut self.stream(id).upstream.received;
            received.end = End::Complete;
            received.ended_at = Some(now);
        }
        let answers = !(by_hand || answered || short);
        let own = if answers { self.stream(id).upstream.own_answer.take() } else { None };
        // An answer that comes at once needs no timeout.
        let at_once = answers
            && match &own {
                Some(answer) => answer.is_immediate(),
                None => match self.proxy.laid_out() {
                    Some(every) => every.immediate,
                    None => self.proxy.upstream.peek().is_some_and(Answer::is_immediate),
                },
            };
        if !timeout.is_zero() && !at_once {
            let deadline = self.proxy.deadlines.schedule(now + timeout, Deadline::RouteTimeout(id));
            self.stream(id).upstream.timeout = Some(deadline);
        }
        match own {
            Some(answer) => self.answer(id, answer, true),
            None if answers => self.answer_by_script(id, true),
            None => {}
        }
    }
}
