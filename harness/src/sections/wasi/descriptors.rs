//! WASI `fd_*`, printing left out: descriptors 1 and 2 exist and are no files; nothing else exists.

use super::super::Links;
use super::{fault, known};
use crate::abi::Errno;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{OutU32, OutU64, Place};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, wasi "fd_advise", fd_advise(u32, u64, u64, u32));
    hostcall!(links, wasi "fd_allocate", fd_allocate(u32, u64, u64));
    hostcall!(links, wasi "fd_close", fd_close(u32));
    hostcall!(links, wasi "fd_datasync", fd_datasync(u32));
    hostcall!(links, wasi "fd_fdstat_get", fd_fdstat_get(u32, Place));
    hostcall!(links, wasi "fd_fdstat_set_flags", fd_fdstat_set_flags(u32, u32));
    hostcall!(links, wasi "fd_fdstat_set_rights", fd_fdstat_set_rights(u32, u64, u64));
    hostcall!(links, wasi "fd_filestat_get", fd_filestat_get(u32, Place));
    hostcall!(links, wasi "fd_filestat_set_size", fd_filestat_set_size(u32, u64));
    hostcall!(links, wasi "fd_filestat_set_times", fd_filestat_set_times(u32, u64, u64, u32));
    hostcall!(links, wasi "fd_pread", fd_pread(u32, Place, u32, u64, OutU32));
    hostcall!(links, wasi "fd_prestat_get", fd_prestat_get(u32, Place));
    hostcall!(links, wasi "fd_prestat_dir_name", fd_prestat_dir_name(u32, Place, u32));
    hostcall!(links, wasi "fd_read", fd_read(u32, Place, u32, OutU32));
    hostcall!(links, wasi "fd_readdir", fd_readdir(u32, Place, u32, u64, OutU32));
    hostcall!(links, wasi "fd_renumber", fd_renumber(u32, u32));
    hostcall!(links, wasi "fd_seek", fd_seek(u32, u64, u32, OutU64));
    hostcall!(links, wasi "fd_sync", fd_sync(u32));
    hostcall!(links, wasi "fd_tell", fd_tell(u32, OutU64));
    Ok(())
}

/// Does nothing, for any descriptor.
fn fd_advise(_: &mut Call<'_>, _fd: u32, _offset: u64, _length: u64, _advice: u32) -> Result<(), Errno> {
    Ok(())
}

/// Does nothing.
///
/// `BadFd`.
fn fd_allocate(_: &mut Call<'_>, fd: u32, _offset: u64, _length: u64) -> Result<(), Errno> {
    known(fd)
}

/// Does nothing, for any descriptor.
fn fd_close(_: &mut Call<'_>, _fd: u32) -> Result<(), Errno> {
    Ok(())
}

/// Does nothing.
///
/// `BadFd`.
fn fd_datasync(_: &mut Call<'_>, fd: u32) -> Result<(), Errno> {
    known(fd)
}

/// 24 bytes: type unknown, no flags, the right to write (bit 6 of the rights in the second eight). A place outside of the
/// memory gets nothing, and the answer is success all the same.
///
/// `BadFd`.
fn fd_fdstat_get(call: &mut Call<'_>, fd: u32, stat: Place) -> Result<(), Errno> {
    known(fd)?;
    let _ = call.write_at(stat, 24, |_, to| {
        to.fill(0);
        to[8] = 1 << 6;
    });
    Ok(())
}

/// `NoSystem`: always.
fn fd_fdstat_set_flags(_: &mut Call<'_>, _fd: u32, _flags: u32) -> Result<(), Errno> {
    Err(Errno::NoSystem)
}

/// Does nothing.
///
/// `BadFd`.
fn fd_fdstat_set_rights(_: &mut Call<'_>, fd: u32, _base: u64, _inheriting: u64) -> Result<(), Errno> {
    known(fd)
}

/// `BadFd`: always.
fn fd_filestat_get(_: &mut Call<'_>, _fd: u32, _stat: Place) -> Result<(), Errno> {
    Err(Errno::BadFd)
}

/// Does nothing.
///
/// `BadFd`.
fn fd_filestat_set_size(_: &mut Call<'_>, fd: u32, _size: u64) -> Result<(), Errno> {
    known(fd)
}

/// Does nothing.
///
/// `BadFd`.
fn fd_filestat_set_times(
    _: &mut Call<'_>,
    fd: u32,
    _accessed: u64,
    _modified: u64,
    _flags: u32,
) -> Result<(), Errno> {
    known(fd)
}

/// `NoSystem`: always.
fn fd_pread(
    _: &mut Call<'_>,
    _fd: u32,
    _pieces: Place,
    _count: u32,
    _offset: u64,
    _read: OutU32,
) -> Result<(), Errno> {
    Err(Errno::NoSystem)
}

/// `BadFd`: always. This is how toolchains find out that no folder is open.
fn fd_prestat_get(_: &mut Call<'_>, _fd: u32, _stat: Place) -> Result<(), Errno> {
    Err(Errno::BadFd)
}

/// `NoSystem`: always.
fn fd_prestat_dir_name(_: &mut Call<'_>, _fd: u32, _path: Place, _size: u32) -> Result<(), Errno> {
    Err(Errno::NoSystem)
}

/// `NoSystem`: always, standard input included.
fn fd_read(_: &mut Call<'_>, _fd: u32, _pieces: Place, _count: u32, _read: OutU32) -> Result<(), Errno> {
    Err(Errno::NoSystem)
}

/// Zero bytes were read.
///
/// `Fault`; else `NotDirectory`, for any descriptor.
fn fd_readdir(
    call: &mut Call<'_>,
    _fd: u32,
    _buffer: Place,
    _size: u32,
    _cookie: u64,
    read: OutU32,
) -> Result<(), Errno> {
    call.write_u32(read, 0).map_err(fault)?;
    Err(Errno::NotDirectory)
}

/// `BadFd`: either is unknown; else `NotSupported`.
fn fd_renumber(_: &mut Call<'_>, fd: u32, to: u32) -> Result<(), Errno> {
    known(fd).and(known(to))?;
    Err(Errno::NotSupported)
}

/// Does nothing, for any descriptor; the position is not written, and its place not looked at.
fn fd_seek(_: &mut Call<'_>, _fd: u32, _offset: u64, _whence: u32, _position: OutU64) -> Result<(), Errno> {
    Ok(())
}

/// Does nothing.
///
/// `BadFd`.
fn fd_sync(_: &mut Call<'_>, fd: u32) -> Result<(), Errno> {
    known(fd)
}

/// Position zero.
///
/// `BadFd`; `Fault`.
fn fd_tell(call: &mut Call<'_>, fd: u32, position: OutU64) -> Result<(), Errno> {
    known(fd)?;
    call.write_u64(position, 0).map_err(fault)
}
