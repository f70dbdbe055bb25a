//! What the client received, and what the upstream received.

use super::Bench;
use super::fields::{Arrived, Elsewhere, pairs};
use super::text::{difference, quoted};
use crate::abi::Pairs;
use crate::proxy::transcript::{Kind, Party, What};
use crate::scenario::{Expected, Matcher, RequestExpectation, ResponseExpectation, Test};

impl Bench<'_> {
    pub(super) fn response(&mut self, expected: &Expected<ResponseExpectation>) {
        let response = self.exchange.and_then(|exchange| exchange.try_response());
        match (expected, response) {
            (Expected::Nothing(_), None) => {}
            (Expected::Nothing(span), Some(response)) => {
                let because = self.who_answered();
                let actual = format!("a response with {}", response.status());
                self.fail(span, "response", "none", actual).because = because;
            }
            (Expected::Just(expected), None) => {
                let because = self.who_answered();
                self.fail(&expected.span, "response", "a response", "none").because = because;
            }
            (Expected::Just(expected), Some(response)) => {
                let head = self.head_received(Party::ClientReceives);
                if let Some(status) = &expected.status
                    && !status.matches(&response.status())
                {
                    let mut because = self.who_answered();
                    because.extend(self.log_lines(3));
                    let actual = response.status().to_string();
                    self.fail(&status.span, "response.status", status.describe(), actual).because = because;
                }
                if let Some(headers) = &expected.headers {
                    let mut elsewhere =
                        self.fields_of(Party::UpstreamSends, "the upstream sent it, and it was taken away");
                    if let Some(trailers) = response.trailers() {
                        let fields =
                            trailers.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
                        elsewhere.insert(0, ("it is among the trailers", fields));
                    }
                    let fields = pairs(response.head());
                    self.headers(
                        headers,
                        &Arrived { what: "response", fields, elsewhere, because: head.clone() },
                    );
                }
                let mut because = self.who_answered();
                because.extend(head.into_iter().take(1));
                if let Some(body) = &expected.body {
                    self.body(body, &response.body(), "response.body", because.clone());
                }
                if let Some(chunks) = &expected.chunks {
                    self.chunks(chunks, response.chunks(), "response", &because);
                }
                if let Some(trailers) = &expected.trailers {
                    self.trailers(trailers, response.trailers(), Party::ClientReceives, "response");
                }
                self.complete(expected.complete, response.complete(), &expected.span, "response");
            }
        }
    }

    pub(super) fn upstream_request(&mut self, expected: &Expected<RequestExpectation>) {
        let request = self.exchange.and_then(|exchange| exchange.upstream_request());
        match (expected, request) {
            (Expected::Nothing(_), None) => {}
            (Expected::Nothing(span), Some(request)) => {
                let because = self.head_received(Party::UpstreamReceives);
                let actual = format!("{} {}", request.method(), request.path());
                self.fail(span, "upstream_request", "none", actual).because = because;
            }
            (Expected::Just(expected), None) => {
                let because = self.why_no_request();
                self.fail(&expected.span, "upstream_request", "a request", "none").because = because;
            }
            (Expected::Just(expected), Some(request)) => {
                let head = self.head_received(Party::UpstreamReceives);
                for (name, matcher) in [
                    ("method", &expected.method),
                    ("path", &expected.path),
                    ("authority", &expected.authority),
                ] {
                    let value = request.head().get(format!(":{name}").as_bytes());
                    if let Some(matcher) = matcher {
                        self.value(matcher, value, &format!("upstream_request.{name}"), &head);
                    }
                }
                if let Some(headers) = &expected.headers {
                    let mut elsewhere =
                        self.fields_of(Party::ClientSends, "the client sent it, and it was taken away");
                    if let Some(trailers) = request.trailers() {
                        let fields =
                            trailers.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
                        elsewhere.insert(0, ("it is among the trailers", fields));
                    }
                    let fields = pairs(request.head());
                    let arrived =
                        Arrived { what: "upstream_request", fields, elsewhere, because: head.clone() };
                    self.headers(headers, &arrived);
                }
                let because: Vec<String> = head.into_iter().take(1).collect();
                if let Some(body) = &expected.body {
                    self.body(body, &request.body(), "upstream_request.body", because.clone());
                }
                if let Some(chunks) = &expected.chunks {
                    self.chunks(chunks, request.chunks(), "upstream_request", &because);
                }
                if let Some(trailers) = &expected.trailers {
                    self.trailers(trailers, request.trailers(), Party::UpstreamReceives, "upstream_request");
                }
                self.complete(expected.complete, request.complete(), &expected.span, "upstream_request");
            }
        }
    }

    /// One value that is there or not.
    pub(super) fn value(&mut self, matcher: &Matcher, value: Option<&[u8]>, what: &str, because: &[String]) {
        if matcher.accepts(value) {
            return;
        }
        let actual = value.map_or("nothing".to_owned(), quoted);
        let nearest = match (&matcher.test, value) {
            (Test::Is(expected), Some(value)) => difference(expected, value),
            _ => None,
        };
        let failure = self.fail(&matcher.span, what, matcher.describe(), actual);
        failure.nearest = nearest;
        failure.because = because.to_vec();
    }

    fn complete(&mut self, expected: Option<bool>, actual: bool, span: &crate::scenario::Span, what: &str) {
        let Some(expected) = expected.filter(|expected| *expected != actual) else { return };
        let words = |complete: bool| if complete { "the whole message" } else { "a message without its end" };
        let because = self.last_of_step();
        self.fail(span, format!("{what}.complete"), words(expected), words(actual)).because = because;
    }

    /// The head that `party` sent, under words that tell where it is.
    fn fields_of(&self, party: Party, place: &'static str) -> Vec<Elsewhere> {
        let transcript = self.host.transcript();
        let head = self.exchange.and_then(|exchange| {
            transcript.part_of(exchange.stream(), party, |what| matches!(what, What::Head { .. }))
        });
        let Some(Kind::Message { data, .. }) = head.map(|at| transcript.events()[at].kind) else {
            return Vec::new();
        };
        let Ok(pairs) = Pairs::parse(transcript.bytes(data)) else { return Vec::new() };
        vec![(place, pairs.map(|(key, value)| (key.to_vec(), value.to_vec())).collect())]
    }
}
