//! Matchers of bytes: exact, or `{contains}`, `{regex}`, `{not}`, `{absent}`, `{min, max}`; for bodies also `{json}`
//! and `{size}`.

use regex::bytes::Regex;
use serde_json::{Value as Json, json};

use super::bytes::{BytesForm, FORMS, is_form, write_bytes};
use super::json::{self, AnyJson};
use super::quantity::Quantity;
use super::scalars::text_schema;
use super::schema::Defs;
use super::shape::{Reader, Shape, only_keys};
use super::source::{Entry, Node, Span};
use super::units::Size;

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

impl Shape for Pattern {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = String::read(node, reader)?;
        Self::new(&text).map_err(|error| wrong_pattern(node, &error, reader)).ok()
    }

    fn write(&self) -> Node {
        Node::text(self.as_str())
    }

    fn schema(_: &mut Defs) -> Json {
        text_schema()
    }
}

/// The last line of the regex crate's text is the reason; the lines before it draw the place.
fn wrong_pattern(node: &Node, error: &regex::Error, reader: &mut Reader) {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    reader.complain(&node.span, format!("bad regular expression: {reason}"), None);
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
            Test::Not(inner) => format!("not {}", inner.describe()),
            Test::Absent => "nothing".to_owned(),
            Test::Range { min: Some(min), max: Some(max) } => format!("a number from {min} to {max}"),
            Test::Range { min: Some(min), max: None } => format!("a number of at least {min}"),
            Test::Range { min: None, max: Some(max) } => format!("a number of at most {max}"),
            Test::Range { min: None, max: None } => "a number".to_owned(),
            Test::Json(json) => format!("JSON with {json}"),
            Test::Size(size) => format!("a size of {} bytes", size.describe()),
        }
    }
}

/// Bytes in quotes, with escapes for all that is no text, shortened in the middle of long ones.
fn shown(bytes: &[u8]) -> String {
    const LONG: usize = 400;
    if bytes.len() <= LONG {
        return format!("\"{}\"", bytes.escape_ascii());
    }
    format!("\"{}…\" ({} bytes)", bytes[..LONG].escape_ascii(), bytes.len())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

fn number(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

/// The keys of matchers that are no form of bytes.
const TESTS: [&str; 6] = ["contains", "regex", "not", "absent", "min", "max"];

/// Reads a matcher; in the place of a body, `{json}` and `{size}` judge by meaning.
fn read(node: &Node, body: bool, reader: &mut Reader) -> Option<Matcher> {
    let span = node.span.clone();
    let made = |test| Some(Matcher { span: span.clone(), test });
    let Some(entries) = node.entries() else {
        return made(Test::Is(Vec::read(node, reader)?));
    };
    let alone = (entries.len() == 1).then(|| (entries[0].key.as_str(), &entries[0].value));
    match alone {
        Some(("contains", value)) => return made(Test::Contains(Vec::read(value, reader)?)),
        Some(("regex", value)) => return made(Test::Regex(Pattern::read(value, reader)?)),
        Some(("not", value)) => return made(Test::Not(Box::new(read(value, body, reader)?))),
        Some(("absent", value)) => {
            let absent = Matcher { span: value.span.clone(), test: Test::Absent };
            return made(if bool::read(value, reader)? { Test::Absent } else { Test::Not(Box::new(absent)) });
        }
        Some(("json", value)) if body => return made(Test::Json(AnyJson::read(value, reader)?.0)),
        Some(("size", value)) if body => return made(Test::Size(Quantity::read(value, reader)?)),
        _ => {}
    }
    if entries.iter().any(|entry| matches!(entry.key.as_str(), "min" | "max")) {
        only_keys(node, "a range", &["min", "max"], reader)?;
        let part = |key, reader: &mut Reader| match node.get(key) {
            Some(node) => f64::read(node, reader).map(Some),
            None => Some(None),
        };
        return made(Test::Range { min: part("min", reader)?, max: part("max", reader)? });
    }
    if is_form(node) {
        return made(Test::Is(BytesForm::read(node, reader)?.bytes(reader)?));
    }
    let mut keys = TESTS.to_vec();
    keys.extend(FORMS);
    if body {
        keys.push("size");
    }
    let before = reader.errors.len();
    only_keys(node, "a matcher", &keys, reader)?;
    if reader.errors.len() == before {
        reader.complain(&span, format!("a matcher is one of {}", keys.join(", ")), None);
    }
    None
}

fn write(matcher: &Matcher) -> Node {
    let one = |key: &str, value: Node| Node::mapping(vec![Entry::new(key, value)]);
    match &matcher.test {
        Test::Is(bytes) => write_bytes(bytes),
        Test::Contains(bytes) => one("contains", write_bytes(bytes)),
        Test::Regex(pattern) => one("regex", pattern.write()),
        Test::Not(inner) => one("not", write(inner)),
        Test::Absent => one("absent", Node::plain(true)),
        Test::Range { min, max } => {
            let entry = |key: &str, value: &Option<f64>| value.map(|v| Entry::new(key, Node::plain(v)));
            Node::mapping([entry("min", min), entry("max", max)].into_iter().flatten().collect())
        }
        Test::Json(json) => one("json", json::to_node(json)),
        Test::Size(size) => one("size", size.write()),
    }
}

fn schema(body: bool, defs: &mut Defs) -> Json {
    let name = if body { "BodyMatcher" } else { "Matcher" };
    defs.named(name, |defs| {
        let bytes = Vec::<u8>::schema(defs);
        let again = json!({"$ref": format!("#/$defs/{name}")});
        let again = defs.or_named(again);
        let number = defs.place::<f64>();
        let one = |key: &str, doc: &str, schema: &Json| {
            json!({"type": "object", "description": doc, "properties": {key: schema}, "required": [key],
                   "additionalProperties": false})
        };
        let mut any = vec![
            bytes.clone(),
            one("contains", "These bytes somewhere.", &bytes),
            one("regex", "A match somewhere (Rust's syntax, on bytes).", &text_schema()),
            one("not", "Anything that the other does not take.", &again),
            one("absent", "There is nothing.", &defs.place::<bool>()),
            json!({"type": "object", "description": "A number between the two.", "minProperties": 1,
                   "properties": {"min": number, "max": number}, "additionalProperties": false}),
        ];
        if body {
            any.push(one("json", "JSON with at least these members.", &json!({})));
            any.push(one("size", "So many bytes.", &defs.place::<Quantity<Size>>()));
        }
        json!({"anyOf": any})
    })
}

impl Shape for Matcher {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        read(node, false, reader)
    }

    fn write(&self) -> Node {
        write(self)
    }

    fn schema(defs: &mut Defs) -> Json {
        schema(false, defs)
    }
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

impl Shape for BodyMatcher {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        read(node, true, reader).map(Self)
    }

    fn write(&self) -> Node {
        write(&self.0)
    }

    fn schema(defs: &mut Defs) -> Json {
        schema(true, defs)
    }
}
