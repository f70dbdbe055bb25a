//! Rate limiters under every schedule: what one claims, held against schedules by the thousand.
//!
//! ```no_run
//! use proxy_wasm_suites::prelude::*;
//! use proxy_wasm_suites::rate_limit::{RateLimit, Suite};
//!
//! # fn main() -> Result {
//! let limiter = Plugin::cargo("limiter")?.config(json!({"limit": 2}));
//! Suite::new(RateLimit::fixed_window(2, secs(1)).refused(403), Host::builder().plugin(limiter)).check();
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: `model` (the algorithms as pure types), `schedule` (what is done to a limiter), `strategy`, `trouble`
//! and `shrink` (schedules for proptest, hostcalls that fail in them, and how they become small), `deed` and `play` (a
//! schedule on a host, and what is seen), `judge` (what is seen against what is claimed), `attempt` (one schedule), `suite`
//! (many), `exhaust` (every interleaving of one), `counterexample` (what is told of a failure), `scenario` (`rate_limit` of
//! scenario files).

mod attempt;
mod counterexample;
mod deed;
mod exhaust;
mod judge;
pub mod model;
mod play;
mod scenario;
mod schedule;
mod shrink;
mod strategy;
mod suite;
mod trouble;

pub use counterexample::Counterexample;
pub use exhaust::Exhausted;
pub use judge::{Tally, Violation, judge};
pub use play::{Seen, Trace, Trouble};
pub use proxy_wasm_harness::scenario::{
    Algorithm, ClockClaim, Edge, LimitKey, Pushes, RateLimit, Refill, Scope, Windows,
};
pub use scenario::{Judged, Tuning, run};
pub use schedule::{Op, Schedule};
pub use shrink::Shrinking;
pub use strategy::Schedules;
pub use suite::{CASES, Outcome, Report, Suite, cases_from_env};
