//! The suite: schedules by the hundred, each on a fresh host, and the least one that fails.
//!
//! Case `i` of seed `s` is the same on every machine, whatever the number of threads and cases; of several that fail, the
//! one of the least number is told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proxy_wasm_harness::host::{Builder, HostError, Template};
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::scenario::RateLimit;

use super::attempt::Attempt;
use super::counterexample::Counterexample;
use super::deed;
use super::judge::{Tally, Violation};
use super::schedule::Schedule;
use super::strategy::Schedules;

/// Schedules that are tried unless somebody says otherwise: as many as proptest's cases.
pub const CASES: u32 = 256;

/// Smaller schedules that are tried once one has failed.
const MOST_SHRINKS: u32 = 4096;

/// A limiter, what it claims, and how hard it is tried.
pub struct Suite {
    pub(super) claim: RateLimit,
    builder: Builder,
    pub(super) larger: Option<Builder>,
    /// The chain's plugins and their configurations.
    pub(super) plugins: Vec<(String, Vec<u8>)>,
    schedules: Schedules,
    cases: u32,
    seed: u64,
    threads: usize,
    templates: Mutex<Templates>,
}

/// By realtime at the start, number of workers, and whether of the larger limiter.
type Templates = BTreeMap<(Option<u64>, usize, bool), Template>;

/// What came of a suite.
#[derive(Debug)]
pub enum Outcome {
    /// Everything that is claimed held.
    Held(Report),
    /// Something did not.
    Failed(Box<Counterexample>),
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Schedules.
    pub cases: u32,
    /// What was seen in them.
    pub tally: Tally,
}

