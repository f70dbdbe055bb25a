//! Proxy-Wasm ABI v0.2.1, "Integration": the module's marker and entry points, and what its runtime may import.
//!
//! Callbacks: `_initialize`, then `main` or `__main_void`; a module without `_initialize` has `_start` run instead.
//! While they run only logging and some WASI functions may be called; anything else traps (Envoy 1.40, observed).

use super::Links;
use crate::vm::gate::{Call, hostcall};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "pthread_equal", pthread_equal(u32, u32));
    hostcall!(links, "emscripten_notify_memory_growth", notify_memory_growth(u32));
    Ok(())
}

/// Threads are numbers, and equal when the numbers are.
fn pthread_equal(_: &mut Call<'_>, left: u32, right: u32) -> u32 {
    u32::from(left == right)
}

/// The guest's memory has grown. The host looks it up at every call, so there is nothing to do.
fn notify_memory_growth(_: &mut Call<'_>, _memory: u32) {}
