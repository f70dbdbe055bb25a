//! Where the request leaves the chain: route, checks, the upstream's request, and its answer's way back in.

use super::answer::{body_parts, hold_open, lay_out};
use super::chain::{Drive, From};
use super::client::End;
use super::guest::Guest;
use super::ids::{Direction, StreamId};
use super::reply::LocalReply;
use super::run::Deadline;
use super::transcript::{Fault, Party, What};
use super::upstream::Answering;
use crate::state::{Answer, AnswerKind, Chunk, Duration, Failure, Field, Fields, Protocol};

impl<G: Guest> Drive<'_, G> {
    /// The request's head has passed the chain.
    pub(crate) fn router_headers(&mut self, id: StreamId, end_stream: bool) {
        if self.stream(id).ended {
            return;
        }
        if std::mem::replace(&mut self.stream(id).upstream.requested, true) {
            let vm = self.stream(id).filters.first().map(|filter| filter.vm);
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
        let head_request = fields.get(b":method") == Some(b"HEAD");
        if !timeout.is_zero() {
            fields.overwrite(b"x-envoy-expected-rq-timeout-ms", timeout.as_millis().to_string().as_bytes());
        }
        let refused = refusal(fields);
        let mut wire = fields.clone();
        stream.head_request = head_request;
        if self.proxy.options.upstream_protocol == Protocol::Http1 {
            frame(&mut wire, end_stream);
        }
        if let Some(reply) = refused {
            // Found out when the connection is there and the head is to be written.
            let now = self.proxy.clock.now();
            self.proxy.deadlines.schedule(now, Deadline::Reply { stream: id, reply });
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
        let received = &mut self.stream(id).upstream.received;
        received.head = Some(wire);
        received.head_at = Some(now);
        if end_stream {
            self.request_complete(id);
        }
    }

    /// The answer chosen for this stream is that no connection comes about: after how long.
    fn refused_connection(&mut self, id: StreamId) -> Option<Duration> {
        let refused =
            |answer: &Answer| (answer.kind == AnswerKind::Fail(Failure::Refused)).then_some(answer.after);
        if self.stream(id).upstream.by_hand {
            return None;
        }
        let own = self.stream(id).upstream.own_answer.clone();
        let after = match &own {
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
        if stream.ended || !stream.upstream.requested {
            return;
        }
        if stream.upstream.received.head.is_some() {
            if !bytes.is_empty() {
                self.proxy.record_data(id, Party::UpstreamReceives, &bytes, false);
                self.stream(id).upstream.received.chunks.push(bytes);
            }
            if end_stream {
                self.proxy.record_part(id, Party::UpstreamReceives, What::End, b"");
            }
        }
        if end_stream {
            self.request_complete(id);
        }
    }

    /// The request's trailers have passed the chain.
    pub(crate) fn router_trailers(&mut self, id: StreamId) {
        let stream = self.stream(id);
        if stream.ended || !stream.upstream.requested {
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

    /// The upstream has the whole request: it answers, and the route's timeout begins to run.
    fn request_complete(&mut self, id: StreamId) {
        let now = self.proxy.clock.now();
        let timeout = self.proxy.options.route_timeout;
        let upstream = &mut self.stream(id).upstream;
        if upstream.request_ended_at.replace(now).is_some() {
            return;
        }
        upstream.received.end = End::Complete;
        upstream.received.ended_at = Some(now);
        let (by_hand, answered) = (upstream.by_hand, upstream.answered);
        self.check_length(id, Direction::Request);
        let answer = if by_hand || answered {
            None
        } else {
            let own = self.stream(id).upstream.own_answer.take();
            Some(own.or_else(|| self.proxy.upstream.next()))
        };
        // An answer that comes at once needs no timeout.
        let at_once = matches!(&answer, Some(Some(answer)) if answer.is_immediate());
        if !timeout.is_zero() && !at_once {
            let deadline = self.proxy.deadlines.schedule(now + timeout, Deadline::RouteTimeout(id));
            self.stream(id).upstream.timeout = Some(deadline);
        }
        match answer {
            Some(Some(answer)) => self.answer(id, answer, true),
            Some(None) => self.proxy.script_exhausted(id),
            None => {}
        }
    }

    /// The upstream answers because the test says so: with `answer`, or with the script's. Its message stays open
    /// unless `end`.
    pub(crate) fn answer_now(&mut self, id: StreamId, answer: Option<Answer>, end: bool) {
        let own = self.stream(id).upstream.own_answer.take();
        match answer.or(own).or_else(|| self.proxy.upstream.next()) {
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
    fn answer(&mut self, id: StreamId, answer: Answer, end: bool) {
        let due = self.proxy.clock.now() + answer.after;
        let enable_trailers = self.proxy.options.enable_trailers;
        let upstream = &mut self.stream(id).upstream;
        upstream.answered = true;
        if let AnswerKind::Response(response) = &answer.kind {
            upstream.protocol = response.protocol;
        }
        lay_out(&mut upstream.answering, answer.kind, enable_trailers);
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
        let Some(part) = self.stream(id).upstream.answering.pop_front() else { return };
        match part {
            Answering::Head { fields, status, end_stream } => {
                self.upstream_head(id, &fields, status, end_stream)
            }
            Answering::Data { bytes, end_stream, .. } => {
                self.proxy.record_data(id, Party::UpstreamSends, &bytes, end_stream);
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
        if self.half(id, Direction::Response).blocked {
            return;
        }
        let after = match self.stream(id).upstream.answering.front() {
            None => return,
            Some(Answering::Data { after, .. }) => *after,
            Some(_) => Duration::ZERO,
        };
        if !self.stream(id).ended {
            self.proxy.deadlines.schedule(now + after, Deadline::UpstreamPart(id));
        }
    }

    fn upstream_head(&mut self, id: StreamId, sent: &[(Vec<u8>, Vec<u8>)], status: u16, end_stream: bool) {
        // The answer to HEAD has the head of a body, and none.
        let end_stream = end_stream || self.stream(id).head_request;
        if end_stream {
            self.stream(id).upstream.answering.clear();
        }
        let mut fields = Fields::response();
        fields.add(b":status", status.to_string().as_bytes());
        for (name, value) in sent {
            // Of the fields of a connection the codec leaves out this one only (Envoy 1.40, observed).
            if !name.eq_ignore_ascii_case(b"keep-alive") {
                fields.add(name, value.trim_ascii());
            }
        }
        self.proxy.record_fields(id, Party::UpstreamSends, What::Head { end_stream }, &fields);
        let now = self.proxy.clock.now();
        self.answer_complete(id, end_stream);
        let upstream = &mut self.stream(id).upstream;
        let took = upstream.request_ended_at.map_or(Duration::ZERO, |ended| now - ended);
        if let Some(deadline) = upstream.timeout.take_if(|_| end_stream) {
            self.proxy.deadlines.cancel(deadline);
        }
        fields.overwrite(b"x-envoy-upstream-service-time", took.as_millis().to_string().as_bytes());
        let half = self.half(id, Direction::Response);
        if half.headers.is_some() {
            return; // A local reply is under way; the upstream's answer comes too late.
        }
        half.headers = Some(fields);
        half.complete = end_stream;
        self.stream(id).code = Some(status);
        self.headers(id, Direction::Response, From::Start, end_stream);
    }

    /// The upstream's answer has come in, to its end if `end_stream`.
    fn answer_complete(&mut self, id: StreamId, end_stream: bool) {
        if end_stream {
            let now = self.proxy.clock.now();
            let upstream = &mut self.stream(id).upstream;
            upstream.answer_complete = true;
            upstream.answered_at = Some(now);
        }
    }

    /// The upstream failed.
    pub(crate) fn upstream_reset(&mut self, id: StreamId, reason: &str) {
        let stream = self.stream(id);
        if stream.ended {
            return;
        }
        stream.upstream.answer_complete = true;
        if stream.half(Direction::Response).headers.is_some() {
            self.reset_stream(id);
            return;
        }
        let details = format!("upstream_reset_before_response_started{{{}}}", reason.replace(' ', "_"));
        let body = LocalReply::unreachable(reason);
        self.send_local_reply(id, LocalReply::own(503, &body, &details));
    }

    /// The route's timeout is over.
    pub(crate) fn route_timeout(&mut self, id: StreamId) {
        self.stream(id).upstream.timeout = None;
        self.stream(id).upstream.answering.clear();
        if self.stream(id).half(Direction::Response).headers.is_some() {
            self.reset_stream(id);
        } else {
            self.send_local_reply(id, LocalReply::own(504, "upstream request timeout", "response_timeout"));
        }
    }
}

/// Whether the route of the test matches: everything with an absolute path does, as long as the proxy can tell the
/// scheme (Envoy 1.40, observed: without `x-forwarded-proto` no route matches).
fn routed(fields: &Fields) -> bool {
    fields.get(b":path").is_some_and(|path| path.first() == Some(&b'/'))
        && fields.get(b"x-forwarded-proto").is_some()
}

/// Why the head cannot be sent upstream, as the answer that the client gets.
pub(super) fn refusal(fields: &Fields) -> Option<LocalReply> {
    let message = if fields.get(b":method").is_none() {
        "missing required header: :method".to_owned()
    } else if fields.fits_the_wire() {
        return None;
    } else {
        fields.iter().find_map(|(name, value)| {
            let shown = String::from_utf8_lossy(name).into_owned();
            if !name.starts_with(b":") && !name.is_empty() && !name.iter().all(|byte| is_token(*byte)) {
                Some(format!("invalid header name: {shown}"))
            } else if value.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
                Some(format!("invalid header value for: {shown}"))
            } else {
                None
            }
        })?
    };
    let details = message.replace([' ', '\t', '\n', '\r'], "_");
    Some(LocalReply::own(503, &message, &format!("filter_removed_required_request_headers{{{details}}}")))
}

/// A byte that may stand in a field name (RFC 9110, section 5.6.2, "token").
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// How HTTP/1.1 tells the end of a request.
pub(super) fn frame(wire: &mut Fields, end_stream: bool) {
    if wire.get(b"content-length").is_some() {
        return;
    }
    if !end_stream {
        wire.add(b"transfer-encoding", b"chunked");
    } else if !matches!(wire.get(b":method"), Some(b"GET" | b"HEAD" | b"DELETE" | b"TRACE")) {
        wire.add(b"content-length", b"0");
    }
}
