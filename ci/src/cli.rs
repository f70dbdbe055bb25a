//! What can be typed.

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    bench, chain, check, completions, explain, import_google, init, inspect, man, parity, run, schema,
    try_plugin,
};

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test try build/limiter.wasm http://httpbin:8000/headers --times 3 --every 250ms
  proxy-wasm-test run                                  # every *.scenario.yaml below this folder
  proxy-wasm-test check build/limiter.wasm             # what is wrong with it, with no script
  proxy-wasm-test parity tests/                        # the same on a real Envoy, and the differences
  proxy-wasm-test inspect build/limiter.wasm
  proxy-wasm-test init build/limiter.wasm              # a first scenario
  proxy-wasm-test chain deploy/                        # what manifests come to

`proxy-wasm-test COMMAND --help` has examples for each command";

/// Test Proxy-Wasm plugins without a proxy: deterministic, in milliseconds
#[derive(Debug, Parser)]
#[command(
    name = "proxy-wasm-test",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = EXAMPLES
)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours: auto (on a terminal), always, never
    #[arg(long, global = true, default_value = "auto", hide_possible_values = true, value_name = "WHEN")]
    pub(crate) color: Color,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::Args),
    Try(try_plugin::Args),
    Check(check::Args),
    Explain(explain::Args),
    Bench(bench::Args),
    Parity(parity::Args),
    Inspect(inspect::Args),
    Chain(chain::Args),
    Schema(schema::Args),
    Init(init::Args),
    ImportGoogle(import_google::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that can show them, unless NO_COLOR is set
    Auto,
    /// Always, in a pipe as well
    Always,
    /// Never
    Never,
}

impl Color {
    /// Makes it hold for everything that is written from here on.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}
