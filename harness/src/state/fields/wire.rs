//! Which bytes may stand in a field on the wire (RFC 9110, sections 5.5 and 5.6.2).
//!
//! A map takes any bytes. What cannot be written is found out where the message is sent; so that this costs nothing for
//! the messages that can, a map remembers whether it was ever given anything else.

/// Whether a name can be written: a token, a pseudo header's name, or nothing.
pub(super) fn name_fits(name: &[u8]) -> bool {
    name.starts_with(b":") || name.iter().fold(true, |fits, byte| fits & TOKEN[usize::from(*byte)])
}

/// Whether a value can be written: no control characters but the tab.
pub(super) fn value_fits(value: &[u8]) -> bool {
    // A tab is looked at closely: there is hardly ever one.
    let plain = match value.last_chunk::<8>() {
        // The last eight may overlap with those before.
        Some(last) => {
            let (words, _) = value.as_chunks::<8>();
            let all = words.iter().chain([last]);
            all.fold(true, |fits, word| fits & is_plain(u64::from_le_bytes(*word)))
        }
        None => value.iter().fold(true, |fits, byte| fits & (*byte >= 0x20) & (*byte != 0x7f)),
    };
    plain || value.iter().all(|byte| (*byte >= 0x20 || *byte == b'\t') && *byte != 0x7f)
}

/// Whether no byte of eight is below 0x20 or is 0x7f.
fn is_plain(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    // A byte from 0 on that something is taken from borrows, and its highest bit, which was clear, is set; the bytes
    // above one that borrows may be taken for others, but then the answer is no already.
    let low = word.wrapping_sub(ONES * 0x20) & !word;
    let other = word ^ (ONES * 0x7f);
    let delete = other.wrapping_sub(ONES) & !other;
    (low | delete) & (ONES * 0x80) == 0
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let character = byte as u8;
        table[byte] = character.is_ascii_alphanumeric()
            || matches!(
                character,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tokens_and_values_have_no_controls() {
        for name in ["", ":path", ": x", "x-a", "A1!#$%&'*+-.^_`|~"] {
            assert!(name_fits(name.as_bytes()), "{name}");
        }
        for name in ["a b", "a:", "\u{e9}", "a\0", "a\"", "a(b"] {
            assert!(!name_fits(name.as_bytes()), "{name}");
        }
        assert!(value_fits(b"") && value_fits(b"a\tb \xff~") && value_fits(b"0123456\t\x80\xff 89abcdef"));
        for byte in (0x20..=0xff_u8).filter(|byte| *byte != 0x7f) {
            assert!(value_fits(&[byte; 17]), "{byte}");
        }
        for byte in (0..=255_u8).filter(|byte| byte.is_ascii_control() && *byte != b'\t') {
            assert!(!value_fits(&[b'a', byte]), "{byte}");
            for place in 0..20 {
                let mut long = [b'a'; 20];
                long[place] = byte;
                assert!(!value_fits(&long), "{byte} at {place}");
            }
        }
    }
}
