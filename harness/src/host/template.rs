//! A host described and tried once, from which fresh ones come.

use super::Host;
use super::builder::Builder;
use super::error::HostError;

/// Makes fresh hosts that are all alike: same chain, same start, same seed. Shared between threads.
#[derive(Clone, Debug)]
pub struct Template {
    builder: Builder,
}

impl Template {
    /// Tries the start once, so that a refusal shows here and not in a test case.
    pub(super) fn new(builder: Builder) -> Result<Self, HostError> {
        drop(builder.clone().build()?);
        Ok(Self { builder })
    }

    /// A fresh host, started and configured.
    ///
    /// # Panics
    ///
    /// When the start fails that went well when the template was made: only a machine that runs out of memory does that.
    #[must_use]
    pub fn fresh(&self) -> Host {
        self.builder.clone().build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// A fresh host whose randomness comes from `seed`.
    ///
    /// # Panics
    ///
    /// As [`Self::fresh`].
    #[must_use]
    pub fn seeded(&self, seed: u64) -> Host {
        self.builder.clone().seed(seed).build().unwrap_or_else(|error| panic!("{error}"))
    }
}
