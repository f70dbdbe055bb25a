//! The start of plugins: VMs, plugin contexts, `proxy_on_vm_start` and `proxy_on_configure`, in Envoy's order.
//!
//! As Envoy 1.40 does it (observed): for each plugin in chain order a base VM of its kind, a canary that takes the
//! configuration and is dropped, the main thread's VM; then on each worker all plugins in chain order. The simple start
//! leaves out all but the workers.

use std::sync::Arc;

use super::ChainPlugin;
use super::chain::Drive;
use super::context::VmState;
use super::filter::Called;
use super::guest::{Guest, Invocation};
use super::ids::{PluginIndex, VmIndex};
use super::options::Start;
use super::threads::{Handle, Thread};
use crate::abi::CallbackId;
use crate::state::Entropy;

/// Where guests get randomness from while they start, whatever the seed of the host is: so that what a start leaves
/// behind does not depend on it, and one start can serve hosts of many seeds.
const START_SEED: u64 = 0;

/// Why a plugin did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The plugin; the VM, when none of its plugins had begun.
    pub plugin: String,
    /// The function that refused.
    pub callback: &'static str,
    /// It trapped; else it answered false.
    pub trapped: bool,
    /// What Envoy 1.40 logs.
    pub envoy: &'static str,
}

impl<G: Guest> Drive<'_, G> {
    /// Starts the chain on every thread.
    ///
    /// # Errors
    ///
    /// When a plugin refuses.
    pub(crate) fn start(&mut self, workers: usize) -> Result<(), Refused> {
        let plugins = || (0..self.proxy.plugins.len()).map(PluginIndex);
        let all: Vec<PluginIndex> = plugins().collect();
        if self.proxy.options.start == Start::Envoy {
            for &plugin in &all {
                self.admit(plugin)?;
                self.serve(Thread::Main, plugin)?;
            }
        }
        for worker in 0..workers {
            for &plugin in &all {
                let thread = Thread::Worker(worker);
                match self.proxy.options.start {
                    Start::Single => self.serve(thread, plugin)?,
                    Start::Envoy => self.serve_or_not(thread, plugin),
                }
            }
        }
        Ok(())
    }

    /// Finds out whether the module loads and the plugin takes its configuration, without touching what runs.
    pub(super) fn admit(&mut self, plugin: PluginIndex) -> Result<(), Refused> {
        let (kind, key) = (self.proxy.plugin(plugin).kind, Arc::clone(&self.proxy.plugin(plugin).key));
        if !self.proxy.kinds[kind].based {
            self.new_vm(Thread::Base, kind)?;
            self.proxy.kinds[kind].based = true;
        }
        if self.proxy.kinds[kind].spoilt {
            return Err(Refused {
                plugin: self.proxy.plugin(plugin).name.clone(),
                callback: CallbackId::Configure.name(),
                trapped: false,
                envoy: "Unable to create Wasm",
            });
        }
        if !self.proxy.kinds[kind].taken.contains(&key) {
            self.try_out(plugin)?;
            self.proxy.kinds[kind].taken.push(key);
        }
        Ok(())
    }

    /// Starts the plugin in a VM of its own, which goes at once, without done or delete (Envoy 1.40, observed).
    pub(super) fn try_out(&mut self, plugin: PluginIndex) -> Result<(), Refused> {
        let canary = self.new_vm(Thread::Canary, self.proxy.plugin(plugin).kind)?;
        let taken = self.new_plugin_context(canary, plugin, BASE);
        self.drop_vm(canary);
        taken.map(drop)
    }

    /// Gives a plugin its VM and plugin context on a thread.
    fn serve(&mut self, thread: Thread, plugin: PluginIndex) -> Result<(), Refused> {
        let handle = self.find_or_start(thread, plugin)?;
        self.proxy.set_handle(thread, plugin, handle);
        Ok(())
    }

    /// As [`Self::serve`], where a plugin that a canary has taken is missing if it refuses now.
    pub(super) fn serve_or_not(&mut self, thread: Thread, plugin: PluginIndex) {
        let handle = self.find_or_start(thread, plugin).unwrap_or_default();
        self.proxy.set_handle(thread, plugin, handle);
    }

    /// The VM and plugin context of a plugin on a thread: those that there are, else new ones.
    pub(super) fn find_or_start(&mut self, thread: Thread, plugin: PluginIndex) -> Result<Handle, Refused> {
        let ChainPlugin { kind, ref key, .. } = *self.proxy.plugin(plugin);
        let key = Arc::clone(key);
        let known = self.proxy.live_vm(thread, kind);
        let vm = known.map_or_else(|| self.new_vm(thread, kind), Ok)?;
        let context = match self.proxy.live_context(vm, &key) {
            Some(context) => context,
            None => match self.new_plugin_context(vm, plugin, self.words()) {
                Ok(context) => context,
                Err(refused) => {
                    self.proxy.kinds[kind].spoilt = self.proxy.options.start == Start::Envoy;
                    // In a VM that others use the context stays, as in Envoy.
                    if known.is_none() {
                        self.drop_vm(vm);
                    }
                    return Err(refused);
                }
            },
        };
        Ok(Handle { serves: Some((vm, context)), reloaded: None })
    }

    /// The simple start does on a worker what Envoy does in a canary.
    fn words(&self) -> Words {
        match (self.proxy.options.start, self.proxy.seed) {
            (Start::Single, None) => BASE,
            _ => THREAD_LOCAL,
        }
    }

    fn new_vm(&mut self, thread: Thread, kind: usize) -> Result<VmIndex, Refused> {
        let index = VmIndex(self.proxy.vms.len());
        let of = &self.proxy.kinds[kind];
        let module = of.module;
        let entropy = match self.proxy.seed {
            None => Entropy::of_vm(START_SEED, "starting guest", index.0),
            Some(seed) => Entropy::of_vm(seed, "guest", index.0),
        };
        let mut state = VmState::new(of.abi, entropy);
        (state.thread, state.kind) = (thread, kind);
        state.vm_id.clone_from(&of.vm_id);
        state.configuration.clone_from(&of.configuration);
        state.environment.clone_from(&of.environment);
        state.capabilities.clone_from(&of.capabilities);
        let name = self.proxy.name_of_vm(thread, kind);
        self.proxy.transcript.name_vm(name.clone());
        self.proxy.vms.push(state);
        match self.guest.create(self.proxy, index, module) {
            Ok(()) => Ok(index),
            Err(not_created) => {
                self.proxy.vm_mut(index).fail_to_start();
                self.drop_vm(index);
                Err(Refused {
                    plugin: name,
                    callback: not_created.function,
                    trapped: true,
                    envoy: not_created.envoy,
                })
            }
        }
    }

    /// Creates the plugin's context in a VM and configures it.
    fn new_plugin_context(&mut self, vm: VmIndex, plugin: PluginIndex, envoy: Words) -> Result<u32, Refused> {
        let key = Arc::clone(&self.proxy.plugin(plugin).key);
        let size = key.configuration.len() as u32;
        let state = self.proxy.vm_mut(vm);
        let vm_size = state.configuration.len() as u32;
        let context = state.new_plugin_context(plugin, key);
        let refused = |drive: &Self, callback: CallbackId, called: Called, envoy: &'static str| Refused {
            plugin: drive.proxy.plugin(plugin).name.clone(),
            callback: callback.name(),
            trapped: called == Called::Failed,
            envoy,
        };
        self.configuring(vm, context, CallbackId::ContextCreate, 0);
        // A trap in that callback keeps Envoy from nothing but the next but one (1.40, observed): the plugin is taken,
        // and dead.
        let dead = std::mem::take(&mut self.proxy.vm_mut(vm).failed);
        let started = self.call(vm, Invocation::new(CallbackId::VmStart, &[context, vm_size]));
        if matches!(started, Called::Failed | Called::Number(0)) {
            return Err(refused(self, CallbackId::VmStart, started, envoy.start));
        }
        if dead {
            let state = self.proxy.vm_mut(vm);
            state.stillborn = true;
            state.fail_to_start();
            return Ok(context);
        }
        let configured = self.configuring(vm, context, CallbackId::Configure, size);
        if matches!(configured, Called::Failed | Called::Number(0)) {
            return Err(refused(self, CallbackId::Configure, configured, envoy.configure));
        }
        Ok(context)
    }

    /// A callback in which the plugin's configuration is readable.
    fn configuring(&mut self, vm: VmIndex, context: u32, callback: CallbackId, argument: u32) -> Called {
        self.proxy.vm_mut(vm).configuring = Some(context);
        let called = self.call(vm, Invocation::new(callback, &[context, argument]));
        self.proxy.vm_mut(vm).configuring = None;
        called
    }

    /// A VM goes without a word to its plugins.
    pub(super) fn drop_vm(&mut self, vm: VmIndex) {
        self.proxy.vm_gone(vm);
        self.guest.discard(vm);
    }
}

/// What Envoy 1.40 logs when a start or a configuration is refused.
#[derive(Clone, Copy)]
struct Words {
    start: &'static str,
    configure: &'static str,
}

const BASE: Words =
    Words { start: "Failed to start base Wasm", configure: "Failed to configure base Wasm plugin" };

const THREAD_LOCAL: Words = Words {
    start: "Failed to start thread-local Wasm",
    configure: "Failed to configure thread-local Wasm plugin",
};
