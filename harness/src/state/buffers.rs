//! Bodies and data as a plugin reads and edits them.
//!
//! Holds bytes and the rules of ranges. Which buffer is open in which callback, and which is read only,
//! is decided in `proxy/`.
//! Serves: Proxy-Wasm ABI v0.2.1, "Buffers". The ranges are those of Envoy 1.40, observed: reading never
//! fails, and writing knows only prepending, appending and replacing from the start.

use std::mem;

use crate::abi::Status;

/// Bytes that a stream holds for a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    /// An empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// At most `length` bytes from `start`: fewer where the buffer ends, none where it ends before.
    #[must_use]
    pub fn read(&self, start: usize, length: usize) -> &[u8] {
        let rest = self.bytes.get(start..).unwrap_or_default();
        &rest[..length.min(rest.len())]
    }

    /// What `proxy_set_buffer_bytes` does with `data`:
    ///
    /// - `start` 0, `size` 0: put before all bytes;
    /// - `start` 0: put in place of the first `size` bytes, of all when there are fewer;
    /// - `start` at the end or beyond: put behind all bytes, whatever `size` is.
    ///
    /// # Errors
    /// [`Status::BadArgument`] when `start` lies within the buffer; the buffer is unchanged.
    pub fn write(&mut self, start: usize, size: usize, data: &[u8]) -> Result<(), Status> {
        let len = self.bytes.len();
        if start >= len {
            self.bytes.extend_from_slice(data);
        } else if start > 0 {
            return Err(Status::BadArgument);
        } else if size >= len {
            self.bytes.clear();
            self.bytes.extend_from_slice(data);
        } else {
            self.bytes.splice(..size, data.iter().copied());
        }
        Ok(())
    }

    /// Puts `data` behind all bytes.
    pub fn append(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(data);
    }

    /// Puts all bytes of `other` behind these and leaves `other` empty. Copies nothing when this is empty.
    pub fn move_from(&mut self, other: &mut Self) {
        if self.is_empty() {
            mem::swap(&mut self.bytes, &mut other.bytes);
        } else {
            self.bytes.append(&mut other.bytes);
        }
    }

    /// The bytes; the buffer is left empty.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.bytes)
    }

    /// Drops all bytes.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }
}

impl From<&[u8]> for Buffer {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: usize = u32::MAX as usize;

    #[test]
    fn read_is_clamped_at_the_end() {
        let buffer = Buffer::from(&b"0123456789"[..]);
        let table: [(usize, usize, &[u8]); 9] = [
            (0, 100, b"0123456789"),
            (2, 3, b"234"),
            (5, 10, b"56789"),
            (5, MAX, b"56789"),
            (10, 1, b""),
            (11, 1, b""),
            (0, 0, b""),
            (MAX, 1, b""),
            (usize::MAX, usize::MAX, b""),
        ];
        for (start, length, want) in table {
            assert_eq!(buffer.read(start, length), want, "{start},{length}");
        }
    }

    #[test]
    fn write_prepends_replaces_from_the_start_and_appends() {
        let table: [(usize, usize, Option<&[u8]>); 11] = [
            (0, 0, Some(b"NEW0123456789")),
            (0, MAX, Some(b"NEW")),
            (0, 10, Some(b"NEW")),
            (0, 4, Some(b"NEW456789")),
            (0, 1, Some(b"NEW123456789")),
            (10, 0, Some(b"0123456789NEW")),
            (20, 5, Some(b"0123456789NEW")),
            (MAX, MAX, Some(b"0123456789NEW")),
            (1, 0, None),
            (1, MAX, None),
            (9, 1, None),
        ];
        for (start, size, want) in table {
            let mut buffer = Buffer::from(&b"0123456789"[..]);
            let got = buffer.write(start, size, b"NEW");
            assert_eq!(got, want.map(|_| ()).ok_or(Status::BadArgument), "{start},{size}");
            assert_eq!(buffer.as_slice(), want.unwrap_or(b"0123456789"), "{start},{size}");
        }
    }

    #[test]
    fn write_to_the_empty_last_chunk_adds_bytes() {
        for (start, size) in [(0, 0), (0, MAX), (7, 1)] {
            let mut buffer = Buffer::new();
            buffer.write(start, size, b"tail").unwrap();
            assert_eq!(buffer.as_slice(), b"tail");
        }
    }

    #[test]
    fn write_of_nothing_over_all_empties() {
        let mut buffer = Buffer::from(&b"abc"[..]);
        buffer.write(0, MAX, b"").unwrap();
        assert!(buffer.is_empty());
    }

    #[test]
    fn move_from_appends_and_drains() {
        let (mut held, mut chunk) = (Buffer::new(), Buffer::from(&b"abc"[..]));
        held.move_from(&mut chunk);
        chunk.append(b"de");
        held.move_from(&mut chunk);
        held.move_from(&mut chunk);
        assert!(chunk.is_empty());
        assert_eq!(held.take(), b"abcde");
        assert!(held.is_empty());
    }

    proptest! {
        #[test]
        fn writes_give_what_the_rules_say(
            writes in prop::collection::vec((0_usize..6, 0_usize..8, any::<Vec<u8>>()), 0..20),
        ) {
            let mut buffer = Buffer::new();
            let mut model: Vec<u8> = Vec::new();
            for (start, size, data) in &writes {
                let rest = &model[(*size).min(model.len())..];
                let want = match *start {
                    0 if *size == 0 => Ok([&data[..], &model[..]].concat()),
                    0 => Ok([&data[..], rest].concat()),
                    start if start >= model.len() => Ok([&model[..], &data[..]].concat()),
                    _ => Err(Status::BadArgument),
                };
                let got = buffer.write(*start, *size, data);
                prop_assert_eq!(got, want.clone().map(|_| ()));
                model = want.unwrap_or(model);
                prop_assert_eq!(buffer.as_slice(), &model[..]);
                let range: Vec<u8> = model.iter().skip(*start).take(*size).copied().collect();
                prop_assert_eq!(buffer.read(*start, *size), &range[..]);
            }
        }
    }
}
