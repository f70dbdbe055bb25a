//! The steps of a scenario, as the driver carries them out.

use super::document::declare::{choices, document};
use super::document::source::Span;
use super::expect::{Expectations, Side};
use super::value::clock::WallTime;
use super::value::headers::Headers;
use super::value::path::PropertyPath;
use crate::abi::Status;
use crate::state::{Answer, Chunk, Duration, Field, Request};

/// One step, and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it is written.
    pub span: Span,
    /// What is done.
    pub kind: StepKind,
    /// How often; more than once only for [`StepKind::Request`]. At least 1.
    pub repeat: u32,
    /// Time from start to start of the repetitions.
    pub every: Option<Duration>,
    /// What is expected, of each repetition. Alone ([`StepKind::Expect`]) it judges the whole scenario so far.
    pub expect: Option<Expectations>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Starts the plugins. The first step, or left out: then the start has to succeed.
    Start(StartOutcome),
    /// Sends a request and waits for its exchange to end.
    Request(Request),
    /// Opens a stream and sends the beginning of a request.
    Open(Open),
    /// Sends more of a request.
    Send(Send),
    /// Lets the upstream answer.
    Respond(Respond),
    /// Resets a stream.
    Abort(Abort),
    /// Sends a METADATA frame of HTTP/2.
    Metadata(Metadata),
    /// Opens a TCP connection.
    Connect(Connect),
    /// Sends bytes on a TCP connection.
    Data(Data),
    /// Closes a TCP connection.
    Close(Close),
    /// Moves both clocks, firing what falls due.
    Advance(Duration),
    /// Sets the realtime clock only.
    SetClock(WallTime),
    /// Configures a plugin anew.
    Reconfigure(Reconfigure),
    /// Puts a message into a shared queue.
    Enqueue(Enqueue),
    /// Sets an entry of the shared key-value store.
    SetSharedData(SetSharedData),
    /// Sets a property.
    SetProperty(SetProperty),
    /// Makes hostcalls fail.
    Fault(Fault),
    /// Does nothing.
    Expect,
}

choices! {
    /// How the start ends.
    pub enum StartOutcome {
        /// Every plugin starts and takes its configuration.
        Ok = "ok",
        /// A plugin refuses to start, or refuses its configuration.
        Refused = "refused",
    }
}

/// Opens a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The name by which later steps speak of the stream.
    pub stream: String,
    /// Whether what is sent ends the request.
    pub end: bool,
    /// What is sent.
    pub request: Request,
}

/// Sends more of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// The stream.
    pub stream: String,
    /// Whether this ends the request.
    pub end: bool,
    /// The pieces of the body.
    pub chunks: Vec<Chunk>,
    /// Trailer fields; they come after the pieces.
    pub trailers: Option<Vec<Field>>,
}

/// Lets the upstream answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Respond {
    /// The stream.
    pub stream: String,
    /// Whether this ends the response.
    pub end: bool,
    /// What is sent.
    pub with: RespondWith,
}

/// What the upstream sends.
#[derive(Clone, Debug, PartialEq)]
pub enum RespondWith {
    /// The scripted answer.
    Scripted,
    /// This answer.
    Answer(Answer),
    /// More of a response that an earlier step began with `end: false`.
    More {
        /// The pieces of the body.
        chunks: Vec<Chunk>,
        /// Trailer fields; they come after the pieces.
        trailers: Option<Vec<Field>>,
    },
}

choices! {
    /// A side of an HTTP stream.
    pub enum Peer {
        /// The client, downstream of the proxy.
        Client = "client",
        /// The upstream.
        Upstream = "upstream",
    }
}

document! {
    /// Resets a stream, at this point.
    pub struct Abort {
        /// The stream.
        pub stream: String,
        /// Who resets it.
        pub by: Peer,
    }
}

document! {
    /// Sends a METADATA frame of HTTP/2. A frame waits for the head of its message; one behind the end is dropped.
    pub struct Metadata {
        /// The stream.
        pub stream: String,
        /// Who sends it.
        pub from: Peer,
        /// The elements. No plugin can read them: it is told how many they are.
        pub elements: Headers,
    }
}

document! {
    /// Opens a TCP connection.
    pub struct Connect {
        /// The name by which later steps speak of it.
        pub stream: String,
        /// Index of the worker that serves it; left out, the next in turn.
        pub worker: Option<u32>,
    }
}

document! {
    /// Sends bytes on a TCP connection.
    pub struct Data {
        /// The connection.
        pub stream: String,
        /// Who sends.
        pub from: Side,
        /// The bytes.
        pub bytes: Vec<u8>,
        /// Whether the end (FIN) is sent with them.
        pub end: bool = false,
    }
}

document! {
    /// Closes a TCP connection.
    pub struct Close {
        /// The connection.
        pub stream: String,
        /// Who closes it.
        pub by: Side,
    }
}

document! {
    /// Configures a plugin anew, as a configuration push does: new context, then done and delete of the old one.
    pub struct Reconfigure {
        /// The plugin.
        pub plugin: String,
        /// Its new configuration; left out, zero bytes.
        pub config: super::plugin::Config = super::plugin::Config::default(),
        /// Its new VM; left out, the one that it has.
        pub vm: Option<super::plugin::VmSpec>,
        /// How the push ends; left out, the plugin takes its configuration.
        pub outcome: StartOutcome = StartOutcome::Ok,
    }
}

document! {
    /// Puts a message into a shared queue, as another plugin would.
    pub struct Enqueue {
        /// The `vm_id` that owns the queue.
        pub vm_id: String = String::new(),
        /// The queue's name.
        pub queue: String,
        /// The message.
        pub data: Vec<u8>,
    }
}

document! {
    /// Sets an entry of the shared key-value store, as another plugin would.
    pub struct SetSharedData {
        /// The `vm_id` that owns it.
        pub vm_id: String = String::new(),
        /// The key.
        pub key: Vec<u8>,
        /// The value.
        pub value: Vec<u8>,
        /// The compare-and-swap number it must have; left out or 0, any.
        pub cas: u32 = 0,
    }
}

document! {
    /// Sets a property, as another filter would.
    pub struct SetProperty {
        /// The stream; left out, for all streams from here.
        pub stream: Option<String>,
        /// The path.
        pub path: PropertyPath,
        /// The bytes.
        pub value: Vec<u8>,
    }
}

document! {
    /// Makes hostcalls fail: from here, calls `nth` to `nth + count - 1` answer `status` and do nothing. With a count of 0 the
    /// hostcall fails no more.
    pub struct Fault {
        /// Its name in the ABI, for example `proxy_http_call`.
        pub hostcall: String,
        /// What it answers.
        pub status: Status,
        /// The plugin; left out, any.
        pub plugin: Option<String>,
        /// The first call that fails, from 1.
        pub nth: u32 = 1,
        /// How many fail.
        pub count: u32 = 1,
    }
}
