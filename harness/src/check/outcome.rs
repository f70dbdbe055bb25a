//! A verdict judged against what was expected.

use super::{Date, VerdictKind};

/// What a verdict means for whoever runs the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to do.
    Green,
    /// Something is wrong that nobody knew of.
    Red,
    /// It does not pass, as is known, for this reason.
    Known {
        /// Why that is accepted.
        reason: String,
    },
    /// It was known not to pass, and passes: the expectation has to go. Red.
    UnexpectedPass {
        /// Why it was accepted.
        reason: String,
    },
    /// It was known for one verdict and got another that is no pass: the expectation is wrong. Red.
    Otherwise {
        /// The verdict that was expected.
        expected: VerdictKind,
        /// Why it was accepted.
        reason: String,
    },
    /// What was expected is no longer accepted. Red.
    Expired {
        /// Why it was accepted.
        reason: String,
        /// The last day on which it was.
        on: Date,
    },
}

impl Outcome {
    /// Whether somebody has to act.
    #[must_use]
    pub const fn is_red(&self) -> bool {
        !matches!(self, Self::Green | Self::Known { .. })
    }

    /// The word for it in reports: `unexpected_pass`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Red => "red",
            Self::Known { .. } => "known",
            Self::UnexpectedPass { .. } => "unexpected_pass",
            Self::Otherwise { .. } => "not_as_expected",
            Self::Expired { .. } => "expired",
        }
    }

    /// What the expectation file says, and what to do about it; nothing when it has no say.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        match self {
            Self::Green | Self::Red => None,
            Self::Known { reason } => Some(format!("known: {reason}")),
            Self::UnexpectedPass { reason } => {
                Some(format!("it passes now: take the expectation out ({reason})"))
            }
            Self::Otherwise { expected, reason } => {
                Some(format!("expected was {expected}: mend the expectation ({reason})"))
            }
            Self::Expired { reason, on } => Some(format!("accepted until {on} only ({reason})")),
        }
    }
}
