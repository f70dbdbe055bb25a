//! HTTP/2 on a connection of ours, as far as a peer needs it that decides over each of its frames.
//!
//! Settings, pings and windows are answered at once; what streams bring is kept. Sends no more than a window that
//! Envoy's defaults never let run out: bodies of scenarios are small.

use std::collections::BTreeMap;

use loona_hpack::{Decoder, Encoder};

use super::wire::{self, Message};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The most bytes of a frame that a peer takes unless it says otherwise.
pub(super) const MAX_FRAME: usize = 16384;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
/// Envoy's own: a header block that belongs to no message.
const METADATA: u8 = 0x4d;
const END_METADATA: u8 = 4;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// `CANCEL`: what a peer says that no longer wants a stream.
const CANCEL: u32 = 8;

/// A field of a header block.
pub(super) type HeaderField = (Vec<u8>, Vec<u8>);

/// The most bytes of a name or value in a METADATA frame: what a length of one byte tells.
pub(super) const MAX_ELEMENT: usize = 126;

/// Our end of a connection.
pub(super) struct Connection {
    decoder: Decoder<'static>,
    encoder: Encoder<'static>,
    /// What has come and is no whole frame yet.
    rest: Vec<u8>,
    /// The client's preface is still to come.
    preface: bool,
    /// What has to be written at once.
    out: Vec<u8>,
    streams: BTreeMap<u32, Message>,
    /// A header block that goes on in the next frame.
    block: Option<(u32, bool, Vec<u8>)>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("streams", &self.streams).finish_non_exhaustive()
    }
}

impl Connection {
    /// The client's end.
    pub(super) fn client() -> Self {
        let mut connection = Self::new(false);
        connection.out.extend_from_slice(PREFACE);
        connection.frame(SETTINGS, 0, 0, &[]);
        connection
    }

    /// The server's end.
    pub(super) fn server() -> Self {
        let mut connection = Self::new(true);
        connection.frame(SETTINGS, 0, 0, &[]);
        connection
    }

    fn new(preface: bool) -> Self {
        Self {
            decoder: Decoder::new(),
            encoder: Encoder::new(),
            rest: Vec::new(),
            preface,
            out: Vec::new(),
            streams: BTreeMap::new(),
            block: None,
        }
    }

    /// What has to be written at once.
    pub(super) fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What has come on each stream.
    pub(super) fn streams(&self) -> &BTreeMap<u32, Message> {
        &self.streams
    }

    /// What has come on a stream.
    pub(super) fn message(&self, stream: u32) -> Message {
        self.streams.get(&stream).cloned().unwrap_or_default()
    }

    /// Reads what has come.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        if self.preface {
            if self.rest.len() < PREFACE.len() {
                return;
            }
            self.rest.drain(..PREFACE.len());
            self.preface = false;
        }
        while self.rest.len() >= 9 {
            let length =
                usize::from(self.rest[0]) << 16 | usize::from(self.rest[1]) << 8 | usize::from(self.rest[2]);
            if self.rest.len() < 9 + length {
                return;
            }
            let frame: Vec<u8> = self.rest.drain(..9 + length).collect();
            let stream = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]) & 0x7fff_ffff;
            self.received(frame[3], frame[4], stream, &frame[9..]);
        }
    }

    fn received(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        match kind {
            SETTINGS if flags & ACK == 0 => self.frame(SETTINGS, ACK, 0, &[]),
            PING if flags & ACK == 0 => self.frame(PING, ACK, 0, payload),
            METADATA => {
                // Never in pieces: those of scenarios are small. Envoy writes them without a dynamic table.
                let message = self.streams.entry(stream).or_default();
                match Decoder::new().decode(payload) {
                    Ok(elements) => {
                        let pairs = elements.iter().map(|(name, value)| (&name[..], &value[..]));
                        message.metadata.push(wire::metadata(pairs));
                    }
                    Err(_) => message.stray = b"a METADATA frame that cannot be decoded".to_vec(),
                }
            }
            RST_STREAM => self.streams.entry(stream).or_default().reset = true,
            DATA => {
                let data = unpadded(flags, payload);
                let message = self.streams.entry(stream).or_default();
                if !data.is_empty() {
                    message.pieces.push(data.to_vec());
                }
                message.complete |= flags & END_STREAM != 0;
                if !payload.is_empty() {
                    // What has been taken may come again, for the stream and for all of them.
                    let taken = (payload.len() as u32).to_be_bytes();
                    self.frame(WINDOW_UPDATE, 0, 0, &taken);
                    self.frame(WINDOW_UPDATE, 0, stream, &taken);
                }
            }
            HEADERS => {
                let payload = unpadded(flags, payload);
                let fields =
                    if flags & PRIORITY != 0 { payload.get(5..).unwrap_or_default() } else { payload };
                self.block = Some((stream, flags & END_STREAM != 0, fields.to_vec()));
                self.block_ends(flags);
            }
            CONTINUATION => {
                if let Some((_, _, block)) = &mut self.block {
                    block.extend_from_slice(payload);
                }
                self.block_ends(flags);
            }
            _ => {}
        }
    }

    fn block_ends(&mut self, flags: u8) {
        if flags & END_HEADERS == 0 {
            return;
        }
        let Some((stream, end, block)) = self.block.take() else { return };
        let message = self.streams.entry(stream).or_default();
        let Ok(fields) = self.decoder.decode(&block) else {
            message.stray = b"a header block that cannot be decoded".to_vec();
            return;
        };
        // An interim response is no response.
        if fields
            .iter()
            .any(|(name, value)| name == b":status" && value.starts_with(b"1") && value.len() == 3)
        {
            return;
        }
        let lines = fields.iter().map(|(name, value)| [name, &b": "[..], value].concat());
        if message.has_head {
            message.trailers.extend(lines);
        } else {
            message.has_head = true;
            message.chunked = true;
            message.head = std::iter::once(FIRST_LINE.to_vec()).chain(lines).collect();
        }
        message.complete |= end;
    }

    /// A header block: the head of a message, or its trailers.
    pub(super) fn headers(&mut self, stream: u32, fields: &[HeaderField], end: bool) -> Vec<u8> {
        let block = self.encoder.encode(fields.iter().map(|(name, value)| (&name[..], &value[..])));
        let mut out = Vec::new();
        let mut kind = HEADERS;
        let mut pieces = block.chunks(MAX_FRAME).peekable();
        loop {
            let piece = pieces.next().unwrap_or_default();
            let last = pieces.peek().is_none();
            let flags =
                if last { END_HEADERS } else { 0 } | if end && kind == HEADERS { END_STREAM } else { 0 };
            put_frame(&mut out, kind, flags, stream, piece);
            kind = CONTINUATION;
            if last {
                return out;
            }
        }
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        put_frame(&mut self.out, kind, flags, stream, payload);
    }
}

