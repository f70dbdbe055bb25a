//! Header fields as they are sent, and as they are expected.

use serde_json::{Value as Json, json};

use super::matcher::Matcher;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::{Entry, Node, Span, Value};
use crate::state::Field;

/// Header fields to send: a map, in which a list repeats the field, or a list of such maps, joined in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers(pub Vec<Field>);

/// Calls `read` on each field of a map, or of a list of maps.
fn each_field(
    node: &Node,
    reader: &mut Reader,
    read: &mut impl FnMut(&Entry, &mut Reader) -> Option<()>,
) -> Option<()> {
    match &node.value {
        Value::Mapping(entries) => {
            let mut all = Some(());
            for entry in entries {
                all = read(entry, reader).and(all);
            }
            all
        }
        Value::Sequence(maps) => {
            let mut all = Some(());
            for map in maps {
                all = match &map.value {
                    Value::Mapping(_) => each_field(map, reader, read).and(all),
                    // A named list of maps may stand among maps.
                    Value::Sequence(_) if map.span.note().is_some() => each_field(map, reader, read).and(all),
                    _ => reader.expected("a mapping of header names to values", map),
                };
            }
            all
        }
        Value::Scalar { .. } => {
            reader.expected("a mapping of header names to values, or a list of them", node)
        }
    }
}

impl Shape for Headers {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut fields = Vec::new();
        each_field(node, reader, &mut |entry, reader| {
            let name = entry.key.as_bytes().to_vec();
            if let Value::Sequence(values) = &entry.value.value {
                let values: Vec<Option<Vec<u8>>> =
                    values.iter().map(|value| Vec::read(value, reader)).collect();
                for value in values {
                    fields.push((name.clone(), value?));
                }
            } else {
                fields.push((name, Vec::read(&entry.value, reader)?));
            }
            Some(())
        })?;
        Some(Self(fields))
    }

    /// A map when no name comes back after another one, else a list of maps.
    fn write(&self) -> Node {
        let mut maps: Vec<Vec<Entry>> = vec![Vec::new()];
        for (name, value) in &self.0 {
            let name = String::from_utf8_lossy(name).into_owned();
            let value = value.write();
            let map = maps.last_mut().expect("there is always a map");
            match map.iter().position(|entry| entry.key == name) {
                None => map.push(Entry::new(name, value)),
                Some(at) if at + 1 == map.len() => match &mut map[at].value.value {
                    Value::Sequence(values) => values.push(value),
                    _ => {
                        let first = map[at].value.clone();
                        map[at].value = Node::sequence(vec![first, value]);
                    }
                },
                Some(_) => maps.push(vec![Entry::new(name, value)]),
            }
        }
        if maps.len() == 1 {
            return Node::mapping(maps.remove(0));
        }
        Node::sequence(maps.into_iter().map(Node::mapping).collect())
    }

    fn schema(defs: &mut Defs) -> Json {
        defs.named("Headers", |defs| {
            let bytes = defs.place::<Vec<u8>>();
            maps_schema(&bytes, defs)
        })
    }
}

/// A map of names to a `value` or a list of them, or a list of such maps.
fn maps_schema(value: &Json, defs: &mut Defs) -> Json {
    let map = json!({
        "type": "object",
        "additionalProperties": {"anyOf": [value, {"type": "array", "items": value}]},
    });
    let item = defs.or_named(map.clone());
    json!({"anyOf": [map, {"type": "array", "items": item}]})
}

/// What the fields of one name have to be.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldExpectation {
    /// Where it is written.
    pub span: Span,
    /// The name, in the spelling of the file.
    pub name: String,
    /// Their values.
    pub values: FieldTest,
}

/// The values of the fields of one name.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldTest {
    /// Exactly one field, with this value; or none, if the matcher is `{absent: true}`.
    One(Matcher),
    /// These fields, in order.
    Each(Vec<Matcher>),
}

impl FieldExpectation {
    /// Whether the values of all fields of this name pass.
    #[must_use]
    pub fn matches(&self, values: &[&[u8]]) -> bool {
        match (&self.values, values) {
            (FieldTest::One(matcher), []) => {
                matches!(matcher.test, super::matcher::Test::Absent)
            }
            (FieldTest::One(matcher), [value]) => matcher.matches(value),
            (FieldTest::One(_), _) => false,
            (FieldTest::Each(matchers), values) => {
                matchers.len() == values.len() && matchers.iter().zip(values).all(|(m, v)| m.matches(v))
            }
        }
    }

    /// What is expected, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.values {
            FieldTest::One(matcher) => matcher.describe(),
            FieldTest::Each(matchers) => {
                let all: Vec<String> = matchers.iter().map(Matcher::describe).collect();
                format!("{} fields: {}", all.len(), all.join(", "))
            }
        }
    }
}

/// What some header fields have to be. Fields that are not named are not judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadersExpectation(pub Vec<FieldExpectation>);

impl Shape for HeadersExpectation {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut fields: Vec<FieldExpectation> = Vec::new();
        each_field(node, reader, &mut |entry, reader| {
            let (span, name) = (entry.key_span.clone(), entry.key.clone());
            let values = match &entry.value.value {
                Value::Sequence(_) => FieldTest::Each(Vec::read(&entry.value, reader)?),
                _ => FieldTest::One(Matcher::read(&entry.value, reader)?),
            };
            if fields.iter().any(|field| field.name.eq_ignore_ascii_case(&name)) {
                return reader.fail(&span, format!("the header `{name}` is expected twice"));
            }
            fields.push(FieldExpectation { span, name, values });
            Some(())
        })?;
        Some(Self(fields))
    }

    fn write(&self) -> Node {
        let entry = |field: &FieldExpectation| {
            let value = match &field.values {
                FieldTest::One(matcher) => matcher.write(),
                FieldTest::Each(matchers) => matchers.write(),
            };
            Entry::new(field.name.clone(), value)
        };
        Node::mapping(self.0.iter().map(entry).collect())
    }

    fn schema(defs: &mut Defs) -> Json {
        defs.named("HeadersExpectation", |defs| {
            let matcher = defs.place::<Matcher>();
            maps_schema(&matcher, defs)
        })
    }
}
