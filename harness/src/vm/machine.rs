//! One virtual machine: an instance of a plugin's module with its store, and the calls into it.
//!
//! The store is dropped with the VM. Its data has a slot for the proxy, filled for as long as a call runs.

use wasmtime::{Instance, Memory, ModuleExport, Store, TypedFunc};

use super::declared::MemoryPlace;
use super::gate::Allocator;
use super::limits::{HangGuard, MemoryCap};
use super::linked::Linked;
use super::plugin::Plugin;
use super::trap::Trap;
use crate::abi::CallbackId;
use crate::proxy::transcript::{Detail, Kind};
use crate::proxy::{Guest, Invocation, Proxy, Returned, Slot, VmIndex};

/// What hostcalls find in the store.
pub(crate) struct VmData {
    /// The proxy, while a call into the guest runs.
    pub(crate) slot: Slot,
    pub(crate) vm: VmIndex,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<Allocator>,
    /// Space for values on their way into guest memory, reused from call to call.
    pub(crate) scratch: Vec<u8>,
    /// Results of hostcalls under way, for the transcript.
    pub(crate) results: Vec<u8>,
    pub(crate) cap: MemoryCap,
    /// A trap inside a callback's own hostcall: the allocator's.
    pub(crate) trapped: Option<(CallbackId, Trap)>,
}

/// An export of the guest, by its type.
#[derive(Clone)]
enum Export {
    Void1(TypedFunc<u32, ()>),
    Value1(TypedFunc<u32, u32>),
    Void2(TypedFunc<(u32, u32), ()>),
    Value2(TypedFunc<(u32, u32), u32>),
    Void3(TypedFunc<(u32, u32, u32), ()>),
    Value3(TypedFunc<(u32, u32, u32), u32>),
    Void5(TypedFunc<(u32, u32, u32, u32, u32), ()>),
}

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
    store: Store<VmData>,
    instance: Instance,
    exports: Vec<Option<Export>>,
    guard: HangGuard,
    index: VmIndex,
}

impl Vm {
    /// Instantiates the module. Nothing of it has run yet but its start section.
    ///
    /// # Errors
    ///
    /// When the start section traps, or the machine has no room for the instance.
    pub(crate) fn new(
        plugin: &Plugin,
        linked: &Linked,
        index: VmIndex,
        guard: HangGuard,
        cap: MemoryCap,
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
            trapped: None,
        };
        let mut store = Store::new(linked.engine(), data);
        store.limiter(|data| &mut data.cap);
        guard.arm(&mut store);
        let instance = linked.instantiate(&mut store);
        proxy.restore(store.data_mut().slot.lend());
        let (instance, imported) = instance.map_err(|error| Trap::from_error(&error))?;
        let memory = match plugin.memory() {
            MemoryPlace::Exported(name) => instance.get_memory(&mut store, &name),
            MemoryPlace::Imported { .. } => imported,
            MemoryPlace::None => None,
        };
        let mut exports = vec![None; CallbackId::COUNT];
        for &callback in CallbackId::ALL {
            if let Some(place) = plugin.export(callback) {
                exports[callback.index()] = Export::find(&instance, &mut store, place);
            }
        }
        let allocate =
            [CallbackId::Malloc, CallbackId::MemoryAllocate].into_iter().find_map(|callback| match &exports
                [callback.index()]
            {
                Some(Export::Value1(function)) => Some((callback, function.clone())),
                _ => None,
            });
        let data = store.data_mut();
        data.memory = memory;
        data.allocate = allocate;
        Ok(Self { store, instance, exports, guard, index })
    }

    /// Runs a function of the module's start, which has no context: `_initialize`, `main`, `__main_void` or `_start`.
    /// False when the module does not export it.
    pub(crate) fn start(&mut self, proxy: &mut Slot, callback: CallbackId) -> Result<bool, Trapped> {
        let name = callback.name();
        let (index, store) = (self.index, &mut self.store);
        let run: Box<dyn Fn(&mut Store<VmData>) -> wasmtime::Result<()>> =
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

    /// Runs a callback.
    fn call(&mut self, proxy: &mut Slot, invocation: Invocation) -> Result<Returned, Trapped> {
        let callback = invocation.callback;
        let Some(export) = &self.exports[callback.index()] else { return Ok(Returned::Absent) };
        let vm = self.index;
        let record = proxy.transcript.records(Detail::Abi);
        if record {
            let mut args = [0; 5];
            args[..invocation.args().len()].copy_from_slice(invocation.args());
            let plugin = proxy.plugin_of(vm, invocation.context()).map(|plugin| plugin.0 as u16);
            proxy.record(Kind::Callback { vm, callback, plugin, args, len: invocation.args().len() as u8 });
        }
        self.store.data_mut().slot.restore(proxy.lend());
        self.guard.arm(&mut self.store);
        let returned = export.call(&mut self.store, invocation.args());
        let data = self.store.data_mut();
        proxy.restore(data.slot.lend());
        if let Some(size) = data.cap.take_refused() {
            proxy.memory_cap_met(vm, size, data.cap.max());
        }
        if let Some((callback, trap)) = data.trapped.take() {
            return Err(Trapped { vm, plugin: proxy.name_in(vm), callback, trap });
        }
        match returned {
            Ok(value) => {
                if record {
                    proxy.record(Kind::Returned { vm, value });
                }
                Ok(value.map_or(Returned::Unit, Returned::Value))
            }
            Err(error) => Err(self.trapped(proxy, callback, &error)),
        }
    }

    fn trapped(&self, proxy: &mut Slot, callback: CallbackId, error: &wasmtime::Error) -> Trapped {
        let trap = Trap::from_error(error);
        proxy.record_trap(self.index, callback, &trap.message);
        Trapped { vm: self.index, plugin: proxy.name_in(self.index), callback, trap }
    }
}

