//! Bodies and data as a plugin reads and edits them.
//!
//! Holds bytes and the rules of ranges. Which buffer is open in which callback, and which is read only,
//! is decided in `proxy/`.
//! Serves: Proxy-Wasm ABI v0.2.1, "Buffers". The ranges are those of Envoy 1.40, observed: reading never
//! fails, and writing knows only prepending, appending and replacing from the start.

use std::fmt;
use std::mem;
use std::sync::Arc;

use crate::abi::Status;

/// Bytes that a stream holds for a plugin.
#[derive(Clone)]
pub struct Buffer {
    bytes: Bytes,
}

/// Bytes that nobody has changed are those of the script, which every exchange is given.
#[derive(Clone)]
enum Bytes {
    Own(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Buffer {
    /// An empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Bytes::Own(Vec::new()) }
    }

    /// The same bytes, of which a clone is no copy until it is changed.
    #[must_use]
    pub fn shared(self) -> Self {
        match self.bytes {
            Bytes::Own(own) if !own.is_empty() => Self { bytes: Bytes::Shared(own.into()) },
            bytes => Self { bytes },
        }
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// All bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Own(own) => own,
            Bytes::Shared(shared) => shared,
        }
    }

    /// The bytes, to change.
    fn own(&mut self) -> &mut Vec<u8> {
        if let Bytes::Shared(shared) = &self.bytes {
            self.bytes = Bytes::Own(shared.to_vec());
        }
        match &mut self.bytes {
            Bytes::Own(own) => own,
            Bytes::Shared(_) => unreachable!("it was made its own"),
        }
    }

    /// At most `length` bytes from `start`: fewer where the buffer ends, none where it ends before.
    #[must_use]
    pub fn read(&self, start: usize, length: usize) -> &[u8] {
        let rest = self.as_slice().get(start..).unwrap_or_default();
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
        let len = self.len();
        if start > 0 && start < len {
            return Err(Status::BadArgument);
        }
        let bytes = self.own();
        if start >= len {
            bytes.extend_from_slice(data);
        } else if size >= len {
            bytes.clear();
            bytes.extend_from_slice(data);
        } else {
            bytes.splice(..size, data.iter().copied());
        }
        Ok(())
    }

    /// Puts `data` behind all bytes.
    pub fn append(&mut self, data: &[u8]) {
        self.own().extend_from_slice(data);
    }

    /// Puts all bytes of `other` behind these and leaves `other` empty. Copies nothing when this is empty. Where room is
    /// to be made, it is for as many bytes in all as `expected` says, which may be wrong.
    pub fn move_from(&mut self, other: &mut Self, expected: impl FnOnce() -> Option<usize>) {
        if self.is_empty() {
            mem::swap(&mut self.bytes, &mut other.bytes);
            other.clear();
            return;
        }
        let all = self.len() + other.len();
        match &mut self.bytes {
            Bytes::Own(own) if own.capacity() >= all => own.extend_from_slice(other.as_slice()),
            _ => {
                let mut own = Vec::with_capacity(expected().filter(|room| *room >= all).unwrap_or(2 * all));
                own.extend_from_slice(self.as_slice());
                own.extend_from_slice(other.as_slice());
                self.bytes = Bytes::Own(own);
            }
        }
        other.clear();
    }

    /// The bytes; the buffer is left empty.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        match mem::replace(&mut self.bytes, Bytes::Own(Vec::new())) {
            Bytes::Own(own) => own,
            Bytes::Shared(shared) => shared.to_vec(),
        }
    }

    /// Cuts off what is behind the first `at` bytes.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn split_off(&mut self, at: usize) -> Self {
        self.own().split_off(at).into()
    }

    /// Drops all bytes.
    pub fn clear(&mut self) {
        match &mut self.bytes {
            Bytes::Own(own) => own.clear(),
            Bytes::Shared(_) => self.bytes = Bytes::Own(Vec::new()),
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal when the bytes are.
impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Buffer {}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("bytes", &self.as_slice()).finish()
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: Bytes::Own(bytes) }
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
        held.move_from(&mut chunk, || None);
        chunk.append(b"de");
        held.move_from(&mut chunk, || Some(100));
        held.move_from(&mut chunk, || Some(1));
        assert!(chunk.is_empty());
        assert_eq!(held.take(), b"abcde");
        assert!(held.is_empty());
    }

    #[test]
    fn a_shared_buffer_changes_for_itself() {
        let script = Buffer::from(&b"abc"[..]).shared();
        let mut own = script.clone();
        own.write(0, 1, b"X").unwrap();
        let mut held = script.clone();
        held.move_from(&mut script.clone(), || Some(1));
        let mut cut = script.clone();
        let rest = cut.split_off(1);
        assert_eq!([own, held, cut, rest], [&b"Xbc"[..], b"abcabc", b"a", b"bc"].map(Buffer::from));
        let mut taken = script.clone();
        assert_eq!((taken.take(), taken), (b"abc".to_vec(), Buffer::new()));
        assert_eq!(script.as_slice(), b"abc");
        assert!(Buffer::new().shared().is_empty());
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
