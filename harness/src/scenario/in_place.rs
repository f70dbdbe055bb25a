//! A chain that manifests describe, put into its place in a scenario.

use std::borrow::Cow;

use super::checks;
use super::document::error::ScenarioError;
use super::document::shape::Reader;
use super::model::Scenario;
use super::plugin::Chain;
use super::run::RunError;
use crate::manifest::{self, Fetch};

impl Scenario {
    /// This scenario with the plugins of its chain, one by one: as it is, or with what its manifests resolve to, and
    /// `configs` applied.
    ///
    /// # Errors
    ///
    /// What is wrong with the manifests, or names a plugin that they do not come to. The first problem is the error, the
    /// others are its notes.
    pub fn in_place(&self) -> Result<Cow<'_, Self>, RunError> {
        self.in_place_with(None)
    }

    /// The same, with modules that `fetch` downloads.
    ///
    /// # Errors
    ///
    /// As for [`Self::in_place`].
    pub fn in_place_with(&self, fetch: Option<&dyn Fetch>) -> Result<Cow<'_, Self>, RunError> {
        let Chain::Manifests(manifests) = &self.chain else { return Ok(Cow::Borrowed(self)) };
        let mut plugins = manifest::resolve(manifests, fetch).map_err(|errors| one(errors.0))?;
        let mut reader = Reader::default();
        for (name, config) in &self.configs {
            match plugins.iter_mut().find(|plugin| plugin.name == *name) {
                Some(plugin) => plugin.config.clone_from(config),
                None => checks::unknown_plugin(&self.span, name, &plugins, &mut reader),
            }
        }
        let scenario = Self { chain: Chain::Plugins(plugins), ..self.clone() };
        checks::scenario(&scenario, &mut reader);
        if reader.errors.is_empty() { Ok(Cow::Owned(scenario)) } else { Err(one(reader.errors)) }
    }
}

fn one(errors: Vec<ScenarioError>) -> RunError {
    let mut errors = errors.into_iter();
    let Some(mut first) = errors.next() else {
        return ScenarioError::at(&super::Span::none(), "the manifests cannot be read").into();
    };
    let others = errors.map(|error| format!("{}:{}: {}", error.file.display(), error.line, error.message));
    first.notes = first.notes.iter().cloned().chain(others).collect();
    first.into()
}
