//! Results as Markdown: a summary for a job's page, a merge request, a mail.

use std::fmt::Write as _;

use super::{Outcome, Summary, Trial};
use crate::story;
use proxy_wasm_harness::state::show;

/// The text of the file: what failed in full, what passed folded.
pub(crate) fn document(trials: &[Trial]) -> String {
    let Summary { passed, failed, skipped, known_failures } = Summary::of(trials);
    let mut out = String::from("# Proxy-Wasm scenarios\n\n");
    let _ = write!(out, "**{passed} passed, {failed} failed, {skipped} skipped**");
    if known_failures > 0 {
        let _ = write!(out, " (of these {known_failures} known to fail)");
    }
    out.push('\n');
    for trial in trials.iter().filter(|trial| trial.outcome.is_red()) {
        let _ = writeln!(out, "\n## {} {}\n", mark(&trial.outcome), escaped(&trial.name()));
        if trial.line > 0 {
            let _ = writeln!(out, "`{}:{}`\n", trial.written_in.display(), trial.line);
        }
        fenced(&mut out, "text", &trial.plain_text());
        if let Some(again) = &trial.again {
            fenced(&mut out, "sh", again);
        }
    }
    let rest: Vec<&Trial> = trials.iter().filter(|trial| !trial.outcome.is_red()).collect();
    if !rest.is_empty() {
        let _ = writeln!(out, "\n<details><summary>{} not red</summary>\n", rest.len());
        out.push_str("| | scenario | what happened |\n|---|---|---|\n");
        for trial in rest {
            let happened = match trial.outcome.reason() {
                Some(reason) => escaped(reason),
                None => happened(trial),
            };
            let name = escaped(&trial.name());
            let _ = writeln!(out, "| {} | {name} | {happened} |", mark(&trial.outcome));
        }
        out.push_str("\n</details>\n");
    }
    out
}

fn mark(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✅",
        Outcome::Skipped(_) | Outcome::KnownFailure(_) => "⏭️",
        _ => "❌",
    }
}

fn happened(trial: &Trial) -> String {
    let lines = story::lines(&trial.story);
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| escaped(&line)).collect();
    if !trial.took.is_zero() {
        lines.push(format!("{} of virtual time", show(trial.took)));
    }
    lines.join("<br>")
}

/// A block of text, in a fence longer than any in it.
fn fenced(out: &mut String, language: &str, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "{fence}{language}\n{}\n{fence}", text.trim_end());
}

/// Text that stays text, in a table, too.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::trial;

    #[test]
    fn what_failed_comes_first_and_nothing_breaks_out_of_its_place() {
        let mut red = trial("a|b", Outcome::Failed);
        red.text = "expected ```\n".to_owned();
        red.again = Some("proxy-wasm-test run a".to_owned());
        let all =
            [trial("<c>", Outcome::Passed), red, trial("d", Outcome::Skipped("later | never".to_owned()))];
        let text = document(&all);
        assert!(
            text.starts_with(
                "# Proxy-Wasm scenarios\n\n**1 passed, 1 failed, 1 skipped**\n\n## ❌ b::a\\|b\n"
            )
        );
        assert!(
            text.contains("\n````text\nexpected ```\n````\n```sh\nproxy-wasm-test run a\n```\n"),
            "{text}"
        );
        assert!(text.contains("| ✅ | b::&lt;c> |  |\n| ⏭️ | b::d | later \\| never |\n"), "{text}");
    }
}
