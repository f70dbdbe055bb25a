//! One virtual machine: an instance of a plugin's module with its store, and the calls into it.
//!
//! The store is dropped with the VM. Its data has a slot for the proxy, filled for as long as a call runs.

use std::sync::Arc;

use wasmtime::{Instance, Memory, Store};

use super::export::{Allocator, Exports, allocator};
use super::fuel::Meter;
use super::limits::{HangGuard, MemoryCap};
use super::program::{Link, Program};
use super::trap::Trap;
use super::turns::Turn;
use crate::abi::CallbackId;
use crate::proxy::transcript::{Detail, Kind};
use crate::proxy::{Invocation, Proxy, Returned, Slot, VmIndex};

/// What hostcalls find in the store.
pub(crate) struct VmData {
    /// The proxy, while a call into the guest runs.
    pub(crate) slot: Slot,
    pub(crate) vm: VmIndex,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<Arc<Allocator>>,
    /// Space for values on their way into guest memory, reused from call to call.
    pub(crate) scratch: Vec<u8>,
    /// Results of hostcalls under way, for the transcript.
    pub(crate) results: Vec<u8>,
    pub(crate) cap: MemoryCap,
    /// Where workers take turns, this one's part in them.
    pub(crate) turn: Option<Turn>,
    /// A trap inside a callback's own hostcall: the allocator's.
    pub(crate) trapped: Option<Box<(CallbackId, Trap)>>,
}

/// A function of the module's start, whatever its type.
type Plain = dyn Fn(&mut Store<VmData>) -> wasmtime::Result<()>;

/// A trap, where it happened.
#[derive(Clone, Debug)]
pub struct Trapped {
    /// The VM.
    pub vm: VmIndex,
    /// The plugin's name; the VM's where no context is known.
    pub plugin: String,
    /// The callback that ran.
    pub callback: CallbackId,
    /// What happened, with the guest's backtrace.
    pub trap: Trap,
}

/// An instance of a plugin.
pub(crate) struct Vm {
    pub(super) store: Store<VmData>,
    pub(super) instance: Instance,
    pub(super) program: Arc<Program>,
    exports: Exports,
    pub(super) guard: HangGuard,
    meter: Option<Meter>,
    index: VmIndex,
}

/// What a VM may use up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Wall-clock time of each call.
    pub(crate) guard: HangGuard,
    /// Memory.
    pub(crate) cap: MemoryCap,
    /// Fuel of each callback, where it is counted.
    pub(crate) fuel: Option<u64>,
}

impl Vm {
    /// Instantiates the module. Nothing of it has run yet but its start section.
    ///
    /// # Errors
    ///
    /// When the start section traps, or the machine has no room for the instance.
    pub(crate) fn new(
        program: Arc<Program>,
        link: Link,
        index: VmIndex,
        Allowance { guard, cap, fuel }: Allowance,
        proxy: &mut Slot,
    ) -> Result<Self, Trap> {
        let data = VmData {
            slot: Slot::new(proxy.lend()),
            vm: index,
            memory: None,
            allocate: None,
            scratch: Vec::new(),
            results: Vec::new(),
            cap,
            turn: None,
            trapped: None,
        };
        let mut store = Store::new(program.engine().wasmtime(), data);
        store.limiter(|data| &mut data.cap);
        guard.arm(&mut store);
        let meter = Meter::of(program.engine(), fuel);
        if meter.is_some() {
            Meter::fill_for_start(&mut store);
        }
        let instance = program.linked(link).and_then(|linked| linked.instantiate(&mut store));
        proxy.restore(store.data_mut().slot.lend());
        let (instance, imported) = instance.map_err(|error| Trap::from_error(&error))?;
        let exported = program.memory().and_then(|place| instance.get_module_export(&mut store, place));
        let memory = exported.and_then(wasmtime::Extern::into_memory).or(imported);
        let allocate = allocator(&program, &instance, &mut store).map(Arc::new);
        let data = store.data_mut();
        data.memory = memory;
        data.allocate = allocate;
        Ok(Self { store, instance, program, exports: Exports::new(), guard, meter, index })
    }

    /// Whether fuel is counted.
    pub(super) fn is_metered(&self) -> bool {
        self.meter.is_some()
    }

    /// Fuel that the last callback used, where it is counted.
    pub(super) fn used(&self) -> Option<u64> {
        self.meter.map(|meter| meter.used(&self.store))
    }

    /// Fuel that [`Self::start`] used, or the start section, where it is counted.
    pub(crate) fn used_by_start(&self) -> Option<u64> {
        self.meter.map(|_| Meter::used_by_start(&self.store))
    }

