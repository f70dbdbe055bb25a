//! Proxy-Wasm ABI v0.2.1, "Context lifecycle": contexts come, are done, are deleted; and hostcalls can be made for
//! another context.
//!
//! Callbacks: `proxy_on_context_create`, `proxy_on_done`, `proxy_on_log`, `proxy_on_delete`. At the end of an HTTP stream
//! log comes before done (Envoy 1.40, observed; the text has it after).

use super::Links;
use crate::abi::Status;
use crate::proxy::Effect;
use crate::vm::gate::{Call, hostcall};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_set_effective_context", set_effective_context(u32));
    hostcall!(links, "proxy_done", done());
    Ok(())
}

/// Hostcalls until the end of this callback are about context `id`; zero goes back to the callback's own.
///
/// `BadArgument`: no such context.
fn set_effective_context(call: &mut Call<'_>, id: u32) -> Result<(), Status> {
    let vm = call.vm();
    if call.proxy().vm_mut(vm).set_effective(id) { Ok(()) } else { Err(Status::BadArgument) }
}

/// The plugin is done, after its `proxy_on_done` had answered false.
///
/// `NotFound`: nobody waits for it.
fn done(call: &mut Call<'_>) -> Result<(), Status> {
    let vm = call.vm();
    let proxy = call.proxy();
    let context = proxy.effective_plugin_context(vm).ok_or(Status::NotFound)?;
    let state = proxy.vm_mut(vm);
    let plugin = state.plugins.iter_mut().find(|plugin| plugin.id == context && plugin.done_pending);
    plugin.ok_or(Status::NotFound)?.done_pending = false;
    state.effects.push_back(Effect::Delete { context });
    Ok(())
}
