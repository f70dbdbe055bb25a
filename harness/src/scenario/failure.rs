//! What was not as expected.

use std::ops::Range;

use super::document::source::Span;
use crate::state::Instant;

/// One thing that was not as expected, with what is needed to understand it. All of its text is the same on every
/// machine but for [`Failure::backtrace`].
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Where the expectation is written; where the step is, when it is none that was written down.
    pub span: Span,
    /// The step, from 0.
    pub step: usize,
    /// The step in words: `request GET http://localhost/`.
    pub step_words: String,
    /// Which repetition of how many, from 1, when the step is repeated.
    pub repetition: Option<(u32, u32)>,
    /// What is judged: `response.headers.who-am-i`, `log[0]`, `trap`.
    pub what: String,
    /// What is expected, in words.
    pub expected: String,
    /// What was there, in words.
    pub actual: String,
    /// Both, line by line, where the two are text of several lines.
    pub diff: Option<String>,
    /// What almost matched, and in what it differs.
    pub nearest: Option<String>,
    /// Virtual time when it was judged.
    pub at: Instant,
    /// The events of the transcript that were judged.
    pub events: Range<usize>,
    /// What explains it, line by line: who answered, the log of the step, the head as received.
    pub because: Vec<String>,
    /// The guest's functions when it trapped, innermost first.
    pub backtrace: Vec<String>,
    /// How many more repetitions failed in the same way.
    pub again: u32,
}

impl Failure {
    /// Whether `other` is the same failure in a later repetition of its step.
    pub(super) fn is_again(&self, other: &Self) -> bool {
        other.repetition.is_some()
            && (self.step, &self.what, self.span.line(), self.span.column())
                == (other.step, &other.what, other.span.line(), other.span.column())
            && self.repetition != other.repetition
    }
}
