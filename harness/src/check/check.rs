//! A requirement with the function that judges by it.

use super::{Finding, Requirement, Verdict};

/// A requirement, and how a subject is judged by it. What a subject is, whoever examines plugins says.
#[derive(Debug)]
pub struct Check<S: ?Sized + 'static> {
    /// What is asked.
    pub requirement: Requirement,
    /// Finds out. The same subject gives the same answer.
    pub judge: fn(&S) -> Judged,
}

impl<S: ?Sized> Check<S> {
    /// Judges `subject`; answers the verdict and what was exercised.
    pub fn verdict(&self, subject: &S) -> (Verdict, String) {
        (self.judge)(subject).verdict(self.requirement.level)
    }
}

/// What the judging function of a check found out.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// The requirement was put to the test.
    Exercised {
        /// How many times.
        times: u64,
        /// What was done so often: `exchanges with one header left out`.
        what: String,
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// It was not tried, for this reason.
    Skipped(String),
    /// The plugin has no use for what the requirement is about.
    NotApplicable(String),
    /// It was tried and nothing can be said.
    Inconclusive(String),
}

impl Judged {
    /// The verdict, and what was exercised in words. What was never put to the test is not passed.
    #[must_use]
    pub fn verdict(self, level: super::Level) -> (Verdict, String) {
        match self {
            Self::Exercised { times: 0, what, findings } if findings.is_empty() => {
                (Verdict::NotApplicable(format!("nothing to exercise: 0 {what}")), String::new())
            }
            Self::Exercised { times, what, findings } => {
                let verdict = match (findings.is_empty(), level) {
                    (true, _) => Verdict::Pass,
                    (false, super::Level::Must) => Verdict::Fail(findings),
                    (false, _) => Verdict::Warn(findings),
                };
                (verdict, format!("{times} {what}"))
            }
            Self::Skipped(why) => (Verdict::Skip(why), String::new()),
            Self::NotApplicable(why) => (Verdict::NotApplicable(why), String::new()),
            Self::Inconclusive(why) => (Verdict::Inconclusive(why), String::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Level, VerdictKind};

    fn exercised(times: u64, findings: Vec<Finding>) -> Judged {
        Judged::Exercised { times, what: "exchanges".to_owned(), findings }
    }

    #[test]
    fn what_was_not_tried_is_not_passed() {
        let (verdict, what) = exercised(0, Vec::new()).verdict(Level::Must);
        assert_eq!((verdict.kind(), what.as_str()), (VerdictKind::NotApplicable, ""));
        assert_eq!(exercised(3, Vec::new()).verdict(Level::Must), (Verdict::Pass, "3 exchanges".to_owned()));
    }

    #[test]
    fn the_level_decides_between_failing_and_warning() {
        let of = |level| exercised(1, vec![Finding::new("x")]).verdict(level).0.kind();
        assert_eq!(Level::ALL.map(of), [VerdictKind::Fail, VerdictKind::Warn, VerdictKind::Warn]);
    }
}
