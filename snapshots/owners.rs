//! Every snapshot in this folder has an owner: its metadata name a test that is there.
//!
//! Which of them a scenario still asks for is checked where scenarios run; this finds what whole tests have left behind.
//! The file stands here and not in `suites/tests`, because `cargo insta` searches the folders of packages and of their
//! targets: by this target it finds what waits for review in this one.

use std::path::{Path, PathBuf};

#[test]
fn every_snapshot_comes_from_a_test_that_is_there() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut snapshots = Vec::new();
    below(&repository.join("snapshots"), &mut snapshots);
    assert!(snapshots.len() > 50, "only {} snapshots found", snapshots.len());
    let left: Vec<String> = snapshots
        .iter()
        .filter(|path| !source(path, repository).is_some_and(|source| source.is_file()))
        .map(|path| path.display().to_string())
        .collect();
    assert!(left.is_empty(), "nothing makes these snapshots; remove them:\n{}", left.join("\n"));
}

/// The file that a snapshot's metadata name: the test, or the scenario when the command line has written it.
fn source(snapshot: &Path, repository: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(snapshot).ok()?;
    let line = text
        .lines()
        .skip(1)
        .take_while(|line| *line != "---")
        .find_map(|line| line.strip_prefix("source: "))?;
    Some(repository.join(line.trim_matches('"')))
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "snap") {
            found.push(path);
        }
    }
}
