//! Shared queues: who hears of a message, and when.
//!
//! A message is announced to the plugin context that had registered the queue last when it was put there; after the
//! current event, once for each message, even when another has taken it by then (Envoy 1.40, observed).

use super::Proxy;
use super::chain::Drive;
use super::context::ContextRef;
use super::guest::{Guest, Invocation};
use super::ids::VmIndex;
use super::run::Deadline;
use crate::abi::{CallbackId, Status};
use crate::state::QueueId;

/// A plugin context that hears of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) vm: VmIndex,
    pub(crate) context: u32,
}

impl Proxy {
    /// Makes or finds the queue `name` of the VM's own id; from now on the plugin that calls hears of its messages.
    pub(crate) fn register_queue(&mut self, vm: VmIndex, name: &[u8]) -> QueueId {
        let listener = Listener { vm, context: self.effective_plugin_context(vm).unwrap_or(0) };
        self.shared_queues.register(self.vms[vm.0].vm_id.as_bytes(), name, listener)
    }

    /// Puts a message into a queue and sees to it that its listener hears of it.
    ///
    /// # Errors
    ///
    /// [`Status::NotFound`] when there is no such queue.
    pub(crate) fn enqueue(&mut self, queue: QueueId, message: &[u8]) -> Result<(), Status> {
        let listener = *self.shared_queues.enqueue(queue, message)?;
        self.deadlines.post(self.clock.now(), Deadline::QueueReady { listener, queue });
        Ok(())
    }
}

impl<G: Guest> Drive<'_, G> {
    /// Tells a plugin of a message, if it still has its context.
    pub(crate) fn queue_ready(&mut self, Listener { vm, context }: Listener, queue: QueueId) {
        if matches!(self.proxy.vm(vm).context(context), Some(ContextRef::Plugin(_))) {
            self.call(vm, Invocation::new(CallbackId::QueueReady, &[context, queue.to_abi()]));
        }
    }
}
