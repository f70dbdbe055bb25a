//! gRPC over HTTP/2: messages in frames, the status in trailers.
//!
//! Serves: gRPC over HTTP2, "Length-Prefixed-Message"; "HTTP to gRPC Status Code Mapping". What Envoy makes of frames and
//! statuses that are wrong is observed (1.40).

use crate::state::Fields;

/// Status of a call whose answer cannot be understood.
pub(super) const INTERNAL: u32 = 13;
/// Status of a call whose answer has none.
pub(super) const UNKNOWN: u32 = 2;

/// Bytes of a length-prefixed message before the message itself: a flag and a length.
const PREFIX: usize = 5;

/// The bytes are no frames, or a frame is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoFrame;

/// Takes the next whole message off `bytes`.
pub(super) fn next_message(bytes: &mut Vec<u8>) -> Result<Option<Vec<u8>>, NoFrame> {
    let Some(&flags) = bytes.first() else { return Ok(None) };
    if flags > 1 {
        return Err(NoFrame);
    }
    let Some(length) = bytes.get(1..PREFIX) else { return Ok(None) };
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    if bytes.len() - PREFIX < length {
        return Ok(None);
    }
    if flags == 1 && length > 0 {
        return Err(NoFrame);
    }
    let message = bytes[PREFIX..PREFIX + length].to_vec();
    bytes.drain(..PREFIX + length);
    Ok(Some(message))
}

/// The status in trailers; nothing when they have none. A number that names no status is `u32::MAX`.
pub(super) fn status(trailers: &Fields) -> Option<u32> {
    let number = trailers.get(b"grpc-status")?;
    let known =
        std::str::from_utf8(number).ok().and_then(|text| text.parse().ok()).filter(|status| *status <= 16);
    Some(known.unwrap_or(u32::MAX))
}

/// The status that stands for an HTTP status.
pub(super) fn of_http(status: u16) -> u32 {
    match status {
        400 => INTERNAL,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_or_not_yet() {
        let mut bytes = b"\0\0\0\0\x02hi\0\0\0\0\0\0\0\0\0\x03no".to_vec();
        assert_eq!(next_message(&mut bytes), Ok(Some(b"hi".to_vec())));
        assert_eq!(next_message(&mut bytes), Ok(Some(Vec::new())));
        assert_eq!(next_message(&mut bytes), Ok(None));
        bytes.push(b't');
        assert_eq!(next_message(&mut bytes), Ok(Some(b"not".to_vec())));
        assert_eq!(next_message(&mut bytes), Ok(None));
    }

    #[test]
    fn what_is_no_frame_shows_at_its_first_byte() {
        for bytes in [&b"hello"[..], b"\x01\0\0\0\x01x", b"{"] {
            assert_eq!(next_message(&mut bytes.to_vec()), Err(NoFrame));
        }
    }

    #[test]
    fn statuses() {
        let of = |value: &str| {
            let mut trailers = Fields::trailers();
            trailers.add(b"grpc-status", value.as_bytes());
            status(&trailers)
        };
        assert_eq!(
            (of("0"), of("16"), of("17"), of("x")),
            (Some(0), Some(16), Some(u32::MAX), Some(u32::MAX))
        );
        assert_eq!(status(&Fields::trailers()), None);
    }
}
