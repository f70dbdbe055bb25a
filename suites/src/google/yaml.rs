//! The same messages as YAML: keys are the fields' names, and every scalar is text that its field takes as its own type,
//! in quotes or not.

use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};
use saphyr_parser::{Event, Parser};

use super::{Wrong, form};

/// A piece of a file, and its line.
struct Node {
    line: usize,
    what: What,
}

enum What {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, usize, Node)>),
}

/// The message of the first document, and the line of each test.
pub(super) fn read(text: &str) -> Result<(DynamicMessage, Vec<usize>), Wrong> {
    let mut message = DynamicMessage::new(form::test_suite());
    let mut lines = Vec::new();
    if let Some(node) = first_document(text)? {
        fill(&mut message, &node)?;
        if let What::Map(entries) = &node.what {
            for (_, _, value) in entries.iter().filter(|(key, ..)| key == "test") {
                if let What::List(tests) = &value.what {
                    lines.extend(tests.iter().map(|test| test.line));
                }
            }
        }
    }
    Ok((message, lines))
}

fn wrong<T>(line: usize, message: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { line: Some(line), message: message.into() })
}

/// A collection that is open, and the key that waits for its value.
struct Open {
    node: Node,
    key: Option<(String, usize)>,
}

fn first_document(text: &str) -> Result<Option<Node>, Wrong> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => return wrong(error.marker().line(), error.info()),
        };
        let line = span.start.line();
        let closed = match event {
            Event::Scalar(text, ..) => Node { line, what: What::Scalar(text.into_owned()) },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let list = matches!(event, Event::SequenceStart(..));
                let what = if list { What::List(Vec::new()) } else { What::Map(Vec::new()) };
                open.push(Open { node: Node { line, what }, key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(open) => open.node,
                None => continue,
            },
            Event::Alias(_) => return wrong(line, "aliases are not used in test files"),
            Event::DocumentEnd => return Ok(None),
            _ => continue,
        };
        let Some(outer) = open.last_mut() else {
            let empty = matches!(&closed.what, What::Scalar(text) if is_null(text));
            return Ok(Some(closed).filter(|_| !empty));
        };
        match (&mut outer.node.what, closed.what) {
            (What::List(items), what) => items.push(Node { what, ..closed }),
            (What::Map(entries), what) => match (outer.key.take(), what) {
                (Some((key, at)), what) => entries.push((key, at, Node { line: closed.line, what })),
                (None, What::Scalar(key)) => outer.key = Some((key, closed.line)),
                (None, _) => return wrong(closed.line, "a key is the name of a field"),
            },
            (What::Scalar(_), _) => {}
        }
    }
    Ok(None)
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn fill(message: &mut DynamicMessage, node: &Node) -> Result<(), Wrong> {
    let descriptor: MessageDescriptor = message.descriptor();
    let What::Map(entries) = &node.what else {
        return wrong(node.line, format!("{} is a map of fields", descriptor.name()));
    };
    for (key, line, value) in entries {
        let Some(field) = descriptor.get_field_by_name(key) else {
            let known: Vec<String> = descriptor.fields().map(|field| field.name().to_owned()).collect();
            let message = format!("{} has no field {key:?}; it has {}", descriptor.name(), known.join(", "));
            return wrong(*line, message);
        };
        let value = if field.cardinality() == Cardinality::Repeated {
            let What::List(items) = &value.what else {
                return wrong(value.line, format!("{key} is a list"));
            };
            Value::List(items.iter().map(|item| single(&field, item)).collect::<Result<_, _>>()?)
        } else {
            single(&field, value)?
        };
        // Of two fields of a oneof the later wins.
        message.set_field(&field, value);
    }
    Ok(())
}

fn single(field: &FieldDescriptor, node: &Node) -> Result<Value, Wrong> {
    if let Kind::Message(descriptor) = field.kind() {
        let mut message = DynamicMessage::new(descriptor);
        fill(&mut message, node)?;
        return Ok(Value::Message(message));
    }
    let text = match &node.what {
        What::Scalar(text) if !is_null(text) => text,
        What::Scalar(_) => return wrong(node.line, format!("{} has no value", field.name())),
        _ => return wrong(node.line, format!("{} is a single value", field.name())),
    };
    let value = match field.kind() {
        Kind::String => Some(Value::String(text.clone())),
        Kind::Bytes => Some(Value::Bytes(text.clone().into_bytes().into())),
        Kind::Bool => boolean(text).map(Value::Bool),
        Kind::Int32 => text.parse().ok().map(Value::I32),
        Kind::Int64 => text.parse().ok().map(Value::I64),
        Kind::Uint32 => text.parse().ok().map(Value::U32),
        Kind::Uint64 => text.parse().ok().map(Value::U64),
        Kind::Enum(values) => match values.get_value_by_name(text) {
            Some(value) => Some(Value::EnumNumber(value.number())),
            None => text.parse().ok().map(Value::EnumNumber),
        },
        _ => None,
    };
    match value {
        Some(value) => Ok(value),
        None => wrong(node.line, format!("{} cannot be {text:?}", field.name())),
    }
}

/// As YAML 1.1 has them: one word, in small letters, in capitals, or with one capital in front.
fn boolean(text: &str) -> Option<bool> {
    let small = text.to_ascii_lowercase();
    let capitals = text.chars().skip(1).all(char::is_uppercase) && text.starts_with(char::is_uppercase);
    let ordinary = text[1..] == small[1..] || capitals;
    match small.as_str() {
        _ if !ordinary => None,
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_matter_and_bytes_are_text() {
        let (message, lines) = read(
            "env: {log_level: DEBUG, time_secs: '7'}\ntest:\n  - name: 12\n    benchmark: 'Yes'\n  - name: b\n    properties: [{path: a, value: aGk=}]\n---\nx: 1\n",
        )
        .unwrap();
        assert_eq!(lines, [3, 5]);
        let shown = message.to_text_format();
        for part in ["log_level:DEBUG", "time_secs:7", "name:\"12\"", "benchmark:true", "value:\"aGk=\""] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert_eq!(read("").unwrap().1, [0_usize; 0]);
    }

    #[test]
    fn what_has_another_shape_is_refused_with_its_line() {
        for (text, line, message) in [
            ("test:\n  name: a\n", 2, "test is a list"),
            ("test:\n  - Name: a\n", 2, "no field \"Name\""),
            ("test:\n  - name:\n", 2, "name has no value"),
            ("env: []\n", 1, "Env is a map"),
            ("test:\n  - benchmark: yEs\n", 2, "benchmark cannot be"),
            ("test:\n  - num_chunks: many\n", 2, "num_chunks cannot be"),
            ("test:\n  - name: [a]\n", 2, "name is a single value"),
        ] {
            let Err(wrong) = read(text) else { panic!("{text} is refused") };
            assert_eq!(wrong.line, Some(line), "{text}: {wrong:?}");
            assert!(wrong.message.contains(message), "{text}: {wrong:?}");
        }
    }
}
