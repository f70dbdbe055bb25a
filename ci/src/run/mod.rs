//! `run`: carries out scenario files.
//!
//! `plan` says which trials there are, `trial` carries one out, `printer` and [`crate::report`] tell what came of them.

mod accept;
mod again;
mod args;
mod google;
mod plan;
mod printer;
pub(crate) mod snapshots;
mod trial;

use std::collections::BTreeSet;
use std::time::Instant;

use proxy_wasm_suites::modules::{self, ModuleSource};
use proxy_wasm_suites::pool;
use proxy_wasm_suites::snapshots::is_ci;

pub(crate) use self::args::Args;
pub(crate) use self::google::config as google_config;
use self::plan::{Job, Plan, What};
use self::printer::Printer;
use crate::error::Error;
use crate::exit::Exit;
use crate::limits;
use crate::output::Output;
use crate::progress::Progress;
use crate::report::Trial;
use crate::{error, report, write};

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let began = Instant::now();
    if args.update_snapshots && is_ci() {
        return Err(Error::usage(
            "snapshots are not updated under CI (the variable CI is set)",
            "run it on your own machine, look at the change, and commit it".to_owned(),
        ));
    }
    if args.accept && is_ci() {
        return Err(Error::usage(
            "expectations are not written under CI (the variable CI is set)",
            "run it on your own machine, look at the change, and commit it".to_owned(),
        ));
    }
    if args.google {
        return run_google(args, began, out);
    }
    let mut plan = planned(args)?;
    if args.list {
        list(&plan, out);
        return Ok(Exit::Passed);
    }
    let progress = Progress::new(plan.jobs.len());
    let modules = source(args, &progress)?;
    if args.accept {
        accept::accept(args, &plan, &modules)?;
        // What the files say now is what is judged.
        plan = planned(args)?;
    }
    possible(args)?;
    let mut printer = Printer::new(args.telling.results.format(), args.telling.quiet);
    let mut trials = carry_out(args, &plan, (&modules, &progress), &mut printer, out)?;
    if args.filter.is_none()
        && let Some(trial) = snapshots::unreferenced(args, &plan)
    {
        printer.trial(&trial, out);
        trials.push(trial);
    }
    end(args, &trials, began, &printer, out)
}

/// `--google`: the trials are the tests of other files.
fn run_google(args: &Args, began: Instant, out: &mut Output) -> Result<Exit, Error> {
    let jobs = google::jobs(args)?;
    if args.list {
        google::list(&jobs, out);
        return Ok(Exit::Passed);
    }
    possible(args)?;
    let progress = Progress::new(jobs.len());
    let modules = source(args, &progress)?;
    let mut printer = Printer::new(args.telling.results.format(), args.telling.quiet);
    let work = |job: &google::Job| google::carry_out(job, args, &modules);
    let trials = side_by_side(args, &jobs, work, &progress, &mut printer, out)?;
    end(args, &trials, began, &printer, out)
}

/// Checks that the reports can be written, before anything runs.
fn possible(args: &Args) -> Result<(), Error> {
    args.telling.files().try_for_each(|path| write::possible(path).map_err(Error::writing(path)))
}

/// Tells of all, and writes the reports.
fn end(
    args: &Args,
    trials: &[Trial],
    began: Instant,
    printer: &Printer,
    out: &mut Output,
) -> Result<Exit, Error> {
    printer.end(trials, began.elapsed(), out);
    if let Some(path) = &args.telling.results.junit {
        let xml = report::junit::document(trials)?;
        write::whole(path, xml.as_bytes()).map_err(Error::writing(path))?;
    }
    if let Some(path) = &args.telling.results.markdown {
        let text = report::markdown::document(trials);
        write::whole(path, text.as_bytes()).map_err(Error::writing(path))?;
    }
    if let Some(path) = &args.telling.html {
        let page = report::html::document(trials);
        write::whole(path, page.as_bytes()).map_err(Error::writing(path))?;
    }
    Ok(report::exit(trials))
}

/// The trials that were asked for.
fn planned(args: &Args) -> Result<Plan, Error> {
    let mut plan = Plan::new(&args.paths)?;
    for (name, file) in &args.plugin {
        if name.is_empty() {
            let hint = format!("for example `--plugin limiter={}`", file.display());
            return Err(Error::usage("--plugin takes NAME=FILE", hint));
        }
        plan.knows_plugin(name)?;
    }
    if let Some(text) = &args.filter {
        plan.filter(text)?;
    }
    Ok(plan)
}

/// Prints the names of the trials. A file that cannot be read is one of them, which will fail; why is told on stderr.
fn list(plan: &Plan, out: &mut Output) {
    for job in &plan.jobs {
        out.line(&job.name());
        if let What::Unreadable { why, .. } = &job.what {
            why.iter().for_each(|error| error::tell(error, None));
        }
    }
}

/// Runs the trials and prints each as soon as those before it are over.
fn carry_out(
    args: &Args,
    plan: &Plan,
    (modules, progress): (&ModuleSource, &Progress),
    printer: &mut Printer,
    out: &mut Output,
) -> Result<Vec<Trial>, Error> {
    let work = |job: &Job| trial::carry_out(job, args, modules);
    let trials = side_by_side(args, &plan.jobs, work, progress, printer, out)?;
    if let Some(problem) = limits::cache_problem(modules.options()) {
        error::warn(&problem);
    }
    Ok(trials)
}

fn side_by_side<J: Sync>(
    args: &Args,
    jobs: &[J],
    work: impl Fn(&J) -> Trial + Sync,
    progress: &Progress,
    printer: &mut Printer,
    out: &mut Output,
) -> Result<Vec<Trial>, Error> {
    let mut trials = Vec::with_capacity(jobs.len());
    let mut told = BTreeSet::new();
    pool::each(jobs, args.jobs(), work, |trial| {
        progress.one_more(|| {
            printer.trial(&trial, out);
            // A module that cannot be used is the same news in each of its scenarios.
            for error in &trial.unusable {
                if told.insert(error.clone()) {
                    error::tell(error, None);
                }
            }
        });
        trials.push(trial);
    })
    .map_err(Error::threads)?;
    progress.done();
    Ok(trials)
}

/// Where modules come from.
fn source(args: &Args, progress: &Progress) -> Result<ModuleSource, Error> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    let progress = progress.clone();
    let mut source = ModuleSource::new(args.limits.loading())
        .build(!args.no_build && !set(modules::NO_BUILD))
        .notice(move |line| progress.notice(line));
    if let Some(registry) = args.fetching.registry()? {
        source = source.fetch(registry);
    }
    Ok(args.plugin.iter().fold(source, |source, (name, file)| source.replace(name, file)))
}
