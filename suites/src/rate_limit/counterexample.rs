//! What is told of a limiter that does not keep its claim: the property in words, what was seen, and the least schedule as
//! a scenario file.

use std::fmt;
use std::path::Path;

use proxy_wasm_harness::scenario::{RateLimit, Scenario, print};

use super::judge::{Violation, says, time};
use super::play::{Seen, Trace};
use super::schedule::Schedule;

/// A claim that does not hold, and the least schedule that shows it.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What does not hold.
    pub violation: Violation,
    /// What is claimed.
    pub claim: RateLimit,
    /// The case that found it; nothing for the steps of a scenario, or where no single one did.
    pub case: Option<u64>,
    /// How many cases there were to be.
    pub cases: u32,
    /// The seed they were drawn from.
    pub seed: u64,
    /// How many requests the schedule had that was found first.
    pub requests_found: usize,
    /// How many smaller schedules were tried.
    pub tries: u32,
    /// The least schedule that fails.
    pub schedule: Schedule,
    /// What was seen of it.
    pub trace: Trace,
    /// It as a scenario; nothing where no schedule shows it.
    pub scenario: Option<Box<Scenario>>,
}

impl Counterexample {
    /// That nothing was seen that could have failed.
    pub(super) fn vacuous(violation: Violation, claim: &RateLimit, cases: u32, seed: u64) -> Self {
        Self {
            violation,
            claim: claim.clone(),
            case: None,
            cases,
            seed,
            requests_found: 0,
            tries: 0,
            schedule: Schedule::default(),
            trace: Trace::default(),
            scenario: None,
        }
    }

    /// The scenario that repeats it: its steps are judged by the same claim, and nothing else is tried.
    #[must_use]
    pub fn scenario(&self) -> Option<Scenario> {
        let scenario = self.scenario.as_deref()?;
        let interleaving = self.schedule.interleaving.clone();
        let claim = RateLimit { interleaving, cases: Some(0), ..self.claim.clone() };
        Some(Scenario {
            name: format!("{}: {}", says(&self.claim), self.violation.property),
            rate_limit: Some(claim),
            ..scenario.clone()
        })
    }

    /// It as the text of a scenario file in `folder`.
    #[must_use]
    pub fn file(&self, folder: &Path) -> Option<String> {
        let about = format!(
            "# {}\n# {}\n# Case {} of {}, seed {}.\n",
            self.violation.expected,
            self.violation.actual,
            self.case.unwrap_or_default(),
            self.cases,
            self.seed
        );
        self.scenario().map(|scenario| about + &print(&scenario, folder))
    }

    /// Where it came from, in a line.
    #[must_use]
    pub fn origin(&self) -> String {
        let Self { cases, seed, requests_found, tries, .. } = self;
        match self.case {
            Some(case) => format!(
                "case {case} of {cases}, seed {seed}: found with {requests_found} requests, down to {} in {tries} tries",
                self.schedule.requests()
            ),
            None => format!("{cases} cases, seed {seed}"),
        }
    }

    /// What was seen, a request a line.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        let many = self.schedule.workers > 1;
        self.trace.requests.iter().enumerate().map(|(number, seen)| line(number, seen, many)).collect()
    }
}

/// A request in words.
pub(super) fn line(number: usize, seen: &Seen, many: bool) -> String {
    let became = match seen.admitted {
        Some(true) => "admitted",
        Some(false) => "refused",
        None => "not decided",
    };
    let worker = if many { format!(" at worker {}", seen.worker) } else { String::new() };
    let key = match seen.key.is_empty() {
        true => String::new(),
        false => format!(" ({})", String::from_utf8_lossy(&seen.key)),
    };
    format!("request {} at {}{worker}{key}: {became}", number + 1, time(seen.at))
}

/// The whole report, with the scenario file.
impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { property, expected, actual, .. } = &self.violation;
        writeln!(f, "rate_limit: {property}: {actual}")?;
        writeln!(f, "  expected  {expected}")?;
        writeln!(f, "  actual    {actual}")?;
        for (at, line) in self.seen().into_iter().enumerate() {
            writeln!(f, "  {:<9} {line}", if at == 0 { "seen" } else { "" })?;
        }
        writeln!(f, "  origin    {}", self.origin())?;
        if let Some(file) = self.file(Path::new("")) {
            write!(f, "\nas a scenario file, which `proxy-wasm-test run` repeats:\n\n{file}")?;
        }
        Ok(())
    }
}
