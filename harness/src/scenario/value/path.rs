//! The path of a property: `[a, b]`, or `a.b`.

use serde_json::{Value as Json, json};

use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::{Node, Value};

/// The path of a property, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PropertyPath(pub Vec<String>);

impl PropertyPath {
    /// The path that `text` writes with dots.
    #[must_use]
    pub fn dotted(text: &str) -> Self {
        Self(text.split('.').map(str::to_owned).collect())
    }
}

impl std::fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl Shape for PropertyPath {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, .. } => Some(Self::dotted(text)),
            Value::Sequence(_) => Vec::read(node, reader).map(Self),
            Value::Mapping(_) => reader.expected("a path like `a.b` or [a, b]", node),
        }
    }

    fn write(&self) -> Node {
        let dotted = self.to_string();
        if Self::dotted(&dotted) == *self { Node::text(dotted) } else { self.0.write() }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [super::scalars::text_schema(), Vec::<String>::schema(defs)]})
    }
}
