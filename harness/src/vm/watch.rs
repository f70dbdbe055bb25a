//! Somebody who wants to know when plugins run: to time them, say, for the host reads no clock itself.

use crate::abi::CallbackId;
use crate::proxy::VmIndex;

/// Told of each callback before it runs and after it has returned. Callbacks of different VMs do not overlap: what one
/// asks for in another's VM runs when it has returned.
pub trait Watch: Send + Sync {
    /// The callback runs next, in this VM.
    fn enter(&mut self, vm: VmIndex, callback: CallbackId);
    /// It has returned, or trapped. `ran` is false when the plugin does not export it.
    fn leave(&mut self, ran: bool);
}
