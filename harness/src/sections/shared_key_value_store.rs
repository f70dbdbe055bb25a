//! Proxy-Wasm ABI v0.2.1, "Shared Key-Value Store": values under names, shared by all VMs of one VM id.
//!
//! Open in every callback of every context. Keys and values are any bytes, none included.

use super::Links;
use crate::abi::Status;
use crate::proxy::{Proxy, VmIndex};
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutBytes, OutU32};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_get_shared_data", get_shared_data(Bytes, OutBytes, OutU32));
    hostcall!(links, "proxy_set_shared_data", set_shared_data(Bytes, Bytes, u32));
    Ok(())
}

fn stored<'a>(proxy: &'a Proxy, vm: VmIndex, key: &[u8]) -> Result<(&'a [u8], u32), Status> {
    proxy.shared_data.get(proxy.vm(vm).vm_id.as_bytes(), key)
}

/// The value of a key, and the number of the write that made it. The value is written first.
///
/// `NotFound`: never set; `InvalidMemoryAccess`.
fn get_shared_data(call: &mut Call<'_>, key: Bytes, value: OutBytes, cas: OutU32) -> Result<(), Status> {
    call.meet();
    let vm = call.vm();
    let mut copy = call.take_scratch();
    let (memory, proxy) = call.memory_and_proxy();
    let found = key.get(memory).and_then(|key| stored(proxy, vm, key)).map(|(data, number)| {
        copy.extend_from_slice(data);
        number
    });
    match found {
        Ok(number) => {
            call.give_scratch(value, copy)?;
            call.write_u32(cas, number)
        }
        Err(status) => {
            call.restore_scratch(copy);
            Err(status)
        }
    }
}

/// Sets the value of a key. With a number other than zero only when it is the number of the last write, or there was
/// none.
///
/// `CasMismatch`: another write came in between; `InvalidMemoryAccess`.
fn set_shared_data(call: &mut Call<'_>, key: Bytes, value: Bytes, cas: u32) -> Result<(), Status> {
    call.meet();
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let (key, value) = (key.get(memory)?, value.get(memory)?);
    proxy.shared_data.set(proxy.vms[vm.0].vm_id.as_bytes(), key, value, cas).map(drop)
}
