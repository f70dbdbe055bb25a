//! Proxy-Wasm ABI v0.2.1, "Clocks": the realtime clock. Monotonic time is had through WASI only.

use super::Links;
use crate::abi::Status;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::OutU64;

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_get_current_time_nanoseconds", get_current_time_nanoseconds(OutU64));
    Ok(())
}

/// Nanoseconds since the epoch, of the virtual realtime clock. It does not move while a callback runs.
///
/// `InvalidMemoryAccess`.
fn get_current_time_nanoseconds(call: &mut Call<'_>, out: OutU64) -> Result<(), Status> {
    let now = call.proxy().clock.realtime();
    call.write_u64(out, now)
}
