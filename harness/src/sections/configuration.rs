//! Proxy-Wasm ABI v0.2.1, "Configuration": the VM's and the plugin's configuration, and the start of both.
//!
//! Callbacks: `proxy_on_vm_start` (once per plugin context, observed), `proxy_on_configure`. The bytes are read as
//! buffers; 0.1.0 has a call of its own besides.

use super::Links;
use crate::abi::Status;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::OutBytes;

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_get_configuration", get_configuration(OutBytes));
    Ok(())
}

/// The plugin's configuration in `proxy_on_configure`, the VM's everywhere else (0.1.0).
fn get_configuration(call: &mut Call<'_>, out: OutBytes) -> Result<(), Status> {
    let vm = call.vm();
    let mut bytes = call.take_scratch();
    let proxy = call.proxy();
    let state = proxy.vm(vm);
    bytes.extend_from_slice(state.plugin_configuration().unwrap_or(&state.configuration));
    call.give_scratch(out, bytes)
}
