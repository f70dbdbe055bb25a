//! `explain`: what a check asks for, why, and how.

use proxy_wasm_suites::conformance::catalogue::{check, nearest};
use proxy_wasm_suites::conformance::report;

use crate::error::Error;
use crate::exit::Exit;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test explain headers/non-utf8
  proxy-wasm-test check --list                # the ids";

/// Explain a check: what it asks for, where plugins failed it, a bad and a good example
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The check's id
    #[arg(value_name = "CHECK-ID")]
    id: String,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let Some(check) = check(&args.id) else {
        let hint =
            nearest(&args.id).map(|id| format!("did you mean `{id}`? `check --list` prints all of them"));
        return Err(Error::usage(format!("there is no check `{}`", args.id), hint));
    };
    out.text(&report::explain(check));
    Ok(Exit::Passed)
}
