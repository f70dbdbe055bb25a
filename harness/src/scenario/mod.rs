//! The script as a value: scenario files, and the scenarios that they hold.
//!
//! A file is found by [`discover`] and read by [`load`], which gives one [`Scenario`] for each case, with every name
//! put in its place; [`print`](print()) is the way back, and [`schema`] describes the format to editors. The same
//! [`Step`]s and [`Expectations`] are what a Rust test builds and what the driver carries out.
//!
//! In reading order:
//! - `model`, `step`, `expect`, `expect_http`: what a scenario is
//! - `plugin`, `host_options`, `suites`, `rate_limit`: the chain under test, its host, what other suites read
//! - `value`: the kinds of values, and matchers
//! - `file`, `step_form`, `stream_form`, `request_form`, `answer_form`: how they are written
//! - `load`, `checks`: from a file to its scenarios
//! - `cost`: what a scenario may use up, in fuel
//! - `run`, `driver`, `judge`, `failure`, `report`: a scenario carried out, judged, and told of; `modules`: where it
//!   gets its plugins from; `script`: the way back, from what a test in Rust did;
//!   `accept`: expectations written into a file, from what a run showed; `replay`: a scenario carried out without being judged
//!
//! The declarations behind all of them are in `document`.
//!
//! Loading runs nothing, and opens neither modules nor manifests.

mod accept;
mod answer_form;
mod checks;
mod cost;
mod discover;
mod driver;
mod expect;
mod expect_http;
mod failure;
mod file;
mod host_options;
mod in_place;
mod judge;
mod load;
mod model;
mod modules;
mod plugin;
mod print;
mod rate_limit;
mod replay;
mod report;
mod request_form;
mod run;
mod script;
mod step;
mod step_form;
mod stream_form;
mod suites;
mod value;

#[cfg(test)]
mod tests;

use crate::document;
pub use crate::document::istio_json;

pub use accept::{Accepted, accept};
pub use discover::{Found, discover};
pub use document::error::{FileErrors, ScenarioError};
pub use document::source::Span;
pub use driver::builder;
pub use expect::{
    CallbackExpectation, Closer, Expectations, Expected, HostcallExpectation, LogExpectation, LogLine,
    MetricExpectation, PropertyExpectation, QueueExpectation, SharedDataExpectation, Side, TrapExpectation,
};
pub use expect_http::{
    GrpcCallExpectation, HttpCallExpectation, LocalResponseExpectation, RequestExpectation,
    ResponseExpectation,
};
pub use failure::Failure;
pub use file::{as_json, schema};
pub use host_options::{HostOptions, Profile, StartMode};
pub use load::{load, load_text};
pub use model::{Answers, Property, Scenario, ScenarioFile, View};
pub use modules::{ModuleError, Modules};
pub use plugin::{
    CargoPackage, Chain, Config, EnvoySpec, FailurePolicy, Manifests, PluginSource, PluginSpec, Traffic,
    VmSpec, Workload, WorkloadKind,
};
pub use print::{print, print_steps};
pub use rate_limit::{
    Algorithm, ClockClaim, Edge, LimitKey, Pushes, RateLimit, Refill, Refused, Scope, Windows,
};
pub use replay::Replay;
pub use report::{Style, report};
pub use run::{Passage, Run, RunError, RunOptions, Verdict, run, run_on};
pub use step::{
    Abort, Close, Connect, Data, Enqueue, Fault, Metadata, Open, Peer, Reconfigure, Respond, RespondWith,
    Send, SetProperty, SetSharedData, StartOutcome, Step, StepKind,
};
pub use suites::{Cost, Mask, Parity};
pub use value::clock::WallTime;
pub use value::headers::{FieldExpectation, FieldTest, Headers, HeadersExpectation};
pub use value::matcher::{BodyMatcher, Matcher, Pattern, Test};
pub use value::path::PropertyPath;
pub use value::quantity::{Measure, Quantity, QuantityTest};
pub use value::units::{Size, UnitError, parse_duration};
