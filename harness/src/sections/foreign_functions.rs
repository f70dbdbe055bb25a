//! Proxy-Wasm ABI v0.2.1, "Foreign function interface": functions of the host that the ABI does not name.
//!
//! Open in every callback of every context. Which functions there are is in `abi::FOREIGN_FUNCTIONS`, what they do in
//! `proxy::foreign`. Callback: `proxy_on_foreign_function`, which Envoy 1.40 looks up and never calls.

use super::Links;
use crate::abi::Status;
use crate::proxy::transcript::Fault;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutBytes};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_call_foreign_function", call_foreign_function(Bytes, Bytes, OutBytes));
    Ok(())
}

const NO_MEMORY: Fault = Fault {
    id: "envoy/crash",
    call: "proxy_call_foreign_function",
    what: "the plugin's allocator gives no memory for the result, and Envoy writes it all the same, to address 0",
};

/// Calls the function of this name. Either place for the result may be null: then that half is not told.
///
/// `InvalidMemoryAccess`: of name and arguments before the function is called, of the places after it, whatever it
/// answers; `NotFound`: no such function, and the places are left alone; else what the function answers. A function that
/// fails, or has no result, gives a null pointer and no bytes; a result of no bytes is allocated all the same (Envoy 1.40,
/// observed).
fn call_foreign_function(
    call: &mut Call<'_>,
    name: Bytes,
    arguments: Bytes,
    results: OutBytes,
) -> Result<(), Status> {
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let (name, arguments) = (name.get(memory)?, arguments.get(memory)?);
    let answer = proxy.call_foreign(vm, name, arguments).ok_or(Status::NotFound)?;
    let mut place = (0, 0);
    if let Ok(Some(bytes)) = &answer {
        place.1 = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
        if results.ptr != 0 {
            match call.put_into_guest(bytes) {
                Ok(at) => place.0 = at,
                Err(_) => call.proxy().fault(vm, NO_MEMORY),
            }
        }
    }
    for (at, value) in [(results.ptr, place.0), (results.len, place.1)] {
        if at != 0 {
            call.write_pointer(at, value)?;
        }
    }
    answer.map(drop)
}
