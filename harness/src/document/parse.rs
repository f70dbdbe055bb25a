//! From the text of a file to its trees of nodes, of which JSON is a subset.
//!
//! A file of ours holds one YAML 1.2 document, and anchors, aliases and tags are refused: named values (`let`) do their
//! work, and an error can point at them. Files that others write ([`Dialect::Foreign`]) hold as many documents as they
//! like, with anchors, merge keys and the tags of YAML's own types; see [`super::anchors`].

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::anchors::{self, Anchors};
use super::error::{FileErrors, ScenarioError};
use super::source::{Entry, Node, Source, Span, Style, Value};

/// How deep a file may nest, so that no file can exhaust the stack.
pub(crate) const DEEPEST: usize = 100;

/// Whose files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Ours: one document, without anchors and tags.
    Own,
    /// Those of other programs: all of YAML that they use.
    Foreign,
}

/// Reads the file at `path`.
pub(crate) fn read_file(path: &Path) -> Result<Node, FileErrors> {
    parse(path, read_text(path)?)
}

/// The text of the file at `path`.
pub(crate) fn read_text(path: &Path) -> Result<String, FileErrors> {
    let fail = |message: String| FileErrors::new(path, vec![ScenarioError::whole(path, message)]);
    let bytes = std::fs::read(path).map_err(|error| fail(format!("cannot read the file: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        fail(format!("the file is not UTF-8: byte {at} does not belong to any character"))
    })
}

/// Reads `text` as the content of the file at `path`.
pub(crate) fn parse(path: &Path, text: String) -> Result<Node, FileErrors> {
    let mut roots = parse_all(path, text, Dialect::Own)?;
    match roots.pop() {
        Some(root) => Ok(root),
        None => Err(FileErrors::new(path, vec![ScenarioError::whole(path, "the file is empty")])),
    }
}

/// Reads `text` as the documents of the file at `path`. Without a document there is nothing, and no error.
pub(crate) fn parse_all(path: &Path, text: String, dialect: Dialect) -> Result<Vec<Node>, FileErrors> {
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let text =
        if path.extension().is_some_and(|ending| ending == "json") { join_surrogates(text) } else { text };
    let source = Arc::new(Source { path: path.to_path_buf(), text });
    let mut builder = Builder {
        source: &source,
        dialect,
        open: Vec::new(),
        roots: Vec::new(),
        anchors: Anchors::default(),
        errors: Vec::new(),
    };
    for event in Parser::new_from_str(&source.text) {
        let done = match event {
            Ok((event, span)) => builder.take(event, span.start),
            Err(error) => Err(ScenarioError::at(&builder.at(*error.marker()), error.info())),
        };
        if let Err(error) = done {
            builder.errors.push(error);
            break;
        }
    }
    if builder.errors.is_empty() { Ok(builder.roots) } else { Err(FileErrors::new(path, builder.errors)) }
}

/// JSON writes a character beyond U+FFFF as two escapes, of which YAML knows nothing; here they become one.
fn join_surrogates(text: String) -> String {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?;
        u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let (mut joined, mut from, mut at) = (String::new(), 0, 0);
    while let Some(next) = text[at..].find('\\') {
        at += next;
        let pair = unit(at).zip(unit(at + 6)).map(|(high, low)| String::from_utf16(&[high, low]));
        match (unit(at), pair) {
            (Some(0xd800..0xdc00), Some(Ok(character))) => {
                joined.push_str(&text[from..at]);
                joined.push_str(&character);
                at += 12;
                from = at;
            }
            // What an escaped backslash escapes is no escape.
            _ => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    joined + &text[from..]
}

/// A collection whose end has not come yet.
struct Open {
    node: Node,
    /// The key that waits for its value.
    key: Option<(String, Span)>,
    /// The anchor that it can be used by; 0: none.
    anchor: usize,
}

struct Builder<'s> {
    source: &'s Arc<Source>,
    dialect: Dialect,
    open: Vec<Open>,
    roots: Vec<Node>,
    anchors: Anchors,
    errors: Vec<ScenarioError>,
}

impl Builder<'_> {
    fn at(&self, mark: Marker) -> Span {
        Span::new(self.source, mark.line().max(1), mark.col() + 1)
    }

    fn take(&mut self, event: Event<'_>, mark: Marker) -> Result<(), ScenarioError> {
        let span = self.at(mark);
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.as_ref()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.as_ref()),
            _ => (0, None),
        };
        if self.dialect == Dialect::Own && (anchor != 0 || matches!(event, Event::Alias(_))) {
            let hint = "name a value under `let` and use it as $(name)".to_owned();
            return Err(ScenarioError::at(&span, "anchors and aliases are not used here").hint(Some(hint)));
        }
        let known = self.dialect == Dialect::Foreign && tag.is_some_and(|tag| anchors::knows(tag));
        if let Some(tag) = tag.filter(|_| !known) {
            let hint = "the place of a value says its type; quotes make text".to_owned();
            return Err(
                ScenarioError::at(&span, format!("the tag `{tag}` is not used here")).hint(Some(hint))
            );
        }
        let text_tag = tag.is_some_and(|tag| tag.suffix == "str");
        match event {
            Event::DocumentStart(_) if self.dialect == Dialect::Own && !self.roots.is_empty() => {
                Err(ScenarioError::at(&span, "a second document: a file holds one"))
            }
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain && !text_tag;
                self.scalar(text, if plain { Style::Plain } else { Style::Text }, span, anchor)
            }
            Event::Alias(id) => self.alias(id, &span),
            Event::SequenceStart(..) => self.open(Node { span, value: Value::Sequence(Vec::new()) }, anchor),
            Event::MappingStart(..) => self.open(Node { span, value: Value::Mapping(Vec::new()) }, anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(closed) => self.close(closed),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn close(&mut self, closed: Open) -> Result<(), ScenarioError> {
        let mut node = closed.node;
        if self.dialect == Dialect::Foreign {
            anchors::merge(&mut node)?;
            self.anchors.keep(closed.anchor, &node);
        }
        self.place(node);
        Ok(())
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<(), ScenarioError> {
        let node = self.anchors.used(id, span, self.open.len())?;
        match (self.wants_key(), node.scalar()) {
            (false, _) => self.place(node),
            (true, Some(text)) => return self.key(text.to_owned(), span.clone()),
            (true, None) => return Err(ScenarioError::at(span, "a key is text, not a list or a mapping")),
        }
        Ok(())
    }

    fn open(&mut self, node: Node, anchor: usize) -> Result<(), ScenarioError> {
        if self.wants_key() {
            return Err(ScenarioError::at(&node.span, "a key is text, not a list or a mapping"));
        }
        if self.open.len() >= DEEPEST {
            return Err(ScenarioError::at(&node.span, format!("nested deeper than {DEEPEST}")));
        }
        self.open.push(Open { node, key: None, anchor });
        Ok(())
    }

    /// Whether the next scalar is a key.
    fn wants_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| matches!(open.node.value, Value::Mapping(_)) && open.key.is_none())
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: Style,
        span: Span,
        anchor: usize,
    ) -> Result<(), ScenarioError> {
        let text = text.into_owned();
        let wants_key = self.wants_key();
        if anchor != 0 || !wants_key {
            let node = Node { span: span.clone(), value: Value::Scalar { text: text.clone(), style } };
            self.anchors.keep(anchor, &node);
            if !wants_key {
                self.place(node);
                return Ok(());
            }
        }
        self.key(text, span)
    }

    fn key(&mut self, text: String, span: Span) -> Result<(), ScenarioError> {
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        if let Some(error) = duplicate(open.node.entries().unwrap_or_default(), &text, &span) {
            self.errors.push(error);
        }
        open.key = Some((text, span));
        Ok(())
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.roots.push(node),
            Some(open) => match &mut open.node.value {
                Value::Sequence(items) => items.push(node),
                Value::Mapping(entries) => {
                    if let Some((key, key_span)) = open.key.take() {
                        entries.push(Entry { key, key_span, value: node });
                    }
                }
                Value::Scalar { .. } => {}
            },
        }
    }
}

/// The error of a key that is there already.
pub(crate) fn duplicate(entries: &[Entry], key: &str, span: &Span) -> Option<ScenarioError> {
    let first = entries.iter().find(|entry| entry.key == key)?;
    let message = format!("duplicate key `{key}`, given first in line {}", first.key_span.line());
    Some(ScenarioError::at(span, message))
}
