//! Time: what falls due, in order of (instant, sequence), and what makes the clock move.

use super::Proxy;
use super::calls::{CallDue, CallIndex};
use super::chain::Drive;
use super::context::ContextRef;
use super::guest::{Guest, Invocation};
use super::ids::{Direction, StreamId, VmIndex};
use super::queues::Listener;
use super::reply::LocalReply;
use super::stream::Iteration;
use super::threads::Thread;
use super::transcript::{Detail, Kind, Moved};
use crate::abi::CallbackId;
use crate::state::{DeadlineId, Duration, Instant, QueueId};

/// Something that happens at an instant.
#[derive(Clone, Debug)]
pub(crate) enum Deadline {
    /// The timer of a plugin context.
    Tick { vm: VmIndex, context: u32 },
    /// A message stands in a shared queue.
    QueueReady { listener: Listener, queue: QueueId },
    /// The client's next part arrives.
    ClientPart(StreamId),
    /// The upstream's next part arrives.
    UpstreamPart(StreamId),
    /// The upstream sees that it has all of the content-length.
    UpstreamHasAll(StreamId),
    /// The route's timeout ends.
    RouteTimeout(StreamId),
    /// The proxy answers a request that it found it cannot send.
    Reply { stream: StreamId, reply: Box<LocalReply> },
    /// The next of a call to a cluster.
    Call(CallIndex, CallDue),
    /// Nothing holds a plugin context any more.
    Part { vm: VmIndex, context: u32 },
}

impl Deadline {
    /// Whether it comes from elsewhere than the stream whose turn it is: a timer, a queue, the answer of a cluster.
    pub(crate) fn is_unasked(&self) -> bool {
        matches!(self, Self::Tick { .. } | Self::QueueReady { .. } | Self::Call(..))
    }
}

/// How much may happen at one instant before it is taken for a loop that never ends.
const MOST_AT_ONCE: u32 = 100_000;

impl<G: Guest> Drive<'_, G> {
    /// Runs everything that is due now, without moving time.
    pub(crate) fn settle(&mut self) {
        while self.fire(self.proxy.clock.now()) {}
    }

    /// Moves time to `until`, its end included, and runs what falls due on the way.
    pub(crate) fn advance_to(&mut self, until: Instant, why: Moved) {
        let from = self.proxy.clock.now();
        if from < until {
            self.proxy.record_step_of_time(from, until, why);
        }
        while self.fire(until) {}
        self.proxy.clock.advance_to(until);
    }

    /// Moves time to `until` and runs what falls due before it. What is due at its end is left to whoever goes on from there.
    pub(crate) fn advance_before(&mut self, until: Instant, why: Moved) {
        let from = self.proxy.clock.now();
        if from < until {
            self.proxy.record_step_of_time(from, until, why);
            while self.proxy.deadlines.next().is_some_and(|(due, _)| due < until) && self.fire(until) {}
            self.proxy.clock.advance_to(until);
        }
    }

    /// Moves time from deadline to deadline until `done`, or until `limit`, or until nothing is left to wait for.
    /// Answers whether `done` came true.
    pub(crate) fn run_until(&mut self, limit: Instant, mut done: impl FnMut(&Proxy) -> bool) -> bool {
        loop {
            self.settle();
            if done(self.proxy) {
                return true;
            }
            if self.proxy.halted() {
                return false;
            }
            match self.proxy.deadlines.next() {
                Some((due, _)) if due <= limit && !self.proxy.halted() => {
                    let from = self.proxy.clock.now();
                    self.proxy.record_step_of_time(from, due, Moved::Waiting);
                    self.fire(due);
                }
                _ => return false,
            }
        }
    }

    /// Runs the next deadline if it is due by `until`. Answers whether there was one.
    fn fire(&mut self, until: Instant) -> bool {
        let Some(deadline) = self.proxy.take_due(until) else { return false };
        self.happens(deadline);
        true
    }

    /// What has fallen due happens.
    pub(crate) fn happens(&mut self, deadline: Deadline) {
        match deadline {
            Deadline::Tick { vm, context } => self.tick(vm, context),
            Deadline::QueueReady { listener, queue } => self.queue_ready(listener, queue),
            Deadline::ClientPart(id) if self.proxy.has_stream(id) => self.client_part(id),
            Deadline::UpstreamPart(id) if self.proxy.has_stream(id) => self.upstream_part(id),
            Deadline::UpstreamHasAll(id) if self.proxy.has_stream(id) => self.upstream_has_all(id),
            Deadline::RouteTimeout(id) if self.proxy.has_stream(id) => self.route_timeout(id),
            Deadline::Reply { stream, reply } if self.proxy.has_stream(stream) => {
                self.send_local_reply(stream, *reply);
            }
            Deadline::Call(at, due) => self.call_due(at, due),
            Deadline::Part { vm, context } => self.part(vm, context),
            // The stream has gone meanwhile.
            _ => {}
        }
    }

    /// One tick; the next is one period after this one has run (Envoy 1.40, observed).
    fn tick(&mut self, vm: VmIndex, context: u32) {
        if let Some(timer) = self.proxy.vm_mut(vm).plugins.iter_mut().find(|plugin| plugin.id == context) {
            timer.tick = None;
        }
        self.call(vm, Invocation::new(CallbackId::Tick, &[context]));
        let state = self.proxy.vm(vm);
        if let Some(timer) = state.plugins.iter().find(|plugin| plugin.id == context)
            && timer.tick.is_none()
            && !state.failed
        {
            let period = timer.tick_period;
            self.proxy.set_tick_period(vm, context, period);
        }
    }

    /// Body held back over the limit: an error, or the sender has to wait.
    pub(crate) fn check_limit(&mut self, id: StreamId, direction: Direction) {
        let limit = self.proxy.options.buffer_limit;
        let half = self.half(id, direction);
        if half.buffered.as_ref().is_none_or(|held| held.len() <= limit) {
            return;
        }
        if half.streaming {
            half.blocked = true;
            return;
        }
        let reply = match direction {
            Direction::Request => LocalReply::own(413, "Payload Too Large", "request_payload_too_large"),
            Direction::Response => {
                LocalReply::own(500, "Internal Server Error", "response_payload_too_large")
            }
        };
        self.send_local_reply(id, reply);
    }

    /// The body held back has gone on: the sender need not wait any longer.
    pub(crate) fn unblock(&mut self, id: StreamId, direction: Direction) {
        if std::mem::take(&mut self.half(id, direction).blocked) {
            match direction {
                Direction::Request => self.schedule_client(id),
                Direction::Response => self.schedule_upstream(id),
            }
        }
    }
}

