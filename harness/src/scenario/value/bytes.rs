//! *Bytes*: text as written, or one of the forms `{text}`, `{base64}`, `{hex}`, `{file}`, `{json}`, `{fill, size}`.

use std::path::PathBuf;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde_json::{Value as Json, json};

use super::json::AnyJson;
use super::scalars::text_schema;
use super::units::Size;
use crate::scenario::document::declare::document;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::{Entry, Node};

/// The largest `{fill, size}`, so that a slip of the keyboard does not fill the machine.
const LARGEST_FILL: u64 = 256 << 20;

document! {
    /// Bytes in one of several forms. Exactly one of them is given.
    #[derive(Default)]
    pub(crate) struct BytesForm {
        /// Text, as UTF-8.
        pub(crate) text: Option<String>,
        /// Base64, standard alphabet, padding optional.
        pub(crate) base64: Option<String>,
        /// Hexadecimal digits; blanks between them are ignored.
        pub(crate) hex: Option<String>,
        /// The content of a file; its path is relative to the file that writes it.
        pub(crate) file: Option<PathBuf>,
        /// Any value as compact JSON.
        pub(crate) json: Option<AnyJson>,
        /// Text that is repeated up to `size`.
        pub(crate) fill: Option<String>,
        /// How many bytes `fill` makes.
        pub(crate) size: Option<Size>,
    }
}

/// The keys that make a mapping a form of bytes. `size` is none: alone it is a matcher.
pub(crate) const FORMS: [&str; 6] = ["text", "base64", "hex", "file", "json", "fill"];

impl BytesForm {
    /// The bytes that the form stands for.
    pub(crate) fn bytes(&self, reader: &mut Reader) -> Option<Vec<u8>> {
        let given = [
            ("text", self.text.is_some()),
            ("base64", self.base64.is_some()),
            ("hex", self.hex.is_some()),
            ("file", self.file.is_some()),
            ("json", self.json.is_some()),
            ("fill", self.fill.is_some()),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        match given.as_slice() {
            [] => return reader.fail(&self.span, format!("expected one of {}", FORMS.join(", "))),
            [_] => {}
            several => {
                return reader
                    .fail(&self.span, format!("only one of {} can be given", several.join(" and ")));
            }
        }
        if self.fill.is_none() && self.size.is_some() {
            return reader.fail(&self.span, "`size` belongs to `fill`");
        }
        if let Some(text) = &self.text {
            return Some(text.clone().into_bytes());
        }
        if let Some(text) = &self.base64 {
            return self.decoded("base64", decode_base64(text), reader);
        }
        if let Some(text) = &self.hex {
            let digits: String = text.split_whitespace().collect();
            return self.decoded("hexadecimal", HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok(), reader);
        }
        if let Some(path) = &self.file {
            return match std::fs::read(path) {
                Ok(bytes) => Some(bytes),
                Err(error) => reader.fail(&self.span, format!("cannot read {}: {error}", path.display())),
            };
        }
        if let Some(AnyJson(value)) = &self.json {
            return Some(value.to_string().into_bytes());
        }
        self.filled(reader)
    }

    fn decoded(&self, what: &str, bytes: Option<Vec<u8>>, reader: &mut Reader) -> Option<Vec<u8>> {
        bytes.or_else(|| reader.fail(&self.span, format!("this is no {what}")))
    }

    fn filled(&self, reader: &mut Reader) -> Option<Vec<u8>> {
        let fill = self.fill.as_ref()?.as_bytes();
        match self.size {
            None => reader.fail(&self.span, "`fill` needs a `size`"),
            Some(Size(size)) if size > LARGEST_FILL => {
                reader.fail(&self.span, format!("`size` is more than {}", Size(LARGEST_FILL)))
            }
            Some(_) if fill.is_empty() => reader.fail(&self.span, "`fill` is empty"),
            Some(Size(size)) => {
                Some(fill.iter().copied().cycle().take(usize::try_from(size).ok()?).collect())
            }
        }
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes())).ok()
}

/// Whether a mapping is a form of bytes.
pub(crate) fn is_form(node: &Node) -> bool {
    node.entries().is_some_and(|entries| entries.iter().any(|entry| FORMS.contains(&entry.key.as_str())))
}

impl Shape for Vec<u8> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match (node.scalar(), node.entries()) {
            (Some(text), _) => Some(text.as_bytes().to_vec()),
            (_, Some(_)) => BytesForm::read(node, reader)?.bytes(reader),
            _ => reader.expected("text or a mapping with one of the forms of bytes", node),
        }
    }

    fn write(&self) -> Node {
        write_bytes(self)
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [text_schema(), BytesForm::schema(defs)]})
    }
}

/// Text where it is text; a long repetition as `{fill, size}`; short other bytes as `{hex}`, long ones as `{base64}`.
pub(crate) fn write_bytes(bytes: &[u8]) -> Node {
    const LONG: usize = 200;
    if bytes.len() > LONG
        && let Some(fill) = (1..=8).find_map(|period| repeated(bytes, period))
    {
        let size = Size(bytes.len() as u64);
        return Node::mapping(vec![Entry::new("fill", Node::text(fill)), Entry::new("size", size.write())]);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Node::text(text),
        Err(_) if bytes.len() <= 32 => {
            Node::mapping(vec![Entry::new("hex", Node::text(HEXLOWER.encode(bytes)))])
        }
        Err(_) => Node::mapping(vec![Entry::new("base64", Node::text(BASE64.encode(bytes)))]),
    }
}

/// The first `period` bytes, when they are text and the rest repeats them.
fn repeated(bytes: &[u8], period: usize) -> Option<&str> {
    let fill = std::str::from_utf8(&bytes[..period]).ok()?;
    bytes[period..].iter().zip(bytes).all(|(a, b)| a == b).then_some(fill)
}
