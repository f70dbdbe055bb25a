//! A scenario file that this program writes: run once, so that it says what the plugin does now.

use std::path::{Component, Path, PathBuf};

use proxy_wasm_harness::scenario::{self, Chain, PluginSource, Run, Scenario};
use proxy_wasm_suites::modules::ModuleSource;

use crate::error::Error;
use crate::limits::Limits;

/// `text`, the file that is to be written to `path`, with the expectations filled in; and the scenarios with their runs.
///
/// # Errors
/// When the text cannot be read back, or its scenarios cannot be run.
pub(crate) fn in_what_happens(
    path: &Path,
    text: &str,
    modules: &ModuleSource,
    limits: &Limits,
) -> Result<(String, Vec<(Scenario, Run)>), Error> {
    let mut scenarios = scenario::load_text(path, text)?.scenarios;
    scenarios.iter_mut().for_each(without_detours);
    let mut trials = Vec::new();
    for scenario in scenarios {
        let run = scenario::run(&scenario, modules, &limits.running()).map_err(Error::Run)?;
        trials.push((scenario, run));
    }
    let seen: Vec<(&Scenario, &Run)> = trials.iter().map(|(scenario, run)| (scenario, run)).collect();
    let accepted = scenario::accept(path, text, &seen);
    Ok((accepted.text, trials))
}

/// Takes `folder/..` out of the modules' paths: the folder of the file may not be there yet.
fn without_detours(scenario: &mut Scenario) {
    let Chain::Plugins(plugins) = &mut scenario.chain else { return };
    for plugin in plugins {
        if let PluginSource::Path(path) = &mut plugin.source {
            let mut plain = PathBuf::new();
            for part in path.components() {
                let named = matches!(plain.components().next_back(), Some(Component::Normal(_)));
                if part == Component::ParentDir && named {
                    plain.pop();
                } else {
                    plain.push(part);
                }
            }
            *path = plain;
        }
    }
}
