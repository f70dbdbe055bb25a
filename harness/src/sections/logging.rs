//! Proxy-Wasm ABI v0.2.1, "Logging".
//!
//! Lines below the proxy's own level are dropped; the call answers Ok all the same (Envoy 1.40, observed).

use super::Links;
use crate::abi::{LogLevel, Status};
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutU32};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_log", log(u32, Bytes));
    hostcall!(links, "proxy_get_log_level", get_log_level(OutU32));
    Ok(())
}

/// Logs `message`, raw bytes.
///
/// `BadArgument`: no such level (judged before the memory); `InvalidMemoryAccess`.
fn log(call: &mut Call<'_>, level: u32, message: Bytes) -> Result<(), Status> {
    let level = LogLevel::from_abi(level).ok_or(Status::BadArgument)?;
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    proxy.log(vm, level, message.get(memory)?);
    Ok(())
}

/// The proxy's level.
///
/// `InvalidMemoryAccess`.
fn get_log_level(call: &mut Call<'_>, out: OutU32) -> Result<(), Status> {
    let level = call.proxy().options.log_level.to_abi();
    call.write_u32(out, level)
}
