//! A sentence about plugins that can be true or false.

use std::fmt;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A plugin that does not meet it breaks traffic, or lets pass what it should stop.
    Must,
    /// A plugin that does not meet it breaks under some load, host or input.
    Should,
    /// Worth knowing. Never red.
    Info,
}

impl Level {
    /// Every level, the strictest first.
    pub const ALL: [Self; 3] = [Self::Must, Self::Should, Self::Info];

    /// `MUST`, `SHOULD`, `INFO`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Info => "INFO",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a requirement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A heading of the Proxy-Wasm ABI text v0.2.1.
    Abi(&'static str),
    /// A document about HTTP, with its section: `RFC 9110, section 8.6`.
    Http(&'static str),
    /// What Envoy 1.40 was observed to do.
    Envoy(&'static str),
    /// Plugins that broke; see [`Requirement::evidence`].
    Field,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abi(heading) => write!(f, "Proxy-Wasm ABI v0.2.1, \"{heading}\""),
            Self::Http(section) => f.write_str(section),
            Self::Envoy(what) => write!(f, "Envoy 1.40, observed: {what}"),
            Self::Field => f.write_str("reports from the field"),
        }
    }
}

/// What is asked of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `<area>/<slug>`. Never given to another requirement, and never changed.
    pub id: &'static str,
    /// How much it matters.
    pub level: Level,
    /// The sentence.
    pub sentence: &'static str,
    /// Where it comes from.
    pub source: Source,
    /// Where plugins failed it: `owner/repository#number`.
    pub evidence: &'static [&'static str],
    /// What is done to a plugin to find out, in a sentence.
    pub exercises: &'static str,
    /// How plugins fail it, in a sentence or a few lines of code.
    pub bad: &'static str,
    /// How to meet it.
    pub good: &'static str,
}

impl Requirement {
    /// The part of the id before the slash.
    #[must_use]
    pub fn area(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(area, _)| area)
    }
}