    /// Bytes that its memory has now.
    pub(crate) fn memory_size(&self) -> u64 {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store) as u64)
    }

    /// Its memory cap, and whether it was met.
    pub(crate) fn cap(&self) -> MemoryCap {
        self.store.data().cap
    }

    /// Runs a function of the module's start, which has no context: `_initialize`, `main`, `__main_void` or `_start`.
    /// False when the module does not export it.
    pub(crate) fn start(&mut self, proxy: &mut Slot, callback: CallbackId) -> Result<bool, Trapped> {
        let name = callback.name();
        let (index, store) = (self.index, &mut self.store);
        let run: Box<Plain> =
            if let Ok(main) = self.instance.get_typed_func::<(u32, u32), u32>(&mut *store, name) {
                Box::new(move |store| main.call(store, (0, 0)).map(drop))
            } else if let Ok(main) = self.instance.get_typed_func::<(), u32>(&mut *store, name) {
                Box::new(move |store| main.call(store, ()).map(drop))
            } else if let Ok(start) = self.instance.get_typed_func::<(), ()>(&mut *store, name) {
                Box::new(move |store| start.call(store, ()))
            } else {
                return Ok(false);
            };
        proxy.record_abi(Kind::Callback { vm: index, callback, plugin: None, args: [0; 5], len: 0 });
        proxy.vm_mut(index).starting = true;
        store.data_mut().slot.restore(proxy.lend());
        self.guard.arm(&mut *store);
        if self.meter.is_some() {
            Meter::fill_for_start(store);
        }
        let ended = run(store);
        proxy.restore(store.data_mut().slot.lend());
        proxy.vm_mut(index).starting = false;
        match ended {
            Ok(()) => {
                proxy.record_abi(Kind::Returned { vm: index, value: None });
                Ok(true)
            }
            Err(error) => Err(self.trapped(proxy, callback, &error)),
        }
    }

    /// From here on the VM meets those of other workers, or goes its own way again.
    pub(crate) fn takes_turns(&mut self, turn: Option<Turn>) {
        self.store.data_mut().turn = turn;
    }

    /// Runs a callback.
    #[inline]
    pub(super) fn call(
        &mut self,
        proxy: &mut Slot,
        invocation: &Invocation,
    ) -> Result<Returned, Box<Trapped>> {
        let callback = invocation.callback;
        if !proxy.vm(self.index).capabilities.allow(callback.name()) {
            return Ok(Returned::Absent);
        }
        let Some(export) = self.exports.get(callback, &self.program, &self.instance, &mut self.store) else {
            return Ok(Returned::Absent);
        };
        let vm = self.index;
        let record = proxy.transcript.records(Detail::Abi);
        if record {
            let plugin = proxy.plugin_of(vm, invocation.context()).map(|plugin| plugin.0 as u16);
            let (args, len) = (*invocation.padded(), invocation.args().len() as u8);
            proxy.record(Kind::Callback { vm, callback, plugin, args, len });
        }
        self.store.data_mut().slot.restore(proxy.lend());
        self.guard.arm(&mut self.store);
        if let Some(meter) = self.meter {
            meter.fill(&mut self.store);
        }
        let returned = export.call(&mut self.store, invocation.padded());
        let data = self.store.data_mut();
        proxy.restore(data.slot.lend());
        if let Some(size) = data.cap.take_refused() {
            proxy.memory_cap_met(vm, size, data.cap.max());
        }
        if let Some(trapped) = data.trapped.take() {
            let (callback, trap) = *trapped;
            return Err(Box::new(Trapped { vm, plugin: proxy.name_in(vm), callback, trap }));
        }
        match returned {
            Ok(value) => {
                if record {
                    proxy.record(Kind::Returned { vm, value });
                }
                Ok(value.map_or(Returned::Unit, Returned::Value))
            }
            Err(error) => Err(Box::new(self.trapped(proxy, callback, &error))),
        }
    }

    #[cold]
    fn trapped(&self, proxy: &mut Slot, callback: CallbackId, error: &wasmtime::Error) -> Trapped {
        let trap = Trap::from_error(error);
        proxy.record_trap(self.index, callback, &trap.message);
        Trapped { vm: self.index, plugin: proxy.name_in(self.index), callback, trap }
    }
}

impl Proxy {
    /// Records an event of the `abi` detail.
    pub(crate) fn record_abi(&mut self, kind: Kind) {
        if self.transcript.records(Detail::Abi) {
            self.record(kind);
        }
    }

    /// Records a trap.
    pub(crate) fn record_trap(&mut self, vm: VmIndex, callback: CallbackId, message: &str) {
        let message = self.transcript.put(message.as_bytes());
        self.record(Kind::Trap { vm, callback, message });
    }
}
