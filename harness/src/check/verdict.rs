//! What came of one check.

use std::fmt;

use super::Finding;

/// What came of one check.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was put to the test, and nothing is wrong.
    Pass,
    /// A requirement of level MUST is not met.
    Fail(Vec<Finding>),
    /// A requirement of level SHOULD or INFO is not met.
    Warn(Vec<Finding>),
    /// It was not tried, for this reason.
    Skip(String),
    /// The plugin has no use for what the requirement is about. Not a pass.
    NotApplicable(String),
    /// It was tried, and nothing can be said.
    Inconclusive(String),
}

/// A verdict without what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerdictKind {
    /// [`Verdict::Pass`].
    Pass,
    /// [`Verdict::Fail`].
    Fail,
    /// [`Verdict::Warn`].
    Warn,
    /// [`Verdict::Skip`].
    Skip,
    /// [`Verdict::NotApplicable`].
    NotApplicable,
    /// [`Verdict::Inconclusive`].
    Inconclusive,
}

impl Verdict {
    /// Which one.
    #[must_use]
    pub const fn kind(&self) -> VerdictKind {
        match self {
            Self::Pass => VerdictKind::Pass,
            Self::Fail(_) => VerdictKind::Fail,
            Self::Warn(_) => VerdictKind::Warn,
            Self::Skip(_) => VerdictKind::Skip,
            Self::NotApplicable(_) => VerdictKind::NotApplicable,
            Self::Inconclusive(_) => VerdictKind::Inconclusive,
        }
    }

    /// What is wrong; empty when nothing is known to be.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Fail(findings) | Self::Warn(findings) => findings,
            _ => &[],
        }
    }

    /// Why there is neither pass nor finding.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Skip(why) | Self::NotApplicable(why) | Self::Inconclusive(why) => Some(why),
            _ => None,
        }
    }
}

impl VerdictKind {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::Warn, Self::Skip, Self::NotApplicable, Self::Inconclusive];

    /// The word for it in reports and files: `not_applicable`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Skip => "skip",
            Self::NotApplicable => "not_applicable",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
