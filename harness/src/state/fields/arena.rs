//! Where a header map keeps its bytes: all of them in one vector, and an index of the entries in order.
//!
//! Each entry lies in the vector as the ABI serializes it, `name NUL value NUL`, so that a map that was
//! only appended to is copied to the guest in one piece. A copy of the map is two copies of memory.
//! Knows nothing of header rules: order and names are the caller's.

use std::mem;

use super::names::{Known, Tag, Tags};
use super::wire::{name_fits, value_fits};
use crate::abi::pairs::put_length;

/// An ordered list of names and values, any bytes.
#[derive(Default)]
pub(super) struct Arena {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Bytes of `bytes` that an entry uses. The others were left behind by removals and joins.
    live: usize,
    /// Of every name that there is, or was: most names that are looked for are not there.
    names: Tags,
    /// Something that cannot be written on the wire was put in.
    unfit: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    name: u32,
    value: u32,
    /// Of its name: another tag is another name, and no byte of it need be looked at.
    tag: Tag,
}

impl Entry {
    fn value_start(self) -> usize {
        self.start + self.name as usize + 1
    }

    fn end(self) -> usize {
        self.value_start() + self.value as usize + 1
    }

    fn name(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..][..self.name as usize]
    }

    /// Whether this is its name, case ignored.
    fn is(self, tag: Tag, name: &[u8], bytes: &[u8]) -> bool {
        self.tag == tag && (tag.is_known() || self.name(bytes).eq_ignore_ascii_case(name))
    }
}

