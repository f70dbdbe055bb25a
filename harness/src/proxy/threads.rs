//! Who serves a plugin on which thread: VMs and plugin contexts, as threads share them.
//!
//! Envoy keeps VMs for each thread: plugins that agree in `vm_id`, module, VM configuration, environment and capabilities
//! share one, and in it plugins that agree in name, root id and configuration share a plugin context (1.40, observed).

use std::sync::Arc;

use super::Proxy;
use super::capabilities::Capabilities;
use super::context::VmState;
use super::ids::{PluginIndex, VmIndex};
use crate::abi::AbiVersion;
use crate::state::Instant;

/// What a VM runs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    /// Streams.
    Worker(usize),
    /// The main thread: no streams, but ticks, queues and calls.
    Main,
    /// To find out whether the module loads. No callback reaches it.
    Base,
    /// To find out whether a plugin takes its configuration. It is gone at once.
    Canary,
}

/// What VMs are made from. Plugins of one kind share a VM on each thread.
#[derive(Clone, Debug)]
pub(crate) struct VmKind {
    pub(crate) vm_id: String,
    pub(crate) configuration: Vec<u8>,
    /// Environment variables, sorted by name.
    pub(crate) environment: Vec<(String, String)>,
    /// What is allowed in them.
    pub(crate) capabilities: Capabilities,
    pub(crate) sha256: [u8; 32],
    pub(crate) abi: AbiVersion,
    /// The plugin of the chain, as it was described, whose module it is.
    pub(crate) module: usize,
    /// There is a base VM of this kind.
    pub(crate) based: bool,
    /// A worker's VM refused what a canary had taken: nothing new is started in VMs of this kind (Envoy 1.40, observed).
    pub(crate) spoilt: bool,
    /// What canaries have taken.
    pub(crate) taken: Vec<Arc<PluginKey>>,
}

impl VmKind {
    /// Whether VMs of both kinds are one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.vm_id == other.vm_id
            && self.sha256 == other.sha256
            && self.configuration == other.configuration
            && self.environment == other.environment
            && self.capabilities == other.capabilities
    }
}

/// What a plugin context is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PluginKey {
    /// The name that the plugin reads as the property `plugin_name`.
    pub(crate) name: String,
    pub(crate) root_id: String,
    pub(crate) configuration: Vec<u8>,
}

/// A plugin on one thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handle {
    /// Its VM and plugin context; `None` when they could not be had there: then streams pass it by, whatever its failure
    /// policy (Envoy 1.40, observed).
    pub(crate) serves: Option<(VmIndex, u32)>,
    /// When it was last reloaded, or was to be.
    pub(crate) reloaded: Option<Instant>,
}

impl Proxy {
    /// The handle of a plugin on a worker.
    pub(crate) fn handle(&self, worker: usize, plugin: PluginIndex) -> Handle {
        self.handle_of(Thread::Worker(worker), plugin)
    }

    pub(crate) fn handle_of(&self, thread: Thread, plugin: PluginIndex) -> Handle {
        let of = self.handles.iter().find(|(known, _)| *known == thread);
        of.and_then(|(_, handles)| handles.get(plugin.0)).copied().unwrap_or_default()
    }

    pub(crate) fn set_handle(&mut self, thread: Thread, plugin: PluginIndex, handle: Handle) {
        let at = self.handles.iter().position(|(known, _)| *known == thread);
        let at = at.unwrap_or_else(|| {
            self.handles.push((thread, Vec::new()));
            self.handles.len() - 1
        });
        let handles = &mut self.handles[at].1;
        handles.resize(handles.len().max(plugin.0 + 1), Handle::default());
        handles[plugin.0] = handle;
    }

    /// The threads that serve plugins, in the order in which they were started.
    pub(crate) fn threads(&self) -> Vec<Thread> {
        self.handles.iter().map(|(thread, _)| *thread).collect()
    }

    /// The kind of VM, new or known.
    pub(crate) fn vm_kind(&mut self, kind: VmKind) -> usize {
        self.kinds.iter().position(|known| known.is(&kind)).unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        })
    }

    /// The live VM of this kind on a thread.
    pub(crate) fn live_vm(&self, thread: Thread, kind: usize) -> Option<VmIndex> {
        let live = |vm: &VmState| vm.thread == thread && vm.kind == kind && !vm.failed && !vm.gone;
        self.vms.iter().position(live).map(VmIndex)
    }

    /// The live plugin context for `key` in a VM.
    pub(crate) fn live_context(&self, vm: VmIndex, key: &PluginKey) -> Option<u32> {
        self.vm(vm).plugins.iter().find(|context| !context.leaving && *context.key == *key).map(|of| of.id)
    }

    /// Whether a plugin runs in this VM.
    pub(crate) fn runs_in(&self, plugin: PluginIndex, vm: VmIndex) -> bool {
        let serves = |handles: &[Handle]| {
            handles.get(plugin.0).and_then(|handle| handle.serves).is_some_and(|(of, _)| of == vm)
        };
        self.handles.iter().any(|(_, handles)| serves(handles))
            || self.vm(vm).plugins.iter().any(|context| context.plugin == plugin)
    }

    /// Whether a plugin or an open stream still has this plugin context.
    pub(crate) fn is_held(&self, vm: VmIndex, context: u32) -> bool {
        self.handles.iter().flat_map(|(_, handles)| handles).any(|of| of.serves == Some((vm, context)))
            || self.streams.iter().flatten().any(|stream| {
                !stream.ended && stream.filters.iter().any(|of| (of.vm, of.parent) == (vm, context))
            })
            || self.connections.values().any(|connection| connection.holds(vm, context))
    }

    /// Takes a plugin context out of its VM, with its timer and its open calls.
    pub(crate) fn remove_plugin_context(&mut self, vm: VmIndex, id: u32) {
        self.vm_mut(vm).remove_context(id);
        self.parting.remove(&(vm, id));
        let state = self.vm_mut(vm);
        let Some(at) = state.plugins.iter().position(|context| context.id == id) else { return };
        let tick = state.plugins.remove(at).tick;
        if let Some(tick) = tick {
            self.deadlines.cancel(tick);
        }
        self.drop_calls_of(vm, id);
    }

    /// A VM goes, with all that is in it.
    pub(crate) fn vm_gone(&mut self, vm: VmIndex) {
        let contexts: Vec<u32> = self.vm(vm).plugins.iter().map(|context| context.id).collect();
        for context in contexts {
            self.remove_plugin_context(vm, context);
        }
        let state = self.vm_mut(vm);
        state.gone = true;
        state.effects.clear();
    }
}
