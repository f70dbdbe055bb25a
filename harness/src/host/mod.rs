//! What users hold: a simulated proxy with its plugins, started and configured.
//!
//! [`Host`] sends requests, moves the clock, and hands out what happened. In reading order: `builder` (a chain becomes
//! a host), `start` (the start sequence), `exchange` (one request and its response), `log`, `template` (fresh hosts by
//! the thousand), `image` (where they come from), `error`.

mod builder;
mod error;
mod exchange;
mod image;
mod log;
mod start;
mod template;

pub use builder::{Builder, Config, Setup};
pub use error::{HostError, Refusal};
pub use exchange::{Exchange, LocalResponse, ReceivedRequest, ReceivedResponse, Stall};
pub use log::LogView;
pub use start::Started;
pub use template::Template;

use crate::proxy::transcript::{Detail, Kind, Moved};
use crate::proxy::{Drive, Finding, Injection, Slot, StreamId, Transcript};
use crate::state::{Answer, Clock, Duration, Instant, Request};
use crate::vm::{Trapped, Vms};

/// Who ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The client.
    Client,
    /// The upstream.
    Upstream,
}

/// A started proxy with its chain of plugins.
///
/// Dropping a host panics when a plugin trapped, a stream stalled or something was found that was not allowed with
/// [`Host::allow`]; never while already panicking.
pub struct Host {
    slot: Slot,
    vms: Vms,
    patience: Duration,
    workers: usize,
    next_worker: usize,
    stalls: Vec<Stall>,
    allowed: Vec<String>,
    judged: bool,
    pub(crate) acts: Option<Vec<Act>>,
    pub(crate) setup: std::sync::Arc<Builder>,
    /// Where randomness comes from since the start; a template's hosts have the setup in common, not the seed.
    pub(crate) seed: u64,
}

/// What a test made a host do: the steps of the scenario file that [`Host::script`] prints.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send(Request),
    Open(StreamId, Request),
    Data { stream: StreamId, bytes: Vec<u8>, end: bool },
    Respond(StreamId, Option<Answer>),
    Abort(StreamId, Peer),
    Advance(Duration),
    SetClock(u64),
}

