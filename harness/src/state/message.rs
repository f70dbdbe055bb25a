//! What is sent: requests by the client, answers by the upstream and by clusters.
//!
//! These are the values that scenario files and Rust tests both build. They hold bytes as written by the
//! test; what the proxy makes of them (hop headers, `x-request-id`, trailers dropped) is decided in `proxy/`.

mod answer;
mod body;
mod request;
mod url;

pub use url::UrlError;

use super::Duration;

/// One header field as the test wrote it: name and value, any bytes.
pub type Field = (Vec<u8>, Vec<u8>);

/// The protocol spoken on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
}

/// A piece of a body, sent as one packet or one DATA frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes.
    pub data: Vec<u8>,
    /// Virtual time that passes before it is sent, counted from the piece before.
    pub after: Duration,
}

/// How a message's body is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// None: the headers end the message.
    #[default]
    None,
    /// With a content-length (unless the headers give one), in these pieces: one packet each. Without a
    /// piece the content-length is 0.
    Sized(Vec<Chunk>),
    /// Without a content-length: chunked in HTTP/1.1, DATA frames in HTTP/2.
    Chunked(Vec<Chunk>),
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method, for example `GET`.
    pub method: Vec<u8>,
    /// Scheme of the url, for example `http`.
    pub scheme: Vec<u8>,
    /// Host and port of the url.
    pub authority: Vec<u8>,
    /// Path with its query.
    pub path: Vec<u8>,
    /// Header fields, in order.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Body,
    /// Trailer fields, in order; `None` sends no trailer section.
    pub trailers: Option<Vec<Field>>,
    /// Protocol of the client's connection.
    pub protocol: Protocol,
    /// Index of the worker that serves it; `None` takes the next in turn.
    pub worker: Option<u32>,
    /// The upstream's answer to this very request, in place of the scripted ones.
    pub respond: Option<Answer>,
}

/// What an upstream, or a cluster that was called, does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What happens.
    pub kind: AnswerKind,
    /// Virtual time from the moment the request has arrived.
    pub after: Duration,
}

/// The ways in which an upstream or cluster can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// With an HTTP response.
    Response(Response),
    /// With gRPC messages.
    Grpc(GrpcAnswer),
    /// Not at all.
    Fail(Failure),
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields, in order.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Body,
    /// Trailer fields; `None` sends no trailer section.
    pub trailers: Option<Vec<Field>>,
    /// Protocol of the upstream's connection.
    pub protocol: Protocol,
}

/// What a gRPC server sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrpcAnswer {
    /// Messages without their five bytes of framing.
    pub messages: Vec<Vec<u8>>,
    /// Metadata before the messages.
    pub initial_metadata: Vec<Field>,
    /// Metadata after them.
    pub trailing_metadata: Vec<Field>,
    /// `grpc-status`.
    pub status: u32,
    /// `grpc-message`.
    pub message: Vec<u8>,
}

/// How an upstream or cluster fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection: it is refused.
    Refused,
    /// The connection closes before the head of the response.
    Closed,
    /// The connection closes after the head of the response.
    Cut,
    /// The answer never comes, so that the proxy's or the call's own timeout ends it.
    Timeout,
}

fn fields<N: Into<Vec<u8>>, V: Into<Vec<u8>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Vec<Field> {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}
