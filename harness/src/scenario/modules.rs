//! Where a run gets its modules from: whoever runs scenarios knows about builds, caches and overrides; the driver does
//! not.

use super::plugin::PluginSource;
use crate::manifest::Fetch;
use crate::vm::{LoadError, Plugin};

/// Gives the module that a scenario names. Shared between threads: what is loaded once should stay loaded.
pub trait Modules: Sync {
    /// The module of the plugin that the scenario calls `name`.
    ///
    /// # Errors
    ///
    /// When there is none, or none that a proxy would load. The driver adds the place in the scenario.
    fn load(&self, name: &str, source: &PluginSource) -> Result<Plugin, ModuleError>;

    /// Who downloads the modules of manifests. Nobody, unless whoever runs scenarios says otherwise.
    fn fetch(&self) -> Option<&dyn Fetch> {
        None
    }
}

/// Why there is no module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModuleError {
    /// What is wrong, with the module's own place.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ModuleError {
    /// An error without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// With this hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<LoadError> for ModuleError {
    fn from(error: LoadError) -> Self {
        let hint = error.hint().map(|hint| hint.to_string());
        Self { message: error.to_string(), hint }
    }
}
