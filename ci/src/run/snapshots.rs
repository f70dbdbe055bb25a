//! The snapshots of a trial: compared, or made to say what the run gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{Run, Scenario};
use proxy_wasm_suites::snapshots::{self, Difference, Shelf, UpdateError, Why};

use super::Args;
use super::plan::{Job, Plan, What};
use crate::report::{Outcome, Trial};
use crate::style::{FAILED, PASSED};

/// What became of the snapshots of a trial.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Those that say something else.
    pub(super) differences: Vec<Difference>,
    /// Those that were written.
    pub(super) updated: Vec<PathBuf>,
}

/// Compares the snapshots that the scenario asks for. With `--update-snapshots` they are written, unless the scenario
/// failed: what is not as expected is nothing to accept.
///
/// # Errors
/// When one cannot be written.
pub(super) fn settle(job: &Job, scenario: &Scenario, run: &Run, args: &Args) -> Result<Kept, UpdateError> {
    let mut kept = Kept::default();
    if scenario.snapshot.is_empty() {
        return Ok(kept);
    }
    let shelf = Shelf::of(&job.file, args.snapshots.as_deref());
    for &view in &scenario.snapshot {
        let (name, text) = (Shelf::name(scenario, view), run.view(view));
        if args.update_snapshots && run.passed() {
            if snapshots::update(shelf.dir(), &name, &text, &job.file.path)? {
                kept.updated.push(from_here(&shelf.dir().join(format!("{name}.snap"))));
            }
        } else if let Err(Difference { path, why }) = snapshots::compare(shelf.dir(), &name, &text) {
            kept.differences.push(Difference { path: from_here(&path), why });
        }
    }
    Ok(kept)
}

/// A difference in colours, and what to do when it is meant.
pub(super) fn painted(difference: &Difference) -> String {
    let mut out = String::new();
    for line in difference.to_string().lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => PASSED,
            Some(b'-') => FAILED,
            _ => anstyle::Style::new(),
        };
        out.push_str(&format!("{style}{line}{style:#}\n"));
    }
    if !matches!(difference.why, Why::Unreadable { .. }) {
        out.push_str("help: if this is meant, accept it with --update-snapshots\n");
    }
    out
}

/// A trial that fails when snapshots in the folders that were searched belong to no scenario.
pub(super) fn unreferenced(args: &Args, plan: &Plan) -> Option<Trial> {
    let mut files: BTreeMap<PathBuf, _> = BTreeMap::new();
    for job in &plan.jobs {
        let (_, scenarios) =
            files.entry(job.file.path.clone()).or_insert_with(|| (job.file.clone(), Some(Vec::new())));
        match (&job.what, scenarios) {
            (What::Scenario(scenario), Some(scenarios)) => scenarios.push((**scenario).clone()),
            (_, scenarios) => *scenarios = None,
        }
    }
    let files: Vec<_> = files.into_values().collect();
    let found = snapshots::unreferenced(&folders(args), &files, args.snapshots.as_deref());
    let first = from_here(found.first()?);
    let list: Vec<String> = found
        .iter()
        .map(|path| format!("{}: no scenario asks for this snapshot\n", from_here(path).display()))
        .collect();
    let label = "every snapshot belongs to a scenario".to_owned();
    let mut trial = Trial::new(first, "snapshots".to_owned(), Some(label));
    trial.outcome = Outcome::Failed;
    trial.text = format!("{}help: remove what is left over\n", list.concat());
    Some(trial)
}

/// The folders that were searched.
fn folders(args: &Args) -> Vec<PathBuf> {
    if args.paths.is_empty() {
        return vec![PathBuf::from(".")];
    }
    args.paths.iter().filter(|path| path.is_dir()).cloned().collect()
}

/// The path from the current folder, where it lies below.
fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_path_buf()
}
