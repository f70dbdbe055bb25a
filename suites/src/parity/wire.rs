//! HTTP/1.1 as it stands on the wire, read back from bytes that are kept.
//!
//! Where a message and its parts end is what `httparse` says; what stands in them is kept byte for byte, and a broken message
//! is told as it stands: a line is what is between two line ends, and no name or value is judged.

use httparse::Status;

/// What kind of message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    /// A response; to HEAD it has no body.
    Response {
        head_request: bool,
    },
}

/// A message as far as it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The first line and the fields, a line each.
    pub(super) head: Vec<Vec<u8>>,
    /// Whether the head is there.
    pub(super) has_head: bool,
    /// Chunks of a chunked body; else the body in one piece.
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) chunked: bool,
    pub(super) trailers: Vec<Vec<u8>>,
    /// METADATA frames of HTTP/2, a line each.
    pub(super) metadata: Vec<Vec<u8>>,
    pub(super) complete: bool,
    /// Its stream was reset (HTTP/2).
    pub(super) reset: bool,
    /// Bytes behind the end, or bytes that are no HTTP.
    pub(super) stray: Vec<u8>,
}

impl Message {
    /// The path that a request asks for.
    pub(super) fn path(&self) -> Option<&[u8]> {
        let pseudo = self.head.iter().find_map(|line| line.strip_prefix(b":path: "));
        let line = || self.head.first()?.split(|byte| *byte == b' ').nth(1);
        pseudo.or_else(line)
    }

    /// Takes the borders between the pieces of the body away.
    pub(super) fn join(&mut self) {
        let body = self.pieces.concat();
        self.pieces = if body.is_empty() { Vec::new() } else { vec![body] };
    }

    /// Whether it asks for a connection to somebody.
    pub(super) fn is_connect(&self) -> bool {
        self.head.first().is_some_and(|line| line.starts_with(b"CONNECT "))
    }

    /// Whether it is a request for a head alone.
    pub(super) fn is_head_request(&self) -> bool {
        self.head.first().is_some_and(|line| line.starts_with(b"HEAD "))
            || self.head.iter().any(|line| line == b":method: HEAD")
    }
}

/// Reads a message; `closed` says that no more bytes will come.
pub(super) fn read(raw: &[u8], kind: Kind, closed: bool) -> Message {
    let mut message = Message::default();
    let raw = raw.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(raw);
    let Some(end) = head_end(raw, kind) else {
        message.stray = raw.to_vec();
        return message;
    };
    message.has_head = true;
    let (head, body) = raw.split_at(end);
    message.head = lines(head.strip_suffix(b"\r\n\r\n").unwrap_or(head));
    let chunked = field(&message.head, "transfer-encoding").is_some_and(|value| value.ends_with(b"chunked"));
    if chunked && kind != (Kind::Response { head_request: true }) {
        message.chunked = true;
        chunks(body, &mut message);
        return message;
    }
    let length = field(&message.head, "content-length")
        .and_then(|value| std::str::from_utf8(value).ok()?.trim().parse::<usize>().ok());
    let bodiless = match kind {
        Kind::Request => length.is_none(),
        Kind::Response { head_request } => {
            head_request || (matches!(status(&message.head), Some(204 | 304)) && length.is_none())
        }
    };
    let length = if bodiless { Some(0) } else { length };
    let taken = length.map_or(body.len(), |length| length.min(body.len()));
    if taken > 0 {
        message.pieces.push(body[..taken].to_vec());
    }
    message.stray = body[taken..].to_vec();
    message.complete = length.map_or(closed, |length| taken == length);
    message
}

/// How many bytes the head has; nothing as long as it is not whole. A broken one ends with its first empty line.
fn head_end(raw: &[u8], kind: Kind) -> Option<usize> {
    let mut fields = [httparse::EMPTY_HEADER; 256];
    let parsed = match kind {
        Kind::Request => httparse::Request::new(&mut fields).parse(raw),
        Kind::Response { .. } => httparse::Response::new(&mut fields).parse(raw),
    };
    match parsed {
        Ok(Status::Complete(end)) => Some(end),
        Ok(Status::Partial) => None,
        Err(_) => find(raw, b"\r\n\r\n").map(|at| at + 4),
    }
}

