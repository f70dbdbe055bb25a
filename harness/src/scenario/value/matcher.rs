//! Matchers of bytes: exact, or `{contains}`, `{regex}`, `{not}`, `{absent}`, `{min, max}`; for bodies also `{json}`
//! and `{size}`.

use regex::bytes::Regex;
use serde_json::Value as Json;

use super::json::{self};
use super::quantity::Quantity;
use super::units::Size;
use crate::proxy::transcript::show_bytes;
use crate::scenario::document::source::Span;

/// What some bytes have to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher {
    /// Where it is written.
    pub span: Span,
    /// The test.
    pub test: Test,
}

/// The test of a [`Matcher`].
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Exactly these bytes.
    Is(Vec<u8>),
    /// These bytes somewhere.
    Contains(Vec<u8>),
    /// A match somewhere.
    Regex(Pattern),
    /// Anything that the other does not take.
    Not(Box<Matcher>),
    /// There is nothing.
    Absent,
    /// The text of a number between the two, both included.
    Range {
        /// The least.
        min: Option<f64>,
        /// The most.
        max: Option<f64>,
    },
    /// JSON with at least these members (bodies only).
    Json(Json),
    /// So many bytes (bodies only).
    Size(Quantity<Size>),
}

/// A regular expression on bytes, equal to another of the same text.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// When it is no regular expression in Rust's syntax.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        Regex::new(text).map(Self)
    }

    /// The text it was made of.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The compiled form.
    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.0
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Matcher {
    /// Exactly `bytes`.
    pub fn is(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Test::Is(bytes.into()))
    }

    /// A matcher with this test, from no file.
    #[must_use]
    pub const fn of(test: Test) -> Self {
        Self { span: Span::none(), test }
    }

    /// Whether `bytes`, which are there, pass.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        self.accepts(Some(bytes))
    }

    /// Whether what is there, or that nothing is there, passes. Only `{absent: true}`, and a `{not}` around a matcher
    /// that refuses it, take nothing.
    #[must_use]
    pub fn accepts(&self, bytes: Option<&[u8]>) -> bool {
        match (&self.test, bytes) {
            (Test::Absent, _) => bytes.is_none(),
            (Test::Not(inner), _) => !inner.accepts(bytes),
            (_, None) => false,
            (Test::Is(expected), Some(bytes)) => expected == bytes,
            (Test::Contains(part), Some(bytes)) => contains(bytes, part),
            (Test::Regex(pattern), Some(bytes)) => pattern.0.is_match(bytes),
            (Test::Range { min, max }, Some(bytes)) => number(bytes).is_some_and(|number| {
                min.is_none_or(|min| min <= number) && max.is_none_or(|max| number <= max)
            }),
            (Test::Json(expected), Some(bytes)) => {
                serde_json::from_slice(bytes).is_ok_and(|actual| json::matches(expected, &actual))
            }
            (Test::Size(size), Some(bytes)) => size.matches(&Size(bytes.len() as u64)),
        }
    }

    /// What is expected, in words: `"ok"`, `text that contains "limit 2"`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.test {
            Test::Is(bytes) => shown(bytes),
            Test::Contains(bytes) => format!("text that contains {}", shown(bytes)),
            Test::Regex(pattern) => format!("text that matches /{}/", pattern.as_str()),
            Test::Not(inner) if inner.test == Test::Absent => "something".to_owned(),
            Test::Not(inner) => format!("not {}", inner.describe()),
            Test::Absent => "nothing".to_owned(),
            Test::Range { min: Some(min), max: Some(max) } => format!("a number from {min} to {max}"),
            Test::Range { min: Some(min), max: None } => format!("a number of at least {min}"),
            Test::Range { min: None, max: Some(max) } => format!("a number of at most {max}"),
            Test::Range { min: None, max: None } => "a number".to_owned(),
            Test::Json(json) => format!("JSON with {json}"),
            Test::Size(size) => format!("a size of {}", size.describe()),
        }
    }
}

/// Bytes in quotes, as transcripts show them.
fn shown(bytes: &[u8]) -> String {
    format!("\"{}\"", show_bytes(bytes))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

fn number(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

/// A matcher of a body, where `{json}` and `{size}` judge by meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyMatcher(pub Matcher);

impl std::ops::Deref for BodyMatcher {
    type Target = Matcher;
    fn deref(&self) -> &Matcher {
        &self.0
    }
}
