//! Mistakes that rate limiters have been shipped with. Each is one branch in `bucket` or `store`.

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A refusal fills the bucket.
    RefillsOnRefusal,
    /// A write that came too late counts as done.
    NoRetry,
    /// Writes are not conditional.
    BlindWrite,
    /// Times are milliseconds in 32 bits, which are over after 49.7 days.
    ShortTime,
    /// Each VM has buckets of its own.
    PerWorker,
    /// A request needs more than a token.
    MoreThanOne,
}

impl Defect {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "refills-on-refusal" => Self::RefillsOnRefusal,
            "no-retry" => Self::NoRetry,
            "blind-write" => Self::BlindWrite,
            "short-time" => Self::ShortTime,
            "per-worker" => Self::PerWorker,
            "more-than-one" => Self::MoreThanOne,
            _ => return None,
        })
    }
}