impl Host {
    /// A host to be described.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn drive(&mut self) -> Drive<'_, Vms> {
        Drive { proxy: &mut self.slot, guest: &mut self.vms }
    }

    fn act(&mut self, act: impl FnOnce() -> Act) {
        if let Some(acts) = &mut self.acts {
            acts.push(act());
        }
    }

    /// Sends a request and waits, in virtual time, until its exchange has ended, or until `patience` is used up, or
    /// until nothing is left that could end it.
    pub fn send(&mut self, request: Request) -> Exchange {
        let began = self.now();
        let mark = self.slot.transcript.mark();
        let worker = self.worker(&request);
        let limit = began + self.patience;
        let mut drive = self.drive();
        let id = drive.open(&request, worker);
        let ended = drive.run_until(limit, |proxy| !proxy.has_stream(id) || proxy.stream(id).ended);
        self.act(|| Act::Send(request));
        if !ended && !self.slot.halted() {
            self.stall(id);
        }
        self.exchange_since(id, mark, began)
    }

    fn worker(&mut self, request: &Request) -> usize {
        match request.worker {
            Some(worker) => worker as usize % self.workers,
            None => {
                let worker = self.next_worker;
                self.next_worker = (worker + 1) % self.workers;
                worker
            }
        }
    }

    fn stall(&mut self, id: StreamId) {
        let event = self.slot.transcript.mark();
        self.slot.record(Kind::Stalled { stream: id });
        let held = self.slot.held_by(id);
        self.stalls.push(Stall { stream: id, held, event });
    }

    /// Sends the head of a request, and as much of it as the request holds, without moving time. The upstream waits for
    /// [`Host::respond`].
    pub fn open(&mut self, request: Request) -> StreamId {
        let worker = self.worker(&request);
        let mut drive = self.drive();
        let id = drive.open_by_hand(&request, worker);
        drive.settle();
        self.act(|| Act::Open(id, request));
        id
    }

    /// Sends a piece of the request's body on an open stream; `end` ends the request.
    pub fn send_body(&mut self, stream: StreamId, bytes: &[u8], end: bool) {
        let mut drive = self.drive();
        drive.send_more(stream, bytes, end);
        drive.settle();
        self.act(|| Act::Data { stream, bytes: bytes.to_vec(), end });
    }

    /// Ends the request of an open stream with trailers.
    pub fn send_trailers(&mut self, stream: StreamId, trailers: &[(Vec<u8>, Vec<u8>)]) {
        let mut drive = self.drive();
        drive.send_trailers(stream, trailers);
        drive.settle();
    }

    /// Ends the request of an open stream.
    pub fn finish(&mut self, stream: StreamId) {
        self.send_body(stream, b"", true);
    }

    /// Lets the upstream answer an open stream.
    ///
    /// # Errors
    ///
    /// When the request has not reached the upstream: the message names who holds it.
    pub fn respond(&mut self, stream: StreamId, answer: impl Into<Answer>) -> Result<(), String> {
        let answer = answer.into();
        self.answered(stream, Some(answer))
    }

    /// Lets the upstream give its scripted answer to an open stream.
    ///
    /// # Errors
    ///
    /// As [`Host::respond`].
    pub fn respond_scripted(&mut self, stream: StreamId) -> Result<(), String> {
        self.answered(stream, None)
    }

    fn answered(&mut self, stream: StreamId, answer: Option<Answer>) -> Result<(), String> {
        if !self.slot.has_stream(stream) || self.slot.stream(stream).ended {
            return Err("the stream has ended".to_owned());
        }
        if self.slot.stream(stream).upstream.received.head.is_none() {
            return Err(match self.slot.held_by(stream) {
                Some(held) => format!(
                    "the request has not reached the upstream: plugin {} holds it since {}",
                    held.plugin, held.callback
                ),
                None => "the request has not reached the upstream".to_owned(),
            });
        }
        let act = answer.clone();
        let mut drive = self.drive();
        drive.answer_now(stream, answer);
        drive.settle();
        self.act(|| Act::Respond(stream, act));
        Ok(())
    }

    /// Ends an open stream from outside, at this point.
    pub fn abort(&mut self, stream: StreamId, by: Peer) {
        let mut drive = self.drive();
        match by {
            Peer::Client => drive.client_gone(stream),
            Peer::Upstream => drive.upstream_gone(stream),
        }
        drive.settle();
        self.act(|| Act::Abort(stream, by));
    }

    /// Moves both clocks on by `span` and runs everything that falls due, the end of the span included.
    pub fn advance(&mut self, span: Duration) {
        self.advance_for(span, Moved::Advance);
        self.act(|| Act::Advance(span));
    }

    pub(crate) fn advance_for(&mut self, span: Duration, why: Moved) {
        let until = self.now() + span;
        self.drive().advance_to(until, why);
    }

    /// Sets the realtime clock, either way, in nanoseconds since the epoch. Deadlines and the monotonic clock stay.
    pub fn set_clock(&mut self, nanos: u64) {
        self.slot.clock.set_realtime(nanos);
        self.slot.record(Kind::RealtimeSet { to: nanos });
        self.act(|| Act::SetClock(nanos));
    }

    /// Virtual monotonic time since the host was built.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.slot.clock.now()
    }

    /// The clocks.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.slot.clock
    }

    /// Everything that happened.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.slot.transcript
    }

    /// What plugins logged.
    #[must_use]
    pub fn log(&self) -> LogView<'_> {
        LogView::new(&self.slot.transcript, 0)
    }

    /// What was found about plugins and script, in order.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.slot.findings
    }

    /// The traps that plugins ran into, in order, with the guests' backtraces.
    #[must_use]
    pub fn traps(&self) -> &[Trapped] {
        &self.vms.traps
    }

    /// The streams that could not end, in order.
    #[must_use]
    pub fn stalls(&self) -> &[Stall] {
        &self.stalls
    }

    /// Allows what would make dropping this host panic: `trap`, `stall`, or the id of a finding.
    pub fn allow(&mut self, what: impl Into<String>) -> &mut Self {
        self.allowed.push(what.into());
        self
    }

    /// Makes hostcalls fail from here on.
    pub fn inject(&mut self, injection: Injection) {
        self.slot.injections.push(injection);
    }

    /// The exchange of a stream, as far as it has come.
    pub fn exchange(&mut self, stream: StreamId) -> Exchange {
        let began = self.now();
        self.exchange_since(stream, 0, began)
    }

    /// Names of the chain's plugins, in request order.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.slot.plugins.iter().map(|plugin| plugin.name.as_str())
    }

    /// The streams that have not ended.
    #[must_use]
    pub fn open_streams(&self) -> Vec<StreamId> {
        self.slot.open_streams().collect()
    }

    /// Says that the caller judges traps, stalls and findings itself: dropping this host does not panic.
    pub(crate) fn judged(&mut self) {
        self.judged = true;
    }

    pub(crate) fn step(&mut self, text: &str) {
        if self.slot.transcript.records(Detail::Http) {
            let text = self.slot.transcript.put(text.as_bytes());
            self.slot.record(Kind::Step { text });
        }
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }

    pub(crate) fn wait(&mut self, id: StreamId) {
        let limit = self.now() + self.patience;
        let ended = self.drive().run_until(limit, |proxy| !proxy.has_stream(id) || proxy.stream(id).ended);
        if !ended && !self.slot.halted() {
            self.stall(id);
        }
    }

    /// What nobody allowed: a report, or nothing.
    fn objections(&self) -> Option<String> {
        let allowed = |what: &str| self.allowed.iter().any(|known| known == what);
        let mut all = Vec::new();
        for trapped in self.vms.traps.iter().filter(|_| !allowed("trap")) {
            all.push(format!(
                "plugin {} trapped in {}: {}",
                self.slot.transcript.vm_name(trapped.vm),
                trapped.callback.name(),
                trapped.trap
            ));
        }
        for stall in self.stalls.iter().filter(|_| !allowed("stall")) {
            all.push(stall.to_string());
        }
        for finding in self.slot.findings.iter().filter(|finding| !allowed(&finding.id)) {
            all.push(format!("{}: {}", finding.id, finding.message));
        }
        (!all.is_empty()).then(|| format!("{}\n\n{}", all.join("\n"), self.slot.transcript.abi()))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if !self.judged
            && !std::thread::panicking()
            && let Some(report) = self.objections()
        {
            panic!("{report}\n(allow it with `host.allow(..)` if it is meant)");
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("now", &self.now()).finish_non_exhaustive()
    }
}