impl Export {
    /// The export of this name, when it has one of the types that callbacks have.
    fn find(instance: &Instance, store: &mut Store<VmData>, place: &ModuleExport) -> Option<Self> {
        let function = instance.get_module_export(&mut *store, place)?.into_func()?;
        let kind = function.ty(&*store);
        let store = &*store;
        match (kind.params().len(), kind.results().len()) {
            (1, 0) => function.typed(store).ok().map(Self::Void1),
            (1, 1) => function.typed(store).ok().map(Self::Value1),
            (2, 0) => function.typed(store).ok().map(Self::Void2),
            (2, 1) => function.typed(store).ok().map(Self::Value2),
            (3, 0) => function.typed(store).ok().map(Self::Void3),
            (3, 1) => function.typed(store).ok().map(Self::Value3),
            (5, 0) => function.typed(store).ok().map(Self::Void5),
            _ => None,
        }
    }

    fn call(&self, store: &mut Store<VmData>, args: &[u32]) -> wasmtime::Result<Option<u32>> {
        let arg = |at: usize| args.get(at).copied().unwrap_or(0);
        match self {
            Self::Void1(function) => function.call(store, arg(0)).map(|()| None),
            Self::Value1(function) => function.call(store, arg(0)).map(Some),
            Self::Void2(function) => function.call(store, (arg(0), arg(1))).map(|()| None),
            Self::Value2(function) => function.call(store, (arg(0), arg(1))).map(Some),
            Self::Void3(function) => function.call(store, (arg(0), arg(1), arg(2))).map(|()| None),
            Self::Value3(function) => function.call(store, (arg(0), arg(1), arg(2))).map(Some),
            Self::Void5(function) => {
                function.call(store, (arg(0), arg(1), arg(2), arg(3), arg(4))).map(|()| None)
            }
        }
    }
}

/// All VMs of a host, and the traps they ran into.
#[derive(Default)]
pub(crate) struct Vms {
    pub(crate) all: Vec<Vm>,
    pub(crate) traps: Vec<Trapped>,
}

impl Guest for Vms {
    fn call(&mut self, proxy: &mut Slot, vm: VmIndex, invocation: Invocation) -> Returned {
        self.all[vm.0].call(proxy, invocation).unwrap_or_else(|trapped| {
            self.traps.push(trapped);
            Returned::Trapped
        })
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
