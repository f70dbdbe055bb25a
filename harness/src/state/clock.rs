//! Virtual time: what the plugin reads as now.
//!
//! Monotonic time only grows, and orders deadlines. Realtime is a base plus monotonic time; setting it
//! moves the base only. Nothing here reads the machine's clock, and nothing here waits.
//! Serves: Proxy-Wasm ABI v0.2.1, "Clocks"; WASI clocks 0 (realtime) and 1 (monotonic).

use super::Instant;

/// The two clocks of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    now: Instant,
    /// Realtime, in nanoseconds since the epoch, when monotonic time was zero. Wider than a realtime:
    /// it lies before the epoch when a late clock is set to an early date.
    base: i128,
}

impl Clock {
    /// Realtime at the start unless a scenario says otherwise: 2024-01-01T00:00:00Z, in nanoseconds
    /// since the epoch. A round date in the past, so that it reads as made up, and late enough for
    /// plugins that check certificates or tokens for plausible dates.
    pub const DEFAULT_REALTIME: u64 = 1_704_067_200_000_000_000;

    /// What plugins read on the monotonic clock when the host is built, in nanoseconds: a machine that has been up for
    /// a day. Not zero, because the runtime of Go takes zero for a broken clock and aborts, and because plugins take
    /// the age of something that was never done, `now - 0`, for a long time.
    pub const UPTIME: u64 = 86_400_000_000_000;

    /// A clock at monotonic zero whose realtime is `nanos` nanoseconds since the epoch.
    #[must_use]
    pub fn new(nanos: u64) -> Self {
        Self { now: Instant::ZERO, base: i128::from(nanos) }
    }

    /// Monotonic now: the point on the time line.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Monotonic now as plugins read it, in nanoseconds: [`Self::UPTIME`] more than the point on the time line.
    #[must_use]
    pub fn monotonic(&self) -> u64 {
        self.now.as_nanos().saturating_add(Self::UPTIME)
    }

    /// Realtime now, in nanoseconds since the epoch. Stops at `u64::MAX` (the year 2554).
    #[must_use]
    pub fn realtime(&self) -> u64 {
        self.realtime_at(self.now)
    }

    /// Realtime at `instant`, were the realtime clock not set in between; in nanoseconds since the epoch,
    /// within what 64 bits can say.
    #[must_use]
    pub fn realtime_at(&self, instant: Instant) -> u64 {
        let nanos = self.base + i128::from(instant.as_nanos());
        u64::try_from(nanos.max(0)).unwrap_or(u64::MAX)
    }

    /// Makes the realtime now be `nanos` nanoseconds since the epoch, either way; monotonic time and
    /// deadlines stay.
    pub fn set_realtime(&mut self, nanos: u64) {
        self.base = i128::from(nanos) - i128::from(self.now.as_nanos());
    }

    /// Moves both clocks on until monotonic time is `instant`. Never moves back.
    pub fn advance_to(&mut self, instant: Instant) {
        self.now = self.now.max(instant);
    }
}

/// A clock that starts at [`Clock::DEFAULT_REALTIME`].
impl Default for Clock {
    fn default() -> Self {
        Self::new(Self::DEFAULT_REALTIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn both_clocks_advance_together_and_never_back() {
        let mut clock = Clock::default();
        clock.advance_to(Instant::from_nanos(SECOND + 1));
        assert_eq!(clock.realtime(), Clock::DEFAULT_REALTIME + SECOND + 1);
        clock.advance_to(Instant::from_nanos(5));
        assert_eq!(clock.now(), Instant::from_nanos(SECOND + 1));
        assert_eq!(clock.monotonic(), Clock::UPTIME + SECOND + 1);
    }

    #[test]
    fn set_realtime_moves_realtime_only() {
        let mut clock = Clock::default();
        clock.advance_to(Instant::from_nanos(5 * SECOND));
        clock.set_realtime(0);
        assert_eq!((clock.now(), clock.realtime()), (Instant::from_nanos(5 * SECOND), 0));
        clock.advance_to(Instant::from_nanos(7 * SECOND));
        assert_eq!(clock.realtime(), 2 * SECOND);
        assert_eq!(clock.realtime_at(Instant::ZERO), 0);
    }

    #[test]
    fn realtime_holds_at_the_edges() {
        let y2038 = (i32::MAX as u64) * SECOND;
        for (start, want) in
            [(0, SECOND), (y2038, y2038 + SECOND), (u64::MAX, u64::MAX), (u64::MAX - 1, u64::MAX)]
        {
            let mut clock = Clock::new(start);
            assert_eq!(clock.realtime(), start);
            clock.advance_to(Instant::from_nanos(SECOND));
            assert_eq!(clock.realtime(), want);
        }
        let mut clock = Clock::new(u64::MAX);
        clock.advance_to(Instant::from_nanos(u64::MAX));
        clock.set_realtime(u64::MAX);
        clock.set_realtime(0);
        assert_eq!(clock.realtime(), 0);
    }
}
