//! Rate limiters as small pure types: what each algorithm admits, to the nanosecond.
//!
//! A model counts one key in one place. It is asked with the time in nanoseconds, by any clock; a step of the clock back is
//! no time and gives nothing. All arithmetic is exact: products are formed in 128 bits and never rounded. `token_bucket`,
//! `fixed_window` and `sliding_window` each state their invariants; [`Model::most_in`] is the bound that holds in *any*
//! window of the time line, whatever the schedule.

mod fixed_window;
mod sliding_window;
mod token_bucket;

#[cfg(test)]
mod tests;

pub use fixed_window::FixedWindow;
use proxy_wasm_harness::scenario::{Algorithm, Edge, RateLimit, Refill, Windows};
pub use sliding_window::SlidingWindow;
pub use token_bucket::TokenBucket;

/// How often, in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many, at least 1.
    pub limit: u32,
    /// In so many nanoseconds, at least 1.
    pub per: u64,
}

/// One of the models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// A bucket that tokens flow back into.
    TokenBucket(TokenBucket),
    /// So many in each window.
    FixedWindow(FixedWindow),
    /// So many in any window.
    SlidingWindow(SlidingWindow),
}

impl Model {
    /// The model of what a plugin claims to be.
    #[must_use]
    pub fn of(claim: &RateLimit) -> Self {
        let per = u64::try_from(claim.per.as_nanos()).unwrap_or(u64::MAX).max(1);
        let rate = Rate { limit: claim.limit.max(1), per };
        let late = claim.edge == Edge::Same;
        match claim.algorithm {
            Algorithm::TokenBucket => {
                let capacity = claim.capacity.unwrap_or(rate.limit).max(1);
                Self::TokenBucket(match claim.refill {
                    Refill::Continuous => TokenBucket::continuous(rate, capacity),
                    Refill::Steps => TokenBucket::in_steps(rate, capacity),
                })
            }
            Algorithm::FixedWindow => Self::FixedWindow(match claim.windows {
                Windows::Clock => FixedWindow::by_the_clock(rate, late),
                Windows::FirstRequest => FixedWindow::from_the_first_request(rate, late),
            }),
            Algorithm::SlidingWindow => Self::SlidingWindow(SlidingWindow::new(rate, late)),
        }
    }

    /// Whether a request at `now` would be admitted. Asking changes nothing.
    #[must_use]
    pub fn would_admit(&self, now: u64) -> bool {
        match self {
            Self::TokenBucket(model) => model.would_admit(now),
            Self::FixedWindow(model) => model.would_admit(now),
            Self::SlidingWindow(model) => model.would_admit(now),
        }
    }

    /// A request at `now` has been admitted, whatever the model thinks of it.
    pub fn admitted(&mut self, now: u64) {
        match self {
            Self::TokenBucket(model) => model.admitted(now),
            Self::FixedWindow(model) => model.admitted(now),
            Self::SlidingWindow(model) => model.admitted(now),
        }
    }

    /// Decides a request at `now`. A refused one leaves no trace.
    pub fn decide(&mut self, now: u64) -> bool {
        let admits = self.would_admit(now);
        if admits {
            self.admitted(now);
        }
        admits
    }

    /// The most requests that the algorithm ever admits between two instants that are `span` nanoseconds apart, both
    /// included.
    #[must_use]
    pub fn most_in(&self, span: u64) -> u64 {
        match self {
            Self::TokenBucket(model) => model.most_in(span),
            Self::FixedWindow(model) => model.most_in(span),
            Self::SlidingWindow(model) => model.most_in(span),
        }
    }

    /// After so many nanoseconds without an admission a request is admitted, whatever was before.
    #[must_use]
    pub fn patience(&self) -> u64 {
        match self {
            Self::TokenBucket(model) => model.patience(),
            Self::FixedWindow(model) => model.patience(),
            Self::SlidingWindow(model) => model.patience(),
        }
    }

    /// Whether the decision at `now` is another than a nanosecond before or after.
    #[must_use]
    pub fn at_an_edge(&self, now: u64) -> bool {
        let here = self.would_admit(now);
        self.would_admit(now.saturating_sub(1)) != here || self.would_admit(now.saturating_add(1)) != here
    }
}

/// Narrows a count that was formed in 128 bits.
fn count(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}
