//! Values that plugins share by key, with numbers for compare-and-swap.
//!
//! Serves: Proxy-Wasm ABI v0.2.1, "Shared Key-Value Store". Envoy 1.40, observed: one counter numbers the
//! writes of the whole process; a number given for a missing key is not looked at.

use std::collections::BTreeMap;

use crate::abi::Status;

/// The key-value stores of a process: one for each VM id.
#[derive(Clone, Debug, Default)]
pub struct SharedData {
    stores: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Value>>,
    last_cas: u32,
}

#[derive(Clone, Debug)]
struct Value {
    data: Vec<u8>,
    cas: u32,
}

impl SharedData {
    /// No values; the first write gets the number 1.
    #[must_use]
    pub const fn new() -> Self {
        Self { stores: BTreeMap::new(), last_cas: 0 }
    }

    /// The value of `key` and the number of the write that made it.
    ///
    /// # Errors
    /// [`Status::NotFound`] when `key` was never set.
    pub fn get(&self, vm_id: &[u8], key: &[u8]) -> Result<(&[u8], u32), Status> {
        let value = self.stores.get(vm_id).and_then(|store| store.get(key)).ok_or(Status::NotFound)?;
        Ok((&value.data, value.cas))
    }

    /// Sets `key` and returns the number of this write. With `cas` 0 always; with another, when it is the
    /// number of the present value or there is no value.
    ///
    /// # Errors
    /// [`Status::CasMismatch`] when `cas` is another number; nothing changes, and no number is used up.
    pub fn set(&mut self, vm_id: &[u8], key: &[u8], data: &[u8], cas: u32) -> Result<u32, Status> {
        let present = self.stores.get_mut(vm_id).and_then(|store| store.get_mut(key));
        if cas != 0 && present.as_ref().is_some_and(|value| value.cas != cas) {
            return Err(Status::CasMismatch);
        }
        // 0 means "always" in a call, so no write may have it as its number.
        self.last_cas = self.last_cas.checked_add(1).unwrap_or(1);
        if let Some(value) = present {
            value.data.clear();
            value.data.extend_from_slice(data);
            value.cas = self.last_cas;
        } else {
            let value = Value { data: data.to_vec(), cas: self.last_cas };
            self.stores.entry(vm_id.to_vec()).or_default().insert(key.to_vec(), value);
        }
        Ok(self.last_cas)
    }

    /// Every VM id, key, value and number, ordered by VM id and key.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], &[u8], u32)> {
        self.stores.iter().flat_map(|(vm_id, store)| {
            store.iter().map(move |(key, value)| (&vm_id[..], &key[..], &value.data[..], value.cas))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_counter_numbers_all_writes_and_failures_take_none() {
        let mut data = SharedData::new();
        assert_eq!(data.set(b"vm", b"a", b"1", 0), Ok(1));
        assert_eq!(data.set(b"vm2", b"b", b"", 0), Ok(2));
        assert_eq!(data.set(b"vm", b"a", b"x", 2), Err(Status::CasMismatch));
        assert_eq!(data.get(b"vm", b"a"), Ok((&b"1"[..], 1)));
        assert_eq!(data.set(b"vm", b"a", b"2", 1), Ok(3));
        assert_eq!(data.set(b"vm", b"a", b"3", 0), Ok(4));
        assert_eq!(data.get(b"vm", b"a"), Ok((&b"3"[..], 4)));
    }

    #[test]
    fn a_number_given_for_a_missing_key_creates() {
        let mut data = SharedData::new();
        assert_eq!(data.set(b"", b"", b"v", 77), Ok(1));
        assert_eq!(data.get(b"", b""), Ok((&b"v"[..], 1)));
    }

    #[test]
    fn stores_are_apart_by_vm_id() {
        let mut data = SharedData::new();
        data.set(b"a", b"k", b"v", 0).unwrap();
        assert_eq!(data.get(b"b", b"k"), Err(Status::NotFound));
        assert_eq!(data.get(b"a", b"K"), Err(Status::NotFound));
        data.set(b"", b"k", b"w", 0).unwrap();
        let all: Vec<_> = data.iter().collect();
        assert_eq!(all, [(&b""[..], &b"k"[..], &b"w"[..], 2), (b"a", b"k", b"v", 1)]);
    }

    #[test]
    fn the_counter_skips_zero_when_it_wraps() {
        let mut data = SharedData { last_cas: u32::MAX, ..SharedData::new() };
        assert_eq!(data.set(b"", b"k", b"", 0), Ok(1));
    }
}
