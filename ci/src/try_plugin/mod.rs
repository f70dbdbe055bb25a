//! `try`: curl for a plugin. The arguments become a scenario (`script`), which is run as any other; `show` prints it, `save`
//! makes a file of it.

mod body;
mod save;
mod script;
mod show;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use proxy_wasm_harness::scenario;
use proxy_wasm_suites::modules::ModuleSource;

use crate::error::{self, Error};
use crate::exit::Exit;
use crate::limits::{self, Limits};
use crate::output::Output;
use crate::values;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test try limiter.wasm http://httpbin:8000/headers --times 3 --every 250ms
  proxy-wasm-test try auth.wasm /orders -d '{\"n\": 1}' -H 'authorization: Bearer t'
  proxy-wasm-test try auth.wasm / --answer authz=403 --answer 'users={body: alice, after: 5ms}'
  proxy-wasm-test try limiter.wasm / --config limiter.json --trace
  proxy-wasm-test try body.wasm / --upstream '{status: 200, body: hello, after: 5ms}'
  proxy-wasm-test try limiter.wasm / --times 3 --save limiter.scenario.yaml

Nothing is sent but what is written here and what HTTP itself asks for. Time is virtual.
Exit codes: 0 every exchange ended, 1 the plugin trapped, stalled or refused its configuration,
2 usage or input that cannot be used, 3 internal error";

/// Send requests through a plugin, and show what it did: curl for a plugin
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The module, in binary (.wasm) or text (.wat) form
    plugin: PathBuf,

    /// What is asked for: a url, or a path on http://localhost
    url: String,

    /// The method [default: GET; with a body POST]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<String>,

    /// A header field, `Name: value`; may be repeated
    #[arg(short = 'H', long = "header", value_name = "FIELD", value_parser = script::field)]
    headers: Vec<(String, String)>,

    /// The body: text, or @FILE without its line ends; several are joined by &
    #[arg(short, long, value_name = "TEXT")]
    data: Vec<String>,

    /// The body: text, or @FILE, byte for byte
    #[arg(long, value_name = "TEXT", conflicts_with = "data")]
    data_binary: Option<String>,

    /// The plugin's configuration: a file, or text, taken byte for byte
    #[arg(long, value_name = "FILE|TEXT")]
    config: Option<String>,

    /// How often the request is sent
    #[arg(long, value_name = "N", default_value = "1")]
    times: NonZeroU32,

    /// Virtual time from one request to the next, for example 250ms
    #[arg(long, value_name = "TIME", value_parser = values::duration, requires = "times")]
    every: Option<Duration>,

    /// Speak HTTP/2 to the proxy
    #[arg(long)]
    http2: bool,

    /// What the upstream answers: a status, or an answer as scenario files write it
    #[arg(long, value_name = "ANSWER", default_value = "200")]
    upstream: String,

    /// What a cluster answers to the plugin's calls, as for --upstream; may be repeated
    #[arg(long, value_name = "CLUSTER=ANSWER", value_parser = values::answer)]
    answer: Vec<(String, String)>,

    /// Show every callback and hostcall
    #[arg(long)]
    trace: bool,

    /// Write it as a scenario file, which says what came of it; the file must not be there yet
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    #[command(flatten)]
    limits: Limits,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let scenario = script::scenario(args)?;
    if let Some(path) = &args.save {
        save::possible(path)?;
    }
    let modules = ModuleSource::new(args.limits.loading());
    // Known before the scenario names it, so that the message speaks of the file alone.
    modules.file(&args.plugin).map_err(|error| Error::usage(error.message, error.hint))?;
    let run = scenario::run(&scenario, &modules, &args.limits.running()).map_err(Error::Run)?;
    out.text(&show::exchanges(&run, args.trace));
    if let Some(problem) = limits::cache_problem(modules.options()) {
        error::warn(&problem);
    }
    if let Some(path) = &args.save {
        save::save(path, args, &scenario, &run, &modules)?;
    }
    if run.passed() {
        return Ok(Exit::Passed);
    }
    out.text("\n");
    out.text(&scenario::report(&scenario, &run, scenario::Style::Colour));
    Ok(Exit::Failed)
}
