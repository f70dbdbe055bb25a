//! Arguments that point into guest memory, as types: what is read, what is written, and how each is recorded.
//!
//! A pointer with its length that leaves the memory is `InvalidMemoryAccess` (Envoy 1.40, observed: it is never a trap).

use crate::abi::Status;
use crate::proxy::transcript::Arg;

/// The bytes from `ptr` on, `len` of them.
///
/// # Errors
///
/// `InvalidMemoryAccess` when they are not wholly inside `memory`.
pub(crate) fn slice(memory: &[u8], ptr: u32, len: u32) -> Result<&[u8], Status> {
    let start = ptr as usize;
    memory.get(start..start.wrapping_add(len as usize)).ok_or(Status::InvalidMemoryAccess)
}

/// As [`slice`], to write.
pub(crate) fn slice_mut(memory: &mut [u8], ptr: u32, len: u32) -> Result<&mut [u8], Status> {
    let start = ptr as usize;
    memory.get_mut(start..start.wrapping_add(len as usize)).ok_or(Status::InvalidMemoryAccess)
}

/// Bytes that the guest hands over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes {
    pub(crate) ptr: u32,
    pub(crate) len: u32,
}

impl Bytes {
    pub(crate) fn get(self, memory: &[u8]) -> Result<&[u8], Status> {
        slice(memory, self.ptr, self.len)
    }
}

/// Serialized pairs that the guest hands over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairsIn(pub(crate) Bytes);

/// Pieces of bytes that the guest hands over: `count` pairs of a pointer and a length (WASI).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Iovs {
    pub(crate) ptr: u32,
    pub(crate) count: u32,
}

impl Iovs {
    /// Puts the pieces behind what `out` holds. Of an empty piece the pointer is not looked at (Envoy 1.40, observed).
    pub(crate) fn join(self, memory: &[u8], out: &mut Vec<u8>) -> Result<(), Status> {
        for at in 0..self.count {
            let ptr = at.checked_mul(8).and_then(|offset| self.ptr.checked_add(offset));
            let entry = slice(memory, ptr.ok_or(Status::InvalidMemoryAccess)?, 8)?;
            let (ptr, len) = entry.split_at(4);
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
            if word(len) > 0 {
                out.extend_from_slice(slice(memory, word(ptr), word(len))?);
            }
        }
        Ok(())
    }
}

/// A pointer into guest memory where only the call knows what stands, or is to be written. Not recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(pub(crate) u32);

/// Where the guest wants a 32-bit number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutU32(pub(crate) u32);

/// Where the guest wants a 64-bit number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutU64(pub(crate) u32);

/// Where the guest wants the place and the size of bytes that the host allocates in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutBytes {
    pub(crate) ptr: u32,
    pub(crate) len: u32,
}

/// How an argument appears in the transcript. Outputs do not: what was written to them is recorded with the answer.
pub(crate) trait Record {
    fn record(self, memory: &[u8], out: &mut Vec<u8>);
}

impl Record for u32 {
    fn record(self, _: &[u8], out: &mut Vec<u8>) {
        Arg::Number(u64::from(self)).encode(out);
    }
}

impl Record for u64 {
    fn record(self, _: &[u8], out: &mut Vec<u8>) {
        Arg::Number(self).encode(out);
    }
}

impl Record for i64 {
    fn record(self, _: &[u8], out: &mut Vec<u8>) {
        Arg::Signed(self).encode(out);
    }
}

impl Record for Bytes {
    fn record(self, memory: &[u8], out: &mut Vec<u8>) {
        self.get(memory).map_or(Arg::OutOfBounds(self.len), Arg::Bytes).encode(out);
    }
}

impl Record for PairsIn {
    fn record(self, memory: &[u8], out: &mut Vec<u8>) {
        self.0.get(memory).map_or(Arg::OutOfBounds(self.0.len), Arg::Pairs).encode(out);
    }
}

impl Record for Iovs {
    fn record(self, memory: &[u8], out: &mut Vec<u8>) {
        let mut joined = Vec::new();
        self.join(memory, &mut joined)
            .map_or(Arg::OutOfBounds(self.count), |()| Arg::Bytes(&joined))
            .encode(out);
    }
}

impl Record for Place {
    fn record(self, _: &[u8], _: &mut Vec<u8>) {}
}

impl Record for OutU32 {
    fn record(self, _: &[u8], _: &mut Vec<u8>) {}
}

impl Record for OutU64 {
    fn record(self, _: &[u8], _: &mut Vec<u8>) {}
}

impl Record for OutBytes {
    fn record(self, _: &[u8], _: &mut Vec<u8>) {}
}
