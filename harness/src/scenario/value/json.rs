//! JSON inside a scenario: reading it from nodes, and comparing it by meaning.

use serde_json::{Map, Number, Value as Json, json};

use crate::document::core_schema::bare;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::{Entry, Node, Style, Value};

/// Any value, with bare scalars read by the core schema of YAML 1.2: null, booleans and numbers, else text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AnyJson(pub(crate) Json);

impl Shape for AnyJson {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let json = match &node.value {
            Value::Scalar { text, style: Style::Plain } => match bare(text) {
                Some(json) => json,
                None => return reader.fail(&node.span, format!("`{text}` is no number that JSON can hold")),
            },
            Value::Scalar { text, style: Style::Text } => Json::String(text.clone()),
            Value::Sequence(items) => {
                let read: Vec<Option<Self>> = items.iter().map(|item| Self::read(item, reader)).collect();
                Json::Array(read.into_iter().map(|item| Some(item?.0)).collect::<Option<_>>()?)
            }
            Value::Mapping(entries) => {
                let read: Vec<Option<(String, Json)>> =
                    entries.iter().map(|e| Some((e.key.clone(), Self::read(&e.value, reader)?.0))).collect();
                Json::Object(read.into_iter().collect::<Option<Map<_, _>>>()?)
            }
        };
        Some(Self(json))
    }

    fn write(&self) -> Node {
        to_node(&self.0)
    }

    fn schema(_: &mut Defs) -> Json {
        json!({})
    }
}

/// The node that reads back to this value.
pub(crate) fn to_node(json: &Json) -> Node {
    match json {
        Json::String(text) => Node::text(text),
        Json::Array(items) => Node::sequence(items.iter().map(to_node).collect()),
        Json::Object(map) => Node::mapping(map.iter().map(|(k, v)| Entry::new(k, to_node(v))).collect()),
        other => Node::plain(other),
    }
}

/// A tree as JSON, where numbers that JSON does not have are text.
pub(crate) fn editor_view(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { text, style: Style::Plain } => {
            bare(text).unwrap_or_else(|| Json::String(text.clone()))
        }
        Value::Scalar { text, style: Style::Text } => Json::String(text.clone()),
        Value::Sequence(items) => Json::Array(items.iter().map(editor_view).collect()),
        Value::Mapping(entries) => {
            Json::Object(entries.iter().map(|e| (e.key.clone(), editor_view(&e.value))).collect())
        }
    }
}

/// Whether `actual` is what `expected` says: objects may have more members, arrays have the same length, numbers are
/// compared by value.
pub(crate) fn matches(expected: &Json, actual: &Json) -> bool {
    match (expected, actual) {
        (Json::Object(expected), Json::Object(actual)) => {
            expected.iter().all(|(key, value)| actual.get(key).is_some_and(|found| matches(value, found)))
        }
        (Json::Array(expected), Json::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(e, a)| matches(e, a))
        }
        (Json::Number(expected), Json::Number(actual)) => same_number(expected, actual),
        (expected, actual) => expected == actual,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    let whole = |n: &Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}
