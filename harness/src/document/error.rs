//! What is wrong with a file: each error with its place, its line and a hint.

use std::fmt;
use std::path::{Path, PathBuf};

use super::source::Span;

/// One thing that is wrong with a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 when the whole file is meant.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The text of the line.
    pub text: Option<Box<str>>,
    /// Other places that belong to it, as `defined at path:line:column`.
    pub notes: Box<[String]>,
}

impl ScenarioError {
    pub(crate) fn at(span: &Span, message: impl Into<String>) -> Self {
        Self {
            file: span.file().unwrap_or(Path::new("")).to_path_buf(),
            line: span.line(),
            column: span.column(),
            message: message.into(),
            hint: None,
            text: span.text().map(Box::from),
            notes: span.note().map(|(what, other)| format!("{what} {other}")).into_iter().collect(),
        }
    }

    pub(crate) fn whole(file: &Path, message: impl Into<String>) -> Self {
        Self {
            file: file.to_path_buf(),
            line: 0,
            column: 0,
            message: message.into(),
            hint: None,
            text: None,
            notes: Box::default(),
        }
    }

    pub(crate) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(text) = &self.text {
            let (shown, caret) = window(text, self.column);
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            write!(f, "\n {number} | {shown}\n {margin} | {}^", " ".repeat(caret))?;
        }
        for note in &self.notes {
            write!(f, "\nnote: {note}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhelp: {hint}")?;
        }
        Ok(())
    }
}

/// The part of a long line around the caret, and where the caret stands in it. Tabs and controls become blanks.
pub(crate) fn window(text: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 100;
    let caret = column.saturating_sub(1);
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= WIDTH {
        return (text.chars().map(blank).collect(), caret);
    }
    let start = caret.saturating_sub(WIDTH / 2);
    let shown: String = text.chars().skip(start).take(WIDTH).map(blank).collect();
    if start == 0 { (shown + "…", caret) } else { (format!("…{shown}"), caret - start + 1) }
}

/// Everything that is wrong with one file: never empty, in the order of the places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FileErrors {
    /// The file that was to be loaded.
    pub path: PathBuf,
    /// What is wrong with it, or with a file that it imports.
    pub errors: Vec<ScenarioError>,
}

impl FileErrors {
    pub(crate) fn new(path: &Path, mut errors: Vec<ScenarioError>) -> Self {
        // What cannot be read comes first; an error met once per case is told once.
        errors.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        errors.dedup_by(|a, b| {
            (&a.file, a.line, a.column, &a.message) == (&b.file, b.line, b.column, &b.message)
        });
        Self { path: path.to_path_buf(), errors }
    }
}

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            fmt::Display::fmt(error, f)?;
        }
        Ok(())
    }
}

/// `did you mean "x"?` for the name nearest to what was written, or the list of names.
pub(crate) fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let lower = written.to_lowercase();
    let best = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(lower.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance);
    match best {
        Some((_, name)) => Some(format!("did you mean {name:?}?")),
        None if names.is_empty() => None,
        None => Some(format!("one of: {}", names.join(", "))),
    }
}
