//! What a step, or the whole scenario so far, is expected to have done.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::document::declare::{choices, document};
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape, only_keys};
use super::document::source::{Node, Span};
use super::expect_http::{
    GrpcCallExpectation, HttpCallExpectation, LocalResponseExpectation, RequestExpectation,
    ResponseExpectation,
};
use super::value::matcher::{BodyMatcher, Matcher};
use super::value::path::PropertyPath;
use super::value::quantity::Quantity;
use crate::abi::{LogLevel, Status};
use crate::state::Duration;

document! {
    /// What is expected. What is not named is not judged.
    #[derive(Default)]
    pub struct Expectations {
        /// The stream that `response`, `upstream_request` and `local_response` speak of; left out, the step's own.
        pub stream: Option<String>,
        /// What the client received.
        pub response: Option<Expected<ResponseExpectation>>,
        /// What the upstream received.
        pub upstream_request: Option<Expected<RequestExpectation>>,
        /// What a plugin asked to be sent in place of the upstream's response.
        pub local_response: Option<Expected<LocalResponseExpectation>>,
        /// The HTTP calls: exactly these, in order.
        pub http_calls: Option<Expected<Vec<HttpCallExpectation>>>,
        /// The gRPC calls: exactly these, in order.
        pub grpc_calls: Option<Expected<Vec<GrpcCallExpectation>>>,
        /// These lines in this order, others between them; `none`: no line at all.
        pub log: Option<Expected<Vec<LogExpectation>>>,
        /// No line matches any of these.
        pub no_log: Option<Vec<LogExpectation>>,
        /// How often a callback was called.
        pub callbacks: Option<Vec<CallbackExpectation>>,
        /// How often a hostcall was called.
        pub hostcalls: Option<Vec<HostcallExpectation>>,
        /// Metrics, by the name that the plugin gave them.
        pub metrics: IndexMap<String, MetricExpectation> = IndexMap::new(),
        /// Entries of the shared key-value store.
        pub shared_data: Vec<SharedDataExpectation> = Vec::new(),
        /// Shared queues and what waits in them.
        pub queues: Vec<QueueExpectation> = Vec::new(),
        /// Properties.
        pub properties: Vec<PropertyExpectation> = Vec::new(),
        /// TCP: the bytes let through to the server in this step.
        pub to_upstream: Option<BodyMatcher>,
        /// TCP: the bytes let through to the client in this step.
        pub to_client: Option<BodyMatcher>,
        /// TCP: who closed the connection.
        pub closed: Option<Expected<Closer>>,
        /// The virtual time that the step moved.
        pub took: Option<Quantity<Duration>>,
        /// The step waits for something that never comes.
        pub stalled: Option<bool>,
        /// A plugin traps.
        pub trap: Option<TrapExpectation>,
        /// The ids of the findings of this step, in any order.
        pub findings: Option<Vec<String>>,
    }
}

/// Something, or `none`: that there is nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected<T> {
    /// There is none.
    Nothing(Span),
    /// There is one, like this.
    Just(T),
}

impl<T: Shape> Shape for Expected<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.scalar() == Some("none") {
            return Some(Self::Nothing(node.span.clone()));
        }
        T::read(node, reader).map(Self::Just)
    }

    fn write(&self) -> Node {
        match self {
            Self::Nothing(_) => Node::text("none"),
            Self::Just(value) => value.write(),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [{"const": "none", "description": "There is none."}, T::schema(defs)]})
    }
}

document! {
    /// A log line.
    pub struct LogLine {
        /// The plugin that logged it.
        pub plugin: Option<String>,
        /// Its level.
        pub level: Option<LogLevel>,
        /// The message.
        pub message: Option<Matcher>,
    }
}

/// A log line: `{plugin, level, message}`, or a matcher for the message alone.
#[derive(Clone, Debug, PartialEq)]
pub struct LogExpectation(pub LogLine);

impl std::ops::Deref for LogExpectation {
    type Target = LogLine;
    fn deref(&self) -> &LogLine {
        &self.0
    }
}

