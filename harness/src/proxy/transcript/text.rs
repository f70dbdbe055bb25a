//! Bytes as text that can be read, compared and read back.

use std::fmt::Write as _;

/// The longest run of bytes shown whole; of longer ones both ends are shown, with the length.
const WHOLE: usize = 1024;

/// Printable text as it is, everything else as `\n`, `\t`, `\xff`; the backslash doubled. Long runs of bytes are shown by
/// their first and last 64 bytes, their length and a checksum, so that two different bodies never look the same.
#[must_use]
pub fn show_bytes(bytes: &[u8]) -> String {
    if bytes.len() <= WHOLE {
        return escape(bytes);
    }
    let (head, tail) = (&bytes[..64], &bytes[bytes.len() - 64..]);
    format!("{} … {} ({} bytes, fnv {:016x})", escape(head), escape(tail), bytes.len(), fnv(bytes))
}

pub(super) fn escape(bytes: &[u8]) -> String {
    if bytes.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~') & (*byte != b'\\')) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\\' => out.push_str("\\\\"),
                c if c.is_control() => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        let _ = write!(out, "\\x{byte:02x}");
                    }
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// FNV-1a, 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>. Not against an adversary, only against a mistake.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bytes_and_bytes_that_are_no_utf8_are_escaped() {
        assert_eq!(show_bytes(b" a~"), " a~");
        assert_eq!(show_bytes(b"a\x7f"), "a\\x7f");
        assert_eq!(show_bytes(b"a\\"), "a\\\\");
        assert_eq!(show_bytes(b"a\tb\\\x00\xff\xc3\xa9"), "a\\tb\\\\\\x00\\xff\u{e9}");
    }

    #[test]
    fn long_runs_differ_by_their_checksum() {
        let (mut a, b) = (vec![b'a'; 5000], vec![b'a'; 5000]);
        a[2500] = b'b';
        assert_ne!(show_bytes(&a), show_bytes(&b));
    }
}
