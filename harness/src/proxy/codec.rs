//! What Envoy's codecs refuse before any plugin sees it (1.40, observed).
//!
//! The stream exists all the same: each plugin gets a context, `proxy_on_log`, `proxy_on_done` and `proxy_on_delete`.

use super::Proxy;
use super::reply::LocalReply;
use super::upgrade::{connects, has_port};
use crate::state::{Buffer, Fields, Protocol, Request, names};

/// Methods that the codec knows. Case counts.
const METHODS: [&str; 34] = [
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "MSEARCH",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// Bytes that the head of a request may have, from its first letter to the empty line.
const MOST_BYTES: usize = 60 * 1024;

/// Fields that a request may have, `host` included.
const MOST_FIELDS: usize = 100;

/// The answer to a request that the codec refuses. `length` is the content-length that the client adds to the fields.
pub(super) fn refusal(request: &Request, length: Option<usize>) -> Option<LocalReply> {
    if request.protocol != Protocol::Http1 {
        return None;
    }
    let host = !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"host"));
    let mut fields = request.headers.len() + usize::from(host);
    let mut bytes = request.method.len() + request.path.len() + "  HTTP/1.1\r\n\r\n".len();
    bytes += request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    if host {
        bytes += "host: \r\n".len() + request.authority.len();
    }
    if let Some(length) = length {
        fields += 1;
        bytes += "content-length: \r\n".len() + length.to_string().len();
    }
    let known = METHODS.iter().any(|method| method.as_bytes() == request.method);
    if !known || (connects(request) && !has_port(&request.authority)) {
        return Some(LocalReply::own(400, "Bad Request", "http1.codec_error"));
    }
    let too_large = |details| Some(LocalReply::own(431, "Request Header Fields Too Large", details));
    match (bytes > MOST_BYTES, fields > MOST_FIELDS) {
        (true, _) => too_large("http1.headers_too_large"),
        (_, true) => too_large("http1.too_many_headers"),
        _ => None,
    }
}

/// What an upstream did whose answer the codec refuses.
pub(super) const PROTOCOL_ERROR: &str = "protocol error";

/// Whether the codec refuses the head of an answer: a 204 that announces a body. That it announces none is taken away.
pub(super) fn refuses_answer(fields: &mut Fields, status: u16) -> bool {
    if status != 204 {
        return false;
    }
    if fields.get_known(names::CONTENT_LENGTH) == Some(b"0") {
        fields.remove_known(names::CONTENT_LENGTH);
    }
    fields.has(names::CONTENT_LENGTH) || fields.has(names::TRANSFER_ENCODING)
}

/// Bytes that a connection reads at a time.
const READ: usize = 16 * 1024;

impl Proxy {
    /// Cuts off what a connection does not read in one turn: it reads by [`READ`] until it has as much as its buffer
    /// may hold.
    pub(super) fn beyond_one_read(&self, bytes: &mut Buffer) -> Option<Buffer> {
        let turn = self.options.buffer_limit.max(1).next_multiple_of(READ);
        (bytes.len() > turn).then(|| bytes.split_off(turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(request: &Request) -> Option<u16> {
        refusal(request, None).map(|reply| reply.status)
    }

    #[test]
    fn what_the_codec_cannot_read_is_refused() {
        assert_eq!(status(&Request::get("/")), None);
        assert_eq!(status(&Request::new("BREW", "/")), Some(400));
        assert_eq!(status(&Request::new("get", "/")), Some(400));
        assert_eq!(status(&Request::new("BREW", "/").http2()), None);
    }

    #[test]
    fn a_204_announces_no_body() {
        let refused = |name: &str, value: &str| {
            let mut fields = Fields::response();
            fields.add(b":status", b"204");
            fields.add(name.as_bytes(), value.as_bytes());
            (refuses_answer(&mut fields, 204), fields.get(name.as_bytes()).is_some())
        };
        assert_eq!(refused("content-length", "0"), (false, false));
        assert_eq!(refused("content-length", "3"), (true, true));
        assert_eq!(refused("transfer-encoding", "chunked"), (true, true));
        assert_eq!(refused("x-other", "1"), (false, true));
    }

    #[test]
    fn heads_end_at_60_kib_and_100_fields() {
        let long = |bytes: usize| Request::get("/").header("x-long", vec![b'a'; bytes]);
        assert_eq!(status(&long(61_395)), None);
        assert_eq!(status(&long(61_396)), Some(431));
        let many = |count: usize| {
            (0..count).fold(Request::get("/"), |request, at| request.header(format!("h{at}"), "a"))
        };
        assert_eq!(status(&many(99)), None);
        assert_eq!(status(&many(100)), Some(431));
    }
}
