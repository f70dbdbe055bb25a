//! Proxy-Wasm ABI v0.2.1, "HTTP streams": callbacks for headers, body and trailers of both directions, and the local
//! response.
//!
//! Callbacks: `proxy_on_request_headers`, `_body`, `_trailers`, and the same of the response; their order is in
//! `proxy::chain`, what is open in each in `proxy::access`.

use super::{Links, tester};
use crate::abi::{Pairs, Status};
use crate::proxy::{Effect, LocalReply};
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, PairsIn};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_send_local_response", send_local_response(u32, Bytes, Bytes, PairsIn, u32));
    hostcall!(links, "proxy_clear_route_cache", clear_route_cache());
    Ok(())
}

/// Answers the stream after the callback, whose own result does not count then. From a context that is no stream this
/// does nothing, and answers Ok (Envoy 1.40, observed). Headers that cannot be parsed are left out.
///
/// `InvalidMemoryAccess`.
fn send_local_response(
    call: &mut Call<'_>,
    status: u32,
    details: Bytes,
    body: Bytes,
    headers: PairsIn,
    grpc_status: u32,
) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::send_local_response(call, status, details, body, headers, grpc_status);
    }
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let (details, body) = (details.get(memory)?, body.get(memory)?);
    let headers = Pairs::parse(headers.0.get(memory)?).unwrap_or_default();
    let Some(at) = proxy.at(vm) else { return Ok(()) };
    let reply = LocalReply {
        plugin: Some(proxy.stream(at.stream).filters[at.filter].plugin),
        // Envoy keeps 16 bits of the code.
        status: status as u16,
        body: body.to_vec(),
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec())).collect(),
        grpc_status: Some(grpc_status).filter(|status| *status <= 16),
        details: details.iter().map(|byte| if byte.is_ascii_whitespace() { b'_' } else { *byte }).collect(),
    };
    let state = proxy.vm_mut(vm);
    state.stop_next_iteration = true;
    state.effects.push_back(Effect::LocalReply { at, reply });
    Ok(())
}

/// Chooses the route anew (0.1.0). The router always goes by the headers as they are, so there is nothing to forget.
fn clear_route_cache(_: &mut Call<'_>) -> Result<(), Status> {
    Ok(())
}
