//! The chain of a new stream, and new VMs for dead ones: the failure policies.

use super::FailurePolicy;
use super::chain::Drive;
use super::guest::Guest;
use super::ids::{PluginIndex, StreamId};
use super::stream::Filter;
use super::threads::{Handle, Thread};

impl<G: Guest> Drive<'_, G> {
    /// The chain of a new stream, with the numbers of its stream contexts. A plugin whose VM is dead is left out when its
    /// policy is to fail open, and gets a new VM when it is to reload.
    pub(crate) fn chain_of_stream(&mut self, stream: StreamId, worker: usize, filters: &mut Vec<Filter>) {
        self.chain_on(worker, filters, |drive, filter, at| {
            let vm = drive.proxy.vm_mut(filter.vm);
            if !vm.failed {
                filter.context = vm.new_stream_context(stream, at);
            }
        });
    }

    /// As [`Self::chain_of_stream`]; `numbered` sees each plugin before the next one is looked at.
    pub(crate) fn chain_on(
        &mut self,
        worker: usize,
        filters: &mut Vec<Filter>,
        mut numbered: impl FnMut(&mut Self, &mut Filter, usize),
    ) {
        for plugin in (0..self.proxy.plugins.len()).map(PluginIndex) {
            let Some((mut vm, mut parent)) = self.proxy.handle(worker, plugin).serves else { continue };
            if self.proxy.vm(vm).failed {
                match self.proxy.plugin(plugin).policy {
                    FailurePolicy::Closed => {}
                    FailurePolicy::Open => continue,
                    FailurePolicy::Reload => {
                        self.reload(worker, plugin);
                        (vm, parent) = self.proxy.handle(worker, plugin).serves.unwrap_or((vm, parent));
                    }
                }
            }
            let mut filter = Filter::new(plugin, vm, parent);
            numbered(self, &mut filter, filters.len());
            filters.push(filter);
        }
    }

    /// Gives the plugin a new VM in place of its dead one, or its place in one that another plugin got. Not sooner than
    /// the backoff after the last time. Where the plugin refuses to start, it stays dead until the next time.
    fn reload(&mut self, worker: usize, plugin: PluginIndex) {
        let now = self.proxy.clock.now();
        let old = self.proxy.handle(worker, plugin);
        let backoff = self.proxy.plugin(plugin).reload_backoff;
        // Envoy adds up to half of it at random, anew for each stream (1.40, observed): this is when it is sure to be over.
        let too_soon = old.reloaded.is_some_and(|last| now < last + backoff + backoff / 2);
        // Only a VM that has lived is replaced (Envoy 1.40, observed).
        if too_soon || old.serves.is_some_and(|(vm, _)| self.proxy.vm(vm).stillborn) {
            return;
        }
        let thread = Thread::Worker(worker);
        let serves = match self.find_or_start(thread, plugin) {
            Ok(new) => {
                self.proxy.leave(old.serves);
                new.serves
            }
            Err(_) => old.serves,
        };
        self.proxy.set_handle(thread, plugin, Handle { serves, reloaded: Some(now) });
    }
}
