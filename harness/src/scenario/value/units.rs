//! Durations (`250ms`, `1s 1ns`) and sizes (`64KiB`).

use serde_json::{Value as Json, json};

use crate::scenario::document::error::nearest;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::Node;
use crate::state::{Duration, show};

/// Units of time, longest first, in nanoseconds.
const TIMES: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Units of size, in bytes.
const SIZES: [(&str, u64); 5] = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Why a text is no duration or no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default())]
pub struct UnitError {
    /// What is wrong.
    pub message: String,
    /// What to write in its place.
    pub hint: Option<String>,
}

/// Reads a duration: whole numbers with their units, longest unit first.
///
/// # Errors
/// What is wrong with the text, and a hint.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let wrong = |message: String, hint: Option<&str>| UnitError { message, hint: hint.map(str::to_owned) };
    let mut nanos = 0_u64;
    let mut longest = None;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong("expected a duration, found nothing".into(), Some("for example `250ms`")));
    }
    while !rest.is_empty() {
        let (number, after) = leading_number(rest);
        let end = after.find(|c: char| !c.is_alphabetic() && c != 'µ').unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        if number.is_empty() || next.starts_with('.') {
            let hint = "whole numbers with a unit, for example `250ms` or `1s 1ns`";
            return Err(wrong(format!("`{text}` is no duration"), Some(hint)));
        }
        if unit.is_empty() {
            return Err(wrong(format!("the duration `{text}` has no unit"), Some("for example `250ms`")));
        }
        let Some(index) = TIMES.iter().position(|(name, _)| *name == unit) else {
            let hint = nearest(unit, TIMES.map(|(name, _)| name));
            return Err(UnitError {
                message: format!("unknown unit `{unit}` in the duration `{text}`"),
                hint,
            });
        };
        if longest.is_some_and(|longest| longest >= index) {
            return Err(wrong(format!("the units of the duration `{text}` are not longest first"), None));
        }
        longest = Some(index);
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(TIMES[index].1));
        nanos = part
            .and_then(|part| nanos.checked_add(part))
            .ok_or_else(|| wrong(format!("the duration `{text}` is longer than 584 years"), None))?;
        rest = next.trim_start();
    }
    Ok(Duration::from_nanos(nanos))
}

/// The digits that `text` begins with, and what follows them.
fn leading_number(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

impl Shape for Duration {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.scalar() else {
            return reader.expected("a duration like `250ms`", node);
        };
        match parse_duration(text) {
            Ok(span) => Some(span),
            Err(UnitError { message, hint }) => reader.fail_with(&node.span, message, hint),
        }
    }

    fn write(&self) -> Node {
        Node::text(show(*self))
    }

    fn schema(_: &mut Defs) -> Json {
        json!({"type": "string", "pattern": "^ *([0-9]+(h|m|s|ms|us|ns) *)+$"})
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl std::fmt::Display for Size {
    /// In the largest unit that keeps it whole: `64KiB`, `1000`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = |unit: u64| self.0 > 0 && self.0.is_multiple_of(unit);
        match SIZES.iter().rev().find(|(name, unit)| *name != "B" && whole(*unit)) {
            Some((name, unit)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = UnitError;

    /// Reads a whole number of bytes, or of a unit.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = |message: String, hint: Option<String>| Err(UnitError { message, hint });
        let (number, unit) = leading_number(text);
        if number.is_empty() {
            return wrong(format!("`{text}` is no size"), Some("for example `64KiB`".to_owned()));
        }
        let Some((_, bytes)) = SIZES.iter().find(|(name, _)| *name == unit.trim_start()) else {
            // Of equally near ones a unit of its own: MB is meant to be MiB, not B.
            let hint = nearest(unit.trim_start(), SIZES[1..].iter().rev().map(|(name, _)| *name));
            return wrong(format!("unknown unit in the size `{text}`"), hint);
        };
        match number.parse::<u64>().ok().and_then(|number| number.checked_mul(*bytes)) {
            Some(size) => Ok(Self(size)),
            None => wrong(format!("the size `{text}` is too large"), None),
        }
    }
}

impl Shape for Size {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.scalar() else {
            return reader.expected("a size like `64KiB`", node);
        };
        if leading_number(text).0.is_empty() {
            return reader.expected("a size like `64KiB`", node);
        }
        match text.parse() {
            Ok(size) => Some(size),
            Err(UnitError { message, hint }) => reader.fail_with(&node.span, message, hint),
        }
    }

    fn write(&self) -> Node {
        Node::plain(self)
    }

    fn schema(_: &mut Defs) -> Json {
        json!({"anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+ *(B|KiB|MiB|GiB)?$"},
        ]})
    }
}
