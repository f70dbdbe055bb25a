//! `--save`: what was tried, as a scenario file that says what came of it.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{self, Chain, PluginSource, Run, Scenario, Step, StepKind};
use proxy_wasm_harness::state::Duration;
use proxy_wasm_suites::modules::ModuleSource;

use super::Args;
use crate::error::Error;
use crate::{error, fill, story, write};

/// Checks, before anything runs, that the file can be written and is not there yet.
///
/// # Errors
/// When it is, or cannot be.
pub(super) fn possible(path: &Path) -> Result<(), Error> {
    if path.exists() {
        let hint = "give it another name, or take the old one away".to_owned();
        return Err(Error::usage(format!("{}: there is such a file already", path.display()), hint));
    }
    write::possible(path).map_err(Error::writing(path))
}

/// Writes the file.
///
/// # Errors
/// When it cannot be written, or cannot be read back.
pub(super) fn save(
    path: &Path,
    args: &Args,
    scenario: &Scenario,
    run: &Run,
    modules: &ModuleSource,
) -> Result<(), Error> {
    let mut scenario = scenario.clone();
    scenario.steps = steps(&scenario, run);
    if let Some(first) = story::exchanges(&run.transcript).first() {
        scenario.name.clone_from(&first.request);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = from_root(&mut scenario, folder).unwrap_or_else(|| folder.to_path_buf());
    let text = scenario::print(&scenario, &folder);
    let (text, _) = fill::in_what_happens(path, &text, modules, &args.limits)?;
    write::new(path, text.as_bytes()).map_err(Error::writing(path))?;
    error::note(&format!("wrote {}; `proxy-wasm-test run {}` judges by it", path.display(), path.display()));
    Ok(())
}

/// Makes the module's path absolute where the way from `folder` to it needs that; gives the folder's own then.
fn from_root(scenario: &mut Scenario, folder: &Path) -> Option<PathBuf> {
    let Chain::Plugins(plugins) = &mut scenario.chain else { return None };
    let PluginSource::Path(module) = &mut plugins.first_mut()?.source else { return None };
    let up = |path: &Path| path.components().any(|part| part == std::path::Component::ParentDir);
    if module.is_absolute() == folder.is_absolute() && !up(folder) {
        return None;
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    *module = module.canonicalize().ok()?;
    folder.canonicalize().ok()
}

/// The request, repeated as long as the same comes of it: each run of equal exchanges is a step of its own, so that it
/// can say what is expected.
fn steps(scenario: &Scenario, run: &Run) -> Vec<Step> {
    let [step] = scenario.steps.as_slice() else { return scenario.steps.clone() };
    let exchanges = story::exchanges(&run.transcript);
    if exchanges.len() != step.repeat as usize {
        return scenario.steps.clone();
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut before: Option<usize> = None;
    let took = |at: usize| run.passages.get(at).map_or(Duration::ZERO, |passage| passage.took);
    let groups = exchanges.chunk_by(|a, b| a.to_string() == b.to_string());
    for group in groups {
        if let (Some(last), Some(every)) = (before, step.every) {
            let rest = every.saturating_sub(took(last));
            if !rest.is_zero() {
                let kind = StepKind::Advance(rest);
                steps.push(Step { kind, repeat: 1, every: None, expect: None, ..step.clone() });
            }
        }
        let every = step.every.filter(|_| group.len() > 1);
        steps.push(Step { repeat: u32::try_from(group.len()).unwrap_or(1), every, ..step.clone() });
        before = Some(before.map_or(0, |at| at + 1) + group.len() - 1);
    }
    steps
}
