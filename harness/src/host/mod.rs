//! What users hold: a simulated proxy with its plugins, started and configured.
//!
//! [`Host`] sends requests, moves the clock, and hands out what happened. In reading order: `builder` (a chain becomes
//! a host), `start` (the start sequence), `exchange` (one request and its response), `race` (requests at several workers,
//! in any order), `by_hand` (streams opened and answered step by step), `reconfigure` (configuration pushes), `act` (what a
//! test did, in words), `log`, `shared` (metrics, shared data,
//! queues, properties), `template` (fresh hosts by the thousand), `image`
//! (where they come from), `tester`, `phases` and `google` (the profile `google`), `error`.

mod act;
mod builder;
mod by_hand;
mod error;
mod exchange;
mod google;
mod image;
mod log;
mod phases;
mod race;
mod reconfigure;
mod shared;
mod start;
mod tcp;
mod template;
mod tester;
mod time;

use std::sync::Arc;

use act::Sending;
pub(crate) use act::{Act, Reply};
pub(crate) use builder::Upstream;
pub use builder::{Builder, Config, Setup};
pub use by_hand::Peer;
pub use error::{HostError, Refusal};
pub use exchange::{Exchange, LocalResponse, ReceivedRequest, ReceivedResponse, Stall};
pub use log::LogView;
pub use phases::Seen;
pub use reconfigure::VmSetup;
pub use start::Started;
pub use tcp::Connection;
pub use template::Template;
pub use tester::{PluginTester, TesterOptions};

use crate::proxy::transcript::Kind;
use crate::proxy::{Call, CallKind, Drive, Finding, Injection, Slot, StreamId, Transcript};
use crate::state::{Duration, Instant, Request};
use crate::vm::{Profile, ProfileError, Spent, Trapped, Vms, Watch};

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
    imaged: bool,
    pub(crate) seed: u64,
    pub(crate) acts: Vec<Act>,
    pub(crate) setup: Arc<Builder>,
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

    /// Begins a step: the transcript shows it, and [`Host::script`] repeats it.
    fn act(&mut self, act: Act) {
        // A loop that never ends is one in which the script has no part.
        self.slot.at_this_instant = 0;
        self.slot.record_step(&act);
        self.acts.push(act);
    }

    /// Sends a request and waits, in virtual time, until its exchange has ended, or until `patience` is used up, or
    /// until nothing is left that could end it.
    ///
    /// A request that is sent many times is best given as an `Arc`: it is neither copied nor read anew then.
    pub fn send(&mut self, request: impl Into<Arc<Request>>) -> Exchange {
        let request = request.into();
        let began = self.now();
        let mark = self.slot.transcript.mark();
        let worker = self.worker(&request);
        let limit = began + self.patience;
        self.slot.at_this_instant = 0;
        self.slot.expect_request(&request);
        self.slot.record_sending(&Sending(&request));
        let mut drive = self.drive();
        let id = drive.open(&request, worker);
        let ended = drive.run_until(limit, |proxy| !proxy.has_stream(id) || proxy.stream(id).ended);
        if !ended && !self.slot.halted() {
            self.stall(id, began);
        }
        self.acts.push(Act::Send(request));
        self.exchange_since(id, Some(mark), began)
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

    fn stall(&mut self, id: StreamId, began: Instant) {
        let event = self.slot.transcript.mark();
        self.slot.record(Kind::Stalled { stream: id });
        let held = self.slot.held_by(id);
        let waited = self.now() - began;
        let patience = self.slot.deadlines.next().is_some().then_some(self.patience);
        let calls = self.slot.calls_waiting();
        self.stalls.push(Stall { stream: id, held, calls, waited, patience, event });
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

    /// The fuel that each callback used, in order of their returns, those of the start first. Empty unless it is counted:
    /// [`Builder::count_fuel`].
    #[must_use]
    pub fn spent(&self) -> &[Spent] {
        &self.vms.spent
    }

    /// Has `watch` told of each callback from here on.
    pub fn watch(&mut self, watch: Box<dyn Watch>) {
        self.vms.watch = Some(watch);
    }

    /// Begins a profile of the plugins, called `name`, for which [`Profile::tick`] is called each `interval` from now on.
    ///
    /// # Errors
    ///
    /// When there are no plugins, or their engine has no epoch checks.
    pub fn profile(&mut self, name: &str, interval: Duration) -> Result<Profile, ProfileError> {
        self.vms.profile(name, interval)
    }

    /// Bytes of linear memory that each VM has now, in the order of [`VmIndex`](crate::proxy::VmIndex).
    pub fn memory_sizes(&self) -> impl Iterator<Item = u64> {
        self.vms.all.iter().flatten().map(crate::vm::Vm::memory_size)
    }

    /// Whether it came from an image. Nothing in it shows that.
    #[must_use]
    pub fn imaged(&self) -> bool {
        self.imaged
    }

    /// All calls that plugins made to clusters, in order.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.slot.calls.made
    }

    /// The HTTP calls that plugins made, in order, also those that failed inside the hostcall.
    pub fn http_calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.slot.calls.made.iter().filter(|call| call.kind == CallKind::Http)
    }

    /// The gRPC calls and streams that plugins made, in order, also those that failed inside the hostcall.
    pub fn grpc_calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.slot.calls.made.iter().filter(|call| call.kind != CallKind::Http)
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

    /// Makes hostcalls fail from here on. One that is to fail no times at all fails no more, whatever was said before.
    pub fn inject(&mut self, injection: Injection) {
        self.act(Act::Fault(Box::new(injection.clone())));
        if injection.count == 0 {
            let (hostcall, plugin) = (&injection.hostcall, injection.plugin);
            self.slot.injections.retain(|known| known.hostcall != *hostcall || known.plugin != plugin);
        } else {
            self.slot.injections.push(injection);
        }
    }

    /// The exchange of a stream, as far as it has come.
    pub fn exchange(&mut self, stream: StreamId) -> Exchange {
        let began = self.now();
        self.exchange_since(stream, Some(0), began)
    }

    /// As [`Self::exchange`], for a caller that reports failures itself.
    pub(crate) fn look_at(&mut self, stream: StreamId) -> Exchange {
        let began = self.now();
        self.exchange_since(stream, None, began)
    }

    /// Whether the stream has not been handed over with [`Host::exchange`] after its end.
    pub(crate) fn has_stream(&self, stream: StreamId) -> bool {
        self.slot.has_stream(stream)
    }

    /// Whether a plugin did what Envoy does not survive: nothing runs any more.
    pub(crate) fn halted(&self) -> bool {
        self.slot.halted()
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

    /// What nobody allowed: a report, or nothing.
    fn objections(&self) -> Option<String> {
        let allowed = |what: &str| self.allowed.iter().any(|known| known == what);
        let mut all = Vec::new();
        for trapped in self.vms.traps.iter().filter(|_| !allowed("trap")) {
            all.push(format!(
                "plugin {} trapped in {}: {}",
                trapped.plugin,
                trapped.callback.name(),
                trapped.trap
            ));
            all.extend(trapped.trap.backtrace.iter().map(|frame| format!("    in {}", frame.function)));
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
