//! A bucket of tokens: a request takes one or is refused, and tokens come back at a rate, up to a capacity.
//!
//! Source: J. Turner, "New Directions in Communications (or Which Way to the Information Age?)", IEEE Communications
//! Magazine 24(10), 1986, the leaky bucket as a meter; ITU-T I.371, "Generic Cell Rate Algorithm", its equivalent form.
//!
//! Invariants, for capacity `C` and a rate of `limit` in `per`:
//! - the bucket holds between 0 and `C` tokens, and is full at first;
//! - between two instants `w` apart, both included, at most `C + floor(limit * w / per)` requests are admitted; refilled in
//!   steps, at most `C + limit * (floor(w / per) + 1)`, since a window touches one step more than it holds;
//! - after `ceil(per / limit)` without an admission (in steps: `per`) a request is admitted;
//! - a refused request changes nothing;
//! - with a larger capacity or rate, no fewer requests of a schedule have been admitted at any instant.

use super::{Rate, count};

/// A token bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    rate: Rate,
    capacity: u32,
    steps: bool,
    /// Tokens times `per`: what a nanosecond brings back, `limit`, is a whole number of these.
    level: u128,
    /// When the level was that; in steps, when the last step was. Nothing before the first request.
    at: Option<u64>,
}

impl TokenBucket {
    /// A full bucket that is refilled as time goes, by fractions of tokens.
    #[must_use]
    pub fn continuous(rate: Rate, capacity: u32) -> Self {
        Self { rate, capacity, steps: false, level: u128::from(capacity) * u128::from(rate.per), at: None }
    }

    /// A full bucket that gets `limit` tokens each time that `per` is over, counted from the first request.
    #[must_use]
    pub fn in_steps(rate: Rate, capacity: u32) -> Self {
        Self { steps: true, ..Self::continuous(rate, capacity) }
    }

    fn full(&self) -> u128 {
        u128::from(self.capacity) * u128::from(self.rate.per)
    }

    /// Level and time when it is `now`.
    fn refilled(&self, now: u64) -> (u128, u64) {
        let Some(at) = self.at else { return (self.level, now) };
        let Some(elapsed) = now.checked_sub(at) else { return (self.level, now) };
        let (elapsed, now) = if self.steps {
            (elapsed - elapsed % self.rate.per, now - elapsed % self.rate.per)
        } else {
            (elapsed, now)
        };
        let more = u128::from(elapsed) * u128::from(self.rate.limit);
        ((self.level + more).min(self.full()), now)
    }

    pub(super) fn would_admit(&self, now: u64) -> bool {
        self.refilled(now).0 >= u128::from(self.rate.per)
    }

    pub(super) fn admitted(&mut self, now: u64) {
        let (level, at) = self.refilled(now);
        self.level = level.saturating_sub(u128::from(self.rate.per));
        self.at = Some(at);
    }

    pub(super) fn most_in(&self, span: u64) -> u64 {
        let (span, per, limit) = (u128::from(span), u128::from(self.rate.per), u128::from(self.rate.limit));
        let back = if self.steps { limit * (span / per + 1) } else { limit * span / per };
        count(u128::from(self.capacity) + back)
    }

    pub(super) fn patience(&self) -> u64 {
        if self.steps { self.rate.per } else { self.rate.per.div_ceil(u64::from(self.rate.limit)) }
    }
}
