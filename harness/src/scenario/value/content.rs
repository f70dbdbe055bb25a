//! The body of a message: `body` or `chunks`, and the trailers after it.

use serde_json::{Value as Json, json};

use super::bytes::{BytesForm, write_bytes};
use super::headers::Headers;
use super::units::Size;
use crate::scenario::document::declare::document;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape};
use crate::scenario::document::source::{Entry, Node, Value};
use crate::state::{Body, Chunk, Duration, Field, Protocol};

/// The most pieces that `chunk_size` makes.
const MOST_PIECES: u64 = 1 << 20;

document! {
    /// The body of a message and its trailers.
    #[derive(Default)]
    pub(crate) struct Content {
        /// The whole body. Adds content-length unless the headers give one; `""` is a content-length of 0.
        pub(crate) body: Option<Vec<u8>>,
        /// The size of the pieces that `body` is sent in.
        pub(crate) chunk_size: Option<Size>,
        /// The pieces of the body, sent chunked: HTTP/1.1 without a content-length, DATA frames in HTTP/2.
        pub(crate) chunks: Option<Vec<Piece>>,
        /// Whether `chunks` are sent with a content-length; left out, when the headers give one.
        pub(crate) sized: Option<bool>,
        /// Trailer fields.
        pub(crate) trailers: Option<Headers>,
    }
}

document! {
    /// A piece of a body with the time it takes to come.
    struct TimedPiece {
        /// Virtual time that passes before it is sent.
        after: Duration = Duration::ZERO,
        ; with
        /// The bytes.
        bytes: BytesForm
    }
}

/// A piece of a body: bytes, and `after` beside their form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece(pub(crate) Chunk);

impl Shape for Piece {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Value::Mapping(_) = node.value {
            let piece = TimedPiece::read(node, reader)?;
            return Some(Self(Chunk { data: piece.bytes.bytes(reader)?, after: piece.after }));
        }
        Vec::read(node, reader).map(|data| Self(Chunk { data, after: Duration::ZERO }))
    }

    fn write(&self) -> Node {
        let bytes = write_bytes(&self.0.data);
        if self.0.after.is_zero() {
            return bytes;
        }
        let mut entries = match bytes.value {
            Value::Mapping(entries) => entries,
            value => vec![Entry::new("text", Node { value, ..Node::text("") })],
        };
        entries.push(Entry::new("after", self.0.after.write()));
        Node::mapping(entries)
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [super::scalars::text_schema(), TimedPiece::schema(defs)]})
    }
}

impl Content {
    /// The first key that is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            ("body", self.body.is_some()),
            ("chunks", self.chunks.is_some()),
            ("trailers", self.trailers.is_some()),
            ("chunk_size", self.chunk_size.is_some()),
            ("sized", self.sized.is_some()),
        ]
        .into_iter()
        .find_map(|(key, given)| given.then_some(key))
    }

    /// Tells the reader of trailers that HTTP/1.1 may drop.
    pub(crate) fn note_trailers(&self, protocol: Protocol, reader: &mut Reader) {
        if self.trailers.is_some() && protocol == Protocol::Http1 {
            reader.http1_trailers.push(self.span.clone());
        }
    }

    /// How the body is sent, beside these headers.
    pub(crate) fn body(&self, headers: &[Field], reader: &mut Reader) -> Option<Body> {
        if self.body.is_some() && self.chunks.is_some() {
            return reader.fail(&self.span, "`body` and `chunks` exclude each other");
        }
        if self.body.is_none() && self.chunk_size.is_some() {
            return reader.fail(&self.span, "`chunk_size` belongs to `body`");
        }
        if self.chunks.is_none() && self.sized.is_some() {
            return reader.fail(&self.span, "`sized` belongs to `chunks`");
        }
        if let Some(body) = &self.body {
            return match self.chunk_size {
                Some(Size(0)) => reader.fail(&self.span, "`chunk_size` is 0"),
                Some(Size(size)) if body.len() as u64 / size > MOST_PIECES => {
                    reader.fail(&self.span, format!("`chunk_size` makes more than {MOST_PIECES} pieces"))
                }
                Some(Size(size)) => Some(Body::Sized(split(body, size))),
                None => Some(Body::Sized(split(body, u64::MAX))),
            };
        }
        let Some(pieces) = &self.chunks else { return Some(Body::None) };
        let chunks = pieces.iter().map(|piece| piece.0.clone()).collect();
        let sized = self.sized.unwrap_or_else(|| has_length(headers));
        Some(if sized { Body::Sized(chunks) } else { Body::Chunked(chunks) })
    }

    /// The pieces alone, where the head of the message has gone before them.
    pub(crate) fn pieces(&self, reader: &mut Reader) -> Option<Vec<Chunk>> {
        match self.body(&[], reader)? {
            Body::None => Some(Vec::new()),
            Body::Sized(chunks) | Body::Chunked(chunks) => Some(chunks),
        }
    }

    /// The form of a body and trailers beside these headers.
    pub(crate) fn of(body: &Body, trailers: Option<&[Field]>, headers: &[Field]) -> Self {
        let trailers = trailers.map(|fields| Headers(fields.to_vec()));
        let mut form = Self { trailers, ..Self::default() };
        let (chunks, sized) = match body {
            Body::None => return form,
            Body::Sized(chunks) => (chunks, true),
            Body::Chunked(chunks) => (chunks, false),
        };
        if sized {
            let whole: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.data.iter().copied()).collect();
            let size = chunks.first().map_or(0, |chunk| chunk.data.len() as u64);
            if *chunks == split(&whole, u64::MAX) {
                form.body = Some(whole);
                return form;
            }
            if size > 0 && *chunks == split(&whole, size) {
                (form.body, form.chunk_size) = (Some(whole), Some(Size(size)));
                return form;
            }
        }
        form.chunks = Some(chunks.iter().cloned().map(Piece).collect());
        form.sized = (sized != has_length(headers)).then_some(sized);
        form
    }
}

/// `body` in pieces of `size`, the last one shorter; no piece of an empty body.
fn split(body: &[u8], size: u64) -> Vec<Chunk> {
    let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
    body.chunks(size).map(|data| Chunk { data: data.to_vec(), after: Duration::ZERO }).collect()
}

fn has_length(headers: &[Field]) -> bool {
    headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-length"))
}
