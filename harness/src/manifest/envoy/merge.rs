//! `MERGE`: two messages become one, as protobuf merges them.
//!
//! What is set in the second wins, messages are merged, lists are joined, a choice replaces another choice. Source: Istio
//! 1.32-dev, `pkg/proto/merge`, `pilot/pkg/networking/util` (`MergeAnyWithAny`).

use super::any::{TYPED_STRUCTS, type_name};
use crate::document::source::{Entry, Node, Style, Value};

/// Messages in which only one of some fields is set.
const CHOICES: [&[&str]; 2] =
    [&["local", "remote"], &["filename", "inline_bytes", "inline_string", "environment_variable"]];

/// The filter `into` with `from` merged into it: its name, and its configuration where both have the same type.
///
/// The error says why the configuration stays as it is.
pub(crate) fn merge_filter(into: &Node, from: &Node) -> (Node, Option<String>) {
    let mut merged = into.clone();
    let mut why = None;
    if let Some(name) = from.get("name").and_then(Node::scalar).filter(|name| !name.is_empty()) {
        set(&mut merged, "name", Node::text(name));
    }
    match (get(into, "typed_config"), get(from, "typed_config")) {
        (_, None) => {}
        (None, Some(_)) => why = Some("the filter has no configuration of its own to merge with".to_owned()),
        (Some(old), Some(new)) => {
            let kind =
                |node: &Node| node.get("@type").and_then(Node::scalar).map(|url| type_name(url).to_owned());
            if kind(old) == kind(new) {
                let typed_struct = kind(old).is_some_and(|kind| TYPED_STRUCTS.contains(&kind.as_str()));
                set(&mut merged, "typed_config", any(old, new, typed_struct));
            } else {
                why = Some("the types of the two configurations differ, and nothing is merged".to_owned());
            }
        }
    }
    (merged, why)
}

/// Two messages of the same type in their `Any` form.
fn any(old: &Node, new: &Node, typed_struct: bool) -> Node {
    let mut merged = old.clone();
    for entry in new.entries().unwrap_or_default().iter().filter(|entry| entry.key != "@type") {
        match (get(old, &entry.key), typed_struct && entry.key == "value") {
            // The members of a Struct are a map, and those of maps are replaced whole.
            (Some(value), true) => {
                let mut value = value.clone();
                for member in entry.value.entries().unwrap_or_default() {
                    set(&mut value, &member.key, member.value.clone());
                }
                set(&mut merged, &entry.key, value);
            }
            (Some(value), false) => set(&mut merged, &entry.key, message(value, &entry.value)),
            (None, _) => set(&mut merged, &entry.key, entry.value.clone()),
        }
    }
    merged
}

fn message(old: &Node, new: &Node) -> Node {
    match (&old.value, &new.value) {
        (Value::Mapping(_), Value::Mapping(entries)) => {
            // Inside of another message, an `Any` is type and bytes, which are replaced.
            if new.get("@type").is_some() {
                return new.clone();
            }
            let mut merged = old.clone();
            for entry in entries {
                let value = get(old, &entry.key)
                    .map_or_else(|| entry.value.clone(), |value| message(value, &entry.value));
                for choice in CHOICES.iter().filter(|choice| choice.contains(&entry.key.as_str())) {
                    if let Value::Mapping(kept) = &mut merged.value {
                        kept.retain(|other| other.key == entry.key || !choice.contains(&other.key.as_str()));
                    }
                }
                set(&mut merged, &entry.key, value);
            }
            merged
        }
        (Value::Sequence(first), Value::Sequence(second)) => Node {
            span: new.span.clone(),
            value: Value::Sequence(first.iter().chain(second).cloned().collect()),
        },
        // Zero is what is not set.
        (_, Value::Scalar { text, style }) if is_unset(text, *style) => old.clone(),
        _ => new.clone(),
    }
}

fn is_unset(text: &str, style: Style) -> bool {
    text.is_empty() || (style == Style::Plain && matches!(text, "0" | "false" | "null" | "~"))
}

/// A field under either of its names.
fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.entries()?.iter().find(|entry| same(&entry.key, key)).map(|entry| &entry.value)
}

fn set(node: &mut Node, key: &str, value: Node) {
    let Value::Mapping(entries) = &mut node.value else { return };
    match entries.iter_mut().find(|entry| same(&entry.key, key)) {
        Some(entry) => entry.value = value,
        None => entries.push(Entry { key: key.to_owned(), key_span: value.span.clone(), value }),
    }
}

/// Whether two names are one: `typed_config` and `typedConfig`.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    a == b || plain(a) == plain(b)
}
