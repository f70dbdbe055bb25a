//! The reverse of loading: a scenario as the text of a file that reads back to an equal value.
//!
//! Named values are in their places, and the content of files is written out; only modules and manifests stay paths.
//! Names of header fields are text here: one that is not UTF-8 is printed with replacement characters.

use std::path::{Component, Path, PathBuf};

use super::document::shape::{Document as _, Shape};
use super::document::source::{Entry, Node, Span};
use super::document::yaml;
use super::file::{CaseList, PropertyList, ScenarioForm, Surroundings};
use super::model::Scenario;
use super::plugin::{Chain, Configs, PluginSource};
use super::step::Step;

/// The text of a file in `folder` that holds this one scenario; paths below or beside the folder become relative.
#[must_use]
pub fn print(scenario: &Scenario, folder: &Path) -> String {
    let mut entries = match &scenario.chain {
        Chain::Plugins(plugins) => {
            let mut plugins = plugins.clone();
            for plugin in &mut plugins {
                if let PluginSource::Path(path) = &mut plugin.source {
                    *path = from_folder(path, folder);
                }
            }
            vec![Entry::new("plugins", plugins.write())]
        }
        Chain::Manifests(manifests) => {
            let mut manifests = manifests.clone();
            for path in manifests.manifests.iter_mut().chain(manifests.modules.values_mut()) {
                *path = from_folder(path, folder);
            }
            let mut entries = Vec::new();
            manifests.entries(&mut entries);
            entries
        }
    };
    surroundings(scenario).entries(&mut entries);
    entries.push(Entry::new("scenarios", Node::sequence(vec![form(scenario).write()])));
    yaml::text(&Node::mapping(entries))
}

/// The text of a list of steps, as it stands under `steps:`.
#[must_use]
pub fn print_steps(steps: &[Step]) -> String {
    let steps = Node::sequence(steps.iter().map(Shape::write).collect());
    yaml::text(&Node::mapping(vec![Entry::new("steps", steps)]))
}

fn surroundings(scenario: &Scenario) -> Surroundings {
    Surroundings {
        span: Span::none(),
        upstream: scenario.upstream.clone(),
        clusters: scenario.clusters.clone(),
        properties: PropertyList(scenario.properties.clone()),
        clock: scenario.clock,
        seed: scenario.seed,
        host: scenario.host.clone(),
    }
}

/// The scenario without what stands beside it in the file.
fn form(scenario: &Scenario) -> ScenarioForm {
    let case = |name: &String| {
        CaseList(Node::sequence(vec![Node::mapping(vec![Entry::new("case", Node::text(name))])]))
    };
    let configs = scenario.configs.iter().map(|(name, of)| (Span::none(), name.clone(), of.clone()));
    ScenarioForm {
        span: Span::none(),
        name: scenario.name.clone(),
        cases: scenario.case.as_ref().map(case),
        configs: Configs(configs.collect()),
        steps: (!scenario.steps.is_empty() || scenario.rate_limit.is_none()).then(|| scenario.steps.clone()),
        snapshot: scenario.snapshot.clone(),
        skip: scenario.skip.clone(),
        known_failure: scenario.known_failure.clone(),
        patience: scenario.patience,
        cost: scenario.cost.clone(),
        parity: scenario.parity.clone(),
        rate_limit: scenario.rate_limit.clone(),
        surroundings: Surroundings::default(),
    }
}

/// `path` as a file in `folder` writes it. Both have to be of one kind, relative or absolute.
fn from_folder(path: &Path, folder: &Path) -> PathBuf {
    let plain = |path: &Path| path.components().all(|part| part != Component::ParentDir);
    if path.is_absolute() != folder.is_absolute() || !plain(folder) {
        return path.to_path_buf();
    }
    let (path_parts, folder_parts): (Vec<_>, Vec<_>) = (parts(path), parts(folder));
    let shared = path_parts.iter().zip(&folder_parts).take_while(|(a, b)| a == b).count();
    let up = folder_parts[shared..].iter().map(|_| Component::ParentDir);
    up.chain(path_parts[shared..].iter().copied()).collect()
}

fn parts(path: &Path) -> Vec<Component<'_>> {
    path.components().filter(|part| *part != Component::CurDir).collect()
}
