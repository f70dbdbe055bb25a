//! A report as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::report::{Entry, Judgement, Outcome, Report};
use super::views::View;

impl Report {
    /// For people: everything that is not as it should be, then the counts.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        for entry in self.entries.iter().filter(|entry| entry.judgement().is_red()) {
            out.push_str(&entry.pretty());
            out.push('\n');
        }
        out.push_str(&self.summary());
        out
    }

    /// The counts, for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let (all, played) = (self.entries.len(), self.played());
        let mut out = format!("Envoy {}: {all} scenarios, {played} played on both sides\n", self.envoy);
        for view in View::ALL {
            let equal = self.equal(view);
            let percent = if played == 0 { 0.0 } else { 100.0 * equal as f64 / played as f64 };
            let _ = writeln!(out, "  {:<5}  {equal} equal ({percent:.1} %)", view.name());
        }
        for (what, count) in [
            ("different", self.count(|is| is == Judgement::Different)),
            ("known to differ", self.count(|is| is == Judgement::Known)),
            ("said to differ, and equal", self.count(|is| is == Judgement::Gone)),
            ("not playable", self.count(|is| matches!(is, Judgement::NotPlayable(_)))),
            ("unusable", self.count(|is| matches!(is, Judgement::Unusable(_)))),
        ] {
            if count > 0 {
                let _ = writeln!(out, "  {count} {what}");
            }
        }
        out
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Json {
        let equal = View::ALL.into_iter().map(|view| (view.name(), self.equal(view)));
        json!({
            "schema": "proxy-wasm-test/parity/1",
            "envoy": self.envoy,
            "summary": {
                "passed": self.count(|is| is == Judgement::Equal),
                "failed": self.count(|is| is.is_red()),
                "skipped": self.count(|is| matches!(is, Judgement::NotPlayable(_))),
                "known_failures": self.count(|is| is == Judgement::Known),
            },
            "scenarios_total": self.entries.len(),
            "playable": self.played(),
            "equal": equal.collect::<BTreeMap<_, _>>(),
            "scenarios": self.entries.iter().map(Entry::json).collect::<Vec<_>>(),
        })
    }
}

impl Entry {
    /// What is wrong with it, as text; nothing when nothing is.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        let name = &self.name;
        let _ = match &self.outcome {
            Outcome::Played { divergences, .. } => {
                for one in divergences {
                    let (view, line) = (one.view.name(), one.line);
                    let known = match self.known_in(one.view) {
                        Some(known) => format!(" (known: {})", known.why),
                        None => String::new(),
                    };
                    let _ = writeln!(out, "{name}: {view} differs from line {line}{known}");
                    let _ = writeln!(out, "    - Envoy, + here");
                    for line in &one.diff {
                        let _ = writeln!(out, "    {line}");
                    }
                }
                Ok(())
            }
            Outcome::EnvoyDied { status, log, foretold: false } => {
                writeln!(out, "{name}: Envoy died ({status}), and the harness did not say so\n{log}")
            }
            Outcome::EnvoyDied { .. } => Ok(()),
            Outcome::NotPlayable(why) => writeln!(out, "{name}: not playable: {why}"),
            Outcome::MockFailed(why) => writeln!(out, "{name}: cannot be carried out here: {why}"),
        };
        if let Some((view, known)) = self.gone() {
            let view = view.name();
            let _ = writeln!(
                out,
                "{name}: {view} is said to differ ({}), and does not: take the entry out of the known differences",
                known.why
            );
        }
        out
    }

    fn json(&self) -> Json {
        let judgement = self.judgement();
        let mut json = json!({"name": self.name, "area": self.area, "result": judgement.word()});
        match &self.outcome {
            Outcome::Played { divergences, findings, .. } => {
                json["findings"] = json!(findings);
                json["divergences"] = divergences
                    .iter()
                    .map(|one| json!({"view": one.view.name(), "line": one.line, "diff": one.diff}))
                    .collect();
            }
            Outcome::EnvoyDied { status, foretold, .. } => {
                json["envoy_died"] = status.as_str().into();
                json["foretold"] = (*foretold).into();
            }
            Outcome::NotPlayable(why) | Outcome::MockFailed(why) => json["why"] = why.as_str().into(),
        }
        if !self.known.is_empty() {
            json["known"] = self.known.iter().map(|known| known.why.as_str()).collect();
        }
        json
    }
}
