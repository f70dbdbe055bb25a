//! Snapshots of the views of a transcript: where they are, what they are called, and how they are compared and updated.
//!
//! Trials hand them to insta, the command line uses [`compare`] and [`update`]; both mean the same files, in insta's own
//! format, so that `cargo insta review` works on them. In reading order: `shelf` (the folder of a scenario file and the
//! names in it), `format` (the text of a file), `difference`, `unreferenced` (what no scenario asks for any more).

mod difference;
mod format;
mod shelf;
mod unreferenced;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use difference::{Difference, Why};
pub use shelf::Shelf;
pub use unreferenced::unreferenced;

use crate::write;
use format::SnapshotFile;

/// Compares `text` with the snapshot called `name` in `dir`. Blank space at the end and the kind of line ends do not
/// count, as in insta.
///
/// # Errors
///
/// When the two differ, or there is no such snapshot.
pub fn compare(dir: &Path, name: &str, text: &str) -> Result<(), Difference> {
    let path = path(dir, name);
    let differs = |why| Err(Difference { path: path.clone(), why });
    let content = match fs::read_to_string(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return differs(Why::Missing { text: text.to_owned() });
        }
        Err(error) => return differs(Why::Unreadable { cause: error.to_string() }),
    };
    let Some(SnapshotFile { body, .. }) = SnapshotFile::parse(&content) else {
        return differs(Why::Unreadable {
            cause: "it does not start with metadata between `---`".to_owned(),
        });
    };
    let (old, new) = (format::normal(body), format::normal(text));
    if old == new { Ok(()) } else { differs(Why::Changed { diff: difference::unified(&old, &new) }) }
}

/// Makes `text` the snapshot called `name` in `dir`; says whether that changed anything. A new file gets `origin`, the
/// scenario file, as its source; one that is there keeps its metadata.
///
/// # Errors
///
/// Under CI, where nothing is written, and when the file cannot be written.
pub fn update(dir: &Path, name: &str, text: &str, origin: &Path) -> Result<bool, UpdateError> {
    if compare(dir, name, text).is_ok() {
        return Ok(false);
    }
    let path = path(dir, name);
    if is_ci() {
        return Err(UpdateError::Ci { path });
    }
    let old = fs::read_to_string(&path).unwrap_or_default();
    let content = match SnapshotFile::parse(&old) {
        Some(SnapshotFile { metadata, .. }) => format::render(metadata, text),
        None => format::render(&format::new_metadata(dir, origin), text),
    };
    let written = fs::create_dir_all(dir).and_then(|()| write::whole(&path, content.as_bytes()));
    written.map_err(|cause| UpdateError::Write { path: path.clone(), cause: cause.to_string() })?;
    // What insta has put aside for review is settled with this.
    let _ = fs::remove_file(path.with_extension("snap.new"));
    Ok(true)
}

/// Why a snapshot was not updated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// Nothing is written under CI: what is not as committed has to be seen by somebody.
    #[error("{}: snapshots are not updated under CI", path.display())]
    Ci {
        /// The snapshot.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{}: cannot be written: {cause}", path.display())]
    Write {
        /// The snapshot.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
}

/// Whether this process runs under CI, by insta's rule: `CI` is set and neither `false`, `0` nor empty, or `TF_BUILD` is
/// set.
#[must_use]
pub fn is_ci() -> bool {
    match std::env::var("CI").ok().as_deref() {
        Some("false" | "0" | "") => false,
        Some(_) => true,
        None => std::env::var_os("TF_BUILD").is_some(),
    }
}

/// The file of the snapshot called `name` in `dir`.
fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.snap"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_written_compared_and_kept() {
        let root = tempfile::tempdir().expect("a folder");
        let dir = root.path().join("snapshots/a/story");
        let origin = root.path().join("a/story.scenario.yaml");
        let missing = compare(&dir, "first.http", "one\ntwo\n").expect_err("nothing is there");
        assert_eq!(missing.why, Why::Missing { text: "one\ntwo\n".to_owned() });
        if is_ci() {
            assert!(matches!(update(&dir, "first.http", "one\n", &origin), Err(UpdateError::Ci { .. })));
            return;
        }
        assert_eq!(update(&dir, "first.http", "one\ntwo\n", &origin), Ok(true));
        assert_eq!(compare(&dir, "first.http", "one\r\ntwo\r\n\r\n"), Ok(()));
        assert_eq!(update(&dir, "first.http", "one\ntwo", &origin), Ok(false));
        let differs = compare(&dir, "first.http", "one\nthree\n").expect_err("another line");
        let Why::Changed { diff } = &differs.why else { panic!("{differs}") };
        assert_eq!(diff, " one\n-two\n+three\n");

        let path = dir.join("first.http.snap");
        let written = fs::read_to_string(&path).expect("a file");
        assert_eq!(written, "---\nsource: \"a/story.scenario.yaml\"\n---\none\ntwo\n");
        fs::write(&path, written.replace("source:", "description: kept\nsource:")).expect("a file");
        fs::write(dir.join("first.http.snap.new"), "pending").expect("a file");
        assert_eq!(update(&dir, "first.http", "three", &origin), Ok(true));
        let written = fs::read_to_string(&path).expect("a file");
        assert_eq!(written, "---\ndescription: kept\nsource: \"a/story.scenario.yaml\"\n---\nthree\n");
        assert!(!dir.join("first.http.snap.new").exists());
        fs::write(&path, "<<<<<<< ours\n").expect("a file");
        assert!(matches!(
            compare(&dir, "first.http", "x").expect_err("no snapshot").why,
            Why::Unreadable { .. }
        ));
    }
}
