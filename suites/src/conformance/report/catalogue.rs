//! The requirements themselves.

use std::fmt::Write as _;

use proxy_wasm_harness::check::Check;

use crate::conformance::lab::Subject;

/// A line for each check.
#[must_use]
pub fn list(checks: &[&'static Check<Subject>]) -> String {
    let mut out = String::new();
    for check in checks {
        let one = &check.requirement;
        let _ = writeln!(out, "{:<27} {:<6} {}", one.id, one.level.word(), one.sentence);
    }
    out
}

/// One requirement in full.
#[must_use]
pub fn explain(check: &Check<Subject>) -> String {
    let one = &check.requirement;
    let mut out = format!("{} ({})\n\n{}\n\n", one.id, one.level, one.sentence);
    for (label, text) in [
        ("source", one.source.to_string()),
        ("seen in", one.evidence.join(", ")),
        ("exercises", one.exercises.to_owned()),
        ("bad", one.bad.to_owned()),
        ("good", one.good.to_owned()),
    ] {
        let _ = writeln!(out, "{label:<10} {text}");
    }
    out
}

/// The catalogue as Markdown, area by area.
#[must_use]
pub fn catalogue(checks: &[&'static Check<Subject>]) -> String {
    let mut out = String::new();
    let mut area = "";
    for check in checks {
        let one = &check.requirement;
        if one.area() != area {
            area = one.area();
            let _ = writeln!(out, "\n### {area}");
        }
        let _ = write!(
            out,
            "\n**`{}`** ({}): {}\n{}. Source: {}. Seen in: {}.\n",
            one.id,
            one.level,
            one.sentence,
            capital(one.exercises),
            one.source,
            one.evidence.join(", ")
        );
    }
    out
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
