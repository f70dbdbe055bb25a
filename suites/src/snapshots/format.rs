//! The text of a snapshot file, as insta writes it: YAML metadata between two lines of `---`, then the body.

use std::path::Path;

/// The two parts of a file. Metadata is kept as it is written and never judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SnapshotFile<'t> {
    /// The lines between the two marks, each with its end.
    pub(super) metadata: &'t str,
    /// What comes after them.
    pub(super) body: &'t str,
}

const MARK: &str = "---";

impl<'t> SnapshotFile<'t> {
    /// The parts of this text, if it is a snapshot.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (first, rest) = text.split_once('\n')?;
        if first.trim_end() != MARK {
            return None;
        }
        let mut at = 0;
        for line in rest.split_inclusive('\n') {
            if line.trim_end() == MARK {
                return Some(Self { metadata: &rest[..at], body: &rest[at + line.len()..] });
            }
            at += line.len();
        }
        None
    }
}

/// The text of a file with these parts.
pub(super) fn render(metadata: &str, body: &str) -> String {
    format!("{MARK}\n{metadata}{MARK}\n{}\n", normal(body).trim_end())
}

/// The metadata of a snapshot in `dir` that no test has made: it comes from a scenario file, named by its path from the
/// folder around `snapshots`.
pub(super) fn new_metadata(dir: &Path, origin: &Path) -> String {
    let home = dir.ancestors().find_map(|folder| origin.strip_prefix(folder).ok());
    let origin = home.unwrap_or(origin);
    let parts: Vec<String> = origin.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    // Every JSON string is a YAML string.
    format!("source: {}\n", serde_json::Value::from(parts.join("/")))
}

/// A body as it is compared: line ends of one kind, one at the end.
pub(super) fn normal(body: &str) -> String {
    let mut text = body.trim_end().replace("\r\n", "\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_insta_writes_is_read() {
        let text = "---\nsource: tests/a.rs\ninput_file: a.yaml\n---\n\n--- not a mark\nbody\n";
        let file = SnapshotFile::parse(text).expect("a snapshot");
        assert_eq!(file.metadata, "source: tests/a.rs\ninput_file: a.yaml\n");
        assert_eq!(file.body, "\n--- not a mark\nbody\n");
        assert_eq!(render(file.metadata, file.body), text);
        for text in ["", "---", "---\nsource: a\n", "body\n"] {
            assert_eq!(SnapshotFile::parse(text), None, "{text:?}");
        }
        let dos = SnapshotFile::parse("---\r\nsource: a\r\n---\r\nb\r\n").expect("a snapshot");
        assert_eq!(normal(dos.body), "b\n");
    }
}
