//! So many requests in each window; windows do not overlap.
//!
//! Source: the counters in common use: Redis, documentation of `INCR`, "Pattern: Rate limiter", where a key expires some
//! time after its first increment (windows from the first request); Envoy's reference rate limit service, whose cache keys
//! end in the second, minute or hour that a request falls into (windows by the clock).
//!
//! Invariants, for `limit` in windows of `per`:
//! - no window admits more than `limit`;
//! - between two instants `w` apart, both included, at most `limit * (floor(w / d) + 2)` are admitted, where `d` is how far
//!   begins are apart at the least: twice the limit within a nanosecond, across an edge;
//! - after `per`, and a nanosecond where the edge belongs to the window before, without an admission a request is admitted;
//! - a refused request changes nothing;
//! - with a larger limit every request that was admitted still is.

use super::{Rate, count};

/// A counter of windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedWindow {
    rate: Rate,
    /// Whether windows begin by the clock rather than with a request.
    by_the_clock: bool,
    /// Whether the instant at the end of a window belongs to it.
    late: bool,
    /// The last window that admitted something: where it began, and how many.
    window: Option<(u64, u32)>,
}

impl FixedWindow {
    /// Windows that begin at multiples of `per`; `late`: one nanosecond after them.
    #[must_use]
    pub fn by_the_clock(rate: Rate, late: bool) -> Self {
        Self { rate, by_the_clock: true, late, window: None }
    }

    /// Windows that begin with the first request after the end of the last; `late`: more than `per` after its begin.
    #[must_use]
    pub fn from_the_first_request(rate: Rate, late: bool) -> Self {
        Self { rate, by_the_clock: false, late, window: None }
    }

    /// The window that a request at `now` counts in, and how many that has admitted.
    fn at(&self, now: u64) -> (u64, u32) {
        let (begin, admitted) = match self.window {
            Some(window) => window,
            None => return (self.begin(now), 0),
        };
        if now < begin {
            // A step of the clock back: the same window, moved. Nothing is given for it.
            return (self.begin(now), admitted);
        }
        let over = match self.by_the_clock {
            true => self.begin(now) != begin,
            false if self.late => now - begin > self.rate.per,
            false => now - begin >= self.rate.per,
        };
        if over { (self.begin(now), 0) } else { (begin, admitted) }
    }

    /// Where a window that begins because of a request at `now` begins.
    fn begin(&self, now: u64) -> u64 {
        match (self.by_the_clock, self.late) {
            (false, _) => now,
            (true, false) => now - now % self.rate.per,
            // One that ends at a multiple of `per` began a nanosecond after the one before.
            (true, true) if now == 0 => 0,
            (true, true) => (now - 1) - (now - 1) % self.rate.per + 1,
        }
    }

    pub(super) fn would_admit(&self, now: u64) -> bool {
        self.at(now).1 < self.rate.limit
    }

    pub(super) fn admitted(&mut self, now: u64) {
        let (begin, admitted) = self.at(now);
        self.window = Some((begin, admitted.saturating_add(1)));
    }

    pub(super) fn most_in(&self, span: u64) -> u64 {
        let between = u128::from(self.rate.per) + u128::from(self.late && !self.by_the_clock);
        let windows = u128::from(span) / between + 2;
        count(windows * u128::from(self.rate.limit))
    }

    pub(super) fn patience(&self) -> u64 {
        self.rate.per.saturating_add(u64::from(self.late))
    }
}
