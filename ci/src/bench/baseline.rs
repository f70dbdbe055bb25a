//! Figures of before, and whether fuel has grown since. Fuel alone is judged: it is the same on every machine, so the
//! same plugin never fails, and a plugin that costs more always does.

use std::path::Path;

use proxy_wasm_harness::vm::WASMTIME;
use serde_json::Value;

use super::figures::Figures;
use super::json::SCHEMA;
use crate::error::Error;

/// Figures of before.
#[derive(Debug)]
pub(super) struct Baseline {
    scenarios: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    name: String,
    per_exchange: f64,
    outside: f64,
}

/// What has become of the figures.
#[derive(Debug)]
pub(super) struct Verdict {
    /// How much fuel may grow, as a fraction.
    pub(super) allowed: f64,
    /// Every figure that both have.
    pub(super) changes: Vec<Grown>,
    /// Scenarios that only the baseline has.
    pub(super) missing: Vec<String>,
    /// Scenarios that the baseline does not have.
    pub(super) new: Vec<String>,
}

/// A figure before and now.
#[derive(Debug)]
pub(super) struct Grown {
    pub(super) scenario: String,
    /// What it is of: `exchange` or `outside`.
    pub(super) of: &'static str,
    pub(super) before: f64,
    pub(super) now: f64,
    /// It has grown by more than it may.
    pub(super) regression: bool,
}

impl Grown {
    /// By what fraction it has grown; below zero when it has shrunk.
    pub(super) fn share(&self) -> f64 {
        if self.before == self.now { 0.0 } else { (self.now - self.before) / self.before.max(1.0) }
    }
}

impl Verdict {
    pub(super) fn regressions(&self) -> impl Iterator<Item = &Grown> {
        self.changes.iter().filter(|grown| grown.regression)
    }
}

impl Baseline {
    /// Reads the figures in this file.
    ///
    /// # Errors
    /// When it cannot be read, holds no figures, or figures that cannot be compared with those that are measured now: of
    /// another version of wasmtime, or with another number of streams.
    pub(super) fn load(path: &Path, streams: u32) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::reading(path))?;
        let place = path.display();
        let anew = |what: String| {
            Error::usage(format!("{place}: {what}"), "measure a new one with `bench --save`".to_owned())
        };
        let json: Value = serde_json::from_str(&text).map_err(|error| anew(format!("no JSON: {error}")))?;
        if json["schema"] != SCHEMA {
            return Err(anew(format!("no baseline: its `schema` is not {SCHEMA:?}")));
        }
        if json["wasmtime"] != WASMTIME {
            let theirs = json["wasmtime"].as_str().unwrap_or("another version");
            return Err(anew(format!(
                "its fuel was counted by wasmtime {theirs}, and this is {WASMTIME}: two versions may count differently"
            )));
        }
        if json["streams"] != streams {
            let theirs = &json["streams"];
            return Err(anew(format!(
                "it was measured with --streams {theirs}, and this is --streams {streams}"
            )));
        }
        let known = |one: &Value| {
            Some(Known {
                name: one["name"].as_str()?.to_owned(),
                per_exchange: one["fuel"]["per_exchange"].as_f64()?,
                outside: one["fuel"]["outside"].as_f64()?,
            })
        };
        let scenarios = json["scenarios"].as_array().and_then(|all| all.iter().map(known).collect());
        let scenarios =
            scenarios.ok_or_else(|| anew("a scenario in it has no name or no fuel".to_owned()))?;
        Ok(Self { scenarios })
    }

    /// Compares. With `all` false only a part of the scenarios was measured, so none is missing.
    pub(super) fn judge(&self, figures: &[Figures], allowed: f64, all: bool) -> Verdict {
        let mut verdict = Verdict { allowed, changes: Vec::new(), missing: Vec::new(), new: Vec::new() };
        for one in figures {
            let Some(known) = self.scenarios.iter().find(|known| known.name == one.name) else {
                verdict.new.push(one.name.clone());
                continue;
            };
            let pairs = [
                ("exchange", known.per_exchange, one.fuel_each()),
                ("outside", known.outside, one.fuel_outside as f64),
            ];
            verdict.changes.extend(pairs.map(|(of, before, now)| Grown {
                scenario: one.name.clone(),
                of,
                before,
                now,
                regression: now > before * (1.0 + allowed),
            }));
        }
        if all {
            let gone = |known: &&Known| figures.iter().all(|one| one.name != known.name);
            verdict.missing.extend(self.scenarios.iter().filter(gone).map(|known| known.name.clone()));
        }
        verdict
    }
}
