//! Protobuf, as far as it crosses the boundary: properties that are messages, arguments and results of foreign functions.
//!
//! Holds the wire format only; what a field number means is said where a message is read or written. Groups, which
//! nobody writes any more, are malformed here.

/// The bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no protobuf message")]
pub struct MalformedMessage;

/// The value of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtoValue<'a> {
    /// Number, truth value or enumeration.
    Varint(u64),
    /// Eight bytes: a double, or a number of fixed size.
    Fixed64([u8; 8]),
    /// Text, bytes, or another message.
    Bytes(&'a [u8]),
    /// Four bytes.
    Fixed32([u8; 4]),
}

/// The fields of a message, in the order in which they were written: number and value.
#[derive(Clone, Debug)]
pub struct ProtoFields<'a>(pub &'a [u8]);

impl<'a> ProtoFields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn field(&mut self) -> Option<(u32, ProtoValue<'a>)> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number))?;
        let value = match key & 7 {
            0 => ProtoValue::Varint(self.varint()?),
            1 => ProtoValue::Fixed64(*self.take(8)?.first_chunk()?),
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                ProtoValue::Bytes(self.take(len)?)
            }
            5 => ProtoValue::Fixed32(*self.take(4)?.first_chunk()?),
            _ => return None,
        };
        Some((number, value))
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}

impl<'a> Iterator for ProtoFields<'a> {
    type Item = Result<(u32, ProtoValue<'a>), MalformedMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or(MalformedMessage);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Appends a number without a key.
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field that holds a number, a truth value or an enumeration; zero as well.
pub fn put_number(out: &mut Vec<u8>, field: u32, value: u64) {
    put_varint(out, u64::from(field) << 3);
    put_varint(out, value);
}

/// Appends a field that holds text, bytes or a message; an empty one as well.
pub fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_varint(out, u64::from(field) << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a field that holds a double.
pub fn put_double(out: &mut Vec<u8>, field: u32, value: f64) {
    put_varint(out, u64::from(field) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut out = Vec::new();
        put_number(&mut out, 1, 300);
        put_bytes(&mut out, 2, b"text");
        put_double(&mut out, 16, 1.5);
        put_number(&mut out, 3, u64::MAX);
        assert_eq!(out[..9], *b"\x08\xac\x02\x12\x04text");
        let want = [
            Ok((1, ProtoValue::Varint(300))),
            Ok((2, ProtoValue::Bytes(b"text"))),
            Ok((16, ProtoValue::Fixed64(1.5_f64.to_le_bytes()))),
            Ok((3, ProtoValue::Varint(u64::MAX))),
        ];
        assert_eq!(ProtoFields(&out).collect::<Vec<_>>(), want);
    }

    #[test]
    fn what_is_no_message_ends_in_one_error() {
        for bytes in [
            &b"\x08"[..],                                    // no value
            b"\x12\x05text",                                 // too short
            b"\x00\x01",                                     // field zero
            b"\x0b",                                         // a group
            b"\x0f\x00",                                     // no such wire type
            b"\x0d\x01\x02\x03",                             // too short for four bytes
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", // a number without end
        ] {
            let last = ProtoFields(bytes).last();
            assert_eq!(last, Some(Err(MalformedMessage)), "{bytes:?}");
        }
        assert_eq!(ProtoFields(b"").next(), None);
    }
}
