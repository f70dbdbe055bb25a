//! Real Envoy as the judge: scenarios played on it and on the mock, and compared.
//!
//! In reading order: `playable` (what cannot be played), `prepared`, `batch` (which scenarios share an Envoy), `envoy`, `reaper` (no
//! Envoy outlives us), `config`, `ground`, `stage` (a running Envoy, and the way to know that it has caught up), `mark` (modules
//! that tell their VM), `script`, `play`, `turns`, `exchange`, `calls`, `tcp` (a script, carried out), `refused` (one that does not begin), `warm` (a connection that is open before), `push` (configurations that change), `socket`, `peer`,
//! `todo`, `render`, `wire`, `render_h2`, `h2` (its bytes), `records`, `trace` (Envoy's log), `simulate`, `mock`,
//! `mock_http` (the same on the mock), `views` (both sides as lines), `normalise`, `durations` (what cannot be equal), `compare`,
//! `known` (differences with their reasons), `report`, `tell`, `page` (what came of it, as values, text and a page).
//!
//! Decides nothing about what is right: Envoy does.

mod batch;
mod calls;
mod compare;
mod config;
mod durations;
mod envoy;
mod error;
mod exchange;
mod ground;
mod h2;
mod known;
mod mark;
mod mock;
mod mock_http;
mod normalise;
mod one_write;
mod page;
mod peer;
mod play;
mod playable;
mod prepared;
mod push;
mod reaper;
mod records;
mod refused;
mod render;
mod render_h2;
mod report;
mod script;
mod simulate;
mod socket;
mod stage;
mod tcp;
mod tell;
mod todo;
mod trace;
mod turns;
mod views;
mod warm;
mod wire;

use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use compare::{Divergence, compare};
pub use envoy::{Envoy, SIMULATED};
pub use error::ParityError;
pub use known::{KNOWN_DIFFERENCES, Known, KnownDifference, KnownError};
pub use mark::{Unmarkable, marked};
pub use normalise::{NORMALISATIONS, Normalisation};
pub use report::{Entry, Judgement, Outcome, Report};
pub use views::{View, Views};

use prepared::Prepared;
use proxy_wasm_harness::scenario::{FileErrors, Found, Modules, Scenario, load};

/// A scenario under its name.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The trial's name.
    pub name: String,
    /// The folders of its file.
    pub area: String,
    /// The scenario.
    pub scenario: Scenario,
    /// What the mock plays in its place: a mock that is broken on purpose, to see that it is noticed.
    pub broken: Option<Scenario>,
}

impl Trial {
    /// The trials of a scenario file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file.
    pub fn of(found: &Found) -> Result<Vec<Self>, FileErrors> {
        let area = found.name.rsplit_once('/').map_or("", |(folders, _)| folders);
        let file = load(&found.path)?;
        let trials = file.scenarios.into_iter().map(|scenario| Self {
            name: scenario.trial(&found.name),
            area: area.to_owned(),
            scenario,
            broken: None,
        });
        Ok(trials.collect())
    }
}

/// Plays scenarios on an Envoy and on the mock.
#[derive(Clone, Debug)]
pub struct Judge {
    envoy: Envoy,
    jobs: usize,
    known: Known,
}

impl Judge {
    /// A judge that asks this Envoy, with as many of them at a time as the machine has cores, but no more than four.
    #[must_use]
    pub fn new(envoy: Envoy) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { envoy, jobs: cores.min(4), known: Known::default() }
    }

    /// How many Envoys run at a time.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Which differences are known.
    #[must_use]
    pub fn known(mut self, known: Known) -> Self {
        self.known = known;
        self
    }

    /// Plays all of `trials`, with the plugins that `modules` gives, and compares. `progress` is told how many more are
    /// over.
    ///
    /// # Errors
    ///
    /// When Envoy does not start, or stops answering without having died over a scenario.
    pub fn judge(
        &self,
        trials: &[Trial],
        modules: &dyn Modules,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Report, ParityError> {
        let mut entries: Vec<Option<Entry>> = vec![None; trials.len()];
        let mut prepared = Vec::new();
        let mut places = Vec::new();
        let in_place: Vec<_> = trials.iter().map(|trial| in_place(trial, modules)).collect();
        for (at, trial) in trials.iter().enumerate() {
            let one = in_place[at].as_ref().map_err(Clone::clone);
            match one.and_then(|trial| prepare(trial, modules)) {
                Ok(one) => {
                    prepared.push(one);
                    places.push(at);
                }
                Err(outcome) => {
                    entries[at] = Some(Entry::new(trial, *outcome, &self.known));
                    progress(1);
                }
            }
        }
        let batches = batch::batches(&prepared);
        let results = Mutex::new(Vec::new());
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.min(batches.len()) {
                scope.spawn(|| {
                    while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let members: Vec<&Prepared<'_>> = batch.iter().map(|at| &prepared[*at]).collect();
                        let result = batch::run(&self.envoy, &members);
                        let failed = result.is_err();
                        progress(members.len());
                        results.lock().expect("no judge panicked").push((batch.clone(), result));
                        if failed {
                            return;
                        }
                    }
                });
            }
        });
        for (batch, result) in results.into_inner().expect("no judge panicked") {
            for (at, outcome) in batch.into_iter().zip(result?) {
                let place = places[at];
                entries[place] = Some(Entry::new(&trials[place], outcome, &self.known));
            }
        }
        Ok(Report {
            envoy: self.envoy.version().to_owned(),
            entries: entries.into_iter().flatten().collect(),
            known: self.known.clone(),
        })
    }
}

/// A trial with the plugins that its manifests come to.
fn in_place<'a>(trial: &'a Trial, modules: &dyn Modules) -> Result<Cow<'a, Trial>, Box<Outcome>> {
    if playable::skipped(&trial.scenario).is_some() {
        return Ok(Cow::Borrowed(trial));
    }
    match trial.scenario.in_place_with(modules.fetch()) {
        Ok(Cow::Borrowed(_)) => Ok(Cow::Borrowed(trial)),
        Ok(Cow::Owned(scenario)) => Ok(Cow::Owned(Trial { scenario, ..trial.clone() })),
        Err(error) => Err(Box::new(Outcome::MockFailed(error.to_string()))),
    }
}

/// A scenario with its modules, if it can be played.
fn prepare<'a>(trial: &'a Trial, modules: &dyn Modules) -> Result<Prepared<'a>, Box<Outcome>> {
    let specs = playable::playable(&trial.scenario).map_err(|why| Box::new(Outcome::NotPlayable(why)))?;
    let mut plugins = Vec::new();
    for spec in specs {
        let plugin = modules.load(&spec.name, &spec.source);
        plugins.push((spec, plugin.map_err(|error| Box::new(Outcome::MockFailed(error.to_string())))?));
    }
    Prepared::new(trial, plugins, modules)
}
