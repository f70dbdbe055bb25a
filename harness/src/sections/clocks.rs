//! Proxy-Wasm ABI v0.2.1, "Clocks": realtime from a hostcall or WASI clock 0, monotonic time from WASI clock 1. Both are
//! virtual, and neither moves while a callback runs.

use super::Links;
use super::wasi::fault;
use crate::abi::{Errno, Status};
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::OutU64;

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_get_current_time_nanoseconds", get_current_time_nanoseconds(OutU64));
    hostcall!(links, wasi "clock_time_get", clock_time_get(u32, u64, OutU64));
    hostcall!(links, wasi "clock_res_get", clock_res_get(u32, OutU64));
    Ok(())
}

/// Nanoseconds since the epoch, of the realtime clock.
///
/// `InvalidMemoryAccess`.
fn get_current_time_nanoseconds(call: &mut Call<'_>, out: OutU64) -> Result<(), Status> {
    let now = call.proxy().clock.realtime();
    call.write_u64(out, now)
}

/// What a WASI clock shows: 0 is realtime, 1 is monotonic time. Others are not there.
fn clock(call: &mut Call<'_>, id: u32) -> Result<u64, Errno> {
    let proxy = call.proxy();
    let clock = &proxy.clock;
    match id {
        // The tester has one clock.
        1 if proxy.tester.is_some() => Ok(clock.realtime()),
        0 => Ok(clock.realtime()),
        1 => Ok(clock.monotonic()),
        _ => Err(Errno::NotSupported),
    }
}

/// Nanoseconds on a clock; the precision asked for is not looked at.
///
/// `NotSupported`: no such clock (judged before the memory); `Fault`.
fn clock_time_get(call: &mut Call<'_>, id: u32, _precision: u64, out: OutU64) -> Result<(), Errno> {
    let now = clock(call, id)?;
    call.write_u64(out, now).map_err(fault)
}

/// A nanosecond.
///
/// `NotSupported`: no such clock (judged before the memory); `Fault`.
fn clock_res_get(call: &mut Call<'_>, id: u32, out: OutU64) -> Result<(), Errno> {
    clock(call, id)?;
    call.write_u64(out, 1).map_err(fault)
}
