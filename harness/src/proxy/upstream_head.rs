//! The request's head as it leaves the proxy: whether a route takes it, whether it can be sent, how its end is told.

use super::reply::LocalReply;
use crate::state::Fields;

/// Whether the route of the test matches: everything with an absolute path does, as long as the proxy can tell the
/// scheme (Envoy 1.40, observed: without `x-forwarded-proto` no route matches), and `CONNECT`, which has no path.
pub(super) fn routed(fields: &Fields) -> bool {
    let path = fields.get(b":path").is_some_and(|path| path.first() == Some(&b'/'));
    (path || fields.get(b":method") == Some(b"CONNECT")) && fields.get(b"x-forwarded-proto").is_some()
}

/// Why the head cannot be sent upstream, as the answer that the client gets.
pub(super) fn refusal(fields: &Fields) -> Option<LocalReply> {
    let message = if fields.get(b":method").is_none() {
        "missing required header: :method".to_owned()
    } else if fields.get(b":method") == Some(b"CONNECT") && fields.get(b":path").is_some() {
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
    if wire.get(b"content-length").is_some() {
        return;
    }
    if !end_stream {
        wire.add(b"transfer-encoding", b"chunked");
    } else if !matches!(wire.get(b":method"), Some(b"GET" | b"HEAD" | b"DELETE" | b"TRACE")) {
        wire.add(b"content-length", b"0");
    }
}
