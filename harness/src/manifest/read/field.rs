//! The fields of a message: each asked for by name, and what nobody asks for is unknown.

use std::fmt;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::scalar::{self, Scalar, Yaml};
use super::{Names, Reading};
use crate::document::error::nearest;
use crate::document::source::{Node, Span, Value};

/// A message while it is read.
#[derive(Debug)]
pub(crate) struct Message<'n> {
    pub(crate) node: &'n Node,
    path: String,
    asked: Vec<&'static str>,
}

/// A field that is there.
#[derive(Clone, Debug)]
pub(crate) struct Field<'n> {
    pub(crate) node: &'n Node,
    /// `spec.match[0].ports`.
    pub(crate) path: String,
}

/// Whether a node is null: for every reader here, as if it were not there.
pub(crate) fn is_null(node: &Node) -> bool {
    Yaml::Kubectl.of(node) == Scalar::Null
}

impl<'n> Message<'n> {
    /// The mapping at `node`; nothing, and a complaint, when it is none.
    pub(crate) fn open(node: &'n Node, path: impl Into<String>, reading: &mut Reading) -> Option<Self> {
        let path = path.into();
        if node.entries().is_none() {
            Field { node, path }.expected("a mapping", reading);
            return None;
        }
        Some(Self { node, path, asked: Vec::new() })
    }

    pub(crate) fn span(&self) -> &'n Span {
        &self.node.span
    }

    /// The path of a field of this message.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A field that is there and not null.
    pub(crate) fn field(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.asked.push(name);
        let node = self.node.get(name).or_else(|| self.node.get(&camel(name)))?;
        (!is_null(node)).then(|| Field { node, path: self.path_of(name) })
    }

    /// The first of these fields that is there.
    pub(crate) fn one_of(&mut self, names: &[&'static str]) -> Option<Field<'n>> {
        let fields: Vec<Option<Field<'n>>> = names.iter().map(|name| self.field(name)).collect();
        fields.into_iter().flatten().next()
    }

    /// Fields that are known and not looked at.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        self.asked.extend(names);
    }

    /// Complains about fields that nobody asked for.
    pub(crate) fn close(self, reading: &mut Reading) {
        for entry in self.node.entries().unwrap_or_default() {
            let known = |name: &&str| {
                **name == entry.key || (reading.names == Names::SnakeOrCamel && camel(name) == entry.key)
            };
            if self.asked.iter().any(known) {
                continue;
            }
            let message = format!("unknown field `{}`", self.path_of(&entry.key));
            let hint = nearest(&entry.key, self.asked.iter().copied());
            if reading.lenient {
                reading.warn(&entry.key_span, message);
            } else {
                reading.error_with(&entry.key_span, message, hint);
            }
        }
    }
}

/// `image_pull_policy` as `imagePullPolicy`.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        match c {
            '_' => upper = true,
            _ if std::mem::take(&mut upper) => camel.push(c.to_ascii_uppercase()),
            _ => camel.push(c),
        }
    }
    camel
}

impl<'n> Field<'n> {
    pub(crate) fn span(&self) -> &'n Span {
        &self.node.span
    }

    /// Complains about what stands here.
    pub(crate) fn wrong(&self, what: impl fmt::Display, reading: &mut Reading) {
        reading.error(&self.node.span, format!("{}: {what}", self.path));
    }

    fn expected(&self, what: impl fmt::Display, reading: &mut Reading) {
        let found = match (&self.node.value, reading.yaml.of(self.node)) {
            (Value::Scalar { text, .. }, Scalar::Bool(is)) if *text != is.to_string() => {
                format!("`{text}`, which is the boolean {is} here")
            }
            (Value::Scalar { text, .. }, Scalar::Bool(_)) => format!("the boolean {text}"),
            (Value::Scalar { text, .. }, Scalar::Number(_)) => format!("the number {text}"),
            _ => self.node.found(),
        };
        let bare = !matches!(reading.yaml.of(self.node), Scalar::Text);
        let hint = (bare && self.node.scalar().is_some()).then(|| "put it into quotes".to_owned());
        let hint = hint.filter(|_| what.to_string() == "text");
        reading.error_with(&self.node.span, format!("{}: expected {what}, found {found}", self.path), hint);
    }

    pub(crate) fn text(&self, reading: &mut Reading) -> Option<String> {
        match (self.node.scalar(), reading.yaml.of(self.node)) {
            (Some(text), Scalar::Text) => Some(text.to_owned()),
            _ => {
                self.expected("text", reading);
                None
            }
        }
    }

    /// Text that may not be empty.
    pub(crate) fn filled(&self, reading: &mut Reading) -> Option<String> {
        let text = self.text(reading)?;
        if text.is_empty() {
            self.wrong("is empty", reading);
        }
        Some(text).filter(|text| !text.is_empty())
    }

    pub(crate) fn whole(&self, least: i64, most: i64, reading: &mut Reading) -> Option<i64> {
        // Protobuf's JSON takes numbers as text, too.
        let number = match (reading.yaml.of(self.node), reading.names) {
            (Scalar::Number(number), _) => number
                .as_i64()
                .or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 1e15).map(|f| f as i64)),
            (Scalar::Text, Names::SnakeOrCamel) => self.node.scalar().and_then(|text| text.parse().ok()),
            _ => None,
        };
        match number {
            None => self.expected("a whole number", reading),
            Some(number) if !(least..=most).contains(&number) => {
                self.wrong(format_args!("{number} is not between {least} and {most}"), reading);
                return None;
            }
            _ => {}
        }
        number
    }

    pub(crate) fn boolean(&self, reading: &mut Reading) -> Option<bool> {
        match reading.yaml.of(self.node) {
            Scalar::Bool(is) => Some(is),
            _ => {
                self.expected("true or false", reading);
                None
            }
        }
    }

    /// One of several words, by its place among them.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)], reading: &mut Reading) -> Option<T> {
        let text = self.node.scalar().unwrap_or_default();
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message =
                format!("{}: expected one of {}, found {}", self.path, all.join(", "), self.node.found());
            let hint = nearest(text, all.iter().copied()).filter(|hint| hint.starts_with("did"));
            reading.error_with(&self.node.span, message, hint);
        }
        found.map(|(_, of)| *of)
    }

    /// The items of a list, nulls included.
    pub(crate) fn items(&self, reading: &mut Reading) -> Option<Vec<Self>> {
        let Value::Sequence(items) = &self.node.value else {
            self.expected("a list", reading);
            return None;
        };
        let item = |(index, node): (usize, &'n Node)| Self { node, path: format!("{}[{index}]", self.path) };
        Some(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn message(&self, reading: &mut Reading) -> Option<Message<'n>> {
        Message::open(self.node, self.path.clone(), reading)
    }

    /// A mapping of text to text, each with its place.
    pub(crate) fn texts(&self, reading: &mut Reading) -> Option<IndexMap<String, String>> {
        let Some(entries) = self.node.entries() else {
            self.expected("a mapping", reading);
            return None;
        };
        let mut texts = IndexMap::new();
        for entry in entries {
            let field = Field { node: &entry.value, path: format!("{}.{}", self.path, entry.key) };
            texts.insert(entry.key.clone(), field.text(reading)?);
        }
        Some(texts)
    }

    pub(crate) fn json(&self, reading: &mut Reading) -> Option<Json> {
        scalar::json(self.node, reading)
    }
}
