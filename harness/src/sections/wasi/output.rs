//! WASI `fd_write`, `fd_pwrite`: what a plugin prints becomes log lines.
//!
//! One call is one line, whatever newlines are in it; only the last one is taken off (Envoy 1.40, observed).

use super::super::Links;
use super::fault;
use crate::abi::{Errno, LogLevel};
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Iovs, OutU32};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, wasi "fd_write", fd_write(u32, Iovs, OutU32));
    hostcall!(links, wasi "fd_pwrite", fd_pwrite(u32, Iovs, u64, OutU32));
    Ok(())
}

/// Logs the joined pieces: standard output at info, standard error at error. No bytes are no line; one newline is an
/// empty line.
///
/// `BadFd`: another descriptor; `Fault`: the pieces (nothing is logged), or the place of the count (the line is).
fn fd_write(call: &mut Call<'_>, fd: u32, pieces: Iovs, written: OutU32) -> Result<(), Errno> {
    let level = match fd {
        1 => LogLevel::Info,
        2 => LogLevel::Error,
        _ => return Err(Errno::BadFd),
    };
    let vm = call.vm();
    let mut text = call.take_scratch();
    let (memory, proxy) = call.memory_and_proxy();
    let joined = pieces.join(memory, &mut text);
    if joined.is_ok() && !text.is_empty() {
        proxy.log(vm, level, text.strip_suffix(b"\n").unwrap_or(&text));
    }
    let size = text.len();
    call.restore_scratch(text);
    joined.map_err(fault)?;
    call.write_u32(written, size as u32).map_err(fault)
}

/// As [`fd_write`]: a log has no positions.
fn fd_pwrite(call: &mut Call<'_>, fd: u32, pieces: Iovs, _: u64, written: OutU32) -> Result<(), Errno> {
    fd_write(call, fd, pieces, written)
}
