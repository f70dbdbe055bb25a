//! `rate_limit` of scenario files: the scenario is run as it stands, its own steps are judged by the claim, and then
//! schedules are drawn.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{
    self, Failure, Modules, RateLimit, Run, RunError, RunOptions, Scenario, Span, WallTime,
};
use proxy_wasm_harness::state::Instant;

use super::attempt::Attempt;
use super::counterexample::{Counterexample, line};
use super::deed::{self, Deed};
use super::judge::Violation;
use super::suite::{Outcome, Report, Suite};
use crate::snapshots::is_ci;
use crate::write;

/// What the one who runs scenarios decides about their rate limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// So many schedules, whatever the scenario says; but none where it says 0.
    pub cases: Option<u32>,
    /// This seed in place of the scenario's.
    pub seed: Option<u64>,
}

/// A scenario that was carried out and, where it claims a rate limit, held to that.
#[derive(Debug)]
pub struct Judged {
    /// The run; a claim that does not hold is one of its failures.
    pub run: Run,
    /// The least schedule that shows it, where one was searched for.
    pub counterexample: Option<Box<Counterexample>>,
    /// What was tried.
    pub tried: Option<Report>,
}

/// As [`scenario::run`], and judges what the scenario claims of a rate limiter.
///
/// # Errors
///
/// As [`scenario::run`].
pub fn run(
    scenario: &Scenario,
    modules: &dyn Modules,
    options: &RunOptions,
    tuning: Tuning,
) -> Result<Judged, RunError> {
    let run = scenario::run(scenario, modules, options)?;
    let mut judged = Judged { run, counterexample: None, tried: None };
    let Some(claim) = scenario.rate_limit.clone().filter(|_| judged.run.passed()) else { return Ok(judged) };
    let builder = scenario::builder(scenario, modules, options)?;
    let cases = match (claim.cases, tuning.cases) {
        (Some(0), _) => Some(0),
        (_, Some(cases)) => Some(cases),
        (cases, None) => cases,
    };
    let claim = RateLimit { cases, ..claim };
    let suite = Suite::new(claim, builder).seed(tuning.seed.unwrap_or(scenario.seed));
    if let Some(failure) = of_steps(scenario, &suite) {
        judged.run.failures.push(failure);
        return Ok(judged);
    }
    match suite.run() {
        Ok(Outcome::Held(report)) => judged.tried = Some(report),
        Ok(Outcome::Failed(mut counterexample)) => {
            counterexample.put_into(scenario);
            let mut because = counterexample.seen();
            because.push(counterexample.origin());
            judged.run.failures.push(failure(
                &suite,
                &suite.claim().span,
                &counterexample.violation,
                because,
            ));
            judged.counterexample = Some(counterexample);
        }
        Err(error) => {
            let violation = Violation {
                property: "start",
                place: 0,
                expected: "the chain starts".to_owned(),
                actual: format!("{error:?}"),
            };
            judged.run.failures.push(failure(&suite, &suite.claim().span, &violation, Vec::new()));
        }
    }
    Ok(judged)
}

/// What the steps of the scenario itself show.
fn of_steps(scenario: &Scenario, suite: &Suite) -> Option<Failure> {
    let (steps, deeds): (Vec<usize>, Vec<Deed>) = deed::of_steps(scenario)?.into_iter().unzip();
    let interleaving = suite.claim().interleaving.as_deref();
    let attempt = Attempt { suite, start: None, workers: scenario.host.workers as usize, interleaving };
    let violation = attempt.try_deeds(&deeds).err()?;
    let (trace, _) = attempt.told(&deeds);
    let many = scenario.host.workers > 1;
    let because = trace.requests.iter().enumerate().map(|(number, seen)| line(number, seen, many)).collect();
    let step = steps.get(violation.place).copied().unwrap_or_default();
    let at = trace.requests.iter().find(|seen| seen.place == violation.place);
    Some(Failure {
        step,
        step_words: "the steps of the scenario".to_owned(),
        at: Instant::from_nanos(at.map_or(0, |seen| seen.at)),
        ..failure(suite, &scenario.steps[step].span, &violation, because)
    })
}

fn failure(suite: &Suite, span: &Span, violation: &Violation, because: Vec<String>) -> Failure {
    Failure {
        span: span.clone(),
        step: 0,
        step_words: format!("schedules for a {}", super::judge::says(suite.claim())),
        repetition: None,
        what: format!("rate_limit: {}", violation.property),
        expected: violation.expected.clone(),
        actual: violation.actual.clone(),
        diff: None,
        nearest: None,
        at: Instant::ZERO,
        events: 0..0,
        because,
        backtrace: Vec::new(),
        again: 0,
    }
}

impl Counterexample {
    /// Its steps, in the surroundings of the scenario that made the claim.
    fn put_into(&mut self, scenario: &Scenario) {
        let Some(own) = self.scenario.take() else { return };
        let mut host = scenario.host.clone();
        host.workers = self.schedule.workers.max(1) as u32;
        self.claim.span = Span::none();
        self.scenario = Some(Box::new(Scenario {
            span: Span::none(),
            case: None,
            steps: own.steps,
            clock: self.schedule.start.map(|ns| WallTime { ns }).or(scenario.clock),
            host,
            snapshot: Vec::new(),
            skip: None,
            known_failure: None,
            ..scenario.clone()
        }));
    }

    /// Keeps it beside the scenario file that it is a counterexample to, in `regressions/`, where later runs of the folder
    /// find it. Under CI nothing is written.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn keep(&self, of: &Path, scenario: &Scenario) -> std::io::Result<Option<PathBuf>> {
        let folder = of.parent().unwrap_or(Path::new("")).join("regressions");
        let Some(text) = self.file(&folder).filter(|_| !is_ci()) else { return Ok(None) };
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.scenario.yaml", file_name(of, scenario, self.violation.property)));
        write::whole(&path, text.as_bytes())?;
        Ok(Some(path))
    }
}

/// File, scenario and property as one word.
fn file_name(of: &Path, scenario: &Scenario, property: &str) -> String {
    let stem = of.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default();
    let words = format!("{stem} {} {property}", scenario.label());
    let plain = words.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}
