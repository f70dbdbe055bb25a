//! Proxy-Wasm ABI v0.2.1, "Shared Queues": messages between VMs, first in, first out.
//!
//! Open in every callback of every context; ids count in the whole process. Callback: `proxy_on_queue_ready`, with the
//! plugin context that registered the queue last; when, is in `proxy::queues`.

use super::Links;
use crate::abi::Status;
use crate::state::QueueId;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutBytes, OutU32};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_register_shared_queue", register_shared_queue(Bytes, OutU32));
    hostcall!(links, "proxy_resolve_shared_queue", resolve_shared_queue(Bytes, Bytes, OutU32));
    hostcall!(links, "proxy_enqueue_shared_queue", enqueue_shared_queue(u32, Bytes));
    hostcall!(links, "proxy_dequeue_shared_queue", dequeue_shared_queue(u32, OutBytes));
    Ok(())
}

/// Makes the queue, or finds it with the messages in it; the plugin of the calling context hears of messages from now on.
///
/// `InvalidMemoryAccess`: of the id's place only after that.
fn register_shared_queue(call: &mut Call<'_>, name: Bytes, id: OutU32) -> Result<(), Status> {
    call.meet();
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let queue = proxy.register_queue(vm, name.get(memory)?);
    call.write_u32(id, queue.to_abi())
}

/// Finds a queue of any VM id; an empty one is the VM's own.
///
/// `NotFound`: nobody registered it; `InvalidMemoryAccess`.
fn resolve_shared_queue(call: &mut Call<'_>, vm_id: Bytes, name: Bytes, id: OutU32) -> Result<(), Status> {
    call.meet();
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let vm_id = match vm_id.get(memory)? {
        b"" => proxy.vm(vm).vm_id.as_bytes(),
        other => other,
    };
    let queue = proxy.shared_queues.resolve(vm_id, name.get(memory)?)?;
    call.write_u32(id, queue.to_abi())
}

/// Puts a message at the end of a queue.
///
/// `InvalidMemoryAccess`: judged first; `NotFound`: no such queue.
fn enqueue_shared_queue(call: &mut Call<'_>, id: u32, message: Bytes) -> Result<(), Status> {
    call.meet();
    let (memory, proxy) = call.memory_and_proxy();
    proxy.enqueue(QueueId::from_abi(id), message.get(memory)?)
}

/// Takes the first message off a queue, whoever registered it. A message that the guest has no memory for is lost.
///
/// `NotFound`: no such queue; `Empty`: no message; `InvalidMemoryAccess`.
fn dequeue_shared_queue(call: &mut Call<'_>, id: u32, message: OutBytes) -> Result<(), Status> {
    call.meet();
    let taken = call.proxy().shared_queues.dequeue(QueueId::from_abi(id))?;
    call.give(message, &taken)
}
