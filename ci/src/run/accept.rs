//! `--accept`: what the scenarios show is written into their files as expectations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{self, Run, Scenario};
use proxy_wasm_suites::modules::ModuleSource;
use proxy_wasm_suites::pool;

use super::Args;
use super::plan::{Plan, What};
use crate::error::{self, Error};
use crate::write;

/// Runs the scenarios of `plan` once and edits their files. What was done, and what was not, is told on stderr.
///
/// # Errors
/// When a scenario cannot be run, or a file cannot be written. Files before it may have been edited by then.
pub(super) fn accept(args: &Args, plan: &Plan, modules: &ModuleSource) -> Result<(), Error> {
    let scenarios: Vec<(&Path, &Scenario)> = plan
        .jobs
        .iter()
        .filter_map(|job| match &job.what {
            What::Scenario(scenario) if scenario.skip.is_none() => {
                Some((job.file.path.as_path(), &**scenario))
            }
            // What cannot be read fails its trial a moment later.
            _ => None,
        })
        .collect();
    let mut runs = Vec::new();
    let options = args.limits.running();
    let work = |(_, scenario): &(&Path, &Scenario)| scenario::run(scenario, modules, &options);
    pool::each(&scenarios, args.jobs(), work, |run| runs.push(run)).map_err(Error::threads)?;
    let mut files: BTreeMap<PathBuf, Vec<(&Scenario, Run)>> = BTreeMap::new();
    for ((file, scenario), run) in scenarios.iter().zip(runs) {
        // As above: a module that cannot be loaded is told of by its trial.
        if let Ok(run) = run {
            files.entry(file.to_path_buf()).or_default().push((scenario, run));
        }
    }
    files.iter().try_for_each(|(file, trials)| edit(file, trials))
}

fn edit(file: &Path, trials: &[(&Scenario, Run)]) -> Result<(), Error> {
    let text = std::fs::read_to_string(file).map_err(Error::reading(file))?;
    let trials: Vec<(&Scenario, &Run)> = trials.iter().map(|(scenario, run)| (*scenario, run)).collect();
    let accepted = scenario::accept(&named(file, &trials), &text, &trials);
    for note in &accepted.notes {
        error::warn(note);
    }
    if accepted.text != text {
        write::whole(file, accepted.text.as_bytes()).map_err(Error::writing(file))?;
        let places = if accepted.changes == 1 { "place" } else { "places" };
        error::note(&format!("accepted {} {places} in {}", accepted.changes, file.display()));
    }
    Ok(())
}

/// The file as the spans of its scenarios name it.
fn named(file: &Path, trials: &[(&Scenario, &Run)]) -> PathBuf {
    let spans = trials.iter().filter_map(|(scenario, _)| scenario.span.file());
    let same = |path: &&Path| path.canonicalize().ok() == file.canonicalize().ok();
    spans.filter(|path| same(path)).map(Path::to_path_buf).next().unwrap_or_else(|| file.to_path_buf())
}
