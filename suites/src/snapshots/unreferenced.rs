//! Snapshots that no scenario asks for: left behind when one was renamed, removed, or lost a view.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{Found, Scenario, View};

use super::shelf::{Shelf, home, real, word};

/// The snapshots under `folders` (those that were searched for scenarios) that none of the scenarios in `files` asks for.
/// What cannot be loaded (`None`) may still ask for everything on its shelf.
#[must_use]
pub fn unreferenced(
    folders: &[PathBuf],
    files: &[(Found, Option<Vec<Scenario>>)],
    root: Option<&Path>,
) -> Vec<PathBuf> {
    let mut wanted = BTreeSet::new();
    let mut spared = Vec::new();
    let mut places = BTreeSet::new();
    for (found, scenarios) in files {
        let shelf = Shelf::of(found, root);
        for folder in folders.iter().map(|folder| real(folder)) {
            places.extend(claimed(shelf.root(), &folder));
        }
        places.insert(shelf.dir().to_path_buf());
        match scenarios {
            None => spared.push(shelf.dir().to_path_buf()),
            Some(scenarios) => wanted.extend(scenarios.iter().flat_map(|scenario| {
                let names = scenario.snapshot.iter().map(|view| Shelf::name(scenario, *view));
                names.map(|name| shelf.dir().join(format!("{name}.snap"))).collect::<Vec<_>>()
            })),
        }
    }
    let mut found = BTreeSet::new();
    places.iter().for_each(|place| below(place, &mut found));
    let is_spared = |path: &PathBuf| spared.iter().any(|shelf| path.starts_with(shelf));
    found.into_iter().filter(|path| !wanted.contains(path) && !is_spared(path)).collect()
}

/// The part of a `snapshots/` that belongs to the scenarios in `folder` alone.
fn claimed(root: &Path, folder: &Path) -> Option<PathBuf> {
    let home = home(root)?;
    match folder.strip_prefix(home) {
        Ok(below) => Some(root.join(below)),
        Err(_) => home.starts_with(folder).then(|| root.to_path_buf()),
    }
}

/// The snapshots of views in `dir` and below. Others may lie there too; they are not ours to judge.
fn below(dir: &Path, found: &mut BTreeSet<PathBuf>) {
    let views = [View::Http, View::Log, View::Abi, View::Fuel].map(|view| format!(".{}.snap", word(view)));
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&entry.path(), found);
        } else if views.iter().any(|ending| entry.file_name().to_string_lossy().ends_with(ending)) {
            found.insert(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proxy_wasm_harness::scenario::{discover, load};

    #[test]
    fn what_nothing_asks_for_is_found_and_nothing_else() {
        let repo = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = repo.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        let scenario = "plugins: [{wasm: p.wasm}]\nscenarios:\n  - {name: one, steps: [{request: GET /}], snapshot: [http]}\n";
        write("scenarios/a.scenario.yaml", scenario);
        write("scenarios/broken.scenario.yaml", "nonsense");
        write("snapshots/scenarios/a/one.http.snap", "");
        write("snapshots/scenarios/a/one.log.snap", "");
        write("snapshots/scenarios/a/one.txt", "");
        write("snapshots/scenarios/broken/x.http.snap", "");
        write("snapshots/scenarios/gone/x.abi.snap", "");
        write("snapshots/tests/x.http.snap", "");
        let folders = [repo.path().join("scenarios")];
        let files = discover(&folders).expect("files").into_iter().map(|found| {
            let scenarios = load(&found.path).ok().map(|file| file.scenarios);
            (found, scenarios)
        });
        let files: Vec<_> = files.collect();
        let root = real(&repo.path().join("snapshots/scenarios"));
        assert_eq!(
            unreferenced(&folders, &files, None),
            [root.join("a/one.log.snap"), root.join("gone/x.abi.snap")]
        );
    }
}
