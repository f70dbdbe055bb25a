//! Configuration pushes: a plugin gets a new configuration, or a new VM, while streams are open.
//!
//! As Envoy 1.40 does it when the configuration of the filter is pushed (extension configuration discovery, by which Istio
//! sends plugins; observed): a canary tries it out, and when that refuses nothing else happens. Then each thread makes a
//! new plugin context, in the VM that runs already when its kind is the same. New streams use it at once. The old context
//! keeps its timer and its calls until the last stream that uses it has ended; then it is done and deleted.

use std::sync::Arc;

use super::Proxy;
use super::chain::Drive;
use super::filter::Called;
use super::guest::{Guest, Invocation};
use super::ids::{PluginIndex, VmIndex};
use super::options::Start;
use super::run::Deadline;
use super::start::Refused;
use super::threads::PluginKey;
use crate::abi::CallbackId;

impl<G: Guest> Drive<'_, G> {
    /// Gives a plugin a new configuration, in VMs of `kind`.
    ///
    /// # Errors
    ///
    /// When the plugin refuses it: then the old one stays.
    pub(crate) fn push(
        &mut self,
        plugin: PluginIndex,
        configuration: Vec<u8>,
        kind: usize,
    ) -> Result<(), Refused> {
        let old = self.proxy.plugin(plugin).clone();
        let key = PluginKey { configuration, ..PluginKey::clone(&old.key) };
        if old.kind == kind && *old.key == key {
            return Ok(());
        }
        let new = &mut self.proxy.plugins[plugin.0];
        (new.key, new.kind) = (Arc::new(key), kind);
        if let Err(refused) = self.try_push(plugin) {
            let new = &mut self.proxy.plugins[plugin.0];
            (new.key, new.kind) = (old.key, old.kind);
            return Err(refused);
        }
        for thread in self.proxy.threads() {
            let before = self.proxy.handle_of(thread, plugin).serves;
            self.serve_or_not(thread, plugin);
            self.proxy.leave(before);
        }
        Ok(())
    }

    /// Tries a new configuration out. With the simple start nothing is seen of that but a refusal.
    fn try_push(&mut self, plugin: PluginIndex) -> Result<(), Refused> {
        if self.proxy.options.start == Start::Envoy {
            return self.admit(plugin);
        }
        let before = Proxy::clone(self.proxy);
        let mark = self.guest.mark();
        self.try_out(plugin)?;
        **self.proxy = before;
        self.guest.forget(mark);
        Ok(())
    }

    /// A plugin context that nothing holds any more is done, and is deleted unless it wants to wait.
    pub(crate) fn part(&mut self, vm: VmIndex, context: u32) {
        let state = self.proxy.vm(vm);
        if state.gone || state.context(context).is_none() || self.proxy.is_held(vm, context) {
            return;
        }
        if self.proxy.vm(vm).failed {
            self.proxy.remove_plugin_context(vm, context);
        } else {
            self.shut_down(vm, context);
        }
        self.part_with_vm(vm);
    }

    /// `proxy_on_done`, and `proxy_on_delete` unless that answered false: then `proxy_done` is awaited.
    fn shut_down(&mut self, vm: VmIndex, context: u32) {
        let Some(of) = self.proxy.vm_mut(vm).plugins.iter_mut().find(|of| of.id == context) else { return };
        if std::mem::replace(&mut of.leaving, true) {
            return;
        }
        of.done_pending = true;
        let done = self.call(vm, Invocation::new(CallbackId::Done, &[context]));
        let of = self.proxy.vm_mut(vm).plugins.iter_mut().find(|of| of.id == context);
        // It may have said `proxy_done` in that very callback.
        let Some(of) = of.filter(|of| of.done_pending) else { return };
        if done != Called::Number(0) {
            of.done_pending = false;
            self.delete_plugin_context(vm, context);
        }
    }

    /// `proxy_on_delete` of a plugin context.
    pub(crate) fn delete_plugin_context(&mut self, vm: VmIndex, context: u32) {
        self.call(vm, Invocation::new(CallbackId::Delete, &[context]));
        self.proxy.remove_plugin_context(vm, context);
    }

    /// A VM goes when nothing holds any of its plugin contexts: those that wait for `proxy_done` are not waited for
    /// (Envoy 1.40, observed).
    fn part_with_vm(&mut self, vm: VmIndex) {
        let contexts: Vec<u32> = self.proxy.vm(vm).plugins.iter().map(|context| context.id).collect();
        if contexts.iter().any(|context| self.proxy.is_held(vm, *context)) {
            return;
        }
        for context in contexts {
            self.shut_down(vm, context);
        }
        self.drop_vm(vm);
    }
}

impl Proxy {
    /// A thread has taken its hand off a plugin context: once nothing else holds it, it goes.
    pub(crate) fn leave(&mut self, served: Option<(VmIndex, u32)>) {
        let Some((vm, context)) = served else { return };
        self.parting.insert((vm, context));
        self.part_soon(vm, context);
    }

    /// A stream that used this plugin context has ended.
    pub(crate) fn stream_left(&mut self, vm: VmIndex, context: u32) {
        if self.parting.contains(&(vm, context)) {
            self.part_soon(vm, context);
        }
    }

    /// After what goes on at this instant.
    fn part_soon(&mut self, vm: VmIndex, context: u32) {
        if !self.is_held(vm, context) {
            self.deadlines.schedule(self.clock.now(), Deadline::Part { vm, context });
        }
    }
}
