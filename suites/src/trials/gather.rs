//! From folders to trials.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::{Arguments, ColorSetting, Completion, Failed, FormatSetting, Trial};
use proxy_wasm_harness::scenario::{Found, Scenario, Style, discover, load};

use super::Target;
use super::judge::{Judge, Snapshots};
use super::quiet;
use crate::snapshots::{Shelf, unreferenced};

/// The trials of these folders. Nothing is built or run.
pub(super) fn trials(target: Target, folders: &[PathBuf], arguments: &Arguments) -> Vec<Trial> {
    let found = match discover(folders) {
        Ok(found) => found,
        Err(error) => return vec![failing("scenarios".to_owned(), error.to_string())],
    };
    let judge = Arc::new(Judge { target, style: style(arguments) });
    let mut trials = Vec::new();
    let mut files: Vec<(Found, Option<Vec<Scenario>>)> = Vec::new();
    for found in found {
        match load(&found.path) {
            Err(errors) => {
                trials.push(failing(found.name.clone(), errors.to_string()));
                files.push((found, None));
            }
            Ok(file) => {
                let shelf = Shelf::of(&found, None);
                let clash = Shelf::clash(&file.scenarios).map(|(one, other)| {
                    let message = format!(
                        "`{}` and `{}` would have the same snapshots: file names cannot tell them apart",
                        other.label(),
                        one.label()
                    );
                    (one.label(), message)
                });
                for scenario in &file.scenarios {
                    let name = scenario.trial(&found.name);
                    if let Some((_, message)) = clash.as_ref().filter(|(label, _)| *label == scenario.label())
                    {
                        trials.push(failing(name, message.clone()));
                        continue;
                    }
                    let snapshots = Snapshots { shelf: shelf.clone(), input: found.path.clone() };
                    trials.push(trial(&judge, name, scenario.clone(), snapshots, arguments));
                }
                files.push((found, Some(file.scenarios)));
            }
        }
    }
    trials.extend(unreferenced_snapshots(folders, files));
    trials
}

/// One scenario. A skipped one is listed as ignored, shows its reason in a run, and runs when ignored ones are asked for.
fn trial(
    judge: &Arc<Judge>,
    name: String,
    scenario: Scenario,
    snapshots: Snapshots,
    arguments: &Arguments,
) -> Trial {
    let asked_for = arguments.ignored || arguments.include_ignored;
    let skip = scenario.skip.clone();
    let flag = skip.is_some() && (arguments.list || asked_for);
    let judge = Arc::clone(judge);
    let label = name.clone();
    Trial::ignorable_test(name, move || {
        if let Some(reason) = skip.filter(|_| !asked_for) {
            return Ok(Completion::ignored_with(reason));
        }
        quiet::trial(|| judge.judge(&label, &scenario, &snapshots)).map_err(Failed::from)
    })
    .with_ignored_flag(flag)
}

fn failing(name: String, message: String) -> Trial {
    Trial::test(name, move || Err(message.into()))
}

/// A trial that fails when snapshots lie about that no scenario asks for. Like every trial, a filter leaves it out.
fn unreferenced_snapshots(folders: &[PathBuf], files: Vec<(Found, Option<Vec<Scenario>>)>) -> Option<Trial> {
    let mut scenarios = files.iter().filter_map(|(_, scenarios)| scenarios.as_ref()).flatten();
    let asks = scenarios.any(|scenario| !scenario.snapshot.is_empty());
    let folders = folders.to_vec();
    let stands = files.iter().any(|(found, _)| Shelf::of(found, None).root().is_dir());
    (asks || stands).then(|| {
        Trial::test("snapshots::unreferenced", move || {
            let left = unreferenced(&folders, &files, None);
            if left.is_empty() {
                return Ok(());
            }
            let list: String = left.iter().map(|path| format!("\n  {}", path.display())).collect();
            Err(format!("no scenario asks for these snapshots; remove them:{list}").into())
        })
    })
}

/// Whether messages are coloured. On the way to anything but a terminal libtest-mimic takes colours out again, but not
/// from JSON.
fn style(arguments: &Arguments) -> Style {
    let json = arguments.format == Some(FormatSetting::Json);
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match arguments.color {
        _ if json => Style::Plain,
        Some(ColorSetting::Never) => Style::Plain,
        Some(ColorSetting::Always) => Style::Colour,
        _ if unwanted => Style::Plain,
        _ => Style::Colour,
    }
}
