//! Runs checks on a plugin and gathers what came of them.

use std::io;

use proxy_wasm_harness::check::{Check, Date, Expectations, Outcome, Requirement, Verdict, VerdictKind};

use super::lab::Subject;
use crate::pool;

/// What came of one check.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    /// What was asked.
    pub requirement: Requirement,
    /// What came of it.
    pub verdict: Verdict,
    /// What was exercised, in words; empty when nothing was.
    pub exercised: String,
    /// What it means for whoever runs the check.
    pub outcome: Outcome,
}

/// How an examination is judged.
#[derive(Clone, Debug, Default)]
pub struct Judging {
    /// What is known not to pass.
    pub expectations: Expectations,
    /// Whether requirements of level SHOULD have to be met, too.
    pub strict: bool,
    /// The day it is; none: nothing is over.
    pub today: Option<Date>,
}

/// Runs one check.
#[must_use]
pub fn examine(subject: &Subject, check: &Check<Subject>, judging: &Judging) -> Examined {
    let (mut verdict, mut exercised) = check.verdict(subject);
    if verdict == Verdict::Pass && subject.is_idle() {
        verdict = Verdict::NotApplicable("the plugin does nothing that could be right or wrong".to_owned());
        exercised = String::new();
    }
    let outcome = judging.expectations.judge(&check.requirement, &verdict, judging.strict, judging.today);
    Examined { requirement: check.requirement, verdict, exercised, outcome }
}

/// Runs `checks` on `jobs` threads. `done` gets each result in the order of the checks, as soon as those before it are
/// there.
///
/// # Errors
///
/// When the machine gives not even one thread.
pub fn examine_all(
    subject: &Subject,
    checks: &[&'static Check<Subject>],
    judging: &Judging,
    jobs: usize,
    mut done: impl FnMut(&Examined),
) -> io::Result<Vec<Examined>> {
    let mut all = Vec::with_capacity(checks.len());
    pool::each(
        checks,
        jobs,
        |check| examine(subject, check, judging),
        |one| {
            done(&one);
            all.push(one);
        },
    )?;
    Ok(all)
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Warned of.
    pub warned: usize,
    /// Not tried.
    pub skipped: usize,
    /// Of no use for this plugin.
    pub not_applicable: usize,
    /// Tried without a result.
    pub inconclusive: usize,
    /// Outcomes that somebody has to act on.
    pub red: usize,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(all: &[Examined]) -> Self {
        let mut summary = Self::default();
        for one in all {
            let count = match one.verdict.kind() {
                VerdictKind::Pass => &mut summary.passed,
                VerdictKind::Fail => &mut summary.failed,
                VerdictKind::Warn => &mut summary.warned,
                VerdictKind::Skip => &mut summary.skipped,
                VerdictKind::NotApplicable => &mut summary.not_applicable,
                VerdictKind::Inconclusive => &mut summary.inconclusive,
            };
            *count += 1;
            summary.red += usize::from(one.outcome.is_red());
        }
        summary
    }
}
