//! What other programs' YAML has beyond ours: anchors and their aliases, merge keys, the tags of YAML's own types.
//!
//! An alias becomes a copy of what it names, so that nobody later has to know of it. How much a file may grow by that is
//! limited: a few lines of aliases can stand for more than any machine holds.

use std::collections::BTreeMap;

use saphyr_parser::Tag;

use super::error::ScenarioError;
use super::parse::DEEPEST;
use super::source::{Entry, Node, Span, Value};

/// How many nodes all aliases of a file may stand for.
const LARGEST: usize = 200_000;

/// Whether a tag says no more than the value itself does, or makes it text.
pub(super) fn knows(tag: &Tag) -> bool {
    tag.is_yaml_core_schema()
        && matches!(&*tag.suffix, "str" | "int" | "float" | "bool" | "null" | "map" | "seq")
}

/// The anchored nodes of a file.
#[derive(Default)]
pub(super) struct Anchors {
    nodes: BTreeMap<usize, Node>,
    spent: usize,
}

impl Anchors {
    /// Keeps a whole node under its anchor; 0: it has none.
    pub(super) fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.nodes.insert(anchor, node.clone());
        }
    }

    /// What an alias stands for, `depth` levels below the root.
    pub(super) fn used(&mut self, id: usize, span: &Span, depth: usize) -> Result<Node, ScenarioError> {
        let Some(node) = self.nodes.get(&id) else {
            return Err(ScenarioError::at(span, "this alias stands inside of what it names"));
        };
        let (size, deep) = measure(node);
        self.spent += size;
        if self.spent > LARGEST {
            return Err(ScenarioError::at(span, "the aliases of this file stand for too much"));
        }
        if depth + deep > DEEPEST {
            return Err(ScenarioError::at(span, format!("nested deeper than {DEEPEST}")));
        }
        Ok(node.clone())
    }
}

/// How many nodes there are, and how many levels.
fn measure(node: &Node) -> (usize, usize) {
    let inner: Vec<(usize, usize)> = match &node.value {
        Value::Scalar { .. } => return (1, 0),
        Value::Sequence(items) => items.iter().map(measure).collect(),
        Value::Mapping(entries) => entries.iter().map(|entry| measure(&entry.value)).collect(),
    };
    let size = inner.iter().map(|(size, _)| size).sum::<usize>() + 1;
    (size, inner.iter().map(|(_, deep)| deep).max().unwrap_or(&0) + 1)
}

/// Puts the entries of a mapping's merge key `<<` in their places; the mapping's own keys win, then earlier ones.
pub(super) fn merge(node: &mut Node) -> Result<(), ScenarioError> {
    let Value::Mapping(entries) = &mut node.value else { return Ok(()) };
    let Some(at) = entries.iter().position(|entry| entry.key == "<<") else { return Ok(()) };
    let merged = entries.remove(at).value;
    let sources = match merged.value {
        Value::Sequence(items) => items,
        value => vec![Node { span: merged.span, value }],
    };
    let mut added: Vec<Entry> = Vec::new();
    for source in sources {
        let Value::Mapping(others) = source.value else {
            return Err(ScenarioError::at(&source.span, "`<<` merges mappings, and this is none"));
        };
        for other in others {
            if !entries.iter().chain(&added).any(|entry| entry.key == other.key) {
                added.push(other);
            }
        }
    }
    entries.splice(at..at, added);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::core_schema::bare;
    use super::super::parse::{Dialect, parse_all};
    use super::super::source::{Node, Value};
    use serde_json::Value as Json;

    fn json(node: &Node) -> Json {
        match &node.value {
            Value::Scalar { text, .. } => match node.bare() {
                Some(text) => bare(text).expect("JSON has it"),
                None => Json::String(text.clone()),
            },
            Value::Sequence(items) => Json::Array(items.iter().map(json).collect()),
            Value::Mapping(entries) => {
                Json::Object(entries.iter().map(|e| (e.key.clone(), json(&e.value))).collect())
            }
        }
    }

    fn read(text: &str) -> Result<Vec<Json>, String> {
        let roots = parse_all(Path::new("t.yaml"), text.to_owned(), Dialect::Foreign);
        roots.map(|roots| roots.iter().map(json).collect()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn gives(text: &str, expected: &[&str]) {
        let expected: Vec<Json> = expected.iter().map(|of| serde_json::from_str(of).expect("JSON")).collect();
        assert_eq!(read(text), Ok(expected), "{text}");
    }

    #[track_caller]
    fn refused(text: &str, why: &str) {
        let said = read(text).expect_err(text);
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn a_file_holds_as_many_documents_as_it_likes() {
        gives("a: 1\n---\nb: 2\n", &[r#"{"a": 1}"#, r#"{"b": 2}"#]);
        gives("", &[]);
        gives("# nothing\n", &[]);
        gives("---\n---\na: 1\n...\n", &["null", r#"{"a": 1}"#]);
    }

    #[test]
    fn an_alias_is_what_it_names() {
        gives("a: &x [1, {b: 2}]\nc: *x\n", &[r#"{"a": [1, {"b": 2}], "c": [1, {"b": 2}]}"#]);
        gives("&k key: v\nother: {*k : 1}\n", &[r#"{"key": "v", "other": {"key": 1}}"#]);
        gives("a: &x yes\nb: *x\n", &[r#"{"a": "yes", "b": "yes"}"#]);
    }

    #[test]
    fn merged_keys_give_way_to_own_ones() {
        gives(
            "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nall: {<<: [*b, *m], x: 0}\n",
            &[r#"{"base": {"x": 1, "y": 2}, "more": {"y": 3, "z": 4}, "all": {"y": 2, "z": 4, "x": 0}}"#],
        );
        refused("a: {<<: 1}\n", "merges mappings");
    }

    #[test]
    fn the_tags_of_yaml_itself_are_known() {
        gives("a: !!str 1\nb: !!int 2\nc: !!map {d: 1}\n", &[r#"{"a": "1", "b": 2, "c": {"d": 1}}"#]);
        refused("a: !secret 1\n", "the tag `!secret`");
        refused("a: !!binary aGk=\n", "binary");
    }

    #[test]
    fn aliases_cannot_fill_the_machine() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let before = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", "));
        }
        refused(&text, "stand for too much");
        refused("a: &a [*a]\n", "inside of what it names");
        let mut deep = "a0: &a0 [x]\n".to_owned();
        for level in 1..200 {
            deep += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
        }
        refused(&deep, "nested deeper");
    }
}
