//! A scenario as it is carried out: every name put in its place, every case on its own.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::document::declare::{choices, document};
use super::document::source::Span;
use super::host_options::HostOptions;
use super::plugin::Chain;
use super::rate_limit::RateLimit;
use super::step::{Respond, RespondWith, Step, StepKind};
use super::suites::{Cost, Parity};
use super::value::clock::WallTime;
use super::value::path::PropertyPath;
use crate::state::{Answer, Duration, Protocol};

/// What one file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioFile {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Its scenarios, one for each case, in the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// One trial: a scenario, or one case of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Where it is written.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// The case, when it has cases.
    pub case: Option<String>,
    /// The plugins under test.
    pub chain: Chain,
    /// The configurations that replace those of named plugins. Applied already where the chain is `Plugins`.
    pub configs: IndexMap<String, Vec<u8>>,
    /// What the upstream answers.
    pub upstream: Answers,
    /// What clusters answer to calls, by name.
    pub clusters: IndexMap<String, Answers>,
    /// Properties beside the default set.
    pub properties: Vec<Property>,
    /// Real time when the host is built; `None`: the default.
    pub clock: Option<WallTime>,
    /// Where randomness comes from.
    pub seed: u64,
    /// The options of the simulated proxy.
    pub host: HostOptions,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// The views whose snapshots are compared.
    pub snapshot: Vec<View>,
    /// Why it is not run.
    pub skip: Option<String>,
    /// Why it is known to fail; a pass is then wrong.
    pub known_failure: Option<String>,
    /// How much virtual time a step waits for its exchange.
    pub patience: Duration,
    /// What it may cost.
    pub cost: Option<Cost>,
    /// How it is compared with a real proxy.
    pub parity: Option<Parity>,
    /// The rate limiter that the plugin claims to be.
    pub rate_limit: Option<RateLimit>,
}

impl Scenario {
    /// How much virtual time a step waits when the scenario does not say.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// `<scenario>` or `<scenario>::<case>`, unique in the file.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.case {
            Some(case) => format!("{}::{case}", self.name),
            None => self.name.clone(),
        }
    }

    /// The protocol of the connections to the upstream: HTTP/2 as soon as one of its answers speaks it.
    #[must_use]
    pub fn upstream_protocol(&self) -> Protocol {
        let own = self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Request(request) => request.respond.as_ref(),
            StepKind::Open(open) => open.request.respond.as_ref(),
            StepKind::Respond(Respond { with: RespondWith::Answer(answer), .. }) => Some(answer),
            _ => None,
        });
        let scripted: &[Answer] = match &self.upstream {
            Answers::Every(answer) => std::slice::from_ref(answer),
            Answers::Each(answers) => answers,
        };
        if scripted.iter().chain(own).any(|answer| answer.protocol() == Protocol::Http2) {
            Protocol::Http2
        } else {
            Protocol::Http1
        }
    }

    /// The name of its trial, in a file that is called `file`.
    #[must_use]
    pub fn trial(&self, file: &str) -> String {
        format!("{file}::{}", self.label())
    }
}

/// What an upstream or a cluster answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// This, to every request.
    Every(Answer),
    /// These, to one request each, in order; a request too many fails the scenario.
    Each(Vec<Answer>),
}

document! {
    /// A property and its bytes.
    pub struct Property {
        /// The path.
        pub path: PropertyPath,
        /// The bytes.
        pub value: Vec<u8>,
    }
}

choices! {
    /// A view of a transcript.
    pub enum View {
        /// What client and upstream exchanged.
        Http = "http",
        /// What was logged.
        Log = "log",
        /// Every callback and hostcall.
        Abi = "abi",
        /// The fuel that each callback used.
        Fuel = "fuel",
    }
}
