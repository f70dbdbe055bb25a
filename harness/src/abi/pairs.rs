//! The serialization of header maps, and of maps and lists among the properties.
//!
//! A list of pairs is: the number of pairs; for each pair the length of its key and of its value; then
//! for each pair the key, a NUL, the value, a NUL. Numbers are 32 bits, little endian.
//!
//! Holds the byte format only. What a malformed list means for a call is the caller's business.
//! Serves: Proxy-Wasm ABI v0.2.1, "Serialization". The limits are those of Envoy 1.40.

/// One key and its value.
pub type Pair<'a> = (&'a [u8], &'a [u8]);

/// Most pairs that a list from the guest may have (Envoy 1.40, observed).
pub const MAX_PAIRS: usize = 1024;

/// Most bytes that a list from the guest may take (Envoy 1.40, from its source).
pub const MAX_PAIRS_BYTES: usize = 1 << 20;

/// Why bytes from the guest are not a list of pairs. Positions count pairs from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPairs {
    /// More than [`MAX_PAIRS_BYTES`].
    #[error("{0} bytes are more than the limit of {MAX_PAIRS_BYTES}")]
    TooManyBytes(usize),
    /// The bytes end before the number of pairs or before the last length. No bytes at all count as this.
    #[error("{0} bytes are too few for the number of pairs and their lengths")]
    Truncated(usize),
    /// More than [`MAX_PAIRS`].
    #[error("{0} pairs are more than the limit of {MAX_PAIRS}")]
    TooManyPairs(u32),
    /// A key or value ends beyond the bytes.
    #[error("pair {0} ends beyond the data")]
    BeyondData(usize),
    /// A key or value is not followed by a NUL.
    #[error("pair {0} lacks a NUL after its key or its value")]
    MissingNul(usize),
    /// Bytes follow the last pair.
    #[error("{0} bytes follow the last pair")]
    TrailingBytes(usize),
}

/// A list of pairs in serialized form, known to be well formed, decoded one by one.
#[derive(Clone, Debug, Default)]
pub struct Pairs<'a> {
    lengths: &'a [u8],
    data: &'a [u8],
}

impl<'a> Pairs<'a> {
    /// Checks the whole of `bytes`, so that iterating cannot fail. Copies nothing.
    ///
    /// # Errors
    /// As [`MalformedPairs`] says.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MalformedPairs> {
        if bytes.len() > MAX_PAIRS_BYTES {
            return Err(MalformedPairs::TooManyBytes(bytes.len()));
        }
        let truncated = MalformedPairs::Truncated(bytes.len());
        let (number, rest) = bytes.split_first_chunk().ok_or(truncated)?;
        let number = u32::from_le_bytes(*number);
        let count = number as usize;
        if count > MAX_PAIRS {
            return Err(MalformedPairs::TooManyPairs(number));
        }
        let (lengths, data) = rest.split_at_checked(count * 8).ok_or(truncated)?;
        let mut left = data;
        for position in 0..count {
            for half in 0..2 {
                let length = length_at(lengths, position * 8 + half * 4);
                let text = left.split_at_checked(length).ok_or(MalformedPairs::BeyondData(position))?.1;
                left = match text.split_first() {
                    Some((0, after)) => after,
                    Some(_) => return Err(MalformedPairs::MissingNul(position)),
                    None => return Err(MalformedPairs::BeyondData(position)),
                };
            }
        }
        if left.is_empty() {
            Ok(Self { lengths, data })
        } else {
            Err(MalformedPairs::TrailingBytes(left.len()))
        }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let (lengths, later) = self.lengths.split_at_checked(8)?;
        let (key, rest) = self.data.split_at(length_at(lengths, 0));
        let (value, rest) = rest[1..].split_at(length_at(lengths, 4));
        self.lengths = later;
        self.data = &rest[1..];
        Some((key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.lengths.len() / 8;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Pairs<'_> {}

fn length_at(lengths: &[u8], at: usize) -> usize {
    let bytes = [lengths[at], lengths[at + 1], lengths[at + 2], lengths[at + 3]];
    u32::from_le_bytes(bytes) as usize
}

/// Bytes that [`serialize_into`] writes for `pairs`.
pub fn serialized_len<'a>(pairs: impl IntoIterator<Item = Pair<'a>>) -> usize {
    pairs.into_iter().fold(4, |sum, (key, value)| sum + 10 + key.len() + value.len())
}

/// Writes `pairs` to the start of `out` and returns the number of bytes written. Does not allocate.
///
/// The limits on lists from the guest do not hold in this direction.
///
/// # Panics
/// If `out` is shorter than [`serialized_len`], or a key or value has 4 GiB or more.
pub fn serialize_into<'a>(pairs: impl Iterator<Item = Pair<'a>> + Clone, out: &mut [u8]) -> usize {
    let count = pairs.clone().count();
    put_length(out, 0, count);
    let mut lengths = 4;
    let mut data = 4 + count * 8;
    for (key, value) in pairs {
        put_length(out, lengths, key.len());
        put_length(out, lengths + 4, value.len());
        lengths += 8;
        for text in [key, value] {
            let end = data + text.len();
            out[data..end].copy_from_slice(text);
            out[end] = 0;
            data = end + 1;
        }
    }
    data
}

/// `pairs` in serialized form.
#[must_use]
pub fn serialize<'a>(pairs: impl Iterator<Item = Pair<'a>> + Clone) -> Vec<u8> {
    let mut out = vec![0; serialized_len(pairs.clone())];
    serialize_into(pairs, &mut out);
    out
}

