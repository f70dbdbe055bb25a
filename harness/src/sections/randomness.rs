//! Proxy-Wasm ABI v0.2.1, "Randomness": the WASI call for random bytes. They follow from the seed of the scenario, from
//! a stream of each VM's own.

use super::Links;
use super::wasi::fault;
use crate::abi::Errno;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::Place;

/// Most bytes that one call gives (Envoy 1.40, observed).
const MOST: u32 = 65_536;

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, wasi "random_get", random_get(Place, u32));
    Ok(())
}

/// Random bytes. For none of them the pointer is not looked at.
///
/// `Invalid`: more than 65 536; `Fault`.
fn random_get(call: &mut Call<'_>, buffer: Place, size: u32) -> Result<(), Errno> {
    match size {
        0 => Ok(()),
        1..=MOST => {
            let vm = call.vm();
            call.write_at(buffer, size, |proxy, to| proxy.vm_mut(vm).entropy.fill(to)).map_err(fault)
        }
        _ => Err(Errno::Invalid),
    }
}
