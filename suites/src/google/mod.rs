//! Test files of Google's Service Extensions plugin tester: read, run under that tester's own rules (the host profile
//! `google`), or turned into scenario files.
//!
//! In reading order: `form` (the messages of the format), `text` and `yaml` (files into messages), `suite` (messages into
//! tests), `head` (header fields as HTTP/1 text), `matcher`, `play` (one test, step by step), `phase` (what is checked of each
//! step), `import` (the way to scenario files).
//!
//! Written from that tester's observable rules; where they surprise, the code says so.

mod form;
mod head;
mod import;
mod matcher;
mod phase;
mod play;
mod suite;
mod text;
mod yaml;

use std::path::{Path, PathBuf};

pub use import::{Imported, import};
pub use play::{Played, play};
pub use suite::{Env, Expectation, Immediate, Input, Invocation, Plan, StringMatcher, Suite, Test};

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", path.display(), line.map_or_else(String::new, |line| format!(":{line}")))]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// The line in it, from 1; nothing when the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// Reads the test file at `path`: YAML when it ends in `.yaml` or `.yml`, else text format.
///
/// # Errors
///
/// When it cannot be read, or is not of the format: an unknown field with its line.
pub fn read(path: &Path) -> Result<Suite, Error> {
    let whole = |message: String| Error { path: path.to_path_buf(), line: None, message };
    let text = std::fs::read_to_string(path).map_err(|cause| whole(format!("cannot be read: {cause}")))?;
    let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let read = if is_yaml { yaml::read(&text) } else { text::read(&text) };
    let (message, lines) =
        read.map_err(|Wrong { line, message }| Error { path: path.to_path_buf(), line, message })?;
    Ok(Suite::of(path, &message, &lines))
}

/// What is wrong with the text of a file, and in which line.
#[derive(Debug)]
struct Wrong {
    line: Option<usize>,
    message: String,
}