impl Arena {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), entries: Vec::new(), live: 0, names: Tags::NONE, unfit: false }
    }

    /// With room for a usual head.
    pub(super) fn with_room() -> Self {
        Self { bytes: Vec::with_capacity(1024), entries: Vec::with_capacity(24), ..Self::new() }
    }

    /// Place of the first entry of this name, case ignored.
    pub(super) fn position(&self, name: &[u8]) -> Option<usize> {
        let tag = Tag::of(name);
        if !self.names.has(tag) {
            return None;
        }
        self.entries.iter().position(|entry| entry.is(tag, name, &self.bytes))
    }

    /// As [`Self::position`].
    #[inline]
    pub(super) fn position_of(&self, name: Known) -> Option<usize> {
        if !self.names.has(name.tag) {
            return None;
        }
        self.entries.iter().position(|entry| entry.tag == name.tag)
    }

    /// Whether everything that is here can be written on the wire. False means: perhaps not.
    pub(super) fn fits_the_wire(&self) -> bool {
        !self.unfit
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Sum of the lengths of names and values.
    pub(super) fn text_len(&self) -> usize {
        self.live - 2 * self.entries.len()
    }

    pub(super) fn name(&self, at: usize) -> &[u8] {
        self.name_of(self.entries[at])
    }

    pub(super) fn value(&self, at: usize) -> &[u8] {
        self.value_of(self.entries[at])
    }

    fn name_of(&self, entry: Entry) -> &[u8] {
        entry.name(&self.bytes)
    }

    fn value_of(&self, entry: Entry) -> &[u8] {
        &self.bytes[entry.value_start()..][..entry.value as usize]
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> + ExactSizeIterator + Clone {
        self.entries.iter().map(|&entry| (self.name_of(entry), self.value_of(entry)))
    }

    /// Puts an entry at place `at` of the order; the name in lower case.
    pub(super) fn insert(&mut self, at: usize, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.reserve(name.len() + value.len() + 2);
        self.bytes.extend(name.iter().map(u8::to_ascii_lowercase));
        self.unfit |= !name_fits(name) | !value_fits(value);
        self.finish(at, start, name.len(), Tag::of(name), value);
    }

    /// As [`Self::insert`], of a value that the proxy has made and that fits the wire.
    pub(super) fn insert_known(&mut self, at: usize, name: Known, value: &[u8]) {
        debug_assert!(value_fits(value), "the proxy makes values that can be written");
        let start = self.bytes.len();
        self.bytes.reserve(name.text.len() + value.len() + 2);
        self.bytes.extend_from_slice(name.text);
        self.finish(at, start, name.text.len(), name.tag, value);
    }

    /// The name stands at the end of the bytes; the value follows.
    #[inline]
    fn finish(&mut self, at: usize, start: usize, name: usize, tag: Tag, value: &[u8]) {
        let entry = Entry { start, name: name as u32, value: value.len() as u32, tag };
        self.names.add(tag);
        self.bytes.push(0);
        self.bytes.extend_from_slice(value);
        self.bytes.push(0);
        self.live += entry.end() - entry.start;
        if at == self.entries.len() {
            self.entries.push(entry);
        } else {
            self.entries.insert(at, entry);
        }
    }

    /// Puts `texts` behind the value of the entry at `at`.
    pub(super) fn append_value(&mut self, at: usize, texts: [&[u8]; 2]) {
        let entry = self.entries[at];
        if entry.end() == self.bytes.len() {
            self.bytes.pop();
        } else {
            self.entries[at].start = self.bytes.len();
            self.bytes.extend_from_within(entry.start..entry.end() - 1);
        }
        for text in texts {
            self.bytes.extend_from_slice(text);
            self.unfit |= !value_fits(text);
            self.entries[at].value += text.len() as u32;
            self.live += text.len();
        }
        self.bytes.push(0);
        self.compact();
    }

    /// Gives the entry at `at` another value, in its place.
    pub(super) fn set_value(&mut self, at: usize, value: &[u8]) {
        let entry = self.entries[at];
        let old = entry.value as usize;
        self.unfit |= !value_fits(value);
        self.live = self.live - old + value.len();
        if value.len() == old {
            self.bytes[entry.value_start()..][..old].copy_from_slice(value);
            return;
        }
        self.entries[at] = Entry { start: self.bytes.len(), value: value.len() as u32, ..entry };
        self.bytes.extend_from_within(entry.start..entry.value_start());
        self.bytes.extend_from_slice(value);
        self.bytes.push(0);
        self.compact();
    }

    /// Removes the entries whose name is `name`, case ignored, and returns how many there were.
    pub(super) fn remove(&mut self, name: &[u8]) -> usize {
        let tag = Tag::of(name);
        let before = self.entries.len();
        let (bytes, live) = (&self.bytes, &mut self.live);
        self.entries.retain(|entry| {
            let same = entry.is(tag, name, bytes);
            if same {
                *live -= entry.end() - entry.start;
            }
            !same
        });
        self.compact();
        before - self.entries.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.live = 0;
        self.names = Tags::NONE;
        self.unfit = false;
    }

    /// Becomes what `other` is, in its own memory.
    pub(super) fn clone_from(&mut self, other: &Self) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&other.bytes);
        self.entries.clear();
        self.entries.extend_from_slice(&other.entries);
        (self.live, self.names, self.unfit) = (other.live, other.names, other.unfit);
    }

    /// Leaves out what no entry uses, once that is the larger part: a map edited without end stays small.
    fn compact(&mut self) {
        const SMALL: usize = 1024;
        if self.bytes.len() <= SMALL || self.bytes.len() / 2 <= self.live {
            return;
        }
        let old = mem::replace(&mut self.bytes, Vec::with_capacity(self.live));
        for entry in &mut self.entries {
            let range = entry.start..entry.end();
            entry.start = self.bytes.len();
            self.bytes.extend_from_slice(&old[range]);
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes that [`Self::serialize_into`] writes.
    pub(super) fn serialized_len(&self) -> usize {
        4 + 8 * self.entries.len() + self.live
    }

    /// Writes the entries as the ABI serializes them to the start of `out`.
    pub(super) fn serialize_into(&self, out: &mut [u8]) {
        let (lengths, texts) = out[..self.serialized_len()].split_at_mut(4 + 8 * self.entries.len());
        put_length(lengths, 0, self.entries.len());
        // Entries that follow each other in memory as in the order are copied together.
        let mut run = 0..0;
        let mut written = 0;
        for (entry, pair) in self.entries.iter().zip(lengths[4..].chunks_exact_mut(8)) {
            put_length(pair, 0, entry.name as usize);
            put_length(pair, 4, entry.value as usize);
            if entry.start != run.end {
                texts[written..written + run.len()].copy_from_slice(&self.bytes[run.clone()]);
                written += run.len();
                run.start = entry.start;
            }
            run.end = entry.end();
        }
        texts[written..].copy_from_slice(&self.bytes[run]);
    }
}
