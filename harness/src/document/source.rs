//! Where a value was written, and the tree of nodes that a file is read into.
//!
//! A node keeps the source text of its scalars: whether `no`, `007` or `1.10` is text or a number is decided by
//! the place that reads it, never by the file format.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The text of one file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The place in a file that a value comes from; nothing for values built in Rust.
///
/// A place is no part of a value: all spans are equal, so that a scenario read back from its printed form equals
/// the one that was printed.
#[derive(Clone, Default)]
pub struct Span(Option<Arc<Place>>);

#[derive(Debug)]
struct Place {
    source: Arc<Source>,
    line: usize,
    column: usize,
    note: Option<(&'static str, Span)>,
}

impl Span {
    /// The span of a value that no file holds.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    pub(crate) fn new(source: &Arc<Source>, line: usize, column: usize) -> Self {
        Self(Some(Arc::new(Place { source: Arc::clone(source), line, column, note: None })))
    }

    /// The same place with a second one beside it: where a named value is defined, or where it is used.
    pub(crate) fn with_note(&self, what: &'static str, other: &Self) -> Self {
        Self(self.0.as_deref().map(|place| {
            let note = Some((what, other.clone()));
            Arc::new(Place {
                source: Arc::clone(&place.source),
                line: place.line,
                column: place.column,
                note,
            })
        }))
    }

    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.0.as_deref().map(|place| place.source.path.as_path())
    }

    /// Line in the file, from 1; 0 without a file.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.as_deref().map_or(0, |place| place.line)
    }

    /// Column in the line, in characters, from 1; 0 without a file.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.as_deref().map_or(0, |place| place.column)
    }

    /// The text of the line.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let place = self.0.as_deref()?;
        place.source.text.lines().nth(place.line.checked_sub(1)?)
    }

    pub(crate) fn note(&self) -> Option<(&'static str, &Self)> {
        self.0.as_deref()?.note.as_ref().map(|(what, span)| (*what, span))
    }

    /// The folder of the file that the text itself stands in: for a named value the one that defines it. Relative
    /// paths start here.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        match self.note() {
            Some((DEFINED, definition)) => definition.folder(),
            _ => self.file().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default(),
        }
    }
}

/// The note of a span whose value is defined elsewhere.
pub(crate) const DEFINED: &str = "defined at";
/// The note of a span inside a definition that is used elsewhere.
pub(crate) const USED: &str = "used at";

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

/// `path:line:column`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_deref() {
            Some(place) => write!(f, "{}:{}:{}", place.source.path.display(), place.line, place.column),
            None => f.write_str("(built in Rust)"),
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Bare: the place may read a number, a boolean or null from it.
    Plain,
    /// In quotes or as a block: always text.
    Text,
}

/// One value of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Scalar { text: String, style: Style },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Entry {
    pub(crate) fn new(key: impl Into<String>, value: Node) -> Self {
        Self { key: key.into(), key_span: Span::none(), value }
    }
}

impl Node {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { span: Span::none(), value: Value::Scalar { text: text.into(), style: Style::Text } }
    }

    pub(crate) fn plain(value: impl fmt::Display) -> Self {
        Self { span: Span::none(), value: Value::Scalar { text: value.to_string(), style: Style::Plain } }
    }

    pub(crate) fn sequence(items: Vec<Self>) -> Self {
        Self { span: Span::none(), value: Value::Sequence(items) }
    }

    pub(crate) fn mapping(entries: Vec<Entry>) -> Self {
        Self { span: Span::none(), value: Value::Mapping(entries) }
    }

    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a bare scalar.
    pub(crate) fn bare(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, style: Style::Plain } => Some(text),
            _ => None,
        }
    }

    /// What stands here, for an error text.
    pub(crate) fn found(&self) -> String {
        match &self.value {
            Value::Scalar { text, style: Style::Plain } if text.is_empty() => "nothing".to_owned(),
            Value::Scalar { text, style: Style::Plain } => format!("`{}`", shorten(text)),
            Value::Scalar { text, style: Style::Text } => format!("the text {:?}", shorten(text)),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}
