//! Proxy-Wasm ABI v0.2.1, "Buffers": bodies and configurations, read and changed in place.
//!
//! Envoy departs from the text (1.40, observed): a range beyond the buffer is cut, not refused; a body that is not open
//! is an empty buffer, not a missing one; the VM's configuration is readable everywhere.

use super::{Links, tester};
use crate::abi::{BufferType, Status};
use crate::proxy::transcript::Fault;
use crate::proxy::{Proxy, VmIndex};
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutBytes, OutU32};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_get_buffer_status", get_buffer_status(u32, OutU32, OutU32));
    hostcall!(links, "proxy_get_buffer_bytes", get_buffer_bytes(u32, u32, u32, OutBytes));
    hostcall!(links, "proxy_set_buffer_bytes", set_buffer_bytes(u32, u32, u32, Bytes));
    Ok(())
}

/// The bytes that a buffer holds at the moment.
///
/// `NotFound`: the configuration of the plugin outside of its own callbacks, the answer to a call outside of its callback.
fn open(proxy: &Proxy, vm: VmIndex, buffer: BufferType) -> Result<&[u8], Status> {
    match buffer {
        BufferType::HttpRequestBody
        | BufferType::HttpResponseBody
        | BufferType::DownstreamData
        | BufferType::UpstreamData
        | BufferType::GrpcCallMessage => Ok(proxy.body(vm, buffer).map_or(&[], |body| body.as_slice())),
        BufferType::VmConfiguration => Ok(&proxy.vm(vm).configuration),
        BufferType::PluginConfiguration => proxy.vm(vm).plugin_configuration().ok_or(Status::NotFound),
        BufferType::HttpCallResponseBody => {
            proxy.call_view(vm).and_then(|view| view.body.as_deref()).ok_or(Status::NotFound)
        }
        BufferType::CallData => {
            let state = proxy.vm(vm);
            let saw = state.effective().is_some_and(|context| state.saw_configuration.contains(&context));
            let answer = proxy.call_view(vm).and_then(|view| view.call_data.as_deref());
            Ok(answer.unwrap_or(if saw { &state.configuration } else { &[] }))
        }
    }
}

/// Call data is what the context has looked at last; of what that can be, only the VM's configuration outlives every
/// callback (Envoy 1.40, observed).
fn note_look(call: &mut Call<'_>, buffer: BufferType) {
    let vm = call.vm();
    let state = call.proxy().vm_mut(vm);
    if buffer == BufferType::CallData
        || buffer != BufferType::VmConfiguration && state.saw_configuration.is_empty()
    {
        return;
    }
    let Some(context) = state.effective() else { return };
    state.saw_configuration.retain(|known| *known != context);
    if buffer == BufferType::VmConfiguration {
        state.saw_configuration.push(context);
    }
}

/// A body that was stopped without being buffered cannot be reached any more; Envoy does not know that. What is read
/// there is nothing, but writing breaks it (1.40, observed).
fn check_alive(call: &mut Call<'_>, buffer: BufferType) {
    let vm = call.vm();
    if call.proxy().body_dangles(vm, buffer) {
        let what = "the body callback answered neither Continue nor Pause, so Envoy has forgotten to close the buffer, \
                    and writes where the next bytes are read to";
        call.proxy().fault(vm, Fault { id: "envoy/crash", call: "proxy_set_buffer_bytes", what });
    }
}

/// Size of a buffer in bytes, and flags, which are zero.
///
/// `BadArgument`: no such buffer; `NotFound`: see [`open`]; `InvalidMemoryAccess`.
fn get_buffer_status(call: &mut Call<'_>, buffer: u32, size: OutU32, flags: OutU32) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::buffer_status(call, buffer, size, flags);
    }
    let buffer = BufferType::from_abi(buffer).ok_or(Status::BadArgument)?;
    let vm = call.vm();
    let len = open(call.proxy(), vm, buffer)?.len();
    note_look(call, buffer);
    call.write_u32(size, len as u32)?;
    call.write_u32(flags, 0)
}

/// At most `max_size` bytes from `start` on; none when `start` is beyond the end.
///
/// `BadArgument`: no such buffer; `NotFound`: see [`open`]; `InvalidMemoryAccess`.
fn get_buffer_bytes(
    call: &mut Call<'_>,
    buffer: u32,
    start: u32,
    max_size: u32,
    out: OutBytes,
) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::buffer_bytes(call, buffer, start, max_size, out);
    }
    let buffer = BufferType::from_abi(buffer).ok_or(Status::BadArgument)?;
    let vm = call.vm();
    let bytes = open(call.proxy(), vm, buffer)?;
    let start = (start as usize).min(bytes.len());
    let len = (max_size as usize).min(bytes.len() - start);
    note_look(call, buffer);
    call.give_with(out, len, |proxy, to| {
        if let Ok(bytes) = open(proxy, vm, buffer) {
            to.copy_from_slice(&bytes[start..start + len]);
        }
    })
}

/// Puts `data` before the buffer (0, 0), in place of its first `size` bytes (0, n), or behind it (its length or more).
///
/// `BadArgument`: no such buffer, a start inside of it, a buffer that is closed or cannot be written; `NotFound`: see
/// [`open`]; `InvalidMemoryAccess`.
fn set_buffer_bytes(
    call: &mut Call<'_>,
    buffer: u32,
    start: u32,
    size: u32,
    data: Bytes,
) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::set_buffer_bytes(call, buffer, start, size, data);
    }
    let buffer = BufferType::from_abi(buffer).ok_or(Status::BadArgument)?;
    let vm = call.vm();
    check_alive(call, buffer);
    open(call.proxy(), vm, buffer)?;
    let (memory, proxy) = call.memory_and_proxy();
    let data = data.get(memory)?;
    let body = proxy.body_mut(vm, buffer).ok_or(Status::BadArgument)?;
    body.write(start as usize, size as usize, data)
}
