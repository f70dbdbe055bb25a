//! One declaration for each object of a file: its struct, its strict reader, its writer and its JSON Schema.
//!
//! [`document!`] declares an object with named keys, [`choices!`] a value that is one of several words. Everything
//! else implements [`Shape`] by hand.

use std::fmt;

use indexmap::IndexSet;

use super::error::{ScenarioError, nearest};
use super::schema::{Defs, Properties};
use super::source::{Entry, Node, Span};

/// A value that stands in a scenario file.
pub(crate) trait Shape: Sized {
    /// Reads it, or tells the reader what is wrong.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// What reads back to an equal value.
    fn write(&self) -> Node;

    /// The JSON Schema of what `read` accepts.
    fn schema(defs: &mut Defs) -> serde_json::Value;

    /// The value of a key that is left out, for values that may be.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the key is left out when this is written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// An object with named keys, as [`document!`] declares it.
pub(crate) trait Document: Shape {
    const NAME: &'static str;
    const DOC: &'static str;
    fn keys(out: &mut Vec<&'static str>);
    fn take(fields: &Fields<'_>, reader: &mut Reader) -> Option<Self>;
    fn properties(out: &mut Properties, defs: &mut Defs);
    fn entries(&self, out: &mut Vec<Entry>);
}

/// What reading a file gathers beside the values.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) errors: Vec<ScenarioError>,
    /// Messages over HTTP/1.1 that have trailers: wrong unless the host says what becomes of them.
    pub(crate) http1_trailers: Vec<Span>,
    /// The streams whose response has begun and not ended.
    pub(crate) responding: IndexSet<String>,
}

impl Reader {
    pub(crate) fn fail<T>(&mut self, span: &Span, message: impl Into<String>) -> Option<T> {
        self.fail_with(span, message, None)
    }

    pub(crate) fn fail_with<T>(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Option<T> {
        self.complain(span, message, hint);
        None
    }

    /// As `fail_with`, where there is nothing to give up.
    pub(crate) fn complain(&mut self, span: &Span, message: impl Into<String>, hint: Option<String>) {
        self.errors.push(ScenarioError::at(span, message).hint(hint));
    }

    pub(crate) fn expected<T>(&mut self, what: impl fmt::Display, node: &Node) -> Option<T> {
        self.fail(&node.span, format!("expected {what}, found {}", node.found()))
    }
}

/// The keys of one object while it is read.
pub(crate) struct Fields<'n> {
    pub(crate) node: &'n Node,
    /// Whether a key is unknown, and may be meant for one that is missing.
    unknown: bool,
}

impl Fields<'_> {
    pub(crate) fn take<T: Shape>(
        &self,
        key: &str,
        default: Option<fn() -> T>,
        reader: &mut Reader,
    ) -> Option<T> {
        match (self.node.get(key), default) {
            (Some(node), _) => T::read(node, reader),
            (None, Some(default)) => Some(default()),
            (None, None) => T::absent().or_else(|| {
                if !self.unknown {
                    reader.complain(&self.node.span, format!("the key `{key}` is missing"), None);
                }
                None
            }),
        }
    }
}

/// Complains about each key of a mapping that is not among `keys`; `None` when `node` is no mapping.
pub(crate) fn only_keys<'n>(
    node: &'n Node,
    what: &str,
    keys: &[&'static str],
    reader: &mut Reader,
) -> Option<&'n [Entry]> {
    let Some(entries) = node.entries() else {
        return reader.expected(format!("a mapping ({what})"), node);
    };
    for entry in entries {
        if !keys.contains(&entry.key.as_str()) {
            let hint = nearest(&entry.key, keys.iter().copied());
            reader.complain(&entry.key_span, format!("unknown key `{}` in {what}", entry.key), hint);
        }
    }
    Some(entries)
}

pub(crate) fn read_document<D: Document>(node: &Node, reader: &mut Reader) -> Option<D> {
    let mut keys = Vec::new();
    D::keys(&mut keys);
    let before = reader.errors.len();
    only_keys(node, &noun(D::NAME), &keys, reader)?;
    let unknown = reader.errors.len() > before;
    D::take(&Fields { node, unknown }, reader).filter(|_| !unknown)
}

pub(crate) fn write_document<D: Document>(document: &D) -> Node {
    let mut entries = Vec::new();
    document.entries(&mut entries);
    Node::mapping(entries)
}

pub(crate) fn put<T: Shape + PartialEq>(
    out: &mut Vec<Entry>,
    key: &str,
    value: &T,
    default: Option<fn() -> T>,
) {
    if !value.is_absent() && default.is_none_or(|default| default() != *value) {
        out.push(Entry::new(key, value.write()));
    }
}

/// How an error speaks of a document: `a step` for `StepForm`, `host options` for `HostOptions`.
fn noun(name: &str) -> String {
    let words = words(name.strip_suffix("Form").unwrap_or(name));
    match words.chars().next() {
        _ if words.ends_with('s') => words,
        Some('a' | 'e' | 'i' | 'o') => format!("an {words}"),
        _ => format!("a {words}"),
    }
}

/// The words of a type's name: `http call expectation` for `HttpCallExpectation`.
pub(crate) fn words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// The key of a field: its name, without the mark of a raw identifier.
pub(crate) fn key(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Complains that a scalar is none of the `words`.
pub(crate) fn unknown_word<T>(node: &Node, words: &[&str], reader: &mut Reader) -> Option<T> {
    let message = format!("expected one of {}, found {}", words.join(", "), node.found());
    let hint = node.scalar().and_then(|text| nearest(text, words.iter().copied()));
    reader.fail_with(&node.span, message, hint.filter(|hint| hint.starts_with("did")))
}
