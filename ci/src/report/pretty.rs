//! Results for people: a tree of files, scenarios, and what happened in them.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use proxy_wasm_harness::state::show;

use super::{Outcome, Summary, Trial};
use crate::story;
use crate::style::{BOLD, FAILED, FAINT, HINT, NOTED, PASSED};

/// The line above a file's trials.
pub(crate) fn heading(file: &Path) -> String {
    format!("{BOLD}{}{BOLD:#}\n", file.display())
}

/// A trial: how it ended, its story, why it is not green.
pub(crate) fn trial(trial: &Trial) -> String {
    let mut out = String::new();
    let (style, word) = match &trial.outcome {
        Outcome::Passed => (PASSED, "ok"),
        Outcome::Failed => (FAILED, "FAILED"),
        Outcome::Skipped(_) => (NOTED, "skipped"),
        Outcome::KnownFailure(_) => (NOTED, "known failure"),
        Outcome::UnexpectedPass(_) => (FAILED, "UNEXPECTED PASS"),
        Outcome::Unusable => (FAILED, "UNUSABLE"),
        Outcome::Internal => (FAILED, "INTERNAL ERROR"),
    };
    let label = trial.label.as_deref().unwrap_or("the file cannot be read");
    let _ = write!(out, "  {style}{word}{style:#}  {label}");
    if !trial.took.is_zero() {
        let _ = write!(out, "  {FAINT}{}{FAINT:#}", show(trial.took));
    }
    if let Some(reason) = trial.outcome.reason() {
        let _ = write!(out, "  {NOTED}{reason}{NOTED:#}");
    }
    out.push('\n');
    out.push_str(&story(&trial.story));
    // What cannot be used is told on stderr, as every such error is.
    if !trial.text.is_empty() && trial.outcome != Outcome::Unusable {
        out.push('\n');
        indented(&mut out, &trial.text);
    }
    if let (true, Some(again)) = (trial.outcome.is_red() && trial.outcome != Outcome::Unusable, &trial.again)
    {
        let _ = writeln!(out, "    {HINT}run it again:{HINT:#} {again}\n");
    }
    indented(&mut out, &trial.beside);
    out
}

/// Exchanges, a line each, their times in a column.
pub(crate) fn story(exchanges: &[story::Exchange]) -> String {
    let lines = story::lines(exchanges);
    let width = lines.iter().map(|(at, _)| at.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (at, line) in lines {
        let _ = match line.split_once(" -> ") {
            Some((request, answer)) => {
                writeln!(out, "      {FAINT}{at:>width$}{FAINT:#}  {request} -> {}", paint(answer))
            }
            None => writeln!(out, "      {:>width$}  {FAINT}{line}{FAINT:#}", ""),
        };
    }
    out
}

/// What did not come from the upstream, or not at all, catches the eye.
fn paint(answer: &str) -> String {
    let plain = answer.bytes().all(|byte| byte.is_ascii_digit());
    if plain { answer.to_owned() } else { format!("{NOTED}{answer}{NOTED:#}") }
}

fn indented(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = match line {
            "" => writeln!(out),
            line => writeln!(out, "    {line}"),
        };
    }
}

/// The last line.
pub(crate) fn summary(trials: &[Trial], wall: Duration) -> String {
    let Summary { passed, failed, skipped, known_failures } = Summary::of(trials);
    let style = if failed > 0 { FAILED } else { PASSED };
    let mut out = format!("{style}{passed} passed, {failed} failed, {skipped} skipped{style:#}");
    if known_failures > 0 {
        let _ = write!(out, " {NOTED}(of these {known_failures} known to fail){NOTED:#}");
    }
    let passed_in_it: Duration = trials.iter().map(|trial| trial.took).sum();
    let _ = writeln!(
        out,
        " {FAINT}in {:.2} s, {} of virtual time{FAINT:#}",
        wall.as_secs_f64(),
        show(passed_in_it)
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plain;
    use crate::report::tests::trial as a_trial;

    #[test]
    fn a_trial_says_why_it_is_not_green_and_how_to_run_it_again() {
        let mut red = a_trial("third is refused", Outcome::Failed);
        red.took = Duration::from_millis(750);
        red.text = "a.yaml:3:4: response.status\n\n  expected 403\n".to_owned();
        red.again = Some("proxy-wasm-test run a.yaml".to_owned());
        assert_eq!(
            plain(&trial(&red)),
            "  FAILED  third is refused  750ms\n\n    a.yaml:3:4: response.status\n\n      expected 403\n    \
             run it again: proxy-wasm-test run a.yaml\n\n"
        );
        let skipped = a_trial("later", Outcome::Skipped("no gRPC yet".to_owned()));
        assert_eq!(plain(&trial(&skipped)), "  skipped  later  no gRPC yet\n");
    }

    #[test]
    fn the_summary_counts() {
        let all = [a_trial("a", Outcome::Passed), a_trial("b", Outcome::KnownFailure("x".to_owned()))];
        assert_eq!(
            plain(&summary(&all, Duration::from_millis(120))),
            "1 passed, 0 failed, 1 skipped (of these 1 known to fail) in 0.12 s, 0s of virtual time\n"
        );
    }
}
