//! Values of properties, their encoding, and the way down into them.
//!
//! Which property there is, and in which callback, is decided in `proxy/`.
//! Serves: Proxy-Wasm ABI v0.2.1, "Properties". Encoding and paths are those of Envoy 1.40, observed.

mod message;

pub use message::{FieldKind, Message};

use super::Duration;
use crate::abi::{Status, pairs::put_length};

/// The value of a property.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyValue {
    /// Text or bytes.
    Bytes(Vec<u8>),
    /// Signed number.
    Int(i64),
    /// Unsigned number.
    Uint(u64),
    /// Floating point number.
    Double(f64),
    /// Truth value.
    Bool(bool),
    /// Nanoseconds since the epoch.
    Timestamp(u64),
    /// Span of time.
    Duration(Duration),
    /// Values by name. Envoy's order is that of a hash; here it is the order given.
    Map(Vec<(Vec<u8>, Self)>),
    /// Values by place.
    List(Vec<Self>),
    /// A protobuf message.
    Message(Message),
    /// Nothing that can be serialized: null, and objects such as the whole of `request`.
    Null,
}

impl PropertyValue {
    /// Puts the encoded value behind what `out` holds: numbers, times (in nanoseconds) and doubles as 8
    /// bytes, little endian; a truth value as one byte; a map as pairs; a list as pairs whose keys are the
    /// elements and whose values are empty. Times that 63 bits cannot say become the last that they can.
    ///
    /// # Errors
    /// [`Status::SerializationFailure`] for null, at any depth; `out` is unchanged.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), Status> {
        let start = out.len();
        self.put(out).inspect_err(|_| out.truncate(start))
    }

    fn put(&self, out: &mut Vec<u8>) -> Result<(), Status> {
        match self {
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
            Self::Int(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Uint(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Double(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Bool(truth) => out.push(u8::from(*truth)),
            Self::Timestamp(nanos) => out.extend_from_slice(&within_i64((*nanos).into()).to_le_bytes()),
            Self::Duration(span) => out.extend_from_slice(&within_i64(span.as_nanos()).to_le_bytes()),
            Self::Map(entries) => {
                let pairs = entries.iter().map(|(key, value)| [Half::Text(key), Half::Value(value)]);
                put_pairs(out, pairs)?;
            }
            Self::List(elements) => {
                put_pairs(out, elements.iter().map(|element| [Half::Value(element), Half::Text(b"")]))?;
            }
            Self::Message(message) => message.encode(out),
            Self::Null => return Err(Status::SerializationFailure),
        }
        Ok(())
    }

    /// The value at `parts` below this one: names in maps, decimal places in lists.
    ///
    /// # Errors
    /// [`Status::NotFound`] when a part is empty, unknown, no place in the list, or lies below a value that
    /// has nothing below it.
    pub fn descend<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Result<&Self, Status> {
        parts.into_iter().try_fold(self, |value, part| value.child(part)).ok_or(Status::NotFound)
    }

    /// Puts `value` at `parts` below this one. What is no map and no message on the way becomes a map; a message keeps
    /// the fields that it has, and answers false for others.
    pub fn insert<'a>(&mut self, mut parts: impl Iterator<Item = &'a [u8]>, value: Self) -> bool {
        let Some(part) = parts.next() else {
            *self = value;
            return true;
        };
        if let Self::Message(message) = self {
            return message.get_mut(part).is_some_and(|field| field.insert(parts, value));
        }
        if !matches!(self, Self::Map(_)) {
            *self = Self::Map(Vec::new());
        }
        let Self::Map(entries) = self else { return false };
        let at = entries.iter().position(|(key, _)| key == part).unwrap_or_else(|| {
            entries.push((part.to_vec(), Self::Null));
            entries.len() - 1
        });
        entries[at].1.insert(parts, value)
    }

    fn child(&self, part: &[u8]) -> Option<&Self> {
        if part.is_empty() {
            return None;
        }
        match self {
            Self::Map(entries) => entries.iter().find(|(key, _)| key == part).map(|(_, value)| value),
            Self::Message(message) => message.get(part),
            Self::List(elements) if part.iter().all(u8::is_ascii_digit) => {
                let place: usize = std::str::from_utf8(part).ok()?.parse().ok()?;
                elements.get(place)
            }
            _ => None,
        }
    }
}

/// The parts of a property's path, which a NUL separates; one at the end is not looked at.
///
/// # Errors
/// [`Status::SerializationFailure`] for the empty path (the ABI text has no status for it).
pub fn path_parts(path: &[u8]) -> Result<impl Iterator<Item = &[u8]> + Clone, Status> {
    if path.is_empty() {
        return Err(Status::SerializationFailure);
    }
    Ok(path.strip_suffix(b"\0").unwrap_or(path).split(|&byte| byte == 0))
}

/// One half of a pair: as it is, or yet to be encoded.
enum Half<'a> {
    Text(&'a [u8]),
    Value(&'a PropertyValue),
}

/// Writes pairs whose lengths are known only once they are encoded: room first, lengths after.
fn put_pairs<'a>(
    out: &mut Vec<u8>,
    pairs: impl ExactSizeIterator<Item = [Half<'a>; 2]>,
) -> Result<(), Status> {
    let head = out.len();
    let mut length_at = head + 4;
    out.resize(length_at + 8 * pairs.len(), 0);
    put_length(out, head, pairs.len());
    for half in pairs.flatten() {
        let start = out.len();
        match half {
            Half::Text(text) => out.extend_from_slice(text),
            Half::Value(value) => value.put(out)?,
        }
        let length = out.len() - start;
        put_length(out, length_at, length);
        length_at += 4;
        out.push(0);
    }
    Ok(())
}

fn within_i64(nanos: u128) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Pairs, pairs};

    fn text(text: &str) -> PropertyValue {
        PropertyValue::Bytes(text.as_bytes().to_vec())
    }

    fn encoded(value: &PropertyValue) -> Vec<u8> {
        let mut out = b"before".to_vec();
        value.encode(&mut out).unwrap();
        out.split_off(6)
    }

    #[test]
    fn scalars_are_raw_or_little_endian() {
        assert_eq!(encoded(&text("")), b"");
        assert_eq!(encoded(&text("a\0b")), b"a\0b");
        assert_eq!(encoded(&PropertyValue::Int(-2)), (-2_i64).to_le_bytes());
        assert_eq!(encoded(&PropertyValue::Uint(200)), [200, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(encoded(&PropertyValue::Double(1.5)), 1.5_f64.to_bits().to_le_bytes());
        assert_eq!(encoded(&PropertyValue::Bool(true)), [1]);
        assert_eq!(encoded(&PropertyValue::Duration(Duration::from_micros(1))), 1000_u64.to_le_bytes());
        assert_eq!(encoded(&PropertyValue::Timestamp(7)), 7_u64.to_le_bytes());
        assert_eq!(encoded(&PropertyValue::Timestamp(u64::MAX)), i64::MAX.to_le_bytes());
        assert_eq!(encoded(&PropertyValue::Duration(Duration::MAX)), i64::MAX.to_le_bytes());
    }

    #[test]
    fn maps_and_lists_are_pairs() {
        let inner = PropertyValue::Map(vec![(b"n".to_vec(), PropertyValue::Bool(false))]);
        let list = PropertyValue::List(vec![text("x"), inner.clone()]);
        let inner_bytes = encoded(&inner);
        assert_eq!(Pairs::parse(&inner_bytes).unwrap().collect::<Vec<_>>(), [(&b"n"[..], &[0_u8][..])]);
        let want: [pairs::Pair<'_>; 2] = [(b"x", b""), (&inner_bytes, b"")];
        assert_eq!(encoded(&list), pairs::serialize(want.into_iter()));
        assert_eq!(encoded(&PropertyValue::Map(Vec::new())), [0; 4]);
    }

    #[test]
    fn null_anywhere_fails_and_leaves_nothing_behind() {
        let deep = PropertyValue::Map(vec![
            (b"a".to_vec(), text("x")),
            (b"b".to_vec(), PropertyValue::List(vec![PropertyValue::Null])),
        ]);
        for value in [PropertyValue::Null, deep] {
            let mut out = b"kept".to_vec();
            assert_eq!(value.encode(&mut out), Err(Status::SerializationFailure));
            assert_eq!(out, b"kept");
        }
    }

    #[test]
    fn a_path_is_split_at_nuls() {
        let parts = |path: &'static [u8]| path_parts(path).map(|parts| parts.collect::<Vec<_>>());
        assert_eq!(parts(b""), Err(Status::SerializationFailure));
        assert_eq!(parts(b"a\0b.c"), Ok(vec![&b"a"[..], b"b.c"]));
        assert_eq!(parts(b"a\0b\0"), Ok(vec![&b"a"[..], b"b"]));
        assert_eq!(parts(b"a\0\0"), Ok(vec![&b"a"[..], b""]));
        assert_eq!(parts(b"\0"), Ok(vec![&b""[..]]));
    }

    #[test]
    fn the_way_down() {
        let list = PropertyValue::List(vec![text("zero"), text("one")]);
        let root = PropertyValue::Map(vec![(b"l".to_vec(), list), (Vec::new(), text("unreachable"))]);
        let down = |path: &[u8]| root.descend(path_parts(path).unwrap()).cloned();
        assert_eq!(down(b"l\x001"), Ok(text("one")));
        assert_eq!(down(b"l\x002"), Err(Status::NotFound));
        for path in [&b"l\0x"[..], b"l\0+1", b"l\0-1", b"l\0", b"l\0\0", b"\0", b"L", b"l\x000\0x"] {
            let want = if path == b"l\0" { Ok(()) } else { Err(Status::NotFound) };
            assert_eq!(down(path).map(|_| ()), want, "{}", path.escape_ascii());
        }
    }
}
