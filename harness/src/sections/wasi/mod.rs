//! WASI preview 1, as far as Envoy offers it to plugins: what toolchains import for printing, and answers that say no for
//! files, sockets and processes. The rest stands with the ABI sections that it serves: `clocks`, `randomness`,
//! `environment_variables`.
//!
//! Linked under both names of the module. Everything may be called from every callback; while the module starts
//! `fd_close`, `fd_read`, `fd_seek`, `path_open`, `proc_exit` and `sched_yield` trap (Envoy 1.40, observed). A pointer
//! that leaves the memory is looked at only where something is read or written, after everything else.

mod descriptors;
mod output;
mod paths;
mod process;
mod sockets;

use super::Links;
use crate::abi::{Errno, Status};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    output::link(links)?;
    descriptors::link(links)?;
    paths::link(links)?;
    sockets::link(links)?;
    process::link(links)
}

/// What the gate calls `InvalidMemoryAccess` has a number of its own in WASI.
pub(super) fn fault(_: Status) -> Errno {
    Errno::Fault
}

/// Whether there is such a descriptor: only standard output and standard error are there, not even standard input.
fn known(fd: u32) -> Result<(), Errno> {
    if matches!(fd, 1 | 2) { Ok(()) } else { Err(Errno::BadFd) }
}
