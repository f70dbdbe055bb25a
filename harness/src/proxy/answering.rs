//! The upstream's answer, and its failures, on their way into the chain.

use super::answer::{LaidOut, body_parts, hold_open};
use super::chain::{Drive, From};
use super::client::End;
use super::codec::{PROTOCOL_ERROR, refuses_answer};
use super::guest::Guest;
use super::ids::{Direction, StreamId};
use super::reply::LocalReply;
use super::run::Deadline;
use super::transcript::{Party, What};
use super::upgrade::Upgrade;
use super::upstream::Answering;
use crate::state::{Answer, Chunk, Decimal, Duration, Field, Fields, Protocol, names};

impl<G: Guest> Drive<'_, G> {
    /// The upstream answers because the test says so: with `answer`, or with the script's. Its message stays open
    /// unless `end`.
    pub(crate) fn answer_now(&mut self, id: StreamId, answer: Option<Answer>, end: bool) {
        let own = self.stream(id).upstream.own_answer.take();
        match answer.or(own) {
            Some(answer) => self.answer(id, answer, end),
            None => self.answer_by_script(id, end),
        }
    }

    /// The upstream begins its scripted answer.
    pub(super) fn answer_by_script(&mut self, id: StreamId, end: bool) {
        if let Some((after, protocol)) = self.proxy.lay_out_for(id) {
            self.answer_laid_out(id, after, protocol, end);
            return;
        }
        match self.proxy.upstream.next() {
            Some(answer) => self.answer(id, answer, end),
            None => self.proxy.script_exhausted(id),
        }
    }

    /// The upstream sends more of an answer that stayed open.
    pub(crate) fn answer_more(
        &mut self,
        id: StreamId,
        chunks: &[Chunk],
        trailers: Option<&[Field]>,
        end: bool,
    ) {
        let kept = self.proxy.options.enable_trailers;
        let stream = self.stream(id);
        let upstream = &mut stream.upstream;
        if stream.ended || upstream.answer_complete {
            return;
        }
        let h2 = upstream.protocol == Protocol::Http2;
        let idle = upstream.answering.is_empty();
        let trailers = trailers.filter(|_| kept || h2).map(<[Field]>::to_vec);
        body_parts(&mut upstream.answering, chunks, trailers, h2);
        if !end {
            hold_open(&mut upstream.answering);
        }
        // Otherwise the part before is on the clock, and brings the next one along.
        if idle {
            self.schedule_upstream(id);
        }
    }

    /// The upstream goes away.
    pub(crate) fn upstream_gone(&mut self, id: StreamId) {
        if self.proxy.has_stream(id) && self.stream(id).upstream.received.head.is_some() {
            let reason = "connection termination";
            self.stream(id).upstream.answering.clear();
            self.proxy.record_part(id, Party::UpstreamSends, What::Reset, reason.as_bytes());
            self.upstream_reset(id, reason);
        }
    }

    /// The upstream begins to answer.
    pub(super) fn answer(&mut self, id: StreamId, answer: Answer, end: bool) {
        let LaidOut { after, protocol, mut parts, .. } =
            LaidOut::new(answer, self.proxy.options.upstream_protocol, self.proxy.options.enable_trailers);
        self.stream(id).upstream.answering.append(&mut parts);
        self.answer_laid_out(id, after, protocol, end);
    }

    /// The upstream begins the answer whose parts stand ready.
    fn answer_laid_out(&mut self, id: StreamId, after: Duration, protocol: Option<Protocol>, end: bool) {
        let due = self.proxy.clock.now() + after;
        let upstream = &mut self.stream(id).upstream;
        upstream.answered = true;
        if let Some(protocol) = protocol {
            upstream.protocol = protocol;
        }
        if upstream.answering.is_empty() {
            return;
        }
        if !end {
            hold_open(&mut upstream.answering);
        }
        self.proxy.deadlines.schedule(due, Deadline::UpstreamPart(id));
    }

    /// The next part of the upstream's answer arrives.
    pub(crate) fn upstream_part(&mut self, id: StreamId) {
        let stream = self.stream(id);
        if stream.ended || stream.half(Direction::Response).blocked {
            return;
        }
        let Some(part) = stream.upstream.answering.pop_front() else { return };
        match part {
            Answering::Head { fields, status, end_stream } => {
                self.upstream_head(id, fields, status, end_stream);
            }
            Answering::Data { mut bytes, mut end_stream, .. } => {
                if let Some(rest) = self.proxy.beyond_one_read(&mut bytes) {
                    let part = Answering::Data { bytes: rest, after: Duration::ZERO, end_stream };
                    self.stream(id).upstream.answering.push_front(part);
                    end_stream = false;
                }
                self.proxy.record_data(id, Party::UpstreamSends, bytes.as_slice(), end_stream);
                self.answer_complete(id, end_stream);
                self.piece(id, Direction::Response, bytes, end_stream);
                let stream = self.stream(id);
                if !stream.ended
                    && !stream.half(Direction::Response).blocked
                    && stream.upstream.answering.front() == Some(&Answering::End)
                {
                    self.upstream_part(id);
                    return;
                }
            }
            Answering::End => {
                self.proxy.record_part(id, Party::UpstreamSends, What::End, b"");
                self.answer_complete(id, true);
                if self.upgraded(id) {
                    self.upgraded_ends(id);
                    return;
                }
                self.piece(id, Direction::Response, Vec::new(), true);
            }
            Answering::Trailers(fields) => {
                let mut trailers = Fields::trailers();
                fields.iter().for_each(|(name, value)| trailers.add(name, value));
                self.proxy.record_fields(id, Party::UpstreamSends, What::Trailers, &trailers);
                self.answer_complete(id, true);
                let half = self.half(id, Direction::Response);
                half.trailers = Some(trailers);
                half.complete = true;
                self.trailers(id, Direction::Response, From::Start);
            }
            Answering::Reset(reason) => {
                self.proxy.record_part(id, Party::UpstreamSends, What::Reset, reason.as_bytes());
                self.upstream_reset(id, reason);
                return;
            }
        }
        self.schedule_upstream(id);
    }

    /// Puts the upstream's next part on the clock.
    pub(crate) fn schedule_upstream(&mut self, id: StreamId) {
        let now = self.proxy.clock.now();
        let stream = self.stream(id);
        if stream.half(Direction::Response).blocked {
            return;
        }
        let after = match stream.upstream.answering.front() {
            None => return,
            Some(Answering::Data { after, .. }) => *after,
            Some(_) => Duration::ZERO,
        };
        if !stream.ended {
            self.proxy.deadlines.schedule(now + after, Deadline::UpstreamPart(id));
        }
    }

    pub(super) fn upstream_head(&mut self, id: StreamId, mut fields: Fields, status: u16, end_stream: bool) {
        let stream = self.stream(id);
        let upgrade = stream.upgrade;
        let agrees = upgrade.is_some_and(|upgrade| upgrade.agrees(status));
        if agrees {
            // What follows is not framed, and ends with the upstream's connection.
            fields.remove_known(names::TRANSFER_ENCODING);
            fields.remove_known(names::CONTENT_LENGTH);
            if end_stream {
                stream.upstream.answering.push_back(Answering::End);
            }
        }
        // The answer to HEAD has the head of a body, and none; that to an upgrade by fields is 101, or has none.
        let end_stream = match upgrade {
            _ if agrees => false,
            Some(Upgrade::Fields) => true,
            Some(Upgrade::Connect) | None => end_stream || stream.head_request,
        };
        if end_stream {
            stream.upstream.answering.clear();
        }
        // Of the fields of a connection the codec leaves out this one only (Envoy 1.40, observed).
        fields.remove_known(names::KEEP_ALIVE);
        self.proxy.record_fields(id, Party::UpstreamSends, What::Head { end_stream }, &fields);
        if refuses_answer(&mut fields, status) {
            self.stream(id).upstream.answering.clear();
            self.cut_request_off(id);
            self.upstream_reset(id, PROTOCOL_ERROR);
            return;
        }
        let now = self.proxy.clock.now();
        self.answer_complete(id, end_stream);
        let upstream = &mut self.stream(id).upstream;
        let took = upstream.request_ended_at.map(|ended| now - ended);
        // Of an answer that came before the request's end Envoy does not say what it took (1.40, observed).
        if let Some(took) = took {
            fields.overwrite_known(names::SERVICE_TIME, Decimal::of(took.as_millis()).as_bytes());
        }
        if upgrade == Some(Upgrade::Fields) && end_stream {
            fields.remove_known(names::CONTENT_LENGTH);
        }
        let stream = self.stream(id);
        let half = stream.half_mut(Direction::Response);
        // A local response may stand here, held back, when the request has been continued all the same: the upstream's runs
        // through the chain behind it, and once complete is complete (Envoy 1.40, observed).
        half.headers = Some(fields);
        half.complete |= end_stream;
        stream.code = Some(status);
        self.headers(id, Direction::Response, From::Start, end_stream);
        if self.upgraded(id) {
            self.piece(id, Direction::Response, Vec::new(), false);
        }
    }

    /// The upstream's answer has come in, to its end if `end_stream`. Its time is up no more, even when a plugin holds it;
    /// what is left of the request is not sent (Envoy 1.40, observed).
    pub(super) fn answer_complete(&mut self, id: StreamId, end_stream: bool) {
        if !end_stream {
            return;
        }
        let now = self.proxy.clock.now();
        let upstream = &mut self.stream(id).upstream;
        upstream.answer_complete = true;
        upstream.answered_at = Some(now);
        // The end of an upgraded connection is that it is closed.
        if !self.upgraded(id) {
            self.cut_request_off(id);
        }
        if let Some(deadline) = self.stream(id).upstream.timeout.take() {
            self.proxy.deadlines.cancel(deadline);
        }
    }

    /// What is left of the request is not sent.
    fn cut_request_off(&mut self, id: StreamId) {
        let upstream = &mut self.stream(id).upstream;
        let received = &mut upstream.received;
        if upstream.request_ended_at.is_none() && received.end == End::Open && received.head.is_some() {
            received.end = End::Cut;
            self.proxy.record_part(id, Party::UpstreamReceives, What::Reset, b"");
        }
    }

    /// The upstream failed.
    pub(crate) fn upstream_reset(&mut self, id: StreamId, reason: &str) {
        let stream = self.stream(id);
        if stream.ended {
            return;
        }
        stream.upstream.answer_complete = true;
        let started = stream.half(Direction::Response).headers.is_some();
        // A message of HTTP/1.1 that breaks off is one that the codec cannot read.
        let broken = started && stream.upstream.protocol == Protocol::Http1 && !self.upgraded(id);
        let reason = if broken { PROTOCOL_ERROR } else { reason };
        let when = if started { "after" } else { "before" };
        let details = format!("upstream_reset_{when}_response_started{{{}}}", reason.replace(' ', "_"));
        let (status, body) = LocalReply::unreachable(reason);
        self.send_local_reply(id, LocalReply::own(status, &body, &details));
    }

    /// The route's timeout is over.
    pub(crate) fn route_timeout(&mut self, id: StreamId) {
        self.stream(id).upstream.timeout = None;
        self.stream(id).upstream.answering.clear();
        self.send_local_reply(id, LocalReply::own(504, "upstream request timeout", "response_timeout"));
    }
}
