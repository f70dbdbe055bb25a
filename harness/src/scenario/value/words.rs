//! Log levels and statuses, by their names in the ABI.

use serde_json::{Value as Json, json};

use crate::abi::{LogLevel, Status};
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::Node;

impl Shape for LogLevel {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let words: Vec<String> = Self::ALL.iter().map(|level| level.name().to_lowercase()).collect();
        read_name(node, Self::ALL, &words, reader)
    }

    fn write(&self) -> Node {
        Node::text(self.name().to_lowercase())
    }

    fn schema(_: &mut Defs) -> Json {
        let words: Vec<String> = Self::ALL.iter().map(|level| level.name().to_lowercase()).collect();
        json!({"enum": words})
    }
}

/// The word of a status: the name in the ABI without its prefix, in lower case: `not_found`.
fn status_word(status: Status) -> String {
    super::super::document::shape::words(status.name()).replace(' ', "_")
}

/// In files `not_found`; `NotFound`, as transcripts show it, is the same.
impl Shape for Status {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Some(status) = Self::ALL.iter().find(|status| node.scalar() == Some(status.name())) {
            return Some(*status);
        }
        let words: Vec<String> = Self::ALL.iter().copied().map(status_word).collect();
        read_name(node, Self::ALL, &words, reader)
    }

    fn write(&self) -> Node {
        Node::text(status_word(*self))
    }

    fn schema(_: &mut Defs) -> Json {
        let mut words: Vec<String> = Self::ALL.iter().copied().map(status_word).collect();
        words.extend(Self::ALL.iter().map(|status| status.name().to_owned()));
        json!({"enum": words})
    }
}

fn read_name<T: Copy>(node: &Node, all: &[T], words: &[String], reader: &mut Reader) -> Option<T> {
    let found = node.scalar().and_then(|text| words.iter().position(|word| word == text));
    match found {
        Some(at) => Some(all[at]),
        None => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            super::super::document::shape::unknown_word(node, &words, reader)
        }
    }
}