impl Shape for LogExpectation {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let tests = ["contains", "regex", "not", "absent", "min", "max"];
        let is_matcher = |key: &str| tests.contains(&key) || super::value::bytes::FORMS.contains(&key);
        if node.entries().is_some_and(|entries| !entries.iter().any(|entry| is_matcher(&entry.key))) {
            return LogLine::read(node, reader).map(Self);
        }
        let message = Some(Matcher::read(node, reader)?);
        Some(Self(LogLine { span: node.span.clone(), plugin: None, level: None, message }))
    }

    fn write(&self) -> Node {
        match &self.0 {
            LogLine { plugin: None, level: None, message: Some(message), .. } => message.write(),
            line => line.write(),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [LogLine::schema(defs), Matcher::schema(defs)]})
    }
}

document! {
    /// How often a callback was called.
    pub struct CallbackExpectation {
        /// Its name in the ABI, for example `proxy_on_request_headers`.
        pub name: String,
        /// The plugin; left out, any.
        pub plugin: Option<String>,
        /// How often; left out, at least once.
        pub count: Option<Quantity<u64>>,
    }
}

document! {
    /// How often a hostcall was called.
    pub struct HostcallExpectation {
        /// Its name in the ABI, for example `proxy_log`.
        pub name: String,
        /// The plugin; left out, any.
        pub plugin: Option<String>,
        /// The status that it answered; left out, any.
        pub status: Option<Status>,
        /// How often; left out, at least once.
        pub count: Option<Quantity<u64>>,
    }
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricExpectation {
    /// A counter or a gauge.
    Value(Quantity<u64>),
    /// The values recorded in a histogram, in order.
    Histogram(Span, Vec<u64>),
    /// No such metric is defined.
    Absent(Span),
}

impl Shape for MetricExpectation {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let span = node.span.clone();
        if let Some(values) = node.get("histogram") {
            only_keys(node, "a histogram", &["histogram"], reader)?;
            return Vec::read(values, reader).map(|values| Self::Histogram(span, values));
        }
        if let Some(absent) = node.get("absent") {
            only_keys(node, "an absent metric", &["absent"], reader)?;
            return match bool::read(absent, reader)? {
                true => Some(Self::Absent(span)),
                false => reader.fail(&absent.span, "expected true"),
            };
        }
        Quantity::read(node, reader).map(Self::Value)
    }

    fn write(&self) -> Node {
        use super::document::source::Entry;
        match self {
            Self::Value(value) => value.write(),
            Self::Histogram(_, values) => Node::mapping(vec![Entry::new("histogram", values.write())]),
            Self::Absent(_) => Node::mapping(vec![Entry::new("absent", Node::plain(true))]),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [
            Quantity::<u64>::schema(defs),
            {"type": "object", "properties": {"histogram": defs.place::<Vec<u64>>()}, "required": ["histogram"],
             "additionalProperties": false},
            {"type": "object", "properties": {"absent": {"const": true}}, "required": ["absent"],
             "additionalProperties": false},
        ]})
    }
}

document! {
    /// An entry of the shared key-value store.
    pub struct SharedDataExpectation {
        /// The `vm_id` that owns it.
        pub vm_id: String = String::new(),
        /// The key.
        pub key: Vec<u8>,
        /// The value; `{absent: true}` when there is no such key.
        pub value: Option<Matcher>,
        /// The compare-and-swap number.
        pub cas: Option<Quantity<u32>>,
    }
}

document! {
    /// A shared queue.
    pub struct QueueExpectation {
        /// The `vm_id` that owns it.
        pub vm_id: String = String::new(),
        /// Its name.
        pub name: String,
        /// The messages that wait in it, in order; `none` when there is no such queue.
        pub messages: Option<Expected<Vec<BodyMatcher>>>,
    }
}

document! {
    /// A property.
    pub struct PropertyExpectation {
        /// Its path.
        pub path: PropertyPath,
        /// Its bytes; `{absent: true}` when there is none.
        pub value: Matcher,
    }
}

document! {
    /// A trap of a plugin.
    pub struct TrapExpectation {
        /// The plugin; left out, any.
        pub plugin: Option<String>,
        /// The trap's message, or the guest's panic message.
        pub message: Option<Matcher>,
    }
}

choices! {
    /// Who closes a TCP connection.
    pub enum Closer {
        /// The client.
        Client = "client",
        /// The server, or there was none.
        Server = "server",
        /// The proxy: a plugin closed it, or trapped.
        Proxy = "proxy",
    }
}

choices! {
    /// A side of a TCP connection.
    pub enum Side {
        /// The client, downstream of the proxy.
        Client = "client",
        /// The server, upstream of the proxy.
        Server = "server",
    }
}
