//! The gate: what happens around every hostcall, once. Decode, record, call, map the status, record.
//!
//! A section names its imports with [`hostcall!`], which turns the flat wasm arguments into typed ones; [`enter`] does the
//! rest. Nothing here knows what any call means.

use wasmtime::Caller;

use super::machine::VmData;
use super::memory::{OutBytes, OutU32, OutU64, slice_mut};
use super::trap::{RestrictedCall, Trap};
use crate::abi::{CallbackId, Hostcall, Status};
use crate::proxy::transcript::{Arg, Detail, Kind, Text};
use crate::proxy::{Proxy, VmIndex};

/// Links one import: `hostcall!(links, "proxy_log", log(u32, Bytes))` makes `log(&mut Call, u32, Bytes)` answer it.
/// The types are those of [`super::memory`]; each stands for as many wasm arguments as the ABI text gives it. With `wasi`
/// in front of the name the import is linked under both names of the WASI module, and answers an errno.
macro_rules! hostcall {
    ($links:expr, wasi $name:literal, $function:ident($($type:ident),*)) => {
        for module in $crate::abi::WASI_MODULES {
            hostcall!(@take $links, wasi module, $name, $function, [] [] $($type)*);
        }
    };
    ($links:expr, $name:literal, $function:ident($($type:ident),*)) => {
        hostcall!(@take $links, env "env", $name, $function, [] [] $($type)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] u32 $($rest:ident)*) => {
        hostcall!(@take $l, $k $m, $n, $f, [$($p: $t,)* number: u32,] [$($e,)* number,] $($rest)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] u64 $($rest:ident)*) => {
        hostcall!(@take $l, $k $m, $n, $f, [$($p: $t,)* number: u64,] [$($e,)* number,] $($rest)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] Bytes $($rest:ident)*) => {
        hostcall!(@take $l, $k $m, $n, $f, [$($p: $t,)* ptr: u32, len: u32,]
            [$($e,)* $crate::vm::memory::Bytes { ptr, len },] $($rest)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] PairsIn $($rest:ident)*) => {
        hostcall!(@take $l, $k $m, $n, $f, [$($p: $t,)* ptr: u32, len: u32,]
            [$($e,)* $crate::vm::memory::PairsIn($crate::vm::memory::Bytes { ptr, len }),] $($rest)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] OutU32 $($rest:ident)*) => {
        hostcall!(@take $l, $k $m, $n, $f, [$($p: $t,)* ptr: u32,]
            [$($e,)* $crate::vm::memory::OutU32(ptr),] $($rest)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] OutU64 $($rest:ident)*) => {
        hostcall!(@take $l, $k $m, $n, $f, [$($p: $t,)* ptr: u32,]
            [$($e,)* $crate::vm::memory::OutU64(ptr),] $($rest)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] OutBytes $($rest:ident)*) => {
        hostcall!(@take $l, $k $m, $n, $f, [$($p: $t,)* ptr: u32, len: u32,]
            [$($e,)* $crate::vm::memory::OutBytes { ptr, len },] $($rest)*)
    };
    (@take $l:expr, $k:ident $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*]) => {
        if let Some((linker, row)) = $l.offer($m, $n) {
            linker.func_wrap($m, $n, move |caller: wasmtime::Caller<'_, $crate::vm::VmData>, $($p: $t),*|
                -> wasmtime::Result<u32> {
                hostcall!(@enter $k)(
                    caller,
                    row,
                    |_memory, _out| { $($crate::vm::memory::Record::record($e, _memory, _out);)* },
                    |call| $f(call, $($e),*),
                )
            })?;
        }
    };
    (@enter env) => { $crate::vm::gate::enter };
    (@enter wasi) => { $crate::vm::gate::enter_wasi };
}
pub(crate) use hostcall;

/// A hostcall under way.
pub(crate) struct Call<'a> {
    caller: Caller<'a, VmData>,
}

