//! So many requests in any window: a log of admissions.
//!
//! Source: the sliding log, as in Redis's guides with a sorted set of times: count what lies within `per`, and admit when it
//! is less than the limit.
//!
//! Invariants, for `limit` in `per`:
//! - any `limit + 1` admissions in a row span at least `per`, and more than that where the edge belongs to what was before:
//!   no window of `per`, wherever it begins, holds more than `limit`;
//! - between two instants `w` apart, both included, at most `limit * (floor(w / d) + 1)` are admitted, where `d` is
//!   that least span;
//! - after `per`, and a nanosecond where the edge belongs to what was before, without an admission a request is admitted;
//! - a refused request changes nothing.

use std::collections::VecDeque;

use super::{Rate, count};

/// A log of admissions, no longer than the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlidingWindow {
    rate: Rate,
    /// Whether an admission still counts exactly `per` later.
    late: bool,
    /// When the last `limit` requests were admitted, oldest first; never later than the last.
    log: VecDeque<u64>,
}

impl SlidingWindow {
    /// An empty log; `late`: an admission still counts exactly `per` later.
    #[must_use]
    pub fn new(rate: Rate, late: bool) -> Self {
        Self { rate, late, log: VecDeque::new() }
    }

    pub(super) fn would_admit(&self, now: u64) -> bool {
        if (self.log.len() as u64) < u64::from(self.rate.limit) {
            return true;
        }
        let Some(&oldest) = self.log.front() else { return true };
        let age = now.saturating_sub(oldest);
        if self.late { age > self.rate.per } else { age >= self.rate.per }
    }

    pub(super) fn admitted(&mut self, now: u64) {
        // A step of the clock back: what was admitted later was admitted now.
        for at in &mut self.log {
            *at = (*at).min(now);
        }
        self.log.push_back(now);
        while self.log.len() as u64 > u64::from(self.rate.limit) {
            self.log.pop_front();
        }
    }

    pub(super) fn most_in(&self, span: u64) -> u64 {
        let between = u128::from(self.rate.per) + u128::from(self.late);
        let windows = u128::from(span) / between + 1;
        count(windows * u128::from(self.rate.limit))
    }

    pub(super) fn patience(&self) -> u64 {
        self.rate.per.saturating_add(u64::from(self.late))
    }
}
