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
    // Every byte is looked at: without a way out early this is done for many bytes at once.
    value.iter().fold(true, |fits, byte| fits & ((*byte >= 0x20) | (*byte == b'\t')) & (*byte != 0x7f))
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
        assert!(value_fits(b"") && value_fits(b"a\tb \xff~"));
        for byte in (0..=255_u8).filter(|byte| byte.is_ascii_control() && *byte != b'\t') {
            assert!(!value_fits(&[b'a', byte]), "{byte}");
        }
    }
}
