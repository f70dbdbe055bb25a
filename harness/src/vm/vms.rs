//! The VMs of a host, made and dropped as the proxy asks, and what came of the calls into them.

use std::sync::Arc;

use super::declared::EntryPoint;
use super::fuel::Spent;
use super::machine::{Allowance, Trapped, Vm};
use super::program::{Link, Program};
use super::trap::Trap;
use super::watch::Watch;
use crate::abi::CallbackId;
use crate::proxy::{ContextRef, Guest, Invocation, NotCreated, Returned, Slot, VmIndex};

/// What VMs are made from: a module, resolved, and what the host calls first.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) program: Arc<Program>,
    pub(crate) entry: EntryPoint,
}

/// All VMs of a host, and the traps they ran into.
pub(crate) struct Vms {
    /// In the order in which they were made; those that were dropped are gone.
    pub(crate) all: Vec<Option<Vm>>,
    pub(crate) traps: Vec<Trapped>,
    /// The last trap, also one of a start section.
    pub(crate) last_trap: Option<Trap>,
    /// What each callback used, where fuel is counted.
    pub(crate) spent: Vec<Spent>,
    /// Who wants to know when callbacks run.
    pub(crate) watch: Option<Box<dyn Watch>>,
    /// By the place of the plugin in the chain.
    pub(crate) recipes: Arc<[Recipe]>,
    link: Link,
    /// What each new VM may use up.
    allowance: Allowance,
}

/// How much had happened: VMs, traps, callbacks whose fuel was counted.
pub(crate) struct VmsMark {
    vms: usize,
    traps: usize,
    spent: usize,
}

impl Vms {
    pub(crate) fn new(recipes: Arc<[Recipe]>, link: Link, allowance: Allowance) -> Self {
        Self {
            all: Vec::new(),
            traps: Vec::new(),
            last_trap: None,
            spent: Vec::new(),
            watch: None,
            recipes,
            link,
            allowance,
        }
    }

    /// VMs for one thread, apart from the others: those that `is` of it by their numbers. What they ran into until then
    /// stays here.
    pub(crate) fn apart(&mut self, is: impl Fn(VmIndex) -> bool) -> Self {
        let mut apart = Self::new(Arc::clone(&self.recipes), self.link, self.allowance);
        let own = self.all.iter_mut().enumerate();
        apart.all = own.map(|(at, vm)| if is(VmIndex(at)) { vm.take() } else { None }).collect();
        apart
    }

    /// Takes back what was apart.
    pub(crate) fn rejoin(&mut self, apart: Self) {
        self.all.resize_with(self.all.len().max(apart.all.len()), || None);
        for (place, vm) in self.all.iter_mut().zip(apart.all) {
            if vm.is_some() {
                *place = vm;
            }
        }
        self.last_trap = apart.last_trap.or(self.last_trap.take());
        self.traps.extend(apart.traps);
        self.spent.extend(apart.spent);
    }

    fn trap(&mut self, trapped: Trapped) {
        self.last_trap = Some(trapped.trap.clone());
        self.traps.push(trapped);
    }

    #[inline]
    fn call_plainly(&mut self, proxy: &mut Slot, vm: VmIndex, invocation: Invocation) -> Returned {
        let Some(vm) = &mut self.all[vm.0] else { return Returned::Absent };
        match vm.call(proxy, &invocation) {
            Ok(returned) => returned,
            Err(trapped) => {
                self.trap(*trapped);
                Returned::Trapped
            }
        }
    }

    /// As [`Self::call_plainly`], for those who want to know more of it.
    fn call_closely(&mut self, proxy: &mut Slot, vm: VmIndex, invocation: Invocation) -> Returned {
        let callback = invocation.callback;
        // Looked up before: the context may be gone when the callback has returned.
        let stream = proxy.vm(vm).context(invocation.context()).and_then(ContextRef::stream);
        let plugin = proxy.plugin_of(vm, invocation.context());
        if let Some(watch) = &mut self.watch {
            watch.enter(vm, callback);
        }
        let returned = self.call_plainly(proxy, vm, invocation);
        let ran = returned != Returned::Absent;
        if let Some(watch) = &mut self.watch {
            watch.leave(ran);
        }
        // Of a callback that is not there nothing can be said: the VM has what an earlier call left.
        if ran && let Some(fuel) = self.all[vm.0].as_ref().and_then(Vm::used) {
            self.spent.push(Spent { vm, plugin, stream, callback, fuel });
        }
        returned
    }
}

impl Guest for Vms {
    type Mark = VmsMark;

    fn call(&mut self, proxy: &mut Slot, vm: VmIndex, invocation: Invocation) -> Returned {
        if self.watch.is_some() || self.all[vm.0].as_ref().is_some_and(Vm::is_metered) {
            self.call_closely(proxy, vm, invocation)
        } else {
            self.call_plainly(proxy, vm, invocation)
        }
    }

    fn create(&mut self, proxy: &mut Slot, index: VmIndex, module: usize) -> Result<(), NotCreated> {
        debug_assert_eq!(self.all.len(), index.0, "VMs are numbered in the order in which they are made");
        self.all.push(None);
        let Recipe { program, entry } = self.recipes[module].clone();
        let mut vm = Vm::new(program, self.link, index, self.allowance, proxy).map_err(|trap| {
            self.last_trap = Some(trap);
            NotCreated { function: "the start section", envoy: "Failed to create new Wasm instance" }
        })?;
        let entry: &[CallbackId] = match &entry {
            EntryPoint::Reactor { then: Some(then) } => &[CallbackId::Initialize, *then],
            EntryPoint::Reactor { then: None } => &[CallbackId::Initialize],
            EntryPoint::Command => &[CallbackId::Start],
            EntryPoint::None => &[],
        };
        for &callback in entry {
            if let Err(trapped) = vm.start(proxy, callback) {
                self.trap(trapped);
                let envoy = "Failed to initialize Wasm code";
                return Err(NotCreated { function: callback.name(), envoy });
            }
            if let Some(fuel) = vm.used_by_start() {
                self.spent.push(Spent { vm: index, plugin: None, stream: None, callback, fuel });
            }
        }
        self.all[index.0] = Some(vm);
        Ok(())
    }

    fn discard(&mut self, vm: VmIndex) {
        self.all[vm.0] = None;
    }

    fn mark(&self) -> VmsMark {
        VmsMark { vms: self.all.len(), traps: self.traps.len(), spent: self.spent.len() }
    }

    fn forget(&mut self, mark: VmsMark) {
        self.all.truncate(mark.vms);
        self.traps.truncate(mark.traps);
        self.spent.truncate(mark.spent);
    }
}
