//! The request's head as it leaves the proxy: whether a route takes it, whether it can be sent, how its end is told.

use super::reply::LocalReply;
use crate::state::{Fields, names};

/// Whether the route of the test matches: everything with an absolute path does, as long as the proxy can tell the
/// scheme (Envoy 1.40, observed: without `x-forwarded-proto` no route matches), and `CONNECT`, which has no path.
pub(super) fn routed(fields: &Fields) -> bool {
    let path = fields.get_known(names::PATH).is_some_and(|path| path.first() == Some(&b'/'));
    (path || fields.get_known(names::METHOD) == Some(b"CONNECT")) && fields.has(names::FORWARDED_PROTO)
}

/// Why the head cannot be sent upstream, as the answer that the client gets.
pub(super) fn refusal(fields: &Fields) -> Option<LocalReply> {
    let message = if !fields.has(names::METHOD) {
        "missing required header: :method".to_owned()
    } else if fields.get_known(names::METHOD) == Some(b"CONNECT") && fields.has(names::PATH) {
        "missing required header: :protocol".to_owned()
    } else {
        unfit(fields)?
    };
    let details = message.replace([' ', '\t', '\n', '\r'], "_");
    Some(LocalReply::own(503, &message, &format!("filter_removed_required_request_headers{{{details}}}")))
}

/// What no message may have as a name or a value, in Envoy's words.
pub(super) fn unfit(fields: &Fields) -> Option<String> {
    if fields.fits_the_wire() {
        return None;
    }
    fields.iter().find_map(|(name, value)| {
        let shown = String::from_utf8_lossy(name).into_owned();
        if !name.starts_with(b":") && !name.is_empty() && !name.iter().all(|byte| is_token(*byte)) {
            Some(format!("invalid header name: {shown}"))
        } else if value.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
            Some(format!("invalid header value for: {shown}"))
        } else {
            None
        }
    })
}

/// A byte that may stand in a field name (RFC 9110, section 5.6.2, "token").
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// How HTTP/1.1 tells the end of a request.
pub(super) fn frame(wire: &mut Fields, end_stream: bool) {
    if wire.has(names::CONTENT_LENGTH) {
        return;
    }
    if !end_stream {
        wire.add_known(names::TRANSFER_ENCODING, b"chunked");
    } else if !matches!(wire.get_known(names::METHOD), Some(b"GET" | b"HEAD" | b"DELETE" | b"TRACE")) {
        wire.add_known(names::CONTENT_LENGTH, b"0");
    }
}
