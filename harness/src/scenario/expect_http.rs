//! What is expected of messages: responses, requests, local responses, calls.

use super::document::declare::document;
use super::expect::Expected;
use super::value::headers::HeadersExpectation;
use super::value::matcher::{BodyMatcher, Matcher};
use super::value::quantity::Quantity;
use crate::abi::Status;
use crate::state::Duration;

document! {
    /// A response as the client received it.
    #[derive(Default)]
    pub struct ResponseExpectation {
        /// The status code.
        pub status: Option<Quantity<u16>>,
        /// Header fields.
        pub headers: Option<HeadersExpectation>,
        /// The whole body.
        pub body: Option<BodyMatcher>,
        /// The pieces that the body came in.
        pub chunks: Option<Vec<BodyMatcher>>,
        /// Trailer fields.
        pub trailers: Option<Expected<HeadersExpectation>>,
        /// Whether it came to its end.
        pub complete: Option<bool>,
    }
}

document! {
    /// A request as the upstream received it.
    #[derive(Default)]
    pub struct RequestExpectation {
        /// The method.
        pub method: Option<Matcher>,
        /// The path with its query.
        pub path: Option<Matcher>,
        /// Host and port.
        pub authority: Option<Matcher>,
        /// Header fields.
        pub headers: Option<HeadersExpectation>,
        /// The whole body.
        pub body: Option<BodyMatcher>,
        /// The pieces that the body came in.
        pub chunks: Option<Vec<BodyMatcher>>,
        /// Trailer fields.
        pub trailers: Option<Expected<HeadersExpectation>>,
        /// Whether it came to its end.
        pub complete: Option<bool>,
    }
}

document! {
    /// A local response, as a plugin asked for it.
    #[derive(Default)]
    pub struct LocalResponseExpectation {
        /// The plugin that asked.
        pub plugin: Option<String>,
        /// The status code.
        pub status: Option<Quantity<u16>>,
        /// The header fields that it asked for.
        pub headers: Option<HeadersExpectation>,
        /// The body.
        pub body: Option<BodyMatcher>,
        /// The details, for the access log.
        pub details: Option<Matcher>,
        /// The gRPC status.
        pub grpc_status: Option<Matcher>,
    }
}

document! {
    /// An HTTP call, as the cluster received it.
    #[derive(Default)]
    pub struct HttpCallExpectation {
        /// The plugin that called.
        pub plugin: Option<String>,
        /// The cluster that was called.
        pub cluster: Option<Matcher>,
        /// The method.
        pub method: Option<Matcher>,
        /// The path with its query.
        pub path: Option<Matcher>,
        /// Header fields.
        pub headers: Option<HeadersExpectation>,
        /// The body.
        pub body: Option<BodyMatcher>,
        /// Trailer fields.
        pub trailers: Option<Expected<HeadersExpectation>>,
        /// The timeout that the plugin gave.
        pub timeout: Option<Quantity<Duration>>,
        /// The status of the hostcall.
        pub status: Option<Status>,
    }
}

document! {
    /// A gRPC call or stream, as the cluster received it.
    #[derive(Default)]
    pub struct GrpcCallExpectation {
        /// The plugin that called.
        pub plugin: Option<String>,
        /// The cluster that was called.
        pub cluster: Option<Matcher>,
        /// The service.
        pub service: Option<Matcher>,
        /// The method.
        pub method: Option<Matcher>,
        /// The initial metadata.
        pub metadata: Option<HeadersExpectation>,
        /// The messages sent, in order.
        pub messages: Option<Vec<BodyMatcher>>,
        /// The timeout that the plugin gave.
        pub timeout: Option<Quantity<Duration>>,
        /// The status of the hostcall.
        pub status: Option<Status>,
    }
}