impl Proxy {
    /// The plugin context of the effective context, for hostcalls that are about the plugin.
    pub(crate) fn effective_plugin_context(&self, vm: VmIndex) -> Option<u32> {
        let state = self.vm(vm);
        let (id, what) = state.effective_context()?;
        match what {
            ContextRef::Plugin(_) => Some(id),
            ContextRef::Stream { stream, filter } if self.has_stream(stream) => {
                Some(self.stream(stream).filters[filter].parent)
            }
            ContextRef::Stream { .. } => None,
            ContextRef::Connection { connection, filter } => {
                self.connection(connection).map(|connection| connection.filters[filter].parent)
            }
        }
    }

    /// Sets the timer of a plugin context anew, from now; a period of zero stops it.
    pub(crate) fn set_tick_period(&mut self, vm: VmIndex, context: u32, period: Duration) {
        let due = self.clock.now() + period;
        let Some(timer) = self.vms[vm.0].plugins.iter_mut().find(|plugin| plugin.id == context) else {
            return;
        };
        if let Some(old) = timer.tick.take() {
            self.deadlines.cancel(old);
        }
        timer.tick_period = period;
        if !period.is_zero() {
            timer.tick = Some(self.deadlines.schedule(due, Deadline::Tick { vm, context }));
        }
    }

    /// Takes the next deadline if it is due by `until`, and moves the clock to it.
    pub(crate) fn take_due(&mut self, until: Instant) -> Option<Deadline> {
        if self.halted() {
            return None;
        }
        let (due, deadline) = self.deadlines.pop_due(until)?;
        self.note_progress(due);
        self.clock.advance_to(due);
        Some(deadline)
    }

    /// Takes this deadline, which is due now.
    pub(crate) fn take_this(&mut self, id: DeadlineId) -> Option<Deadline> {
        let deadline = self.deadlines.cancel(id)?;
        self.note_progress(self.clock.now());
        (!self.halted()).then_some(deadline)
    }

    /// The worker that a deadline is for; nothing when what it was for has gone.
    pub(crate) fn worker_of(&self, deadline: &Deadline) -> Option<usize> {
        let vm = match deadline {
            Deadline::Tick { vm, .. } => *vm,
            Deadline::QueueReady { listener, .. } => listener.vm,
            Deadline::Part { vm, .. } => *vm,
            Deadline::Call(at, _) => self.calls.vm_of(*at)?,
            Deadline::ClientPart(id)
            | Deadline::UpstreamPart(id)
            | Deadline::UpstreamHasAll(id)
            | Deadline::RouteTimeout(id)
            | Deadline::Reply { stream: id, .. } => {
                self.has_stream(*id).then(|| self.stream(*id).filters.first())??.vm
            }
        };
        Some(self.worker_of_vm(vm))
    }

    /// The worker whose VM it is; what serves no streams counts as the first one's.
    pub(crate) fn worker_of_vm(&self, vm: VmIndex) -> usize {
        match self.vm(vm).thread {
            Thread::Worker(worker) => worker,
            Thread::Main | Thread::Base | Thread::Canary => 0,
        }
    }

    /// Something falls due at `due`. Where time does not move on, everything ends with a finding.
    fn note_progress(&mut self, due: Instant) {
        if due > self.clock.now() {
            self.at_this_instant = 0;
        }
        self.at_this_instant += 1;
        if self.at_this_instant > MOST_AT_ONCE {
            let message = format!(
                "{MOST_AT_ONCE} things happened at {due} and time did not move: a plugin asks for the next in each, as \
                 with a call from the callback of a call; let the answer come `after` some time"
            );
            self.find("script/no-progress", message);
            self.halted = true;
        }
    }

    fn record_step_of_time(&mut self, from: Instant, to: Instant, why: Moved) {
        if from < to && self.transcript.records(Detail::Http) {
            self.transcript.push(to, Kind::Clock { from, why });
        }
    }

    /// The plugin that holds the stream, with the callback that paused, for the report of a stall.
    pub(crate) fn held_by(&self, id: StreamId) -> Option<Held> {
        let stream = self.stream(id);
        for direction in [Direction::Request, Direction::Response] {
            for filter in &stream.filters {
                let side = filter.side(direction);
                if side.iteration != Iteration::Continue {
                    return Some(Held {
                        plugin: self.plugin(filter.plugin).name.clone(),
                        callback: side.paused_by.unwrap_or("a callback"),
                        direction,
                        dead: self.vm(filter.vm).failed,
                    });
                }
            }
        }
        None
    }
}

/// A plugin that holds a stream back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub plugin: String,
    /// The callback that paused.
    pub callback: &'static str,
    /// Which way.
    pub direction: Direction,
    /// Its VM has trapped since: nobody can continue the stream.
    pub dead: bool,
}
