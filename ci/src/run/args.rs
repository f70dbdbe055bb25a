//! What `run` can be told.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use proxy_wasm_suites::rate_limit::Tuning;

use crate::fetching::Fetching;
use crate::format::Results;
use crate::limits::Limits;
use crate::values;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test run                                     # every *.scenario.yaml below this folder
  proxy-wasm-test run tests/limiter.scenario.yaml
  proxy-wasm-test run --filter 'third request' --trace    # with every hostcall, if it fails
  proxy-wasm-test run --plugin limiter=new/limiter.wasm   # the same scenarios on another build
  proxy-wasm-test run --update-snapshots                  # accept what differs
  proxy-wasm-test run --accept new.scenario.yaml          # fill in what is expected
  proxy-wasm-test run --google tests.textproto --plugin plugin.wasm
  proxy-wasm-test run --fetch                             # with the modules that manifests name by url
  proxy-wasm-test run --format json | jq .summary
  proxy-wasm-test run --junit target/junit.xml            # for CI
  proxy-wasm-test run --html report.html                  # a timeline of each scenario

Exit codes: 0 all passed, 1 something failed, 2 usage or input that cannot be used,
3 internal error";

/// Carry out scenario files, and say what was not as expected
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Scenario files, or folders of *.scenario.yaml [default: here]
    pub(super) paths: Vec<PathBuf>,

    /// Print the names of the trials, and run none
    #[arg(long)]
    pub(super) list: bool,

    /// Run the trials whose names contain this; a whole name means that trial alone
    #[arg(long, value_name = "TEXT")]
    pub(super) filter: Option<String>,

    /// How many trials run at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,

    /// Take this file as the module of the plugin of this name; with --google, of all tests
    #[arg(long, value_name = "NAME=FILE", value_parser = values::plugin_or_file, help_heading = "Plugins")]
    pub(super) plugin: Vec<(String, PathBuf)>,

    /// Build no plugins: take what an earlier build left
    #[arg(long, help_heading = "Plugins")]
    pub(super) no_build: bool,

    /// The paths are test files of Google's plugin tester, to be run under its own rules
    #[arg(long, conflicts_with_all = ["accept", "update_snapshots"])]
    pub(super) google: bool,

    /// With --google: the plugin's configuration, in place of the one that the file names
    #[arg(long, value_name = "FILE", requires = "google", help_heading = "Plugins")]
    pub(super) config: Option<PathBuf>,

    /// Where snapshots are [default: the `snapshots` folder nearest above each file]
    #[arg(long, value_name = "FOLDER")]
    pub(super) snapshots: Option<PathBuf>,

    /// Write snapshots that are missing or differ; refused where CI is set
    #[arg(long)]
    pub(super) update_snapshots: bool,

    /// Write what the scenarios show into their files: an `expect` where a step has none, and the values that are not
    /// as expected; comments and layout stay; refused where CI is set
    #[arg(long, conflicts_with = "list")]
    pub(super) accept: bool,

    #[command(flatten)]
    pub(super) schedules: Schedules,

    #[command(flatten)]
    pub(super) telling: Telling,

    #[command(flatten)]
    pub(super) limits: Limits,

    #[command(flatten)]
    pub(super) fetching: Fetching,
}

/// How scenarios are held to the rate limits that they claim.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Rate limits")]
pub(super) struct Schedules {
    /// How many schedules are tried [default: what the scenario says, PROPTEST_CASES, or 256]
    #[arg(long, value_name = "N")]
    pub(super) cases: Option<u32>,

    /// Where schedules are drawn from [default: the scenario's seed]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

impl Schedules {
    pub(super) fn tuning(self) -> Tuning {
        Tuning { cases: self.cases, seed: self.seed }
    }
}

/// How results are told.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Results")]
pub(super) struct Telling {
    #[command(flatten)]
    pub(super) results: Results,

    /// Write a page with a timeline of each scenario, too: one file, readable without scripts
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,

    /// Show every callback and hostcall of what failed
    #[arg(long)]
    pub(super) trace: bool,

    /// Show only what failed, and the summary
    #[arg(long, short)]
    pub(super) quiet: bool,
}

impl Telling {
    /// The files that are written at the end.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.results.junit, &self.results.markdown, &self.html].into_iter().flatten()
    }
}

impl Args {
    /// How many trials run at once.
    pub(super) fn jobs(&self) -> usize {
        values::jobs(self.jobs)
    }
}
