//! A scenario carried out: what came of it, and what that means for its trial.

use std::ops::Range;

use super::cost;
use super::document::error::ScenarioError;
use super::driver::{self, drive};
use super::failure::Failure;
use super::model::{Scenario, View};
use super::modules::Modules;
use crate::host::{Host, Stall};
use crate::proxy::transcript::Detail;
use crate::proxy::{Call, Finding, StreamId, Transcript};
use crate::state::{Duration, MetricValue};
use crate::vm::{HANG_TIMEOUT, MAX_MEMORY, Spent, Trapped};

/// What the one who runs a scenario decides, and not the scenario. Nothing here shapes a transcript, but for its
/// detail.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How long one call into a plugin may take in wall-clock time before it is ended as a trap.
    pub hang_timeout: Duration,
    /// Bytes of memory that a VM may have.
    pub max_memory: u64,
    /// How much is recorded. Less than everything makes expectations that need the rest impossible to judge: they
    /// raise it to what they need.
    pub detail: Detail,
    /// Starts by way of an image, where the plugins can be imaged: see [`Builder::by_image`].
    ///
    /// [`Builder::by_image`]: crate::host::Builder::by_image
    pub by_image: bool,
    /// Counts fuel, also where the scenario does not ask for it.
    pub count_fuel: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            hang_timeout: HANG_TIMEOUT,
            max_memory: MAX_MEMORY,
            detail: Detail::Abi,
            by_image: false,
            count_fuel: false,
        }
    }
}

/// Carries out a scenario and judges it.
///
/// # Errors
///
/// When the scenario cannot be carried out: manifests that are wrong, a module that cannot be loaded, or something that the host does not offer.
/// What a plugin does wrong is no error but a [`Failure`].
pub fn run(scenario: &Scenario, modules: &dyn Modules, options: &RunOptions) -> Result<Run, RunError> {
    drive(&*scenario.in_place_with(modules.fetch())?, modules, options)
}

/// Carries out the steps of a scenario on a host that was started as the scenario says, and judges it: for many runs
/// that start alike. Hands the host back, to be asked about.
///
/// # Errors
///
/// When the scenario cannot be carried out.
pub fn run_on(scenario: &Scenario, host: Host) -> Result<(Run, Box<Host>), RunError> {
    driver::drive_on(scenario, host)
}

/// Input that cannot be used, with its place in the scenario file and a hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct RunError(pub Box<ScenarioError>);

impl From<ScenarioError> for RunError {
    fn from(error: ScenarioError) -> Self {
        Self(Box::new(error))
    }
}

/// A scenario that was carried out.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was not as expected, in the order of the steps; a trap, stall or finding that nobody expected is one too.
    pub failures: Vec<Failure>,
    /// Everything that happened.
    pub transcript: Transcript,
    /// The traps, with the guests' backtraces, in order.
    pub traps: Vec<Trapped>,
    /// The streams that could not end, in order.
    pub stalls: Vec<Stall>,
    /// What was found about plugins and script, in order.
    pub findings: Vec<Finding>,
    /// All calls that plugins made to clusters, in order.
    pub calls: Vec<Call>,
    /// The stretches of the transcript that the steps made, in order: each repetition is one.
    pub passages: Vec<Passage>,
    /// The fuel that each callback used, where it was counted.
    pub spent: Vec<Spent>,
    /// Names of the chain's plugins, in request order.
    pub plugins: Vec<String>,
    /// Whether the start was refused: a plugin did, or trapped in it.
    pub refused: bool,
    /// Whether it began from an image.
    pub imaged: bool,
    /// The realtime clock at the start, in nanoseconds since the epoch.
    pub realtime: u64,
    /// Virtual time that passed.
    pub took: Duration,
    /// Steps that were carried out; each repetition counts.
    pub steps: usize,
    /// The metrics that plugins defined, by name and type.
    pub metrics: Vec<(Vec<u8>, MetricValue)>,
    /// Exchanges that were opened.
    pub exchanges: usize,
}

/// What one step, or one repetition of it, did.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The step, from 0.
    pub step: usize,
    /// Its events in the transcript; for a step that only judges, all before it.
    pub events: Range<usize>,
    /// Its calls in [`Run::calls`]; for a step that only judges, all before it.
    pub calls: Range<usize>,
    /// The stream that its expectations speak of.
    pub stream: Option<StreamId>,
    /// Virtual time that it moved.
    pub took: Duration,
}

impl Run {
    /// Whether everything was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// What this means for the trial of `scenario`.
    #[must_use]
    pub fn verdict(&self, scenario: &Scenario) -> Verdict {
        match (&scenario.skip, &scenario.known_failure, self.passed()) {
            (Some(reason), ..) => Verdict::Skipped(reason.clone()),
            (None, Some(reason), true) => Verdict::UnexpectedPass(reason.clone()),
            (None, Some(reason), false) => Verdict::KnownFailure(reason.clone()),
            (None, None, true) => Verdict::Passed,
            (None, None, false) => Verdict::Failed,
        }
    }

    /// A view of the transcript, as snapshots hold it.
    #[must_use]
    pub fn view(&self, view: View) -> String {
        match view {
            View::Http => self.transcript.http(),
            View::Log => self.transcript.log(),
            View::Abi => self.transcript.abi(),
            View::Fuel => cost::view(self),
        }
    }
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Not run, for this reason.
    Skipped(String),
    /// It fails, as is known, for this reason.
    KnownFailure(String),
    /// It was known to fail, for this reason, and passes: `known_failure` has to go.
    UnexpectedPass(String),
}

impl Verdict {
    /// The verdict on a scenario that is not to be run; nothing when it is.
    #[must_use]
    pub fn without_run(scenario: &Scenario) -> Option<Self> {
        scenario.skip.clone().map(Self::Skipped)
    }

    /// Whether the trial is green: an unexpected pass is not.
    #[must_use]
    pub fn is_green(&self) -> bool {
        !matches!(self, Self::Failed | Self::UnexpectedPass(_))
    }
}
