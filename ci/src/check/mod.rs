//! `check`: conformance of a plugin, with no script at all. The checks are the suites'; here is what is read and told.

mod args;
mod junit;
mod save;
mod show;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use proxy_wasm_harness::check::{Date, Expectations};
use proxy_wasm_harness::scenario::{Scenario, discover, load};
use proxy_wasm_suites::conformance::catalogue::{nearest, selected};
use proxy_wasm_suites::conformance::examine::{Examined, Judging, Summary, examine_all};
use proxy_wasm_suites::conformance::lab::{Input, Options, Subject};
use proxy_wasm_suites::conformance::{expectations, report};
use proxy_wasm_suites::write;

pub(crate) use self::args::Args;
use crate::error::Error;
use crate::exit::Exit;
use crate::format::Format;
use crate::output::Output;
use crate::progress::Progress;

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let checks = selected(&args.only).map_err(|unknown| {
        let hint =
            nearest(&unknown).map(|id| format!("did you mean `{id}`? `check --list` prints all of them"));
        Error::usage(format!("there is no check and no area `{unknown}`"), hint)
    })?;
    if args.list {
        out.text(&report::list(&checks));
        return Ok(Exit::Passed);
    }
    let Some(plugin) = &args.plugin else {
        return Err(Error::usage("no plugin is named", "proxy-wasm-test check PLUGIN.wasm".to_owned()));
    };
    let telling = &args.telling;
    for path in [&telling.results.junit, &telling.results.markdown, &telling.badge].into_iter().flatten() {
        write::possible(path).map_err(Error::writing(path))?;
    }
    let judging = Judging { expectations: known(args)?, strict: args.strict, today: today() };
    let input = input(args, plugin)?;
    let options = Options {
        seed: args.seed,
        cases: args.cases,
        hostile: args.hostile,
        hang_timeout: args.limits.running().hang_timeout,
        max_memory: args.limits.running().max_memory,
        ..Options::default()
    };
    let format = telling.results.format();
    let progress = Progress::new(checks.len());
    progress.now("running the plugin untouched");
    let subject = Subject::new(&input, &options, &args.limits.loading())?;
    let about = report::About::of(&plugin.display().to_string(), &subject);
    if format != Format::Json && !telling.quiet {
        out.text(&show::heading(&about));
        out.flush();
    }
    progress.now("checking");
    let saved = telling.save.as_deref();
    let mut failed: Option<Error> = None;
    let all = examine_all(&subject, &checks, &judging, args.jobs(), |one| {
        progress.one_more(|| {
            let written = saved.map(|folder| save::each(one, folder)).transpose();
            let written = written.unwrap_or_else(|error| {
                failed.get_or_insert(error);
                None
            });
            if format != Format::Json && (!telling.quiet || one.outcome.is_red()) {
                out.text(&show::check(one, written.as_deref()));
                if format == Format::Github {
                    out.text(&show::annotations(one, plugin));
                }
                out.flush();
            }
        });
    });
    let all = all.map_err(Error::threads)?;
    progress.done();
    if let Some(error) = failed {
        return Err(error);
    }
    match format {
        Format::Json => out.line(&format!("{:#}", report::json(&about, &all))),
        Format::Pretty | Format::Github => out.text(&show::summary(&all)),
    }
    if let Some(path) = &telling.results.junit {
        let xml = junit::document(&about.place, &all)?;
        write::whole(path, xml.as_bytes()).map_err(Error::writing(path))?;
    }
    if let Some(path) = &telling.results.markdown {
        write::whole(path, report::markdown(&about, &all).as_bytes()).map_err(Error::writing(path))?;
    }
    if let Some(path) = &telling.badge {
        let text = format!("{:#}\n", report::badge(&all));
        write::whole(path, text.as_bytes()).map_err(Error::writing(path))?;
    }
    Ok(exit(&all))
}

fn exit(all: &[Examined]) -> Exit {
    if Summary::of(all).red > 0 { Exit::Failed } else { Exit::Passed }
}

fn known(args: &Args) -> Result<Expectations, Error> {
    let Some(path) = &args.expectations else { return Ok(Expectations::default()) };
    let text = std::fs::read_to_string(path).map_err(Error::reading(path))?;
    expectations::read(path, &text).map_err(|error| Error::usage(error.to_string(), error.hint))
}

fn input(args: &Args, plugin: &Path) -> Result<Input, Error> {
    let bytes = std::fs::read(plugin).map_err(Error::reading(plugin))?;
    let read = |path: &std::path::PathBuf| std::fs::read(path).map_err(Error::reading(path));
    let config = args.config.as_ref().map(read).transpose()?;
    let mut scenarios: Vec<Scenario> = Vec::new();
    if !args.scenario.is_empty() {
        for found in discover(&args.scenario)? {
            scenarios.extend(load(&found.path)?.scenarios);
        }
    }
    Ok(Input { place: plugin.to_path_buf(), bytes, config, scenarios })
}

/// The day it is, for expectations that end.
fn today() -> Option<Date> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Date::of_unix(i64::try_from(since.as_secs()).ok()?))
}
