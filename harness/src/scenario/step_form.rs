//! A step as a file writes it: one key that says what is done, and `repeat`, `every`, `expect` beside it.

use serde_json::Value as Json;

use super::document::declare::document;
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape};
use super::document::source::{Entry, Node};
use super::expect::Expectations;
use super::step::{
    Abort, Close, Connect, Data, Enqueue, Fault, Metadata, Open, Reconfigure, Respond, Send, SetProperty,
    SetSharedData, StartOutcome, Step, StepKind,
};
use super::value::clock::WallTime;
use crate::state::{Duration, Request};

document! {
    /// A step. Exactly one of its keys says what is done; `expect` may also stand alone.
    #[derive(Default)]
    pub(crate) struct StepForm {
        /// Starts the plugins; first only. Left out, the start has to succeed.
        pub(crate) start: Option<StartOutcome>,
        /// Sends a request and waits for its exchange to end.
        pub(crate) request: Option<Request>,
        /// Opens a stream and sends the beginning of a request; the upstream waits for `respond`.
        pub(crate) open: Option<Open>,
        /// Sends more of a request.
        pub(crate) send: Option<Send>,
        /// Lets the upstream answer; with nothing but `stream`, as scripted.
        pub(crate) respond: Option<Respond>,
        /// Resets a stream, at this point.
        pub(crate) abort: Option<Abort>,
        /// Sends a METADATA frame of HTTP/2, where `host: {allow_metadata: true}`.
        pub(crate) metadata: Option<Metadata>,
        /// Opens a TCP connection.
        pub(crate) connect: Option<Connect>,
        /// Sends bytes on a TCP connection.
        pub(crate) data: Option<Data>,
        /// Closes a TCP connection.
        pub(crate) close: Option<Close>,
        /// Moves time, firing what falls due, its end included.
        pub(crate) advance: Option<Duration>,
        /// Sets the realtime clock only.
        pub(crate) set_clock: Option<WallTime>,
        /// Configures a plugin anew.
        pub(crate) reconfigure: Option<Reconfigure>,
        /// Puts a message into a shared queue.
        pub(crate) enqueue: Option<Enqueue>,
        /// Sets an entry of the shared key-value store.
        pub(crate) set_shared_data: Option<SetSharedData>,
        /// Sets a property.
        pub(crate) set_property: Option<SetProperty>,
        /// Makes hostcalls fail.
        pub(crate) fault: Option<Fault>,
        /// How often a `request` is sent.
        pub(crate) repeat: Option<u32>,
        /// Time from start to start of the repetitions.
        pub(crate) every: Option<Duration>,
        /// What is expected; alone, of the whole scenario so far.
        pub(crate) expect: Option<Expectations>,
    }
}

/// The keys that say what is done.
const KINDS: [&str; 17] = [
    "start",
    "request",
    "open",
    "send",
    "respond",
    "abort",
    "metadata",
    "connect",
    "data",
    "close",
    "advance",
    "set_clock",
    "reconfigure",
    "enqueue",
    "set_shared_data",
    "set_property",
    "fault",
];

impl StepForm {
    /// What is done, with the reader's complaint when that is not one thing.
    fn kind(&mut self) -> Option<StepKind> {
        fn to<T>(given: &mut Option<T>, kind: impl FnOnce(T) -> StepKind) -> Option<StepKind> {
            given.take().map(kind)
        }
        to(&mut self.start, StepKind::Start)
            .or_else(|| to(&mut self.request, StepKind::Request))
            .or_else(|| to(&mut self.open, StepKind::Open))
            .or_else(|| to(&mut self.send, StepKind::Send))
            .or_else(|| to(&mut self.respond, StepKind::Respond))
            .or_else(|| to(&mut self.abort, StepKind::Abort))
            .or_else(|| to(&mut self.metadata, StepKind::Metadata))
            .or_else(|| to(&mut self.connect, StepKind::Connect))
            .or_else(|| to(&mut self.data, StepKind::Data))
            .or_else(|| to(&mut self.close, StepKind::Close))
            .or_else(|| to(&mut self.advance, StepKind::Advance))
            .or_else(|| to(&mut self.set_clock, StepKind::SetClock))
            .or_else(|| to(&mut self.reconfigure, StepKind::Reconfigure))
            .or_else(|| to(&mut self.enqueue, StepKind::Enqueue))
            .or_else(|| to(&mut self.set_shared_data, StepKind::SetSharedData))
            .or_else(|| to(&mut self.set_property, StepKind::SetProperty))
            .or_else(|| to(&mut self.fault, StepKind::Fault))
    }

    fn of(step: &Step) -> Self {
        let mut form = Self {
            repeat: (step.repeat != 1).then_some(step.repeat),
            every: step.every,
            expect: step.expect.clone(),
            ..Self::default()
        };
        match step.kind.clone() {
            StepKind::Start(of) => form.start = Some(of),
            StepKind::Request(of) => form.request = Some(of),
            StepKind::Open(of) => form.open = Some(of),
            StepKind::Send(of) => form.send = Some(of),
            StepKind::Respond(of) => form.respond = Some(of),
            StepKind::Abort(of) => form.abort = Some(of),
            StepKind::Metadata(of) => form.metadata = Some(of),
            StepKind::Connect(of) => form.connect = Some(of),
            StepKind::Data(of) => form.data = Some(of),
            StepKind::Close(of) => form.close = Some(of),
            StepKind::Advance(of) => form.advance = Some(of),
            StepKind::SetClock(of) => form.set_clock = Some(of),
            StepKind::Reconfigure(of) => form.reconfigure = Some(of),
            StepKind::Enqueue(of) => form.enqueue = Some(of),
            StepKind::SetSharedData(of) => form.set_shared_data = Some(of),
            StepKind::SetProperty(of) => form.set_property = Some(of),
            StepKind::Fault(of) => form.fault = Some(of),
            StepKind::Expect => {}
        }
        form
    }
}

impl Shape for Step {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Some(entries) = node.entries() {
            let given: Vec<&Entry> =
                entries.iter().filter(|entry| KINDS.contains(&entry.key.as_str())).collect();
            if let [first, second, ..] = given.as_slice() {
                let message = format!("a step does one thing: `{}` or `{}`", first.key, second.key);
                return reader.fail(&second.key_span, message);
            }
        }
        let mut form = StepForm::read(node, reader)?;
        let span = form.span.clone();
        let kind = match form.kind() {
            Some(kind) => kind,
            None if form.expect.is_some() => StepKind::Expect,
            None => {
                let hint = format!("one of: {}, expect", KINDS.join(", "));
                return reader.fail_with(&span, "the step does nothing", Some(hint));
            }
        };
        let is_request = matches!(kind, StepKind::Request(_));
        if !is_request && (form.repeat.is_some() || form.every.is_some()) {
            return reader.fail(&span, "`repeat` and `every` belong to `request`");
        }
        if form.repeat == Some(0) {
            return reader.fail(&span, "`repeat` is at least 1");
        }
        if form.every.is_some() && form.repeat.is_none() {
            return reader.fail(&span, "`every` needs a `repeat`");
        }
        Some(Self { span, kind, repeat: form.repeat.unwrap_or(1), every: form.every, expect: form.expect })
    }

    fn write(&self) -> Node {
        StepForm::of(self).write()
    }

    fn schema(defs: &mut Defs) -> Json {
        StepForm::schema(defs)
    }
}