impl Suite {
    /// The chain of `builder` claims to be such a limiter. Tries as many schedules as `PROPTEST_CASES` says, else
    /// [`CASES`], with up to four workers; the builder's own number of workers is the most when it is more than one.
    #[must_use]
    pub fn new(claim: RateLimit, builder: Builder) -> Self {
        let builder = builder.record(Detail::Off);
        let plugins = builder.plugins().map(|(name, config)| (name.to_owned(), config.to_vec())).collect();
        let workers = if builder.worker_count() > 1 { builder.worker_count() } else { 4 };
        let schedules = Schedules::of(&claim).workers(workers).start(builder.realtime());
        let cases = claim.cases.unwrap_or_else(cases_from_env);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            claim,
            builder,
            larger: None,
            plugins,
            schedules,
            cases,
            seed: 0,
            threads,
            templates: Mutex::default(),
        }
    }

    /// Tries so many schedules.
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// Draws schedules from this seed; default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs on so many threads; default: as many as there are cores. What comes out does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Draws schedules from these.
    #[must_use]
    pub fn schedules(mut self, schedules: Schedules) -> Self {
        self.schedules = schedules;
        self
    }

    /// The same limiter with a larger limit or capacity: of any schedule it must not have admitted fewer at any time.
    #[must_use]
    pub fn larger(mut self, larger: Builder) -> Self {
        self.larger = Some(larger.record(Detail::Off));
        self
    }

    /// What is claimed.
    #[must_use]
    pub fn claim(&self) -> &RateLimit {
        &self.claim
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// When the chain does not start.
    pub fn run(&self) -> Result<Outcome, HostError> {
        self.template(None, 1, false)?;
        let next = AtomicU64::new(0);
        let failed: Mutex<Option<(u64, Violation)>> = Mutex::new(None);
        let least = AtomicU64::new(u64::MAX);
        let all = Mutex::new(Tally::default());
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(self.cases.max(1) as usize) {
                scope.spawn(|| {
                    let mut tally = Tally::default();
                    loop {
                        let case = next.fetch_add(1, Ordering::Relaxed);
                        if case >= u64::from(self.cases) || case > least.load(Ordering::Relaxed) {
                            break;
                        }
                        match self.try_schedule(&self.schedule(case)) {
                            Ok(of_case) => tally.add(of_case),
                            Err(violation) => {
                                least.fetch_min(case, Ordering::Relaxed);
                                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                                if failed.as_ref().is_none_or(|(before, _)| case < *before) {
                                    *failed = Some((case, violation));
                                }
                            }
                        }
                    }
                    all.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
                });
            }
        });
        if let Some((case, violation)) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Outcome::Failed(Box::new(self.shrink(case, violation))));
        }
        let tally = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(match self.vacuous(tally) {
            Some(violation) => Outcome::Failed(Box::new(Counterexample::vacuous(
                violation,
                &self.claim,
                self.cases,
                self.seed,
            ))),
            None => Outcome::Held(Report { cases: self.cases, tally }),
        })
    }

    /// Runs it, for a test.
    ///
    /// # Panics
    ///
    /// When something that is claimed does not hold, or the chain does not start: with the whole report.
    #[track_caller]
    pub fn check(&self) -> Report {
        match self.run() {
            Ok(Outcome::Held(report)) => report,
            Ok(Outcome::Failed(counterexample)) => panic!("{counterexample}"),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The schedule of a case.
    #[must_use]
    pub fn schedule(&self, case: u64) -> Schedule {
        self.tree(case).current()
    }

    fn tree(&self, case: u64) -> <Schedules as Strategy>::Tree {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&case.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        self.schedules.new_tree(&mut runner).expect("schedules are drawn without rejection")
    }

    /// Carries a schedule out on a fresh host and judges it.
    ///
    /// # Errors
    ///
    /// The first property that does not hold.
    pub fn try_schedule(&self, schedule: &Schedule) -> Result<Tally, Violation> {
        self.attempt(schedule).try_deeds(&deed::of_schedule(&self.claim, schedule))
    }

    pub(super) fn attempt<'a>(&'a self, schedule: &'a Schedule) -> Attempt<'a> {
        let interleaving = schedule.interleaving.as_deref();
        Attempt { suite: self, start: schedule.start, workers: schedule.workers.max(1), interleaving }
    }

    /// Fresh hosts whose realtime begins there, with so many workers.
    pub(super) fn template(
        &self,
        start: Option<u64>,
        workers: usize,
        larger: bool,
    ) -> Result<Template, HostError> {
        let key = (start, workers, larger);
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = templates.get(&key) {
            return Ok(template.clone());
        }
        let builder = self.larger.as_ref().filter(|_| larger).unwrap_or(&self.builder);
        let builder = builder.clone().workers(workers);
        let template = start.into_iter().fold(builder, Builder::clock).template()?;
        templates.insert(key, template.clone());
        Ok(template)
    }

    /// What was never seen, though it was to be judged.
    fn vacuous(&self, tally: Tally) -> Option<Violation> {
        let missing =
            [(tally.admitted, "admission"), (tally.refused, "refusal"), (tally.edges, "request at an edge")];
        let (_, what) = missing.into_iter().find(|(seen, _)| *seen == 0)?;
        (self.cases > 0).then(|| Violation {
            property: "vacuous",
            place: 0,
            expected: "admissions, refusals, and requests where a nanosecond makes a difference are seen at least once".to_owned(),
            actual: format!(
                "no {what} in {} schedules of {} requests: nothing that was judged depends on the limit",
                self.cases, tally.requests
            ),
        })
    }

    /// The least schedule that violates the same property.
    fn shrink(&self, case: u64, violation: Violation) -> Counterexample {
        let mut tree = self.tree(case);
        let found = tree.current();
        let mut best = (found.clone(), violation);
        let mut tries = 0;
        let mut more = tree.simplify();
        while more && tries < MOST_SHRINKS {
            tries += 1;
            let schedule = tree.current();
            more = match self.try_schedule(&schedule) {
                Err(violation) if violation.property == best.1.property => {
                    best = (schedule, violation);
                    tree.simplify()
                }
                _ => tree.complicate(),
            };
        }
        let (schedule, violation) = best;
        let (trace, scenario) = self.attempt(&schedule).told(&deed::of_schedule(&self.claim, &schedule));
        Counterexample {
            violation,
            claim: self.claim.clone(),
            case: Some(case),
            cases: self.cases,
            seed: self.seed,
            requests_found: found.requests(),
            tries,
            scenario: scenario.map(Box::new),
            schedule,
            trace,
        }
    }
}

/// `PROPTEST_CASES`, or [`CASES`].
#[must_use]
pub fn cases_from_env() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}
