//! What `check` can be told.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::format::Results;
use crate::limits::Limits;
use crate::values;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test check build/limiter.wasm
  proxy-wasm-test check build/limiter.wasm --config limiter.json
  proxy-wasm-test check build/limiter.wasm --scenario tests/   # with the requests of scenario files
  proxy-wasm-test check build/limiter.wasm --only bodies --only headers/non-utf8
  proxy-wasm-test check build/limiter.wasm --save findings/    # a scenario file for each finding
  proxy-wasm-test check build/limiter.wasm --expectations conformance.toml --strict
  proxy-wasm-test check build/limiter.wasm --format json | jq .summary
  proxy-wasm-test check --list

A file for --expectations has an entry for each check that is known not to pass:
  [[known]]
  check = \"headers/non-utf8\"
  reason = \"values come from our own gateway\"
  expires = 2027-03-31

Exit codes: 0 nothing that has to be acted on, 1 a check failed, 2 usage or input that cannot be
used, 3 internal error";

/// Find out what is wrong with a plugin, with no script at all
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The module
    #[arg(value_name = "PLUGIN.wasm", required_unless_present = "list")]
    pub(super) plugin: Option<PathBuf>,

    /// A file with the plugin's configuration
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Take requests, clusters and configuration from these scenario files, or folders of them
    #[arg(long, value_name = "PATH")]
    pub(super) scenario: Vec<PathBuf>,

    /// Run these checks: an id, or an area
    #[arg(long, value_name = "ID")]
    pub(super) only: Vec<String>,

    /// Print the checks, and run none
    #[arg(long)]
    pub(super) list: bool,

    /// Fail on requirements of level SHOULD, too
    #[arg(long)]
    pub(super) strict: bool,

    /// A file of what is known not to pass
    #[arg(long, value_name = "FILE")]
    pub(super) expectations: Option<PathBuf>,

    /// Where randomness comes from
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,

    /// Random variants of each thing that is varied at random
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(super) cases: u32,

    /// Do what no host may do, too
    #[arg(long)]
    pub(super) hostile: bool,

    /// How many checks run at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(super) telling: Telling,

    #[command(flatten)]
    pub(super) limits: Limits,
}

/// How results are told.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Results")]
pub(super) struct Telling {
    #[command(flatten)]
    pub(super) results: Results,

    /// Write a badge, too: JSON for shields.io
    #[arg(long, value_name = "FILE")]
    pub(super) badge: Option<PathBuf>,

    /// Write a scenario file for each finding into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(super) save: Option<PathBuf>,

    /// Show only what has to be acted on, and the summary
    #[arg(long, short)]
    pub(super) quiet: bool,
}

impl Args {
    /// How many checks run at once.
    pub(super) fn jobs(&self) -> usize {
        values::jobs(self.jobs)
    }
}
