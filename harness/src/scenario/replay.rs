//! A scenario that is carried out over and over: for benches, which want what its steps cost and not what comes of them.
//!
//! The host is made ready once, and each repetition may have a fresh one. Nothing is judged, and nothing is recorded but
//! what the options ask for. Refuses to measure: whoever repeats holds the clock.

use super::driver;
use super::model::Scenario;
use super::modules::Modules;
use super::run::{RunError, RunOptions};
use super::step::{Step, StepKind};
use crate::host::{Host, Template};
use crate::state::Request;

/// A scenario, ready to be carried out again and again.
#[derive(Clone, Debug)]
pub struct Replay {
    scenario: Scenario,
    template: Template,
}

impl Replay {
    /// Loads the plugins of `scenario` and tries their start.
    ///
    /// # Errors
    ///
    /// As [`run`](super::run()), and when the scenario's start does not succeed: then there is nothing to repeat.
    pub fn new(scenario: &Scenario, modules: &dyn Modules, options: &RunOptions) -> Result<Self, RunError> {
        let scenario = scenario.in_place()?.into_owned();
        let template = driver::template(&scenario, modules, options)?;
        Ok(Self { scenario, template })
    }

    /// The scenario; its chain consists of plugins, also where it was written as manifests.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Where its hosts come from.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// A fresh host, on which no step has been carried out. Dropping it does not panic, whatever happened on it.
    #[must_use]
    pub fn fresh(&self) -> Box<Host> {
        let mut host = Box::new(self.template.fresh());
        host.judged();
        host
    }

    /// Carries out the steps on `host`, and answers it with the number of exchanges that they opened. It may have carried
    /// them out before.
    ///
    /// # Errors
    ///
    /// When a step speaks of a stream that none before it opens.
    pub fn play(&self, host: Box<Host>) -> Result<(Box<Host>, usize), RunError> {
        driver::play(&self.scenario, host)
    }

    /// The scenario's first request; where it makes none, `GET http://localhost/`.
    #[must_use]
    pub fn request(&self) -> Request {
        let request = |step: &Step| match &step.kind {
            StepKind::Request(request) => Some(request.clone()),
            StepKind::Open(open) => Some(open.request.clone()),
            _ => None,
        };
        self.scenario.steps.iter().find_map(request).unwrap_or_else(|| Request::get("/"))
    }
}
