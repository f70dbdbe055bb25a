//! What a scenario states for the suites that judge it beyond its steps: cost and parity; `rate_limit` has a file of its
//! own.

use super::document::declare::document;
use super::value::matcher::Pattern;
use super::value::units::Size;

document! {
    /// What the scenario may cost.
    #[derive(Default)]
    pub struct Cost {
        /// The most fuel that one exchange may use.
        pub max_fuel: Option<u64>,
        /// The most bytes of memory that any VM may have when the scenario ends.
        pub max_memory: Option<Size>,
    }
}

document! {
    /// How the scenario is compared with a real proxy.
    #[derive(Default)]
    pub struct Parity {
        /// Why it cannot be played in real time.
        pub skip: Option<String>,
        /// Parts of log lines that cannot be equal.
        pub mask: Vec<Mask> = Vec::new(),
    }
}

document! {
    /// A part of log lines that cannot be equal on both sides.
    pub struct Mask {
        /// What is masked.
        pub regex: Pattern,
        /// Why.
        pub why: String,
    }
}
