//! From steps to calls of the host.

use super::document::error::ScenarioError;
use super::model::Scenario;
use super::modules::Modules;
use super::run::{Run, RunError, RunOptions};

/// Carries out `scenario`.
pub(super) fn drive(
    scenario: &Scenario,
    modules: &dyn Modules,
    options: &RunOptions,
) -> Result<Run, RunError> {
    let _ = (modules, options);
    Err(ScenarioError::at(&scenario.span, "scenarios are not carried out yet").into())
}
