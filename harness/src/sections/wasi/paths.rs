//! WASI `path_*`: there are no files. Paths are recorded, and not looked at: one outside of the memory changes nothing.

use super::super::Links;
use super::fault;
use crate::abi::Errno;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutU32, Place};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, wasi "path_create_directory", path_create_directory(u32, Bytes));
    hostcall!(links, wasi "path_filestat_get", path_filestat_get(u32, u32, Bytes, Place));
    hostcall!(links, wasi "path_filestat_set_times", path_filestat_set_times(u32, u32, Bytes, u64, u64, u32));
    hostcall!(links, wasi "path_link", path_link(u32, u32, Bytes, u32, Bytes));
    hostcall!(links, wasi "path_open", path_open(u32, u32, Bytes, u32, u64, u64, u32, Place));
    hostcall!(links, wasi "path_readlink", path_readlink(u32, Bytes, Place, u32, OutU32));
    hostcall!(links, wasi "path_remove_directory", path_remove_directory(u32, Bytes));
    hostcall!(links, wasi "path_rename", path_rename(u32, Bytes, u32, Bytes));
    hostcall!(links, wasi "path_symlink", path_symlink(Bytes, u32, Bytes));
    hostcall!(links, wasi "path_unlink_file", path_unlink_file(u32, Bytes));
    Ok(())
}

/// `NotSupported`: always.
fn path_create_directory(_: &mut Call<'_>, _fd: u32, _path: Bytes) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn path_filestat_get(
    _: &mut Call<'_>,
    _fd: u32,
    _lookup: u32,
    _path: Bytes,
    _stat: Place,
) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn path_filestat_set_times(
    _: &mut Call<'_>,
    _fd: u32,
    _lookup: u32,
    _path: Bytes,
    _accessed: u64,
    _modified: u64,
    _flags: u32,
) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn path_link(
    _: &mut Call<'_>,
    _old_fd: u32,
    _lookup: u32,
    _old: Bytes,
    _new_fd: u32,
    _new: Bytes,
) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

/// `NoEntry`: always.
#[expect(clippy::too_many_arguments, reason = "WASI gives it that many")]
fn path_open(
    _: &mut Call<'_>,
    _fd: u32,
    _lookup: u32,
    _path: Bytes,
    _flags: u32,
    _rights: u64,
    _inheriting: u64,
    _fd_flags: u32,
    _opened: Place,
) -> Result<(), Errno> {
    Err(Errno::NoEntry)
}

/// A link of zero bytes.
///
/// `Fault`; else `NotSupported`.
fn path_readlink(
    call: &mut Call<'_>,
    _fd: u32,
    _path: Bytes,
    _buffer: Place,
    _size: u32,
    read: OutU32,
) -> Result<(), Errno> {
    call.write_u32(read, 0).map_err(fault)?;
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn path_remove_directory(_: &mut Call<'_>, _fd: u32, _path: Bytes) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn path_rename(_: &mut Call<'_>, _fd: u32, _old: Bytes, _new_fd: u32, _new: Bytes) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn path_symlink(_: &mut Call<'_>, _old: Bytes, _fd: u32, _new: Bytes) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

/// `NotSupported`: always.
fn path_unlink_file(_: &mut Call<'_>, _fd: u32, _path: Bytes) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}