fn chunks(mut rest: &[u8], message: &mut Message) {
    while let Ok(Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        let data = &rest[start..];
        let Ok(size) = usize::try_from(size) else { break };
        if size == 0 {
            // Trailers, and the empty line that ends them.
            let section = &rest[start - 2..];
            let Some(end) = find(section, b"\r\n\r\n") else { break };
            if end > 0 {
                message.trailers = lines(&section[2..end]);
            }
            message.stray = section[end + 4..].to_vec();
            message.complete = true;
            return;
        }
        if data.len() < size + 2 {
            break;
        }
        message.pieces.push(data[..size].to_vec());
        rest = &data[size + 2..];
    }
    message.stray = rest.to_vec();
}

pub(super) fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, b"\r\n") {
        out.push(rest[..at].to_vec());
        rest = &rest[at + 2..];
    }
    out.push(rest.to_vec());
    out
}

fn status(head: &[Vec<u8>]) -> Option<u16> {
    let first = String::from_utf8_lossy(head.first()?).into_owned();
    first.split(' ').nth(1)?.parse().ok()
}

/// The value of the first field of this name.
pub(super) fn field<'a>(head: &'a [Vec<u8>], name: &str) -> Option<&'a [u8]> {
    head.iter().skip(1).find_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        line[..at].eq_ignore_ascii_case(name.as_bytes()).then(|| line[at + 1..].trim_ascii())
    })
}

/// A METADATA frame as a line. Envoy keeps its elements in no order.
pub(super) fn metadata<'a>(elements: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut all: Vec<Vec<u8>> = elements.map(|(name, value)| [name, b": ", value].concat()).collect();
    all.sort();
    all.join(&b", "[..])
}

pub(super) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: Kind = Kind::Response { head_request: false };

    #[test]
    fn chunks_stay_apart_and_trailers_end_them() {
        let raw = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nt: v\r\n\r\nGET";
        let message = read(raw, Kind::Request, false);
        assert_eq!(message.pieces, [b"abc".to_vec(), b"d".to_vec()]);
        assert_eq!(
            (message.trailers, message.complete, &message.stray[..]),
            (vec![b"t: v".to_vec()], true, &b"GET"[..])
        );
        let cut = read(&raw[..raw.len() - 20], Kind::Request, true);
        assert!(!cut.complete);
        assert!(
            read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", RESPONSE, false).complete
        );
    }

    #[test]
    fn what_is_broken_is_told_as_it_stands() {
        let raw = b"HTTP/1.1 200 OK\r\nno field\r\na b: \x01\r\n\r\n";
        let message = read(raw, RESPONSE, true);
        assert_eq!(message.head, [&b"HTTP/1.1 200 OK"[..], b"no field", b"a b: \x01"]);
        assert!(message.has_head && message.complete && message.stray.is_empty());
        let cut = read(&raw[..20], RESPONSE, true);
        assert_eq!((cut.has_head, &cut.stray[..]), (false, &raw[..20]));
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab";
        assert_eq!(read(chunked, RESPONSE, true).stray, b"zz\r\nab");
    }

    #[test]
    fn lengths_are_believed() {
        let raw = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd";
        let message = read(raw, RESPONSE, false);
        assert_eq!(
            (message.pieces, message.complete, &message.stray[..]),
            (vec![b"abc".to_vec()], true, &b"d"[..])
        );
        assert!(!read(&raw[..raw.len() - 2], RESPONSE, true).complete);
        assert!(read(&raw[..raw.len() - 4], Kind::Response { head_request: true }, false).complete);
        assert!(read(b"HTTP/1.1 204 No\r\n\r\n", RESPONSE, false).complete);
        let open = b"HTTP/1.1 200 OK\r\n\r\nabc";
        assert!(!read(open, RESPONSE, false).complete && read(open, RESPONSE, true).complete);
    }
}
