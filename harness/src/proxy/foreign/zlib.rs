//! `compress` and `uncompress`: zlib streams (RFC 1950).
//!
//! Envoy 1.40 is built with zlib-ng, whose streams are not those of zlib; zlib-rs chooses as zlib-ng does, so that the
//! bytes are Envoy's (observed).

use zlib_rs::{DeflateConfig, InflateConfig, ReturnCode, compress_bound, compress_slice, decompress_slice};

/// What a plugin may make the host keep for one result, in bytes: more than any plugin has memory for.
const MOST: usize = 1 << 29;

/// The stream for `bytes`, at zlib's default level.
pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; compress_bound(bytes.len())];
    let (written, code) = compress_slice(&mut out, bytes, DeflateConfig::default());
    assert_eq!(code, ReturnCode::Ok, "zlib's bound holds");
    let written = written.len();
    out.truncate(written);
    out
}

/// The bytes of a stream; what follows it is not looked at. Nothing for what is no stream, or is cut short.
pub(super) fn uncompress(stream: &[u8]) -> Option<Vec<u8>> {
    let mut room = (stream.len() * 4).max(1 << 12);
    loop {
        let mut out = vec![0; room];
        let (written, code) = decompress_slice(&mut out, stream, InflateConfig::default());
        let written = written.len();
        match code {
            ReturnCode::Ok => {
                out.truncate(written);
                return Some(out);
            }
            // The room was too small.
            ReturnCode::BufError if written == room && room < MOST => room *= 4,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// As Envoy 1.40 writes them.
    #[test]
    fn streams_are_envoys() {
        for (bytes, want) in [
            (&b""[..], "789c030000000001"),
            (b"x", "789cab000000790079"),
            (b"hello", "789ccb48cdc9c90700062c0215"),
            (&[b'a'; 1000], "789c4b4c1c05a36014240e730000f9d87af8"),
        ] {
            assert_eq!(hex(&compress(bytes)), want);
            assert_eq!(uncompress(&compress(bytes)).as_deref(), Some(bytes));
        }
        let text: Vec<u8> = (0..40).flat_map(|_| 0..=255).collect();
        assert_eq!(compress(&text).len(), 394);
        let text: Vec<u8> = (0..5000_u64).map(|i| ((i * i * 7 + i / 3) % 251) as u8).collect();
        assert_eq!(hex(&compress(&text))[..32], *"789ced98572fb30100468baa1984d62a");
        assert_eq!(compress(&text).len(), 845);
    }

    #[test]
    fn what_is_no_stream() {
        let stream = compress(b"hello");
        assert_eq!(uncompress(b""), None);
        assert_eq!(uncompress(b"bad"), None);
        assert_eq!(uncompress(&stream[..stream.len() - 2]), None);
        assert_eq!(uncompress(&[&stream[..], b"more"].concat()).as_deref(), Some(&b"hello"[..]));
        let mut wrong_sum = stream;
        *wrong_sum.last_mut().unwrap() ^= 1;
        assert_eq!(uncompress(&wrong_sum), None);
    }

    #[test]
    fn a_stream_may_hold_much_more_than_its_length() {
        let much = vec![b'a'; 1_000_000];
        assert_eq!(uncompress(&compress(&much)), Some(much));
    }
}
