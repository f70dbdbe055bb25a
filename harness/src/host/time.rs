//! The clocks of a host, and what makes time go on.

use super::{Act, Host};
use crate::proxy::transcript::{Kind, Moved};
use crate::state::{Clock, Duration, Instant};

impl Host {
    /// Moves both clocks on by `span` and runs everything that falls due, the end of the span included.
    pub fn advance(&mut self, span: Duration) {
        self.act(Act::Advance(span));
        self.advance_for(span, Moved::Advance);
    }

    /// As [`advance`](Self::advance), but leaves what falls due at the very end of the span to be run by what is done next: by
    /// a [`race`](Self::race), in any order with its requests.
    pub fn advance_before(&mut self, span: Duration) {
        self.act(Act::Advance(span));
        let until = self.now() + span;
        self.drive().advance_before(until, Moved::Advance);
    }

    pub(crate) fn advance_for(&mut self, span: Duration, why: Moved) {
        let until = self.now() + span;
        self.drive().advance_to(until, why);
    }

    /// Sets the realtime clock, either way, in nanoseconds since the epoch. Deadlines and the monotonic clock stay.
    pub fn set_clock(&mut self, nanos: u64) {
        self.act(Act::SetClock(nanos));
        self.slot.clock.set_realtime(nanos);
        self.slot.record(Kind::RealtimeSet { to: nanos });
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

    /// The shortest period of a timer that plugins have set; nothing when none is set.
    #[must_use]
    pub fn shortest_tick(&self) -> Option<Duration> {
        let plugins = self.slot.vms.iter().flat_map(|vm| &vm.plugins);
        plugins.map(|plugin| plugin.tick_period).filter(|period| *period > Duration::ZERO).min()
    }
}
