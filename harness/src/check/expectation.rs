//! What a plugin's author knows and accepts: checks that do not pass, why, and until when.

use super::outcome::Outcome;
use super::{Date, Level, Requirement, Verdict, VerdictKind};

/// A check that is known not to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The check's id.
    pub check: String,
    /// What comes of it.
    pub verdict: VerdictKind,
    /// Why that is accepted.
    pub reason: String,
    /// The last day on which it is; none: for good.
    pub expires: Option<Date>,
    /// Line of the file that says so, from 1.
    pub line: usize,
}

/// All that is known, at most one for each check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations(pub Vec<Expectation>);

impl Expectations {
    /// What `verdict` on `requirement` means. `today` decides which expectations are over; `strict` makes a warning of
    /// level SHOULD red, and what is inconclusive too.
    #[must_use]
    pub fn judge(
        &self,
        requirement: &Requirement,
        verdict: &Verdict,
        strict: bool,
        today: Option<Date>,
    ) -> Outcome {
        let kind = verdict.kind();
        let red = match kind {
            VerdictKind::Fail => true,
            VerdictKind::Warn => strict && requirement.level == Level::Should,
            VerdictKind::Inconclusive => strict && requirement.level == Level::Must,
            _ => false,
        };
        let Some(known) = self.0.iter().find(|known| known.check == requirement.id) else {
            return if red { Outcome::Red } else { Outcome::Green };
        };
        if let (Some(last), Some(today)) = (known.expires, today)
            && last < today
        {
            return Outcome::Expired { reason: known.reason.clone(), on: last };
        }
        if kind == known.verdict {
            return Outcome::Known { reason: known.reason.clone() };
        }
        match kind {
            VerdictKind::Pass => Outcome::UnexpectedPass { reason: known.reason.clone() },
            _ if red => Outcome::Red,
            _ => Outcome::Otherwise { expected: known.verdict, reason: known.reason.clone() },
        }
    }

    /// The first that speaks of a check that does not exist.
    pub fn unknown(&self, exists: impl Fn(&str) -> bool) -> Option<&Expectation> {
        self.0.iter().find(|known| !exists(&known.check))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Finding, Source};

    const REQUIREMENT: Requirement = Requirement {
        id: "a/b",
        level: Level::Must,
        sentence: "",
        source: Source::Field,
        evidence: &[],
        exercises: "",
        bad: "",
        good: "",
    };

    fn known(verdict: VerdictKind, expires: Option<&str>) -> Expectations {
        let expires = expires.map(|day| day.parse().unwrap());
        Expectations(vec![Expectation {
            check: "a/b".into(),
            verdict,
            reason: "why".into(),
            expires,
            line: 1,
        }])
    }

    fn fail() -> Verdict {
        Verdict::Fail(vec![Finding::new("x")])
    }

    #[test]
    fn without_an_expectation_a_failure_is_red_and_a_warning_only_when_strict() {
        let none = Expectations::default();
        let should = Requirement { level: Level::Should, ..REQUIREMENT };
        let info = Requirement { level: Level::Info, ..REQUIREMENT };
        let warn = Verdict::Warn(vec![Finding::new("x")]);
        assert_eq!(none.judge(&REQUIREMENT, &fail(), false, None), Outcome::Red);
        assert_eq!(none.judge(&REQUIREMENT, &Verdict::Pass, true, None), Outcome::Green);
        assert_eq!(none.judge(&should, &warn, false, None), Outcome::Green);
        assert_eq!(none.judge(&should, &warn, true, None), Outcome::Red);
        assert_eq!(none.judge(&info, &warn, true, None), Outcome::Green);
    }

    #[test]
    fn a_pass_that_was_not_expected_is_red() {
        let known = known(VerdictKind::Fail, None);
        assert_eq!(known.judge(&REQUIREMENT, &fail(), false, None), Outcome::Known { reason: "why".into() });
        let passed = known.judge(&REQUIREMENT, &Verdict::Pass, false, None);
        assert!(passed.is_red() && matches!(passed, Outcome::UnexpectedPass { .. }));
        let absent = known.judge(&REQUIREMENT, &Verdict::NotApplicable("x".into()), false, None);
        assert!(absent.is_red() && matches!(absent, Outcome::Otherwise { .. }));
    }

    #[test]
    fn an_expectation_holds_to_the_end_of_its_last_day() {
        let known = known(VerdictKind::Fail, Some("2027-01-31"));
        let on = |day: &str| known.judge(&REQUIREMENT, &fail(), false, Some(day.parse().unwrap()));
        assert!(!on("2027-01-31").is_red());
        assert!(matches!(on("2027-02-01"), Outcome::Expired { .. }));
        assert!(on("2027-02-01").is_red());
    }
}
