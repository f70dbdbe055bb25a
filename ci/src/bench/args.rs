//! What `bench` can be told.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::format::Plain;
use crate::limits::Limits;
use crate::values;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test bench tests/limiter.scenario.yaml
  proxy-wasm-test bench tests/ --save baseline.json                 # what it costs now
  proxy-wasm-test bench tests/ --baseline baseline.json             # fails when it has come to cost more
  proxy-wasm-test bench tests/ --baseline baseline.json --max-regression 1%
  proxy-wasm-test bench tests/ --filter 'third request' --profile profile.json
  proxy-wasm-test bench tests/ --plugin limiter=new/limiter.wasm --streams 100

Fuel counts the plugin's own instructions and is the same on every machine, so fuel is what a
baseline judges. Time is measured beside it, in a pass of its own, and judges nothing. A profile
opens in https://profiler.firefox.com.

Exit codes: 0 measured, and no regression; 1 a scenario does not pass, or fuel has grown; 2 usage
or input that cannot be used; 3 internal error";

/// Measure what exchanges cost: time, fuel, hostcalls, bytes, memory
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Scenario files, or folders of *.scenario.yaml [default: here]
    pub(super) paths: Vec<PathBuf>,

    /// Measure the scenarios whose trials' names contain this
    #[arg(long, value_name = "TEXT")]
    pub(super) filter: Option<String>,

    /// How long each scenario is timed
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::timeout)]
    pub(super) time: Duration,

    /// Exchanges after which memory is looked at
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(super) exchanges: NonZeroU32,

    /// Other streams that are open meanwhile: each has sent the scenario's first request, and waits
    #[arg(long, value_name = "N", default_value = "0")]
    pub(super) streams: u32,

    /// Time code without the checks that end a hang: faster, and nothing ends a hang
    #[arg(long)]
    pub(super) unguarded: bool,

    /// Write a profile of the plugins' functions, for the Firefox profiler
    #[arg(long, value_name = "FILE")]
    pub(super) profile: Option<PathBuf>,

    /// Write the figures, to be a baseline
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    pub(super) save: Option<PathBuf>,

    /// Fail when fuel has grown since these figures were saved
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    pub(super) baseline: Option<PathBuf>,

    /// How much fuel may grow
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = values::percent, help_heading = "Baseline")]
    pub(super) max_regression: f64,

    /// How figures are told: pretty, json
    #[arg(long, default_value = "pretty", hide_possible_values = true)]
    pub(super) format: Plain,

    /// Take this file as the module of the plugin of this name
    #[arg(long, value_name = "NAME=FILE", value_parser = values::plugin, help_heading = "Plugins")]
    pub(super) plugin: Vec<(String, PathBuf)>,

    /// Build no plugins: take what an earlier build left
    #[arg(long, help_heading = "Plugins")]
    pub(super) no_build: bool,

    #[command(flatten)]
    pub(super) limits: Limits,
}
