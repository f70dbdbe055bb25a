//! Text, numbers, switches, paths, and the lists, maps and options of other values.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::{Entry, Node, Value};

/// The schema of a text place: whatever scalar stands there is taken as written.
pub(crate) fn text_schema() -> Json {
    json!({"type": ["string", "number", "boolean", "null"]})
}

impl Shape for String {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.scalar() {
            Some(text) => Some(text.to_owned()),
            None => reader.expected("text", node),
        }
    }

    fn write(&self) -> Node {
        Node::text(self)
    }

    fn schema(_: &mut Defs) -> Json {
        text_schema()
    }
}

impl Shape for bool {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.bare() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => reader.expected("true or false", node),
        }
    }

    fn write(&self) -> Node {
        Node::plain(self)
    }

    fn schema(_: &mut Defs) -> Json {
        json!({"type": "boolean"})
    }
}

macro_rules! whole_numbers {
    ($($type:ty)+) => { $(
        impl Shape for $type {
            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                let digits = node.bare().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
                match digits.filter(|text| !text.is_empty()) {
                    None => reader.expected("a whole number", node),
                    Some(text) => text.parse().ok().or_else(|| {
                        reader.expected(format_args!("a number up to {}", <$type>::MAX), node)
                    }),
                }
            }

            fn write(&self) -> Node {
                Node::plain(self)
            }

            fn schema(_: &mut Defs) -> Json {
                json!({"type": "integer", "minimum": 0, "maximum": <$type>::MAX})
            }
        }
    )+ };
}

whole_numbers!(u16 u32 u64);

impl Shape for f64 {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let number = node.bare().filter(|text| text.bytes().any(|b| b.is_ascii_digit()));
        match number.and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite()) {
            Some(number) => Some(number),
            None => reader.expected("a number", node),
        }
    }

    fn write(&self) -> Node {
        Node::plain(self)
    }

    fn schema(_: &mut Defs) -> Json {
        json!({"type": "number"})
    }
}

/// A path, from the folder of the file that writes it.
impl Shape for PathBuf {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.scalar() {
            Some("") => reader.fail(&node.span, "expected a path, found nothing"),
            Some(text) => Some(node.span.folder().join(text)),
            None => reader.expected("a path", node),
        }
    }

    fn write(&self) -> Node {
        Node::text(self.to_string_lossy())
    }

    fn schema(_: &mut Defs) -> Json {
        text_schema()
    }
}

impl<T: Shape> Shape for Option<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn write(&self) -> Node {
        self.as_ref().map_or_else(|| Node::text(""), Shape::write)
    }

    fn schema(defs: &mut Defs) -> Json {
        T::schema(defs)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Shape> Shape for Box<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Self::new)
    }

    fn write(&self) -> Node {
        T::write(self)
    }

    fn schema(defs: &mut Defs) -> Json {
        T::schema(defs)
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::Sequence(items) = &node.value else {
            return reader.expected("a list", node);
        };
        // Every item is read, so that every error is told.
        let read: Vec<Option<T>> = items.iter().map(|item| T::read(item, reader)).collect();
        read.into_iter().collect()
    }

    fn write(&self) -> Node {
        Node::sequence(self.iter().map(Shape::write).collect())
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"type": "array", "items": defs.place::<T>()})
    }
}

impl<T: Shape> Shape for IndexMap<String, T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return reader.expected("a mapping", node);
        };
        let read: Vec<Option<(String, T)>> =
            entries.iter().map(|e| Some((e.key.clone(), T::read(&e.value, reader)?))).collect();
        read.into_iter().collect()
    }

    fn write(&self) -> Node {
        Node::mapping(self.iter().map(|(key, value)| Entry::new(key, value.write())).collect())
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"type": "object", "additionalProperties": defs.place::<T>()})
    }
}
