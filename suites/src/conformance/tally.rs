//! Counts what a check exercised, and keeps the few findings that are worth telling.

use proxy_wasm_harness::check::{Finding, Judged};

/// Findings that are told; others of the same check say the same in other words.
const MOST: usize = 3;

/// What a check has done so far.
#[derive(Debug)]
pub(super) struct Tally {
    times: u64,
    what: &'static str,
    findings: Vec<Finding>,
}

impl Tally {
    /// Nothing yet; `what` names what is counted, in the plural.
    pub(super) fn of(what: &'static str) -> Self {
        Self { times: 0, what, findings: Vec::new() }
    }

    /// One more was exercised.
    pub(super) fn tried(&mut self) {
        self.times += 1;
    }

    /// Keeps a finding, unless it says what another says.
    pub(super) fn found(&mut self, finding: Finding) {
        if self.findings.len() < MOST && self.findings.iter().all(|known| known.message != finding.message) {
            self.findings.push(finding);
        }
    }

    /// Whether more findings would not be told: the check can stop.
    pub(super) fn is_full(&self) -> bool {
        self.findings.len() == MOST
    }

    /// What is said of the plugin.
    pub(super) fn judged(self) -> Judged {
        Judged::Exercised { times: self.times, what: self.what.to_owned(), findings: self.findings }
    }
}
