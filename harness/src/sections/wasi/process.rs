//! WASI `args_*`, `poll_oneoff`, `proc_exit`, `sched_yield`: a plugin is no process. It has no arguments, waits for
//! nothing, and cannot end itself.

use super::super::Links;
use super::fault;
use crate::abi::Errno;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{OutU32, Place};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, wasi "args_get", args_get(Place, Place));
    hostcall!(links, wasi "args_sizes_get", args_sizes_get(OutU32, OutU32));
    hostcall!(links, wasi "poll_oneoff", poll_oneoff(Place, Place, u32, OutU32));
    hostcall!(links, wasi "proc_exit", proc_exit(u32));
    hostcall!(links, wasi "sched_yield", sched_yield());
    Ok(())
}

/// Writes nothing, so it looks at no pointer.
fn args_get(_: &mut Call<'_>, _arguments: Place, _buffer: Place) -> Result<(), Errno> {
    Ok(())
}

/// No arguments of no bytes.
///
/// `Fault`.
fn args_sizes_get(call: &mut Call<'_>, count: OutU32, size: OutU32) -> Result<(), Errno> {
    call.write_u32(count, 0).map_err(fault)?;
    call.write_u32(size, 0).map_err(fault)
}

/// No event has come, and no time has passed. A guest that sleeps in a loop until time has passed never ends; the hang
/// guard ends it.
///
/// `Fault`.
fn poll_oneoff(
    call: &mut Call<'_>,
    _subscriptions: Place,
    _events: Place,
    _wanted: u32,
    came: OutU32,
) -> Result<(), Errno> {
    call.write_u32(came, 0).map_err(fault)
}

/// Returns to its caller, which goes on (Envoy 1.40, observed; the WASI text ends the program here). What compilers put
/// behind the call as a rule traps then.
fn proc_exit(_: &mut Call<'_>, _code: u32) {}

/// Does nothing.
fn sched_yield(_: &mut Call<'_>) -> Result<(), Errno> {
    Ok(())
}
