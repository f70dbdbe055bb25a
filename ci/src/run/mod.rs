//! `run`: carries out scenario files.
//!
//! `plan` says which trials there are, `trial` carries one out, `format` and [`crate::report`] tell what came of them.

mod again;
mod format;
mod plan;
mod progress;
mod snapshots;
mod trial;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use proxy_wasm_suites::modules::{self, ModuleSource};
use proxy_wasm_suites::snapshots::is_ci;

use self::format::{Format, Printer};
use self::plan::{Job, Plan, What};
use self::progress::Progress;
use crate::error::Error;
use crate::exit::Exit;
use crate::limits::{self, Limits};
use crate::output::Output;
use crate::report::{Outcome, Trial};
use crate::{error, pool, report, values, write};

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test run                                     # every *.scenario.yaml below this folder
  proxy-wasm-test run tests/limiter.scenario.yaml
  proxy-wasm-test run --filter 'third request' --trace    # with every hostcall, if it fails
  proxy-wasm-test run --plugin limiter=new/limiter.wasm   # the same scenarios on another build
  proxy-wasm-test run --update-snapshots                  # accept what differs
  proxy-wasm-test run --format json | jq .summary
  proxy-wasm-test run --junit target/junit.xml            # for CI

Exit codes: 0 all passed, 1 something failed, 2 usage or input that cannot be used,
3 internal error";

/// Carry out scenario files, and say what was not as expected
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Scenario files, or folders of *.scenario.yaml [default: here]
    paths: Vec<PathBuf>,

    /// Print the names of the trials, and run none
    #[arg(long)]
    list: bool,

    /// Run the trials whose names contain this; a whole name means that trial alone
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// How many trials run at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Take this file as the module of the plugin of this name
    #[arg(long, value_name = "NAME=FILE", value_parser = values::plugin, help_heading = "Plugins")]
    plugin: Vec<(String, PathBuf)>,

    /// Build no plugins: take what an earlier build left
    #[arg(long, help_heading = "Plugins")]
    no_build: bool,

    /// Where snapshots are [default: the `snapshots` folder nearest above each file]
    #[arg(long, value_name = "FOLDER")]
    snapshots: Option<PathBuf>,

    /// Write snapshots that are missing or differ; refused where CI is set
    #[arg(long)]
    update_snapshots: bool,

    #[command(flatten)]
    telling: Telling,

    #[command(flatten)]
    limits: Limits,
}

/// How results are told.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Results")]
struct Telling {
    /// pretty, json, github (with annotations) [default: github in GitHub Actions, else pretty]
    #[arg(long, hide_possible_values = true)]
    format: Option<Format>,

    /// Write a JUnit report, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Show every callback and hostcall of what failed
    #[arg(long)]
    trace: bool,

    /// Show only what failed, and the summary
    #[arg(long, short)]
    quiet: bool,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let began = Instant::now();
    if args.update_snapshots && is_ci() {
        return Err(Error::usage(
            "snapshots are not updated under CI (the variable CI is set)",
            "run it on your own machine, look at the change, and commit it".to_owned(),
        ));
    }
    let mut plan = Plan::new(&args.paths)?;
    for (name, _) in &args.plugin {
        plan.knows_plugin(name)?;
    }
    if let Some(text) = &args.filter {
        plan.filter(text)?;
    }
    if args.list {
        return Ok(list(&plan, out));
    }
    if let Some(path) = &args.telling.junit {
        write::possible(path).map_err(Error::writing(path))?;
    }
    let mut printer = Printer::new(args.format(), args.telling.quiet);
    let mut trials = carry_out(args, &plan, &mut printer, out)?;
    if args.filter.is_none()
        && let Some(trial) = snapshots::unreferenced(args, &plan)
    {
        printer.trial(&trial, out);
        trials.push(trial);
    }
    if let Some(path) = &args.telling.junit {
        let xml = report::junit::document(&trials)?;
        write::whole(path, xml.as_bytes()).map_err(Error::writing(path))?;
    }
    printer.end(&trials, began.elapsed(), out);
    Ok(report::exit(&trials))
}

impl Args {
    fn format(&self) -> Format {
        Format::chosen(self.telling.format)
    }

    fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.jobs.map_or_else(cores, NonZeroUsize::get)
    }
}

/// Prints the names of the trials; files that cannot be read are told on stderr.
fn list(plan: &Plan, out: &mut Output) -> Exit {
    let mut exit = Exit::Passed;
    for job in &plan.jobs {
        match &job.what {
            What::Scenario(_) => out.line(&job.name()),
            What::Unreadable { why, .. } => {
                error::tell(why, None);
                exit = Exit::Unusable;
            }
        }
    }
    exit
}

/// Runs the trials and prints each as soon as those before it are over.
fn carry_out(args: &Args, plan: &Plan, printer: &mut Printer, out: &mut Output) -> Result<Vec<Trial>, Error> {
    let progress = Progress::new(plan.jobs.len());
    let modules = source(args, &progress);
    let mut trials = Vec::with_capacity(plan.jobs.len());
    let mut told = BTreeSet::new();
    let work = |job: &Job| trial::carry_out(job, args, &modules);
    pool::each(&plan.jobs, args.jobs(), work, |trial| {
        progress.one_more(|| {
            printer.trial(&trial, out);
            // A module that cannot be used is the same news in each of its scenarios.
            if trial.outcome == Outcome::Unusable && told.insert(trial.text.clone()) {
                error::tell(&trial.text, None);
            }
        });
        trials.push(trial);
    })
    .map_err(|cause| Error::usage(format!("no thread can be started: {cause}"), None))?;
    progress.done();
    if let Some(problem) = limits::cache_problem(modules.options()) {
        error::warn(&problem);
    }
    Ok(trials)
}

/// Where modules come from.
fn source(args: &Args, progress: &Progress) -> ModuleSource {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    let progress = progress.clone();
    let source = ModuleSource::new(args.limits.loading())
        .build(!args.no_build && !set(modules::NO_BUILD))
        .notice(move |line| progress.notice(line));
    args.plugin.iter().fold(source, |source, (name, file)| source.replace(name, file))
}
