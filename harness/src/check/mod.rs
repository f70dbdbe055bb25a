//! What is asked of plugins, and what came of asking.
//!
//! Plain data, and the rules that hold for every check: what counts as a pass, when a known failure is no news. The
//! checks themselves, and how plugins are made to show what they do, are the suites'. In reading order:
//!
//! - `requirement`: a sentence about plugins, its level, and where it comes from
//! - `check`: a requirement, and the function that judges a subject by it
//! - `finding`: one thing that is wrong, with its evidence and the scenario that shows it
//! - `verdict`: what came of one check
//! - `expectation`, `date`: what is known to fail, why, and until when
//! - `outcome`: the verdict judged against what was expected

// The folder is named after what it is about, and so is the type.
#[expect(clippy::module_inception, reason = "the file holds the type `Check`")]
mod check;
mod date;
mod expectation;
mod finding;
mod outcome;
mod requirement;
mod verdict;

pub use check::{Check, Judged};
pub use date::{Date, DateError};
pub use expectation::{Expectation, Expectations};
pub use finding::Finding;
pub use outcome::Outcome;
pub use requirement::{Level, Requirement, Source};
pub use verdict::{Verdict, VerdictKind};
