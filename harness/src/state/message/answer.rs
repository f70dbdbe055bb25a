//! How Rust tests write answers: `Answer::ok().header("a", "b").after(delay)`.
//!
//! Fills in the fields of [`Answer`]; what they mean is said there.

use super::{Answer, AnswerKind, Body, Chunk, Failure, GrpcAnswer, Protocol, Response, fields};
use crate::state::Duration;

impl Answer {
    /// The protocol that it speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match &self.kind {
            AnswerKind::Response(response) => response.protocol,
            AnswerKind::Grpc(_) => Protocol::Http2,
            AnswerKind::Fail(_) => Protocol::Http1,
        }
    }

    /// Status 200 without headers and body, at once: also what answers when a test says nothing.
    #[must_use]
    pub fn ok() -> Self {
        Response::default().into()
    }

    /// Whether no virtual time passes until the whole answer has come.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        let body = match &self.kind {
            AnswerKind::Response(response) => response.body.pieces(),
            AnswerKind::Grpc(_) => &[],
            AnswerKind::Fail(failure) => return self.after.is_zero() && *failure != Failure::Timeout,
        };
        self.after.is_zero() && body.iter().all(|chunk| chunk.after.is_zero())
    }

    /// This status without headers and body, at once.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Response { status, ..Response::default() }.into()
    }

    /// No answer, but this failure.
    #[must_use]
    pub fn fail(failure: Failure) -> Self {
        Self { kind: AnswerKind::Fail(failure), after: Duration::ZERO }
    }

    /// gRPC messages, metadata and status, at once.
    #[must_use]
    pub fn grpc(answer: GrpcAnswer) -> Self {
        Self { kind: AnswerKind::Grpc(answer), after: Duration::ZERO }
    }

    /// Adds a header field behind those there are.
    ///
    /// # Panics
    /// When this is a failure or a gRPC answer, which has metadata in its place. So do all methods below that
    /// speak of a part of an HTTP response.
    #[must_use]
    #[track_caller]
    pub fn header(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.response_mut().headers.push((name.into(), value.into()));
        self
    }

    /// Sends this body, with a content-length, in one packet.
    #[must_use]
    #[track_caller]
    pub fn body(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.response_mut().body = Body::sized(data);
        self
    }

    /// Sends a body in these pieces, without a content-length.
    #[must_use]
    #[track_caller]
    pub fn chunks(mut self, chunks: impl IntoIterator<Item = impl Into<Chunk>>) -> Self {
        self.response_mut().body = Body::chunked(chunks);
        self
    }

    /// Splits the body set before into packets of at most `size` bytes, which is not 0.
    #[must_use]
    #[track_caller]
    pub fn chunk_size(mut self, size: usize) -> Self {
        let response = self.response_mut();
        response.body = std::mem::take(&mut response.body).split(size);
        self
    }

    /// Sends these trailer fields.
    #[must_use]
    #[track_caller]
    pub fn trailers<N: Into<Vec<u8>>, V: Into<Vec<u8>>>(
        mut self,
        trailers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.response_mut().trailers = Some(fields(trailers));
        self
    }

    /// Speaks HTTP/2.
    #[must_use]
    #[track_caller]
    pub fn http2(mut self) -> Self {
        self.response_mut().protocol = Protocol::Http2;
        self
    }

    /// Lets this much virtual time pass first.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    #[track_caller]
    fn response_mut(&mut self) -> &mut Response {
        match &mut self.kind {
            AnswerKind::Response(response) => response,
            other => panic!("this answer is no HTTP response: {other:?}"),
        }
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { kind: AnswerKind::Response(response), after: Duration::ZERO }
    }
}

impl From<GrpcAnswer> for Answer {
    fn from(answer: GrpcAnswer) -> Self {
        Self::grpc(answer)
    }
}

/// Status 200, nothing else.
impl Default for Response {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::None, trailers: None, protocol: Protocol::Http1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn answers_are_ok_empty_and_at_once_unless_told() {
        let want = Response { status: 200, ..Response::default() };
        assert_eq!(Answer::ok(), Answer { kind: AnswerKind::Response(want), after: Duration::ZERO });
        let answer = Answer::status(403).header("a", "b").body("no").trailers([("t", "")]).after(millis(5));
        let AnswerKind::Response(response) = answer.kind else { panic!("a response") };
        assert_eq!((response.status, response.body.size(), answer.after), (403, 2, millis(5)));
        assert_eq!(Answer::fail(Failure::Cut).kind, AnswerKind::Fail(Failure::Cut));
        assert_eq!(Answer::from(GrpcAnswer::default()), Answer::grpc(GrpcAnswer::default()));
    }

    #[test]
    #[should_panic(expected = "no HTTP response: Fail(Timeout)")]
    fn a_failure_has_no_headers() {
        let _ = Answer::fail(Failure::Timeout).header("a", "b");
    }
}