/// Writes `length` as a number of the format at `at`.
///
/// # Panics
/// If `out` ends before, or `length` needs more than 32 bits (a guest's memory holds no such text).
pub(crate) fn put_length(out: &mut [u8], at: usize, length: usize) {
    let number = u32::try_from(length).expect("a text of 4 GiB or more");
    out[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TWO: &[u8] = b"\x02\0\0\0\x01\0\0\0\x02\0\0\0\x00\0\0\0\x00\0\0\0a\0bc\0\0\0";

    fn list(pairs: &[(Vec<u8>, Vec<u8>)]) -> impl Iterator<Item = Pair<'_>> + Clone {
        pairs.iter().map(|(key, value)| (&key[..], &value[..]))
    }

    #[test]
    fn the_format_is_count_lengths_then_texts_with_nuls() {
        let pairs: [Pair<'_>; 2] = [(b"a", b"bc"), (b"", b"")];
        assert_eq!(serialize(pairs.into_iter()), TWO);
        assert_eq!(Pairs::parse(TWO).unwrap().collect::<Vec<_>>(), pairs);
    }

    #[test]
    fn four_zero_bytes_are_the_empty_list() {
        assert_eq!(Pairs::parse(&[0; 4]).unwrap().len(), 0);
        assert_eq!(serialize(std::iter::empty()), [0; 4]);
    }

    #[test]
    fn malformed_lists_are_told_apart() {
        let parse = |bytes: &[u8]| Pairs::parse(bytes).map(|_| ()).unwrap_err();
        assert_eq!(parse(b""), MalformedPairs::Truncated(0));
        assert_eq!(parse(b"\x01\0\0"), MalformedPairs::Truncated(3));
        assert_eq!(parse(&TWO[..19]), MalformedPairs::Truncated(19));
        assert_eq!(parse(&TWO[..TWO.len() - 1]), MalformedPairs::BeyondData(1));
        let mut longer = TWO.to_vec();
        longer.push(0);
        assert_eq!(parse(&longer), MalformedPairs::TrailingBytes(1));
        let mut wide = TWO.to_vec();
        wide[7] = 0xff;
        assert_eq!(parse(&wide), MalformedPairs::BeyondData(0));
        let mut joined = TWO.to_vec();
        joined[21] = b'x';
        assert_eq!(parse(&joined), MalformedPairs::MissingNul(0));
        assert_eq!(parse(&[0xff; 4]), MalformedPairs::TooManyPairs(u32::MAX));
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        let empty: Pair<'_> = (b"", b"");
        assert_eq!(Pairs::parse(&serialize(vec![empty; MAX_PAIRS].into_iter())).unwrap().len(), MAX_PAIRS);
        let over = serialize(vec![empty; MAX_PAIRS + 1].into_iter());
        assert_eq!(Pairs::parse(&over).unwrap_err(), MalformedPairs::TooManyPairs(1025));

        let value = vec![b'v'; MAX_PAIRS_BYTES - 14];
        assert!(Pairs::parse(&serialize([(&b""[..], &value[..])].into_iter())).is_ok());
        let value = vec![b'v'; MAX_PAIRS_BYTES - 13];
        let over = serialize([(&b""[..], &value[..])].into_iter());
        assert_eq!(Pairs::parse(&over).unwrap_err(), MalformedPairs::TooManyBytes(MAX_PAIRS_BYTES + 1));
    }

    proptest! {
        #[test]
        fn what_is_serialized_parses_to_the_same(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
            let bytes = serialize(list(&pairs));
            prop_assert_eq!(bytes.len(), serialized_len(list(&pairs)));
            let parsed = Pairs::parse(&bytes).unwrap();
            prop_assert_eq!(parsed.len(), pairs.len());
            prop_assert!(parsed.eq(list(&pairs)));
        }

        #[test]
        fn what_parses_serializes_to_the_same(bytes: Vec<u8>, flip: usize, to: u8) {
            prop_assert!(Pairs::parse(&bytes).is_err() || serialize(Pairs::parse(&bytes).unwrap()) == bytes);
            let mut near = TWO.to_vec();
            near[flip % TWO.len()] = to;
            if let Ok(pairs) = Pairs::parse(&near) {
                prop_assert_eq!(serialize(pairs), near);
            }
        }
    }
}