/// Runs one hostcall.
pub(crate) fn enter(
    caller: Caller<'_, VmData>,
    row: &'static Hostcall,
    record: impl FnOnce(&[u8], &mut Vec<u8>),
    run: impl FnOnce(&mut Call<'_>) -> Result<(), Status>,
) -> wasmtime::Result<u32> {
    let mut call = Call { caller };
    let results = call.begin(row, record)?;
    let vm = call.vm();
    let status = match call.proxy().injected(vm, row) {
        Some(status) => status,
        None => run(&mut call).err().unwrap_or(Status::Ok),
    };
    call.finish(results, Some(status), None);
    Ok(status.to_abi())
}

/// Runs one WASI function: as [`enter`], with an errno in place of a status.
pub(crate) fn enter_wasi(
    caller: Caller<'_, VmData>,
    row: &'static Hostcall,
    record: impl FnOnce(&[u8], &mut Vec<u8>),
    run: impl FnOnce(&mut Call<'_>) -> u16,
) -> wasmtime::Result<u32> {
    let mut call = Call { caller };
    let results = call.begin(row, record)?;
    let errno = run(&mut call);
    call.finish(results, None, Some(errno));
    Ok(u32::from(errno))
}

impl Call<'_> {
    /// Refuses what may not be called while the module starts, and records the call. Answers a mark for `finish`.
    fn begin(
        &mut self,
        row: &'static Hostcall,
        record: impl FnOnce(&[u8], &mut Vec<u8>),
    ) -> wasmtime::Result<usize> {
        let vm = self.vm();
        let proxy = self.proxy();
        if proxy.vm(vm).starting && !row.while_starting {
            return Err(RestrictedCall { hostcall: row.name }.into());
        }
        if !proxy.transcript.records(Detail::Abi) {
            return Ok(0);
        }
        let (memory, data) = self.split();
        let now = data.slot.clock.now();
        let transcript = &mut data.slot.transcript;
        let start = transcript.arena().len();
        record(memory, transcript.arena());
        let args = Text { start: start as u32, len: (transcript.arena().len() - start) as u32 };
        transcript.push(now, Kind::Hostcall { vm, row, args });
        Ok(data.results.len())
    }

    fn finish(&mut self, mark: usize, status: Option<Status>, errno: Option<u16>) {
        let data = self.caller.data_mut();
        if !data.slot.transcript.records(Detail::Abi) {
            return;
        }
        let now = data.slot.clock.now();
        let results = data.slot.transcript.put(&data.results[mark..]);
        data.results.truncate(mark);
        data.slot.transcript.push(now, Kind::Answered { status, errno, results });
    }

    /// The VM that calls.
    pub(crate) fn vm(&self) -> VmIndex {
        self.caller.data().vm
    }

    pub(crate) fn proxy(&mut self) -> &mut Proxy {
        &mut self.caller.data_mut().slot
    }

    /// Guest memory beside the host's data.
    pub(crate) fn split(&mut self) -> (&mut [u8], &mut VmData) {
        match self.caller.data().memory {
            Some(memory) => memory.data_and_store_mut(&mut self.caller),
            None => (&mut [], self.caller.data_mut()),
        }
    }

    /// Guest memory beside the proxy.
    pub(crate) fn memory_and_proxy(&mut self) -> (&mut [u8], &mut Proxy) {
        let (memory, data) = self.split();
        (memory, &mut data.slot)
    }

    /// Takes the scratch space out, empty; give it back with [`Self::give_scratch`] or [`Self::restore_scratch`].
    pub(crate) fn take_scratch(&mut self) -> Vec<u8> {
        let mut scratch = std::mem::take(&mut self.caller.data_mut().scratch);
        scratch.clear();
        scratch
    }

    pub(crate) fn restore_scratch(&mut self, scratch: Vec<u8>) {
        self.caller.data_mut().scratch = scratch;
    }

    /// Writes a 32-bit number for the guest.
    pub(crate) fn write_u32(&mut self, out: OutU32, value: u32) -> Result<(), Status> {
        self.result(|_| Arg::Number(u64::from(value)));
        self.put_u32(out.0, value)
    }

    /// Writes a 64-bit number for the guest.
    pub(crate) fn write_u64(&mut self, out: OutU64, value: u64) -> Result<(), Status> {
        self.result(|_| Arg::Number(value));
        let (memory, _) = self.split();
        slice_mut(memory, out.0, 8)?.copy_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn put_u32(&mut self, ptr: u32, value: u32) -> Result<(), Status> {
        let (memory, _) = self.split();
        slice_mut(memory, ptr, 4)?.copy_from_slice(&value.to_le_bytes());
        Ok(())
    }

    /// Hands `bytes` over in memory that the guest allocates.
    pub(crate) fn give(&mut self, out: OutBytes, bytes: &[u8]) -> Result<(), Status> {
        self.give_with(out, bytes.len(), |_, to| to.copy_from_slice(bytes))
    }

    /// As [`Self::give`], with scratch space taken before, which goes back.
    pub(crate) fn give_scratch(&mut self, out: OutBytes, scratch: Vec<u8>) -> Result<(), Status> {
        let given = self.give(out, &scratch);
        self.restore_scratch(scratch);
        given
    }

    /// Hands over `len` bytes that `fill` writes straight into guest memory. Nothing is allocated for none: the guest
    /// gets a null pointer and a size of zero (Envoy 1.40, observed).
    pub(crate) fn give_with(
        &mut self,
        out: OutBytes,
        len: usize,
        fill: impl FnOnce(&Proxy, &mut [u8]),
    ) -> Result<(), Status> {
        let size = u32::try_from(len).map_err(|_| Status::InvalidMemoryAccess)?;
        let mut ptr = 0;
        if size > 0 {
            ptr = self.allocate(size)?;
            let (memory, data) = self.split();
            let to = slice_mut(memory, ptr, size)?;
            fill(&data.slot, to);
            if data.slot.transcript.records(Detail::Abi) {
                Arg::Bytes(to).encode(&mut data.results);
            }
        } else {
            self.result(|_| Arg::Bytes(b""));
        }
        self.put_u32(out.ptr, ptr)?;
        self.put_u32(out.len, size)
    }

    /// Records a result, when calls are recorded.
    fn result<'r>(&'r mut self, arg: impl FnOnce(&'r [u8]) -> Arg<'r>) {
        let data = self.caller.data_mut();
        if data.slot.transcript.records(Detail::Abi) {
            arg(&[]).encode(&mut data.results);
        }
    }

    /// Asks the guest for `size` bytes. It runs as a callback of no context.
    fn allocate(&mut self, size: u32) -> Result<u32, Status> {
        let vm = self.vm();
        let Some((callback, allocate)) = self.caller.data().allocate.clone() else {
            return Err(Status::InvalidMemoryAccess);
        };
        let proxy = self.proxy();
        proxy.record_abi(Kind::Callback { vm, callback, plugin: None, args: [size, 0, 0, 0, 0], len: 1 });
        let outer = proxy.vm_mut(vm).enter(0);
        let allocated = allocate.call(&mut self.caller, size);
        let proxy = self.proxy();
        proxy.vm_mut(vm).leave(outer);
        match allocated {
            Ok(ptr) => {
                proxy.record_abi(Kind::Returned { vm, value: Some(ptr_shown(ptr)) });
                if ptr == 0 { Err(Status::InvalidMemoryAccess) } else { Ok(ptr) }
            }
            Err(error) => {
                // The VM is dead from here on, but its outer call goes on until it returns.
                let trap = Trap::from_error(&error);
                proxy.record_trap(vm, callback, &trap.message);
                self.caller.data_mut().trapped.get_or_insert((callback, trap));
                Err(Status::InvalidMemoryAccess)
            }
        }
    }
}

/// Pointers do not appear in a transcript: what matters of one is whether it is null.
fn ptr_shown(ptr: u32) -> u32 {
    u32::from(ptr != 0)
}

/// Answers a call that the host knows and does not offer yet, by name in the transcript.
pub(crate) fn unimplemented(mut caller: Caller<'_, VmData>, row: &'static Hostcall) -> wasmtime::Result<()> {
    let vm = caller.data().vm;
    let proxy = &mut caller.data_mut().slot;
    if proxy.vm(vm).starting && !row.while_starting {
        return Err(RestrictedCall { hostcall: row.name }.into());
    }
    proxy.record(Kind::Unimplemented { vm, row });
    Ok(())
}

/// The allocator's name, for the record.
pub(crate) type Allocator = (CallbackId, wasmtime::TypedFunc<u32, u32>);
