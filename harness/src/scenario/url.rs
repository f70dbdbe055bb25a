//! The url of a request.

use serde_json::{Value as Json, json};

use super::schema::Defs;
use super::shape::{Reader, Shape, document};
use super::source::{Node, Span};

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

/// The scheme, authority and path of `text`, or what is wrong with it.
fn parts(text: &str) -> Result<(&str, &str, String), &'static str> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a url has no blanks");
    }
    if text.starts_with('/') {
        return Ok(("http", "localhost", text.to_owned()));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("a url begins with `http://`, `https://` or `/`");
    };
    if !matches!(scheme, "http" | "https") {
        return Err("the scheme of a url is http or https");
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.is_empty() {
        return Err("the url has no host");
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok((scheme, authority, path))
}

impl Url {
    /// The text that reads back to this url, when there is one.
    pub(crate) fn text(&self) -> Option<String> {
        let part = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let (scheme, authority, path) = (part(&self.scheme)?, part(&self.authority)?, part(&self.path)?);
        let local = scheme == "http" && authority == "localhost";
        let text = if local { path.clone() } else { format!("{scheme}://{authority}{path}") };
        let same = parts(&text).is_ok_and(|parts| parts == (scheme.as_str(), authority.as_str(), path));
        same.then_some(text)
    }
}

impl Shape for Url {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.scalar() else {
            let UrlParts { scheme, authority, path, .. } = UrlParts::read(node, reader)?;
            return Some(Self { scheme, authority, path });
        };
        match parts(text) {
            Ok((scheme, authority, path)) => Some(Self {
                scheme: scheme.as_bytes().to_vec(),
                authority: authority.as_bytes().to_vec(),
                path: path.into_bytes(),
            }),
            Err(wrong) => reader.fail(&node.span, format!("{wrong}, found {}", node.found())),
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
        json!({"anyOf": [{"type": "string", "pattern": r"^(https?://|/)|\$\("}, UrlParts::schema(defs)]})
    }
}
