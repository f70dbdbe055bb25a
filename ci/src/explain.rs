//! `explain`: what a check asks for, why, and how; what a finding means, and what to do about it.

use proxy_wasm_harness::proxy::{FINDINGS, FindingKind, finding_kind};
use proxy_wasm_suites::conformance::catalogue::{check, nearest};
use proxy_wasm_suites::conformance::report;

use crate::error::Error;
use crate::exit::Exit;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test explain headers/non-utf8
  proxy-wasm-test explain envoy/crash         # a finding of a scenario
  proxy-wasm-test check --list                # the ids of checks";

/// Explain a check (what it asks for, where plugins failed it, a bad and a good example) or a finding
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The id of a check or of a finding
    #[arg(value_name = "ID")]
    id: String,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    if let Some(kind) = finding_kind(&args.id) {
        out.text(&told(kind));
        return Ok(Exit::Passed);
    }
    let Some(check) = check(&args.id) else { return Err(unknown(&args.id)) };
    out.text(&report::explain(check));
    Ok(Exit::Passed)
}

/// What a finding means.
fn told(kind: &FindingKind) -> String {
    let FindingKind { id, happens, remedy } = kind;
    format!(
        "{id}\n\n{happens}\n\nwhat to do: {remedy}\n\na step that is meant to bring it about says so: expect: {{findings: [{id}]}}\n"
    )
}

/// Neither a check nor a finding; the area says which of them was meant.
fn unknown(id: &str) -> Error {
    let area = |id: &str| id.split('/').next().unwrap_or_default().to_owned();
    let findings: Vec<&str> = FINDINGS.iter().map(|kind| kind.id).collect();
    if findings.iter().any(|known| area(known) == area(id)) {
        return Error::usage(
            format!("there is no finding `{id}`"),
            format!("findings are {}", findings.join(", ")),
        );
    }
    let hint = nearest(id).map(|id| format!("did you mean `{id}`? `check --list` prints all of them"));
    Error::usage(format!("there is no check `{id}`"), hint)
}
