//! What came of trials, and the formats in which it is told: a file each, all functions of the same values.

pub(crate) mod github;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod pretty;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use proxy_wasm_harness::scenario::{Failure, Run};
use proxy_wasm_suites::snapshots::Difference;

use crate::exit::Exit;
use crate::story::Exchange;

/// A trial that is over.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// The scenario file, as it was named.
    pub(crate) file: PathBuf,
    /// What the file's trials are called by.
    pub(crate) file_name: String,
    /// The scenario and its case; nothing when the whole file cannot be read.
    pub(crate) label: Option<String>,
    /// The file in which the scenario itself is written, which may be one that `file` imports.
    pub(crate) written_in: PathBuf,
    /// Line there of the scenario, or of what makes it unusable; 0 when the whole file is meant.
    pub(crate) line: usize,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// What happened.
    pub(crate) story: Vec<Exchange>,
    /// Virtual time that passed.
    pub(crate) took: Duration,
    /// What was not as expected.
    pub(crate) failures: Vec<Failure>,
    /// The snapshots that say something else.
    pub(crate) differences: Vec<Difference>,
    /// What makes it unusable, error by error.
    pub(crate) unusable: Vec<String>,
    /// Why it is not green, for people; may be coloured.
    pub(crate) text: String,
    /// What is shown beside it: traces, snapshots that were written.
    pub(crate) beside: String,
    /// Runs this trial alone.
    pub(crate) again: Option<String>,
    /// Time on the wall.
    pub(crate) wall: Duration,
    /// Everything that happened, where a report asks for it.
    pub(crate) record: Option<Arc<Run>>,
}

impl Trial {
    /// A trial that passed and has nothing to tell.
    pub(crate) fn new(file: PathBuf, file_name: String, label: Option<String>) -> Self {
        Self {
            written_in: file.clone(),
            file,
            file_name,
            label,
            line: 0,
            outcome: Outcome::Passed,
            story: Vec::new(),
            took: Duration::ZERO,
            failures: Vec::new(),
            differences: Vec::new(),
            unusable: Vec::new(),
            text: String::new(),
            beside: String::new(),
            again: None,
            wall: Duration::ZERO,
            record: None,
        }
    }

    /// `<file>::<scenario>[::<case>]`.
    pub(crate) fn name(&self) -> String {
        match &self.label {
            Some(label) => format!("{}::{label}", self.file_name),
            None => self.file_name.clone(),
        }
    }

    /// Why it is not green, without colours.
    pub(crate) fn plain_text(&self) -> String {
        plain(&self.text)
    }
}

/// `text` without escape sequences.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Not run, for this reason.
    Skipped(String),
    /// Not as expected, as is known, for this reason.
    KnownFailure(String),
    /// Known to fail, for this reason, and it passes.
    UnexpectedPass(String),
    /// It cannot be run: the file or a module cannot be used.
    Unusable,
    /// This program made a mistake.
    Internal,
}

impl Outcome {
    /// The word for it in documents.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped(_) => "skipped",
            Self::KnownFailure(_) => "known_failure",
            Self::UnexpectedPass(_) => "unexpected_pass",
            Self::Unusable => "unusable",
            Self::Internal => "internal_error",
        }
    }

    /// The reason that the scenario states.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Skipped(why) | Self::KnownFailure(why) | Self::UnexpectedPass(why) => Some(why),
            _ => None,
        }
    }

    /// What it means for the exit code.
    fn exit(&self) -> Exit {
        match self {
            Self::Passed | Self::Skipped(_) | Self::KnownFailure(_) => Exit::Passed,
            Self::Failed | Self::UnexpectedPass(_) => Exit::Failed,
            Self::Unusable => Exit::Unusable,
            Self::Internal => Exit::Internal,
        }
    }

    /// Whether it is to be looked into.
    pub(crate) fn is_red(&self) -> bool {
        self.exit() != Exit::Passed
    }
}

/// How many trials ended how. A known failure counts as skipped: its expectations were not met, and nobody minds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// Of the skipped, those that were run and failed as is known.
    pub(crate) known_failures: usize,
}

impl Summary {
    pub(crate) fn of(trials: &[Trial]) -> Self {
        let mut all = Self::default();
        for trial in trials {
            match &trial.outcome {
                Outcome::Passed => all.passed += 1,
                Outcome::Skipped(_) => all.skipped += 1,
                Outcome::KnownFailure(_) => {
                    all.skipped += 1;
                    all.known_failures += 1;
                }
                _ => all.failed += 1,
            }
        }
        all
    }
}

/// The exit code that these trials give: that of the worst.
pub(crate) fn exit(trials: &[Trial]) -> Exit {
    trials.iter().map(|trial| trial.outcome.exit()).max().unwrap_or(Exit::Passed)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A trial with this outcome and nothing else to say.
    pub(crate) fn trial(label: &str, outcome: Outcome) -> Trial {
        let trial = Trial::new("a/b.scenario.yaml".into(), "b".to_owned(), Some(label.to_owned()));
        Trial { line: 3, outcome, wall: Duration::from_millis(2), ..trial }
    }

    #[test]
    fn the_worst_trial_decides_and_all_are_counted() {
        let mut all = vec![trial("a", Outcome::Passed), trial("b", Outcome::KnownFailure("x".into()))];
        assert_eq!(exit(&all), Exit::Passed);
        all.push(trial("c", Outcome::UnexpectedPass("x".into())));
        assert_eq!(exit(&all), Exit::Failed);
        all.push(trial("d", Outcome::Unusable));
        all.push(trial("e", Outcome::Skipped("x".into())));
        assert_eq!(exit(&all), Exit::Unusable);
        assert_eq!(Summary::of(&all), Summary { passed: 1, failed: 2, skipped: 2, known_failures: 1 });
        assert_eq!(exit(&[]), Exit::Passed);
    }
}
