//! Matchers as a file writes them.

use serde_json::{Value as Json, json};

use super::bytes::{BytesForm, FORMS, is_form, write_bytes};
use super::json::{self, AnyJson};
use super::matcher::{BodyMatcher, Matcher, Pattern, Test};
use super::quantity::Quantity;
use super::scalars::text_schema;
use super::units::Size;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape, only_keys};
use crate::scenario::document::source::{Entry, Node};

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
