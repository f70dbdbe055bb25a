//! The url of a request.

use serde_json::{Value as Json, json};

use crate::scenario::document::declare::document;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::{Node, Span};
use crate::state::{Request, UrlError};

/// The parts of a url; text of the form `http://host:port/path?query`, or a path on `http://localhost`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Url {
    pub(crate) scheme: Vec<u8>,
    pub(crate) authority: Vec<u8>,
    pub(crate) path: Vec<u8>,
}

document! {
    /// A url in parts, for what its text cannot say.
    struct UrlParts {
        /// The scheme.
        scheme: Vec<u8> = b"http".to_vec(),
        /// Host and port.
        authority: Vec<u8> = b"localhost".to_vec(),
        /// Path with its query.
        path: Vec<u8> = b"/".to_vec(),
    }
}

impl Url {
    /// The parts of a url, as [`Request`] takes them from text.
    fn parse(text: &str) -> Result<Self, UrlError> {
        let Request { scheme, authority, path, .. } = Request::parse("GET", text)?;
        Ok(Self { scheme, authority, path })
    }

    /// The text that reads back to this url, when there is one.
    pub(crate) fn text(&self) -> Option<String> {
        let part = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let (scheme, authority, path) = (part(&self.scheme)?, part(&self.authority)?, part(&self.path)?);
        let local = scheme == "http" && authority == "localhost";
        let text = if local { path.clone() } else { format!("{scheme}://{authority}{path}") };
        (Self::parse(&text).as_ref() == Ok(self)).then_some(text)
    }
}

impl Shape for Url {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.scalar() else {
            let UrlParts { scheme, authority, path, .. } = UrlParts::read(node, reader)?;
            return Some(Self { scheme, authority, path });
        };
        match Self::parse(text) {
            Ok(url) => Some(url),
            Err(wrong) => reader.fail(&node.span, wrong.to_string()),
        }
    }

    fn write(&self) -> Node {
        let Self { scheme, authority, path } = self.clone();
        match self.text() {
            Some(text) => Node::text(text),
            None => UrlParts { span: Span::none(), scheme, authority, path }.write(),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [{"type": "string", "pattern": r"^([Hh][Tt][Tt][Pp][Ss]?://|/|\*)|\$\("}, UrlParts::schema(defs)]})
    }
}
