//! WASI `sock_*`: there are no sockets; plugins reach the network through HTTP and gRPC calls.

use super::super::Links;
use super::fault;
use crate::abi::Errno;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{OutU32, OutU64, Place};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, wasi "sock_accept", sock_accept(u32, u32, OutU64));
    hostcall!(links, wasi "sock_recv", sock_recv(u32, Place, u32, u32, OutU32, Place));
    hostcall!(links, wasi "sock_send", sock_send(u32, Place, u32, u32, OutU32));
    hostcall!(links, wasi "sock_shutdown", sock_shutdown(u32, u32));
    Ok(())
}

/// Writes a zero of eight bytes where a descriptor has four (Envoy 1.40, observed).
///
/// `Fault`; else `NotSupported`.
fn sock_accept(call: &mut Call<'_>, _fd: u32, _flags: u32, accepted: OutU64) -> Result<(), Errno> {
    call.write_u64(accepted, 0).map_err(fault)?;
    Err(Errno::NotSupported)
}

/// Zero bytes with no flags.
///
/// `Fault`; else `NotSupported`.
fn sock_recv(
    call: &mut Call<'_>,
    _fd: u32,
    _pieces: Place,
    _count: u32,
    _flags: u32,
    size: OutU32,
    flags: Place,
) -> Result<(), Errno> {
    call.write_u32(size, 0).map_err(fault)?;
    call.write_at(flags, 2, |_, to| to.fill(0)).map_err(fault)?;
    Err(Errno::NotSupported)
}

/// Zero bytes were sent.
///
/// `Fault`; else `NotSupported`.
fn sock_send(
    call: &mut Call<'_>,
    _fd: u32,
    _pieces: Place,
    _count: u32,
    _flags: u32,
    size: OutU32,
) -> Result<(), Errno> {
    call.write_u32(size, 0).map_err(fault)?;
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn sock_shutdown(_: &mut Call<'_>, _fd: u32, _how: u32) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}
