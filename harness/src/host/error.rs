//! Why there is no host.

use std::fmt;

use crate::vm::{LoadError, Trap};

/// What keeps a host from starting.
#[derive(thiserror::Error)]
pub enum HostError {
    /// A plugin cannot be loaded.
    #[error("{0}")]
    Load(Box<LoadError>),
    /// A plugin refuses its start or its configuration, or traps in it.
    #[error("{refusal}{}", logged(log))]
    Refused {
        /// Which, and how.
        refusal: Box<Refusal>,
        /// What plugins logged until then.
        log: String,
    },
    /// Two plugins of one name.
    #[error("two plugins of the chain are called {0:?}: give one another name")]
    DuplicateName(String),
    /// Too many hosts live at once.
    #[error("the machine has no room for another VM: {0}")]
    NoRoom(String),
}

impl From<LoadError> for HostError {
    fn from(error: LoadError) -> Self {
        Self::Load(Box::new(error))
    }
}

fn logged(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("\nit logged:\n{log}") }
}

/// The report: a test that ends with this error prints it.
impl fmt::Debug for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        if let Self::Load(error) = self
            && let Some(hint) = error.hint()
        {
            write!(f, "\nhelp: {hint}")?;
        }
        Ok(())
    }
}

/// A start that a plugin refused. Envoy refuses the whole configuration then, whatever the failure policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The plugin.
    pub plugin: String,
    /// The function that refused: `_initialize`, `proxy_on_vm_start`, `proxy_on_configure`, ...
    pub callback: &'static str,
    /// The trap, when it did not answer at all.
    pub trap: Option<Trap>,
    /// What Envoy 1.40 logs.
    pub envoy: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trap {
            Some(trap) => write!(f, "plugin {} trapped in {}: {trap}", self.plugin, self.callback)?,
            None => write!(f, "plugin {} answered false in {}", self.plugin, self.callback)?,
        }
        write!(f, " (Envoy: {})", self.envoy)
    }
}
