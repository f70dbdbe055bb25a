//! `parity`: the same scenarios on a real Envoy, and the differences.

mod args;

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::discover;
use proxy_wasm_suites::modules::ModuleSource;
use proxy_wasm_suites::parity::{Envoy, Judge, Judgement, Known, Report, Trial};

pub(crate) use self::args::Args;
use crate::error::{self, Error};
use crate::exit::Exit;
use crate::format::Plain;
use crate::output::Output;
use crate::progress::Progress;
use crate::write;

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let here = [PathBuf::from(".")];
    let paths = if args.paths.is_empty() { &here[..] } else { &args.paths };
    let known = match &args.expectations {
        Some(file) => Known::load(file)?,
        None => Known::beside(&paths[0])?,
    };
    let trials = trials(paths, args.filter.as_deref())?;
    if let Some(path) = &args.report {
        write::possible(path).map_err(Error::writing(path))?;
    }
    let envoy = args.envoy.as_ref().map_or_else(Envoy::find, Envoy::at)?;
    let progress = Progress::new(trials.len());
    let notices = progress.clone();
    let modules = ModuleSource::new(Default::default()).notice(move |line| notices.notice(line));
    let mut judge = Judge::new(envoy).known(known);
    if let Some(jobs) = args.jobs {
        judge = judge.jobs(jobs.get());
    }
    let report = judge.judge(&trials, &modules, &|more| progress.more(more));
    progress.done();
    let report = report?;
    match args.format {
        Plain::Pretty => out.text(&report.pretty()),
        Plain::Json => out.line(&format!("{:#}", report.json())),
    }
    if let Some(path) = &args.report {
        let page = report.markdown(&command(args));
        write::whole(path, page.as_bytes()).map_err(Error::writing(path))?;
    }
    let idle = args.filter.is_none() && !idle(&report, paths).is_empty();
    Ok(exit(&report, idle))
}

/// The trials below `paths` whose names contain `filter`.
fn trials(paths: &[PathBuf], filter: Option<&str>) -> Result<Vec<Trial>, Error> {
    let mut all = Vec::new();
    for file in &discover(paths)? {
        all.extend(Trial::of(file)?);
    }
    let Some(filter) = filter else { return Ok(all) };
    let count = all.len();
    all.retain(|trial| trial.name.contains(filter));
    if all.is_empty() {
        let hint = format!("there are {count}; `proxy-wasm-test run --list` shows their names");
        return Err(Error::usage(format!("no trial's name contains {filter:?}"), hint));
    }
    Ok(all)
}

/// The command that makes the page anew, as it would be typed in the page's folder.
fn command(args: &Args) -> String {
    let paths: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).display().to_string();
    let report = args.report.iter().map(|path| format!("--report {}", name(path)));
    let words = ["proxy-wasm-test parity".to_owned()].into_iter().chain(paths).chain(report);
    words.collect::<Vec<_>>().join(" ")
}

/// Known differences of scenarios that there are not. Where only a part of what the file is for was played, nothing
/// can be said about the rest.
fn idle(report: &Report, paths: &[PathBuf]) -> Vec<String> {
    let Some(folder) = report.known.file.as_deref().and_then(Path::parent) else { return Vec::new() };
    let whole = |path: &PathBuf| {
        let (path, folder) = (path.canonicalize(), folder.canonicalize());
        path.is_ok_and(|path| folder.is_ok_and(|folder| folder.starts_with(path)))
    };
    if !paths.iter().any(whole) {
        return Vec::new();
    }
    let idle = report.known.idle(&report.entries);
    for known in &idle {
        let file = report.known.file.as_deref().unwrap_or(Path::new("parity.toml")).display();
        let message = format!("{file}: `{}` is no scenario", known.scenario);
        error::tell(&message, Some("take the difference out, or name the trial as `run --list` does"));
    }
    idle.into_iter().map(|known| known.scenario.clone()).collect()
}

fn exit(report: &Report, idle: bool) -> Exit {
    let is = |one: fn(Judgement<'_>) -> bool| report.count(one) > 0;
    if is(|one| matches!(one, Judgement::Unusable(_))) {
        Exit::Unusable
    } else if idle || !report.agrees() {
        Exit::Failed
    } else if report.played() == 0 {
        // Nothing was compared: that is no success.
        for entry in &report.entries {
            error::tell(&entry.pretty().trim_end(), None);
        }
        Exit::Unusable
    } else {
        Exit::Passed
    }
}
