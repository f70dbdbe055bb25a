//! `schema`: the JSON Schema of scenario files.

use proxy_wasm_harness::scenario;

use crate::error::Error;
use crate::exit::Exit;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test schema > scenario.schema.json

An editor takes it from the first line of a scenario file:
  # yaml-language-server: $schema=./scenario.schema.json";

/// Print the JSON Schema of scenario files
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

/// Carries it out.
pub(crate) fn run(_: &Args, out: &mut Output) -> Result<Exit, Error> {
    out.line(&format!("{:#}", scenario::schema()));
    Ok(Exit::Passed)
}
