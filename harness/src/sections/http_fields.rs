//! Proxy-Wasm ABI v0.2.1, "HTTP fields": header and trailer maps.
//!
//! A map is open from its callback until that callback answers Continue; see `proxy::access`. Envoy departs from the text
//! (1.40, observed): the size of a map is the sum of its bytes, not of its serialized form; a map that is not open is
//! `BadArgument` for every call but reading all pairs, which gives none; pairs that cannot be parsed empty the map.

use super::Links;
use super::tester::{self, Change};
use crate::abi::{AbiVersion, MapType, Pairs, Status};
use crate::proxy::Closed;
use crate::state::Fields;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutBytes, OutU32, PairsIn};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_get_header_map_size", get_header_map_size(u32, OutU32));
    hostcall!(links, "proxy_get_header_map_pairs", get_header_map_pairs(u32, OutBytes));
    hostcall!(links, "proxy_set_header_map_pairs", set_header_map_pairs(u32, PairsIn));
    hostcall!(links, "proxy_get_header_map_value", get_header_map_value(u32, Bytes, OutBytes));
    hostcall!(links, "proxy_add_header_map_value", add_header_map_value(u32, Bytes, Bytes));
    hostcall!(links, "proxy_replace_header_map_value", replace_header_map_value(u32, Bytes, Bytes));
    hostcall!(links, "proxy_remove_header_map_value", remove_header_map_value(u32, Bytes));
    Ok(())
}

/// `BadArgument`: no such map. Judged before the memory.
fn map_type(number: u32) -> Result<MapType, Status> {
    MapType::from_abi(number).ok_or(Status::BadArgument)
}

/// Sum of the bytes of names and values. In the last body callback this makes the trailers, as writing to them does.
///
/// `BadArgument`: no such map, not open, or a map of a call; `InvalidMemoryAccess`.
fn get_header_map_size(call: &mut Call<'_>, map: u32, out: OutU32) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::map_size(call, map, out);
    }
    let map = map_type(map)?;
    let vm = call.vm();
    let size = call.proxy().map_mut(vm, map).ok_or(Status::BadArgument)?.byte_size();
    call.write_u32(out, size as u32)
}

/// All pairs, serialized; a null pointer for a map that is empty or not open.
///
/// `BadArgument`: no such map; `InvalidMemoryAccess`.
fn get_header_map_pairs(call: &mut Call<'_>, map: u32, out: OutBytes) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::map_pairs(call, map, out);
    }
    let map = map_type(map)?;
    let vm = call.vm();
    let len = match call.proxy().map(vm, map) {
        Ok(fields) if !fields.is_empty() => fields.serialized_len(),
        _ => 0,
    };
    call.give_with(out, len, |proxy, to| {
        if let Ok(fields) = proxy.map(vm, map) {
            fields.serialize_into(to);
        }
    })
}

/// Replaces all pairs.
///
/// `BadArgument`: no such map, or not open for writing; `InvalidMemoryAccess`.
fn set_header_map_pairs(call: &mut Call<'_>, map: u32, pairs: PairsIn) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::set_map_pairs(call, map, pairs);
    }
    let map = map_type(map)?;
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let pairs = Pairs::parse(pairs.0.get(memory)?).unwrap_or_default();
    proxy.map_mut(vm, map).ok_or(Status::BadArgument)?.set_pairs(pairs);
    Ok(())
}

/// The first value of `key`, whatever its case.
///
/// `NotFound`: no such key (0.1.0: Ok with an empty value); `BadArgument`: no such map, or not open;
/// `InvalidMemoryAccess`.
fn get_header_map_value(call: &mut Call<'_>, map: u32, key: Bytes, out: OutBytes) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::map_value(call, map, key, out);
    }
    let map = map_type(map)?;
    let vm = call.vm();
    let mut value = call.take_scratch();
    let (memory, proxy) = call.memory_and_proxy();
    let found = key.get(memory).and_then(|key| match proxy.map(vm, map) {
        Ok(fields) => fields.get(key).map(|found| value.extend_from_slice(found)).ok_or(Status::NotFound),
        Err(Closed::NoneLogged) => Err(Status::NotFound),
        Err(Closed::NotNow) => Err(Status::BadArgument),
    });
    match found {
        Err(Status::NotFound) if proxy.vm(vm).abi == AbiVersion::V0_1_0 => {}
        Err(status) => {
            call.restore_scratch(value);
            return Err(status);
        }
        Ok(()) => {}
    }
    call.give_scratch(out, value)
}

/// Runs `change` on a map that is open for writing, with a key and a value from the guest.
fn change(
    call: &mut Call<'_>,
    map: u32,
    key: Bytes,
    value: Bytes,
    change: impl FnOnce(&mut Fields, &[u8], &[u8]),
) -> Result<(), Status> {
    let map = map_type(map)?;
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let (key, value) = (key.get(memory)?, value.get(memory)?);
    change(proxy.map_mut(vm, map).ok_or(Status::BadArgument)?, key, value);
    Ok(())
}

/// Adds a field. Names that Envoy stores inline join with what is there; others are added at the end.
///
/// `BadArgument`: no such map, or not open for writing; `InvalidMemoryAccess`.
fn add_header_map_value(call: &mut Call<'_>, map: u32, key: Bytes, value: Bytes) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::change(call, map, key, value, Change::Add);
    }
    change(call, map, key, value, |fields, key, value| fields.add(key, value))
}

/// Puts one field at the end in place of all of this name.
///
/// `BadArgument`: no such map, or not open for writing; `InvalidMemoryAccess`.
fn replace_header_map_value(call: &mut Call<'_>, map: u32, key: Bytes, value: Bytes) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::change(call, map, key, value, Change::Replace);
    }
    change(call, map, key, value, Fields::replace)
}

/// Removes all fields of this name; none is no error.
///
/// `BadArgument`: no such map, or not open for writing; `InvalidMemoryAccess`.
fn remove_header_map_value(call: &mut Call<'_>, map: u32, key: Bytes) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::change(call, map, key, Bytes { ptr: 0, len: 0 }, Change::Remove);
    }
    let none = Bytes { ptr: 0, len: 0 };
    change(call, map, key, none, |fields, key, _| {
        fields.remove(key);
    })
}