/// What stands for the first line of a head, which HTTP/2 has not.
pub(super) const FIRST_LINE: &[u8] = b"HTTP/2";

/// A piece of a body.
pub(super) fn data(stream: u32, bytes: &[u8], end: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pieces = bytes.chunks(MAX_FRAME).peekable();
    loop {
        let piece = pieces.next().unwrap_or_default();
        let last = pieces.peek().is_none();
        put_frame(&mut out, DATA, if end && last { END_STREAM } else { 0 }, stream, piece);
        if last {
            return out;
        }
    }
}

/// A METADATA frame: its elements as they are, named anew in each.
pub(super) fn metadata(stream: u32, elements: &[HeaderField]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in elements {
        block.push(0);
        for text in [name, value] {
            // A length in seven bits, without Huffman's code.
            block.push(text.len() as u8);
            block.extend_from_slice(text);
        }
    }
    let mut out = Vec::new();
    put_frame(&mut out, METADATA, END_METADATA, stream, &block);
    out
}

/// The end of a stream that is no longer wanted.
pub(super) fn reset(stream: u32) -> Vec<u8> {
    let mut out = Vec::new();
    put_frame(&mut out, RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
    out
}

fn put_frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

fn unpadded(flags: u8, payload: &[u8]) -> &[u8] {
    if flags & PADDED == 0 {
        return payload;
    }
    let Some((&padding, rest)) = payload.split_first() else { return payload };
    &rest[..rest.len().saturating_sub(usize::from(padding))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &str) -> HeaderField {
        (name.into(), value.into())
    }

    #[test]
    fn what_one_end_writes_the_other_reads() {
        let (mut client, mut server) = (Connection::client(), Connection::server());
        let mut bytes = client.take_out();
        let big = "v".repeat(2 * MAX_FRAME);
        bytes.extend(client.headers(1, &[field(":method", "POST"), field("x-big", &big)], false));
        bytes.extend(data(1, b"abc", false));
        bytes.extend(data(1, b"", false));
        bytes.extend(metadata(1, &[field("b", "2"), field("a", "1")]));
        bytes.extend(client.headers(1, &[field("x-t", "1")], true));
        bytes.extend(client.headers(3, &[field(":method", "GET")], true));
        bytes.extend(reset(3));
        // However the bytes are cut.
        for byte in bytes {
            server.read(&[byte]);
        }
        let message = server.message(1);
        assert_eq!(message.head[1], b":method: POST");
        assert_eq!(message.head[2].len(), "x-big: ".len() + big.len());
        assert_eq!((message.pieces, message.trailers), (vec![b"abc".to_vec()], vec![b"x-t: 1".to_vec()]));
        assert_eq!(message.metadata, [b"a: 1, b: 2".to_vec()]);
        assert!(message.complete && !message.reset);
        assert!(server.message(3).complete && server.message(3).reset);
        // Settings are acknowledged, and what was taken is given back.
        client.read(&server.take_out());
        assert!(!client.take_out().is_empty());
    }
}
