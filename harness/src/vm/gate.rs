//! The gate: what happens around every hostcall, once. Decode, record, call, map the status, record.
//!
//! A section names its imports with [`hostcall!`], which turns the flat wasm arguments into typed ones; [`enter`] does the
//! rest. Nothing here knows what any call means.

use wasmtime::Caller;

pub(crate) use super::hostcall::hostcall;
use super::machine::VmData;
use super::memory::{OutBytes, OutU32, OutU64, Place, slice_mut};
use super::trap::{RestrictedCall, Trap};
use crate::abi::{Errno, Hostcall, Status};
use crate::proxy::transcript::{Arg, Detail, Kind, Text};
use crate::proxy::{Proxy, VmIndex};

/// A hostcall under way.
pub(crate) struct Call<'a> {
    caller: Caller<'a, VmData>,
}

/// What a host function hands back: a status, an errno, a number of its own, or nothing.
pub(crate) trait Answer {
    /// Its form in wasm.
    type Wasm;
    /// The answer that a script may put in place of the call's own; only statuses can be.
    fn injected(_: Status) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
    /// What a call answers that the configuration does not allow.
    fn restricted() -> Self;
    /// For the record: status and errno.
    fn shown(&self) -> (Option<Status>, Option<Errno>) {
        (None, None)
    }
    /// For the record: a number of its own.
    fn number(&self) -> Option<u32> {
        None
    }
    /// For the guest.
    fn into_wasm(self) -> Self::Wasm;
}

impl Answer for Result<(), Status> {
    type Wasm = u32;
    fn injected(status: Status) -> Option<Self> {
        Some(Err(status))
    }
    fn restricted() -> Self {
        Err(Status::InternalFailure)
    }
    fn shown(&self) -> (Option<Status>, Option<Errno>) {
        (Some(self.err().unwrap_or(Status::Ok)), None)
    }
    fn into_wasm(self) -> u32 {
        self.err().unwrap_or(Status::Ok).to_abi()
    }
}

impl Answer for Result<(), Errno> {
    type Wasm = u32;
    fn restricted() -> Self {
        Err(Errno::NotCapable)
    }
    fn shown(&self) -> (Option<Status>, Option<Errno>) {
        (None, Some(self.err().unwrap_or(Errno::Success)))
    }
    fn into_wasm(self) -> u32 {
        self.err().unwrap_or(Errno::Success).to_abi()
    }
}

impl Answer for u32 {
    type Wasm = Self;
    fn restricted() -> Self {
        Status::InternalFailure.to_abi()
    }
    fn number(&self) -> Option<Self> {
        Some(*self)
    }
    fn into_wasm(self) -> Self {
        self
    }
}

impl Answer for () {
    type Wasm = ();
    fn restricted() {}
    fn into_wasm(self) {}
}

/// Runs one hostcall.
pub(crate) fn enter<A: Answer>(
    caller: Caller<'_, VmData>,
    row: &'static Hostcall,
    record: impl FnOnce(&[u8], &mut Vec<u8>),
    run: impl FnOnce(&mut Call<'_>) -> A,
) -> wasmtime::Result<A::Wasm> {
    let mut call = Call { caller };
    if call.is_plain() {
        return Ok(run(&mut call).into_wasm());
    }
    let results = call.begin(row, record)?;
    let vm = call.vm();
    let allowed = call.proxy().vm(vm).capabilities.allow(row.name);
    let answer = match call.proxy().injected(vm, row).and_then(A::injected) {
        Some(answer) => answer,
        None if !allowed => A::restricted(),
        None => run(&mut call),
    };
    if let Some(number) = answer.number() {
        call.result(|_| Arg::Number(u64::from(number)));
    }
    call.finish(results, answer.shown());
    Ok(answer.into_wasm())
}

impl Call<'_> {
    /// Whether all that there is to a call is to make it: nothing is recorded, refused or made to fail.
    #[inline]
    fn is_plain(&mut self) -> bool {
        let data = self.caller.data_mut();
        let proxy: &Proxy = &data.slot;
        let state = proxy.vm(data.vm);
        !(state.starting
            || state.capabilities.restrict()
            || proxy.transcript.records(Detail::Abi)
            || proxy.injects())
    }

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

    fn finish(&mut self, mark: usize, (status, errno): (Option<Status>, Option<Errno>)) {
        let data = self.caller.data_mut();
        if !data.slot.transcript.records(Detail::Abi) {
            return;
        }
        let now = data.slot.clock.now();
        let results = data.slot.transcript.put(&data.results[mark..]);
        data.results.truncate(mark);
        data.slot.transcript.push(now, Kind::Answered { status, errno, results });
    }

    /// What comes now VMs of other workers can tell: where workers take turns, whoever is to go first goes.
    pub(crate) fn meet(&mut self) {
        let data = self.caller.data_mut();
        if let Some(turn) = &data.turn {
            let proxy = turn.meet(data.slot.lend());
            data.slot.restore(proxy);
        }
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
        self.write_pointer(out.0, value)
    }

    /// Writes a 64-bit number for the guest.
    pub(crate) fn write_u64(&mut self, out: OutU64, value: u64) -> Result<(), Status> {
        self.result(|_| Arg::Number(value));
        let (memory, _) = self.split();
        slice_mut(memory, out.0, 8)?.copy_from_slice(&value.to_le_bytes());
        Ok(())
    }

    /// Lets `fill` write `len` bytes at the place that the guest names.
    pub(crate) fn write_at(
        &mut self,
        place: Place,
        len: u32,
        fill: impl FnOnce(&mut Proxy, &mut [u8]),
    ) -> Result<(), Status> {
        let (memory, data) = self.split();
        let to = slice_mut(memory, place.0, len)?;
        fill(&mut data.slot, to);
        if data.slot.transcript.records(Detail::Abi) {
            Arg::Bytes(to).encode(&mut data.results);
        }
        Ok(())
    }

    /// Writes a number that the transcript does not show: a pointer, or the size of what it points at.
    pub(crate) fn write_pointer(&mut self, ptr: u32, value: u32) -> Result<(), Status> {
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
        self.write_pointer(out.ptr, ptr)?;
        self.write_pointer(out.len, size)
    }

    /// Puts `bytes` into memory that the guest allocates, also when there are none, and answers where they are.
    pub(crate) fn put_into_guest(&mut self, bytes: &[u8]) -> Result<u32, Status> {
        self.result(|_| Arg::Bytes(bytes));
        let size = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
        let ptr = match self.allocate(size) {
            Err(_) if size == 0 => 0,
            allocated => allocated?,
        };
        let (memory, _) = self.split();
        slice_mut(memory, ptr, size)?.copy_from_slice(bytes);
        Ok(ptr)
    }

    /// Records a result, when calls are recorded.
    fn result<'r>(&mut self, arg: impl FnOnce(&'r [u8]) -> Arg<'r>) {
        let data = self.caller.data_mut();
        if data.slot.transcript.records(Detail::Abi) {
            arg(&[]).encode(&mut data.results);
        }
    }

    /// Asks the guest for `size` bytes. It runs as a callback of no context.
    fn allocate(&mut self, size: u32) -> Result<u32, Status> {
        let vm = self.vm();
        let Some(allocator) = self.caller.data().allocate.clone() else {
            return Err(Status::InvalidMemoryAccess);
        };
        let (callback, allocate) = &*allocator;
        let callback = *callback;
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
                self.caller.data_mut().trapped.get_or_insert_with(|| Box::new((callback, trap)));
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
