//! One check, in lines.

use std::path::Path;

use proxy_wasm_harness::check::Finding;
use proxy_wasm_harness::scenario::{Scenario, print};

use crate::conformance::examine::Examined;

/// One line: what was found out about a requirement.
#[must_use]
pub fn headline(one: &Examined) -> String {
    let detail = match (one.verdict.reason(), one.exercised.as_str()) {
        (Some(why), _) => why.to_owned(),
        (None, exercised) => exercised.to_owned(),
    };
    let detail: String = detail.chars().take(140).collect();
    format!("{:<27} {:<6} {detail}", one.requirement.id, one.requirement.level.word())
}

/// What the expectation file has to do with it; nothing when it has not.
#[must_use]
pub fn remark(one: &Examined) -> Option<String> {
    one.outcome.remark()
}

/// What asks for better: for the findings of a check together.
#[must_use]
pub fn requirement(one: &Examined) -> String {
    let requirement = &one.requirement;
    let lines = [
        ("required", requirement.sentence.to_owned()),
        ("source", requirement.source.to_string()),
        ("seen in", requirement.evidence.join(", ")),
        ("help", requirement.good.to_owned()),
    ];
    lines.iter().map(|(label, text)| format!("  {label:<9} {text}\n")).collect()
}

/// A finding: what is wrong, the transcript, the scenario that shows it.
#[must_use]
pub fn finding(finding: &Finding, reproduction: Option<&str>) -> String {
    let mut out = format!("{}\n", finding.message);
    let mut part = |label: &str, lines: Vec<String>| {
        for (at, line) in lines.iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            out.push_str(&format!("  {label:<9} {line}\n"));
        }
    };
    if !finding.hosts.is_empty() {
        part("bites on", vec![finding.hosts.join(", ")]);
    }
    part("shown by", finding.evidence.clone());
    part("backtrace", finding.backtrace.iter().take(8).cloned().collect());
    part("scenario", reproduction.unwrap_or_default().lines().map(str::to_owned).collect());
    out
}

/// The text of a scenario file in `folder` that fails for the same reason.
#[must_use]
pub fn reproduction(scenario: &Scenario, folder: &Path) -> String {
    print(scenario, folder)
}
