//! What happened, for people: the views of the transcript in one, then a line for each exchange.

use std::fmt::Write as _;

use proxy_wasm_harness::scenario::{Run, View};

use crate::report::pretty;
use crate::story;
use crate::style::{BOLD, FAILED, FAINT, NOTED};

/// The `http` and the `log` view in the order of what happened, or every callback and hostcall.
pub(super) fn exchanges(run: &Run, trace: bool) -> String {
    let text = if trace { run.view(View::Abi) } else { run.transcript.http_and_log() };
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with("== ") && !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", painted(line));
    }
    let story = pretty::story(&story::exchanges(&run.transcript));
    if !story.is_empty() {
        let _ = write!(out, "\n{story}");
    }
    out
}

/// A line of a view: its time aside, what deserves a look in colour.
fn painted(line: &str) -> String {
    if let Some(step) = line.strip_prefix("== ") {
        return format!("{BOLD}{step}{BOLD:#}");
    }
    let Some((time, rest)) = line.strip_prefix('[').and_then(|line| line.split_once("] ")) else {
        return format!("{FAINT}{line}{FAINT:#}");
    };
    let has = |words: &[&str]| words.iter().any(|word| rest.contains(word));
    let style = if has(&[" trapped in ", " stalled"]) {
        FAILED
    } else if has(&[" answers ", " warning: ", " error: ", " critical: ", ", which is not implemented"]) {
        NOTED
    } else {
        return format!("{FAINT}[{time}]{FAINT:#} {rest}");
    };
    format!("{FAINT}[{time}]{FAINT:#} {style}{rest}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plain;

    #[test]
    fn colours_take_nothing_away_but_the_mark_of_a_step() {
        for line in ["[0s] #1 client sends GET /", "    host: a", "[1s] limiter critical: remain 0", "[0s"] {
            assert_eq!(plain(&painted(line)), line);
        }
        assert_eq!(plain(&painted("== request GET /")), "request GET /");
    }
}
