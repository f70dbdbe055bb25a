//! Points in real time: RFC 3339, or `{ns: N}` since 1970.

use serde_json::{Value as Json, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape, only_keys};
use crate::scenario::document::source::{Entry, Node};

/// A point in real time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime {
    /// The nanoseconds.
    pub ns: u64,
}

impl std::fmt::Display for WallTime {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.ns))
            .ok()
            .and_then(|time| time.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}ns since 1970", self.ns),
        }
    }
}

impl Shape for WallTime {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.entries().is_some() {
            only_keys(node, "a point in time", &["ns"], reader)?;
            return match node.get("ns") {
                Some(ns) => u64::read(ns, reader).map(|ns| Self { ns }),
                None => reader.fail(&node.span, "the key `ns` is missing"),
            };
        }
        let hint = Some("RFC 3339, for example 2024-01-01T00:00:00Z, or {ns: N} since 1970".to_owned());
        let Some(Ok(time)) = node.scalar().map(|text| OffsetDateTime::parse(text, &Rfc3339)) else {
            let message = format!("expected a point in time, found {}", node.found());
            return reader.fail_with(&node.span, message, hint);
        };
        match u64::try_from(time.unix_timestamp_nanos()) {
            Ok(ns) => Some(Self { ns }),
            Err(_) => reader.fail(&node.span, "the time is not between 1970 and 2554"),
        }
    }

    fn write(&self) -> Node {
        let text = self.to_string();
        match OffsetDateTime::parse(&text, &Rfc3339) {
            Ok(time) if time.unix_timestamp_nanos() == i128::from(self.ns) => Node::text(text),
            _ => Node::mapping(vec![Entry::new("ns", Node::plain(self.ns))]),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"ns": defs.place::<u64>()}, "required": ["ns"],
             "additionalProperties": false},
        ]})
    }
}
