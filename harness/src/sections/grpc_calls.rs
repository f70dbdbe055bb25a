//! Proxy-Wasm ABI v0.2.1, "gRPC calls": unary calls and streams of a plugin to a cluster, and the status of any call.
//!
//! Open in every callback of every context. Callbacks, all with the plugin context that the call belongs to: a call ends
//! with one of `proxy_on_grpc_receive` and `proxy_on_grpc_close`; a stream has `proxy_on_grpc_receive_initial_metadata`,
//! `proxy_on_grpc_receive` for each message, `proxy_on_grpc_receive_trailing_metadata` and `proxy_on_grpc_close` (Envoy
//! 1.40, observed; the text gives calls metadata and a close as well). What becomes of calls is in `proxy::calls`.

use super::Links;
use crate::abi::{Pairs, Status};
use crate::proxy::GrpcAsked;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutBytes, OutU32, PairsIn};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_grpc_call", grpc_call(Bytes, Bytes, Bytes, PairsIn, Bytes, u32, OutU32));
    hostcall!(links, "proxy_grpc_stream", grpc_stream(Bytes, Bytes, Bytes, PairsIn, OutU32));
    hostcall!(links, "proxy_grpc_send", grpc_send(u32, Bytes, u32));
    hostcall!(links, "proxy_grpc_cancel", grpc_cancel(u32));
    hostcall!(links, "proxy_grpc_close", grpc_close(u32));
    hostcall!(links, "proxy_get_status", get_status(OutU32, OutBytes));
    Ok(())
}

/// What calls and streams have in common, as it stands in the guest's memory.
struct Asked {
    upstream: Bytes,
    service: Bytes,
    method: Bytes,
    metadata: PairsIn,
}

/// Begins a call, or a stream without one; writes its id.
fn begin(call: &mut Call<'_>, asked: &Asked, unary: Option<(Bytes, u32)>, id: OutU32) -> Result<(), Status> {
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let asked = GrpcAsked {
        service: asked.upstream.get(memory)?,
        name: asked.service.get(memory)?,
        method: asked.method.get(memory)?,
        metadata: Pairs::parse(asked.metadata.0.get(memory)?).unwrap_or_default(),
        call: match unary {
            Some((message, timeout)) => Some((message.get(memory)?, timeout)),
            None => None,
        },
    };
    let number = proxy.grpc_begin(vm, asked)?;
    call.write_u32(id, number)
}

/// Calls a method of a service and waits for one message. `upstream` is a serialized `GrpcService`, or the name of a
/// cluster. The call has begun even if its id cannot be written.
///
/// `InvalidMemoryAccess`; `ParseFailure`: no cluster of this name; `InternalFailure`: a `GrpcService` of an unknown
/// cluster, a cluster without hosts (both are closed after the callback), or a service without a target, where Envoy
/// crashes.
#[expect(clippy::too_many_arguments, reason = "those of the ABI")]
fn grpc_call(
    call: &mut Call<'_>,
    upstream: Bytes,
    service: Bytes,
    method: Bytes,
    metadata: PairsIn,
    message: Bytes,
    timeout: u32,
    id: OutU32,
) -> Result<(), Status> {
    begin(call, &Asked { upstream, service, method, metadata }, Some((message, timeout)), id)
}

/// Opens a stream to a method of a service. It has no timeout.
///
/// As [`grpc_call`].
fn grpc_stream(
    call: &mut Call<'_>,
    upstream: Bytes,
    service: Bytes,
    method: Bytes,
    metadata: PairsIn,
    id: OutU32,
) -> Result<(), Status> {
    begin(call, &Asked { upstream, service, method, metadata }, None, id)
}

/// Sends a message on a stream; `end` ends the plugin's side. After that, or after the server's end, it is dropped.
///
/// `InvalidMemoryAccess`; `BadArgument`: the id of a call, or one that no gRPC call has; `NotFound`: no such stream.
fn grpc_send(call: &mut Call<'_>, id: u32, message: Bytes, end: u32) -> Result<(), Status> {
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    proxy.grpc_send(vm, id, message.get(memory)?, end != 0)
}

/// Gives a call or stream up; no callback for it follows.
///
/// `BadArgument`: an id that no gRPC call has; `NotFound`: no such call or stream.
fn grpc_cancel(call: &mut Call<'_>, id: u32) -> Result<(), Status> {
    let vm = call.vm();
    call.proxy().grpc_cancel(vm, id)
}

/// Gives a call up, or ends the plugin's side of a stream, whose other side goes on.
///
/// As [`grpc_cancel`].
fn grpc_close(call: &mut Call<'_>, id: u32) -> Result<(), Status> {
    let vm = call.vm();
    call.proxy().grpc_close(vm, id)
}

/// The status of the last HTTP or gRPC call of this plugin that failed or was closed: the code stays, the message is there
/// inside that callback only. Neither is set by an HTTP response, whatever its status (Envoy 1.40, observed).
///
/// `InvalidMemoryAccess`.
fn get_status(call: &mut Call<'_>, code: OutU32, message: OutBytes) -> Result<(), Status> {
    let vm = call.vm();
    let mut bytes = call.take_scratch();
    let view = call.proxy().call_view(vm);
    let status = view.map_or(0, |view| view.status);
    bytes.extend_from_slice(view.map_or(&[], |view| &view.message));
    if let Err(status) = call.write_u32(code, status) {
        call.restore_scratch(bytes);
        return Err(status);
    }
    call.give_scratch(message, bytes)
}
