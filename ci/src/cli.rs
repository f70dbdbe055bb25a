//! What can be typed.

use clap::{Parser, Subcommand, ValueEnum};

use crate::{inspect, parity, run, schema, try_plugin};

/// Test Proxy-Wasm plugins without a proxy: deterministic, in milliseconds
#[derive(Debug, Parser)]
#[command(name = "proxy-wasm-test", version, propagate_version = true, max_term_width = 100)]
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
    Parity(parity::Args),
    Inspect(inspect::Args),
    Schema(schema::Args),
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
