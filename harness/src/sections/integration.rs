//! Proxy-Wasm ABI v0.2.1, "Integration": the module's marker and entry points, and what its runtime may import.
//!
//! Callbacks: `_initialize`, then `main` or `__main_void`; a module without `_initialize` has `_start` run instead.
//! `envoy_on_resolve_dns` gives the plugin context the answer of a lookup, see `proxy::dns`; `envoy_on_stats_update` is for
//! sinks of statistics, and no HTTP or TCP plugin gets it. While entry points run only logging and some WASI functions may be called; anything else traps (Envoy 1.40, observed).

use super::Links;
use crate::abi::Status;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutU32};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "pthread_equal", pthread_equal(u32, u32));
    hostcall!(links, "emscripten_notify_memory_growth", notify_memory_growth(u32));
    hostcall!(links, "envoy_resolve_dns", resolve_dns(Bytes, OutU32));
    Ok(())
}

/// Threads are numbers, and equal when the numbers are.
fn pthread_equal(_: &mut Call<'_>, left: u32, right: u32) -> u32 {
    u32::from(left == right)
}

/// The guest's memory has grown. The host looks it up at every call, so there is nothing to do.
fn notify_memory_growth(_: &mut Call<'_>, _memory: u32) {}

/// Looks a name up. The answer, which may be none, is call data in `envoy_on_resolve_dns`.
///
/// `InvalidMemoryAccess`: of the name, or of the token's place, and then a token is used up and nothing is looked up.
fn resolve_dns(call: &mut Call<'_>, name: Bytes, token: OutU32) -> Result<(), Status> {
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    name.get(memory)?;
    let next = proxy.next_dns_token(vm);
    call.write_u32(token, next)?;
    let (memory, proxy) = call.memory_and_proxy();
    proxy.resolve_dns(vm, name.get(memory)?, next)
}
