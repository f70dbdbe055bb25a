//! `inspect`: what can be said about a module without running it.

mod facts;
mod json;
mod pretty;

use std::path::PathBuf;

use proxy_wasm_harness::vm;

use crate::error::Error;
use crate::exit::Exit;
use crate::format::Plain;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test inspect build/limiter.wasm
  proxy-wasm-test inspect build/limiter.wasm --format json | jq -r .abi_version

Exit codes: 0 every host loads it, 1 a host refuses it, 2 it is no module";

/// Show what a module imports, exports and needs, and which hosts can load it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The module, in binary (.wasm) or text (.wat) form
    plugin: PathBuf,

    /// How it is shown: pretty, json
    #[arg(long, default_value = "pretty", hide_possible_values = true)]
    format: Plain,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let bytes = std::fs::read(&args.plugin).map_err(Error::reading(&args.plugin))?;
    let place = args.plugin.display().to_string();
    let about = vm::inspect(&place, &bytes)?;
    match args.format {
        Plain::Pretty => out.text(&pretty::show(&place, &about)),
        Plain::Json => out.line(&format!("{:#}", json::document(&place, &about))),
    }
    let refused = facts::hosts(&place, &about).iter().any(|host| !host.refusals.is_empty());
    Ok(if refused { Exit::Failed } else { Exit::Passed })
}
