//! Where the snapshots of a scenario file stand, and what they are called.
//!
//! `<file>/<scenario>[.<case>].<view>.snap` under the nearest ancestor's `snapshots/`, else under one beside the file.
//! `<file>` is the scenario file's path from the folder around `snapshots/`, without its ending: the same however the file
//! was named on a command line.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{Found, Scenario, View};

/// The longest name of a scenario or case in a file name, in characters. File systems stop at 255 bytes.
const LONGEST: usize = 80;

/// The folder that holds the snapshots of one scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    root: PathBuf,
    dir: PathBuf,
}

impl Shelf {
    /// The shelf of this file: under `root`, when somebody names one, else where the nearest `snapshots/` is.
    #[must_use]
    pub fn of(file: &Found, root: Option<&Path>) -> Self {
        let path = real(&file.path);
        let folder = path.parent().unwrap_or(Path::new(""));
        let root = root.map_or_else(|| nearest(folder), real);
        let below = home(&root).and_then(|home| folder.strip_prefix(home).ok());
        let dir = match below {
            Some(below) => root.join(below).join(file.stem()),
            // Snapshots that are kept elsewhere: under the name that the trials have.
            None => root.join(file.name.trim_start_matches(['/', '\\'])),
        };
        Self { root, dir }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The `snapshots/` that it stands in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The name of a scenario's snapshot: its file's name without `.snap`.
    #[must_use]
    pub fn name(scenario: &Scenario, view: View) -> String {
        let case = scenario.case.as_deref().map(|case| format!(".{}", slug(case))).unwrap_or_default();
        format!("{}{case}.{}", slug(&scenario.name), word(view))
    }

    /// The first scenario whose snapshots would be those of another scenario before it, and that other one.
    #[must_use]
    pub fn clash(scenarios: &[Scenario]) -> Option<(&Scenario, &Scenario)> {
        let named: Vec<(String, &Scenario)> = scenarios
            .iter()
            .filter(|scenario| !scenario.snapshot.is_empty())
            .map(|scenario| (Self::name(scenario, View::Http), scenario))
            .collect();
        named.iter().enumerate().find_map(|(index, (name, scenario))| {
            let (_, other) = named[..index].iter().find(|(other, _)| other == name)?;
            Some((*scenario, *other))
        })
    }
}

/// The word of a view, in file names and scenario files.
pub(super) fn word(view: View) -> &'static str {
    match view {
        View::Http => "http",
        View::Log => "log",
        View::Abi => "abi",
        View::Fuel => "fuel",
    }
}

/// The nearest `snapshots/` from this folder upwards, not beyond the repository; else the one in the folder itself.
fn nearest(folder: &Path) -> PathBuf {
    for ancestor in folder.ancestors() {
        let root = ancestor.join("snapshots");
        if root.is_dir() {
            return root;
        }
        if ancestor.join(".git").exists() {
            break;
        }
    }
    folder.join("snapshots")
}

/// The folder around a `snapshots/`; nothing for snapshots that are kept in a folder of another name.
pub(super) fn home(root: &Path) -> Option<&Path> {
    if root.ends_with("snapshots") { root.parent() } else { None }
}

/// The path without links and `..`, where it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}

/// A name as a part of a file name: lower case, letters and digits kept, everything else a hyphen.
fn slug(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || c == '_' { c } else { ' ' };
    let words: String = name.to_lowercase().chars().map(kept).collect();
    let joined = words.split_whitespace().collect::<Vec<_>>().join("-");
    let short: String = joined.chars().take(LONGEST).collect();
    if short.is_empty() { "unnamed".to_owned() } else { short.trim_end_matches('-').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proxy_wasm_harness::scenario::discover;

    #[test]
    fn names_are_made_for_every_file_system() {
        assert_eq!(slug("The third request: 403, \"refused\""), "the-third-request-403-refused");
        assert_eq!(slug("exactly 1 s / 1 s + 1 ns"), "exactly-1-s-1-s-1-ns");
        assert_eq!(slug("../..\\x_y"), "x_y");
        assert_eq!(slug("Größe"), "größe");
        assert_eq!(slug("?!"), "unnamed");
        assert_eq!(slug(&"long ".repeat(30)).chars().count(), 79);
    }

    #[test]
    fn a_shelf_does_not_depend_on_how_the_file_was_named() {
        let repo = tempfile::tempdir().expect("a folder");
        let folder = repo.path().join("suites/scenarios/limiter");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::create_dir_all(repo.path().join(".git")).expect("a folder");
        let file = folder.join("story.scenario.yaml");
        std::fs::write(&file, "").expect("a file");
        let shelf = |path: &Path| {
            let found = discover(&[path]).expect("the file").remove(0);
            Shelf::of(&found, None).dir().to_path_buf()
        };
        let repository = real(repo.path());
        assert_eq!(shelf(&file), repository.join("suites/scenarios/limiter/snapshots/story"));
        std::fs::create_dir_all(repo.path().join("snapshots")).expect("a folder");
        for named in [file.clone(), folder.clone(), repo.path().to_path_buf(), folder.join("../limiter")] {
            assert_eq!(shelf(&named), repository.join("snapshots/suites/scenarios/limiter/story"));
        }
        let found = discover(&[repo.path().join("suites/scenarios")]).expect("the file").remove(0);
        let elsewhere = tempfile::tempdir().expect("a folder");
        let chosen = Shelf::of(&found, Some(elsewhere.path()));
        assert_eq!(chosen.dir(), real(elsewhere.path()).join("limiter/story"));
    }
}
