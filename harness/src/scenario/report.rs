//! The text of a failed scenario, for people.
//!
//! A pure function of the run. Whoever prints it says whether there are colours; the words and the lines are the same.

use std::fmt::Write as _;

use super::document::error::window;
use super::failure::Failure;
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

/// What a piece of text is, for its colour.
#[derive(Clone, Copy)]
enum Role {
    Headline,
    Label,
    Wrong,
    Right,
    Quiet,
}

impl Style {
    fn paint(self, role: Role, text: &str) -> String {
        let code = match role {
            Role::Headline => "1",
            Role::Label => "36",
            Role::Wrong => "31",
            Role::Right => "32",
            Role::Quiet => "2",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// Failures that are told in full; the rest is counted.
const MOST: usize = 10;

/// What went wrong in `run`, empty when nothing did.
///
/// The first line of each failure is `file:line:column: ...`; then the line of the file with a caret, what was
/// expected, what was there, what almost matched, and the lines of the transcript that explain it.
#[must_use]
pub fn report(scenario: &Scenario, run: &Run, style: Style) -> String {
    let mut out = String::new();
    let mut told: &[String] = &[];
    for (index, failure) in run.failures.iter().take(MOST).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        // What explains several failures is told once.
        let again = failure.because.len() > 1 && failure.because == told;
        write_failure(&mut out, failure, again, style);
        told = &failure.because;
    }
    if run.failures.len() > MOST {
        let _ =
            writeln!(out, "\n... and {} more failures of {:?}", run.failures.len() - MOST, scenario.label());
    }
    out
}

fn write_failure(out: &mut String, failure: &Failure, again: bool, style: Style) {
    let headline = format!("{}: {}", failure.span, headline(failure));
    let _ = writeln!(out, "{}", style.paint(Role::Headline, &headline));
    if let Some(text) = failure.span.text() {
        let (shown, caret) = window(text, failure.span.column());
        let number = failure.span.line().to_string();
        let margin = " ".repeat(number.len());
        let _ = writeln!(out, " {number} | {shown}");
        let _ = writeln!(out, " {margin} | {}{}", " ".repeat(caret), style.paint(Role::Wrong, "^"));
    }
    let mut part = |label: &str, lines: &[String], role: Option<Role>| {
        for (index, line) in lines.iter().enumerate() {
            let label = format!("{:<9}", if index == 0 { label } else { "" });
            let line = role.map_or_else(|| line.clone(), |role| style.paint(role, line));
            let _ = writeln!(out, "  {} {}", style.paint(Role::Label, &label), line);
        }
    };
    part("step", &[step(failure)], None);
    if failure.diff.is_some() {
        part("diff", &["- expected, + actual".to_owned()], Some(Role::Quiet));
    } else {
        part("expected", std::slice::from_ref(&failure.expected), Some(Role::Right));
        part("actual", std::slice::from_ref(&failure.actual), Some(Role::Wrong));
    }
    for line in failure.diff.iter().flat_map(|diff| diff.lines()) {
        let role = match line.as_bytes().first() {
            Some(b'-') => Some(Role::Right),
            Some(b'+') => Some(Role::Wrong),
            _ => None,
        };
        part("", &[line.to_owned()], role);
    }
    part("nearest", failure.nearest.as_slice(), None);
    if again {
        part("because", &["as above".to_owned()], Some(Role::Quiet));
    } else {
        part("because", &failure.because, None);
    }
    let note = failure.span.note().map(|(what, place)| format!("{what} {place}"));
    part("note", note.as_slice(), None);
    part("backtrace", &failure.backtrace, Some(Role::Quiet));
}

/// What is wrong, in one line.
fn headline(failure: &Failure) -> String {
    const LONG: usize = 80;
    let Failure { what, expected, actual, .. } = failure;
    match what.as_str() {
        "trap" | "stalled" | "findings" | "start" | "respond" | "data" | "close" | "enqueue" | "step" => {
            format!("{what}: {actual}")
        }
        _ if what.starts_with("rate_limit") => format!("{what}: {actual}"),
        _ if expected.len() + actual.len() <= LONG => format!("{what}: expected {expected}, found {actual}"),
        _ => format!("{what} is not as expected"),
    }
}

/// Which step, which repetition of it, and when.
fn step(failure: &Failure) -> String {
    let mut text = failure.step_words.clone();
    if let Some((repetition, of)) = failure.repetition {
        let _ = write!(text, ", repetition {repetition} of {of}");
        match failure.again {
            0 => {}
            1 => text.push_str(" (1 more fails in the same way)"),
            more => {
                let _ = write!(text, " ({more} more fail in the same way)");
            }
        }
    }
    let _ = write!(text, ", at {}", failure.at);
    text
}
