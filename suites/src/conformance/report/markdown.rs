//! Results for a summary page of CI, and rows of the table of several plugins.

use std::fmt::Write as _;

use proxy_wasm_harness::check::VerdictKind;

use super::About;
use crate::conformance::examine::{Examined, Summary};

/// The word of a verdict where space is short.
fn mark(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Pass => "pass",
        VerdictKind::Fail => "**fail**",
        VerdictKind::Warn => "warn",
        VerdictKind::Skip => "skip",
        VerdictKind::NotApplicable => "-",
        VerdictKind::Inconclusive => "?",
    }
}

/// Text that breaks no table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}

/// A page about one plugin.
#[must_use]
pub fn markdown(about: &About, all: &[Examined]) -> String {
    let summary = Summary::of(all);
    let mut out = format!("## Conformance of `{}`\n\n", about.place);
    let _ = writeln!(
        out,
        "{} passed, {} failed, {} warned, {} not applicable, {} skipped, {} inconclusive. Profile {}, seed {}, sha256 `{}`.\n",
        summary.passed,
        summary.failed,
        summary.warned,
        summary.not_applicable,
        summary.skipped,
        summary.inconclusive,
        about.profile,
        about.seed,
        &about.sha256[..16.min(about.sha256.len())]
    );
    out.push_str("| check | level | verdict | what |\n|---|---|---|---|\n");
    let worth = |one: &&Examined| one.verdict.kind() != VerdictKind::NotApplicable;
    for one in all.iter().filter(worth) {
        let what = match one.verdict.findings().first() {
            Some(finding) => finding.message.as_str(),
            None => one.verdict.reason().unwrap_or(&one.exercised),
        };
        let remark = one.outcome.remark().map(|remark| format!(" ({remark})")).unwrap_or_default();
        let what: String = what.chars().take(240).collect();
        let _ = writeln!(
            out,
            "| `{}` | {} | {}{} | {} |",
            one.requirement.id,
            one.requirement.level,
            mark(one.verdict.kind()),
            cell(&remark),
            cell(&what)
        );
    }
    out
}

/// The verdicts on several plugins, a row for each check.
#[must_use]
pub fn table(plugins: &[(String, Vec<Examined>)]) -> String {
    let names: Vec<&str> = plugins.iter().map(|(name, _)| name.as_str()).collect();
    let mut out =
        format!("| check | level | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    let Some((_, first)) = plugins.first() else { return out };
    for (at, one) in first.iter().enumerate() {
        let verdicts: Vec<&str> =
            plugins.iter().map(|(_, all)| all.get(at).map_or("", |one| mark(one.verdict.kind()))).collect();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} |",
            one.requirement.id,
            one.requirement.level,
            verdicts.join(" | ")
        );
    }
    out
}
