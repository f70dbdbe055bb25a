//! What parity came to: scenario by scenario, as text, JSON and Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Trial;
use super::compare::Divergence;
use super::normalise::NORMALISATIONS;
use super::views::{View, Views};

/// What came of one scenario.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was played on both sides.
    Played {
        /// Where they part; empty when they are equal.
        divergences: Vec<Divergence>,
        /// Envoy writes what it should not, and the mock says so in place of doing it too: the exchanges differ as told.
        foretold: bool,
        /// Envoy's side.
        envoy: Views,
        /// The mock's.
        mock: Views,
        /// What the mock found, by id.
        findings: Vec<String>,
    },
    /// Envoy did not survive it.
    EnvoyDied {
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
        /// The mock had said so.
        foretold: bool,
    },
    /// It cannot be played on a real proxy.
    NotPlayable(String),
    /// The mock could not carry it out.
    MockFailed(String),
}

/// One scenario of a report.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of its trial.
    pub name: String,
    /// The part of the suite that it belongs to: the folders of its file.
    pub area: String,
    /// What came of it.
    pub outcome: Outcome,
}

impl Entry {
    pub(super) fn new(trial: &Trial, outcome: Outcome) -> Self {
        Self { name: trial.name.clone(), area: trial.area.clone(), outcome }
    }

    /// Whether the view is the same on both sides; `None` when it was not compared.
    #[must_use]
    pub fn equal(&self, view: View) -> Option<bool> {
        match &self.outcome {
            Outcome::Played { divergences, .. } => {
                Some(divergences.iter().all(|divergence| divergence.view != view))
            }
            Outcome::EnvoyDied { foretold, .. } => Some(*foretold),
            Outcome::NotPlayable(_) | Outcome::MockFailed(_) => None,
        }
    }

    /// Whether both sides agree in everything, or it was not to be compared.
    #[must_use]
    pub fn agrees(&self) -> bool {
        match &self.outcome {
            Outcome::NotPlayable(_) => true,
            Outcome::MockFailed(_) => false,
            _ => View::ALL.into_iter().all(|view| self.equal(view) == Some(true)),
        }
    }
}

/// What came of all scenarios.
#[derive(Clone, Debug)]
pub struct Report {
    /// Envoy's version.
    pub envoy: String,
    /// The scenarios, in the order in which they were given.
    pub entries: Vec<Entry>,
}

impl Report {
    /// Scenarios that were compared.
    #[must_use]
    pub fn played(&self) -> usize {
        self.entries.iter().filter(|entry| entry.equal(View::Http).is_some()).count()
    }

    /// Of those, how many are the same in `view`.
    #[must_use]
    pub fn equal(&self, view: View) -> usize {
        self.entries.iter().filter(|entry| entry.equal(view) == Some(true)).count()
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.entries.iter().all(Entry::agrees)
    }

    /// For people: every difference, then the count.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        for entry in &self.entries {
            entry.pretty(&mut out);
        }
        let played = self.played();
        let _ = write!(out, "Envoy {}: {played} of {} scenarios played;", self.envoy, self.entries.len());
        for view in View::ALL {
            let _ = write!(out, " {} {}/{played}", view.name(), self.equal(view));
        }
        out.push('\n');
        out
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Json {
        let entries: Vec<Json> = self.entries.iter().map(Entry::json).collect();
        let played = self.played();
        let agree = self.entries.iter().filter(|entry| entry.agrees() && entry.equal(View::Http).is_some());
        let agree = agree.count();
        json!({
            "schema": "proxy-wasm-test/parity/1",
            "envoy": self.envoy,
            "summary": {
                "passed": agree,
                "failed": self.entries.iter().filter(|entry| !entry.agrees()).count(),
                "skipped": self.entries.len() - played,
            },
            "played": played,
            "equal": View::ALL.into_iter().map(|view| (view.name(), self.equal(view))).collect::<BTreeMap<_, _>>(),
            "scenarios": entries,
        })
    }

    /// The page that is kept beside the code.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("# Parity with Envoy {}\n\n", self.envoy);
        let played = self.played();
        let _ = writeln!(out, "{played} scenarios played on both sides.\n");
        out.push_str("| area | scenarios | http | log | abi | not playable |\n|---|---|---|---|---|---|\n");
        let mut areas: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &self.entries {
            areas.entry(&entry.area).or_default().push(entry);
        }
        for (area, entries) in areas {
            let equal = |view| entries.iter().filter(|entry| entry.equal(view) == Some(true)).count();
            let unplayed = entries.iter().filter(|entry| entry.equal(View::Http).is_none()).count();
            let _ = writeln!(
                out,
                "| {area} | {} | {} | {} | {} | {unplayed} |",
                entries.len(),
                equal(View::Http),
                equal(View::Log),
                equal(View::Abi)
            );
        }
        self.markdown_lists(&mut out);
        out
    }

    fn markdown_lists(&self, out: &mut String) {
        out.push_str(
            "\n## What is made equal before it is compared\n\n| view | what | why |\n|---|---|---|\n",
        );
        for one in NORMALISATIONS {
            let _ = writeln!(out, "| {} | {} | {} |", one.view, one.what, one.why);
        }
        out.push_str("\n## Differences\n\n");
        for entry in self.entries.iter().filter(|entry| !entry.agrees()) {
            let _ = writeln!(out, "### {}\n\n```diff", entry.name);
            entry.pretty(out);
            out.push_str("```\n\n");
        }
        out.push_str("## Not playable\n\n");
        for entry in &self.entries {
            if let Outcome::NotPlayable(why) = &entry.outcome {
                let _ = writeln!(out, "- {}: {why}", entry.name);
            }
        }
    }
}

impl Entry {
    /// What differs, as text; nothing when nothing does.
    pub fn pretty(&self, out: &mut String) {
        let _ = match &self.outcome {
            Outcome::Played { divergences, .. } => {
                for one in divergences {
                    let _ =
                        writeln!(out, "{}: {} differs from line {}", self.name, one.view.name(), one.line);
                    for line in &one.diff {
                        let _ = writeln!(out, "    {line}");
                    }
                }
                Ok(())
            }
            Outcome::EnvoyDied { status, log, foretold: false } => {
                writeln!(out, "{}: Envoy died ({status}), and the mock did not say so\n{log}", self.name)
            }
            Outcome::EnvoyDied { .. } | Outcome::NotPlayable(_) => Ok(()),
            Outcome::MockFailed(why) => writeln!(out, "{}: the mock: {why}", self.name),
        };
    }

    fn json(&self) -> Json {
        let mut json = json!({"name": self.name, "area": self.area});
        match &self.outcome {
            Outcome::Played { divergences, findings, .. } => {
                json["result"] = if divergences.is_empty() { "equal" } else { "different" }.into();
                json["findings"] = json!(findings);
                json["divergences"] = divergences
                    .iter()
                    .map(|one| json!({"view": one.view.name(), "line": one.line, "diff": one.diff}))
                    .collect();
            }
            Outcome::EnvoyDied { status, foretold, .. } => {
                json["result"] = if *foretold { "equal" } else { "different" }.into();
                json["envoy_died"] = status.as_str().into();
            }
            Outcome::NotPlayable(why) => {
                json["result"] = "not playable".into();
                json["why"] = why.as_str().into();
            }
            Outcome::MockFailed(why) => {
                json["result"] = "failed".into();
                json["why"] = why.as_str().into();
            }
        }
        json
    }
}
