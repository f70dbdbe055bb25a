//! Proxy-Wasm ABI v0.2.1, "Environment variables": the WASI calls that read the variables given to the VM, and no others.
//!
//! Envoy 1.40 hands them over in the order of a hash, another in each VM; here they are ordered by name.

use super::Links;
use super::wasi::fault;
use crate::abi::Errno;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{OutU32, Place};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, wasi "environ_get", environ_get(Place, Place));
    hostcall!(links, wasi "environ_sizes_get", environ_sizes_get(OutU32, OutU32));
    Ok(())
}

/// How many variables there are, and how many bytes `name=value` of all of them take, each with a NUL.
///
/// `Fault`.
fn environ_sizes_get(call: &mut Call<'_>, count: OutU32, size: OutU32) -> Result<(), Errno> {
    let vm = call.vm();
    let environment = &call.proxy().vm(vm).environment;
    let number = environment.len();
    let bytes: usize = environment.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    call.write_u32(count, number as u32).map_err(fault)?;
    call.write_u32(size, bytes as u32).map_err(fault)
}

/// Writes `name=value` and a NUL for each variable into `buffer`, and where each begins into `starts`.
///
/// `Fault`: what fits before is written.
fn environ_get(call: &mut Call<'_>, starts: Place, buffer: Place) -> Result<(), Errno> {
    let vm = call.vm();
    let mut at = buffer.0;
    for index in 0..call.proxy().vm(vm).environment.len() {
        let start = starts.0.checked_add(index as u32 * 4).ok_or(Errno::Fault)?;
        call.write_pointer(start, at).map_err(fault)?;
        let (name, value) = &call.proxy().vm(vm).environment[index];
        let len = (name.len() + value.len() + 2) as u32;
        call.write_at(Place(at), len, |proxy, to| {
            let (name, value) = &proxy.vm(vm).environment[index];
            let pieces = [name.as_bytes(), b"=", value.as_bytes(), b"\0"];
            to.copy_from_slice(&pieces.concat());
        })
        .map_err(fault)?;
        at = at.wrapping_add(len);
    }
    Ok(())
}
