//! A tree of nodes as readable YAML: the frame of a file in block style, what fits into a line in flow style.
//!
//! A `$(` is written as `$$(`: no tree that is printed holds names.

use std::fmt::Write as _;

use super::core_schema::bare;
use super::source::{Entry, Node, Style, Value};

/// How long a line gets.
const WIDTH: usize = 110;
/// How long a key may be that stands before its `:` without a mark.
const LONG_KEY: usize = 1000;
/// The keys whose lists, and whose items, are written in block style even if they fit into a line.
const FRAME: [&str; 2] = ["scenarios", "steps"];

/// The text of a tree.
pub(crate) fn text(node: &Node) -> String {
    let mut out = String::new();
    match &node.value {
        Value::Mapping(entries) if !entries.is_empty() => {
            for (index, entry) in entries.iter().enumerate() {
                key_and_value(entry, 0, index > 0, &mut out);
            }
        }
        _ => {
            out.push_str(&flow(node));
            out.push('\n');
        }
    }
    out
}

/// `key: value` on lines of its own; the first one of a list's item stands behind its dash.
fn key_and_value(entry: &Entry, indent: usize, indented: bool, out: &mut String) {
    if indented {
        margin(indent, out);
    }
    let key = key(&entry.key);
    let long = key.len() > LONG_KEY;
    if long {
        let _ = writeln!(out, "? {key}");
        margin(indent, out);
        out.push(':');
    } else {
        let _ = write!(out, "{key}:");
    }
    let line = flow(&entry.value);
    let frame = FRAME.contains(&entry.key.as_str());
    match &entry.value.value {
        Value::Mapping(entries) if !entries.is_empty() && !fits(&line, indent + key.len()) => {
            out.push('\n');
            for entry in entries {
                key_and_value(entry, indent + 2, true, out);
            }
        }
        Value::Sequence(items) if !items.is_empty() && (frame || !fits(&line, indent + key.len())) => {
            out.push('\n');
            for item in items {
                list_item(item, indent + 2, frame, out);
            }
        }
        _ => {
            let _ = writeln!(out, " {line}");
        }
    }
}

fn list_item(item: &Node, indent: usize, frame: bool, out: &mut String) {
    margin(indent, out);
    out.push('-');
    let line = flow(item);
    match &item.value {
        Value::Mapping(entries) if !entries.is_empty() && (frame || !fits(&line, indent)) => {
            out.push(' ');
            for (index, entry) in entries.iter().enumerate() {
                key_and_value(entry, indent + 2, index > 0, out);
            }
        }
        Value::Sequence(items) if !items.is_empty() && !fits(&line, indent) => {
            out.push('\n');
            for item in items {
                list_item(item, indent + 2, false, out);
            }
        }
        _ => {
            let _ = writeln!(out, " {line}");
        }
    }
}

fn margin(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn fits(line: &str, before: usize) -> bool {
    before + 2 + line.chars().count() <= WIDTH
}

/// A tree in one line, for a place inside another text.
pub(crate) fn line(node: &Node) -> String {
    flow(node)
}

/// A tree in one line.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, style: Style::Plain } => text.clone(),
        Value::Scalar { text, style: Style::Text } => scalar(text),
        Value::Sequence(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Mapping(entries) => {
            let entry = |entry: &Entry| {
                let key = key(&entry.key);
                let mark = if key.len() > LONG_KEY { "? " } else { "" };
                format!("{mark}{key}: {}", flow(&entry.value))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn key(text: &str) -> String {
    scalar(text)
}

/// Text, bare where nothing could take it for something else.
fn scalar(text: &str) -> String {
    let text = text.replace("$(", "$$(");
    let is_text = || matches!(bare(&text), Some(serde_json::Value::String(_)));
    if plain(&text) && is_text() { text } else { quoted(&text) }
}

/// Whether text can stand without quotes, in flow style too.
fn plain(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '_'));
    let up = text.starts_with("./") || text.starts_with("../");
    let inner = |c: char| c.is_alphanumeric() || " _-./:=+@%$();~!?*<>&|^'".contains(c);
    (first || up)
        && text.chars().all(inner)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && text.chars().count() <= WIDTH
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' | '\u{a1}'..='\u{2027}' | '\u{202f}'..='\u{d7ff}' | '\u{10000}'..='\u{1fffd}' => {
                out.push(c)
            }
            _ if u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            _ if u32::from(c) < 0x10000 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}
