//! One thing that is wrong with a plugin.

use crate::scenario::Scenario;

/// Something that is wrong, with what shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is, in a sentence.
    pub message: String,
    /// The lines of the transcript that show it.
    pub evidence: Vec<String>,
    /// The guest's functions at the trap, innermost first. Shown to people; no part of what is compared.
    pub backtrace: Vec<String>,
    /// A scenario that fails for the same reason when it is run; nothing where no scenario can show it.
    pub reproduction: Option<Box<Scenario>>,
    /// The hosts that it shows on, by their profiles' names; empty: on every host.
    pub hosts: Vec<&'static str>,
}

impl Finding {
    /// A finding in a sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            evidence: Vec::new(),
            backtrace: Vec::new(),
            reproduction: None,
            hosts: Vec::new(),
        }
    }

    /// With these lines of the transcript.
    #[must_use]
    pub fn evidence(mut self, lines: Vec<String>) -> Self {
        self.evidence = lines;
        self
    }

    /// With the scenario that shows it.
    #[must_use]
    pub fn reproduction(mut self, scenario: Scenario) -> Self {
        self.reproduction = Some(Box::new(scenario));
        self
    }

    /// That shows on these hosts only.
    #[must_use]
    pub fn on(mut self, hosts: Vec<&'static str>) -> Self {
        self.hosts = hosts;
        self
    }
}
