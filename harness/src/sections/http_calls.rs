//! Proxy-Wasm ABI v0.2.1, "HTTP calls": requests of a plugin to a cluster.
//!
//! Open in every callback of every context. Callback: `proxy_on_http_call_response`, with the plugin context that the call
//! belongs to (that of the effective context), never inside the call, also when the stream has gone; its maps and its
//! buffer are open inside it only. Envoy departs from the text (1.40, observed): a cluster that refuses or is too late
//! gives a response of the proxy's, with status 503 or 504; only an answer that breaks off gives no headers. What becomes
//! of calls is in `proxy::calls`.

use super::Links;
use crate::abi::{Pairs, Status};
use crate::proxy::HttpAsked;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutU32, PairsIn};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_http_call", http_call(Bytes, PairsIn, Bytes, PairsIn, u32, OutU32));
    Ok(())
}

/// Sends a request to the cluster `upstream`; a timeout of zero is none. The id is zero when the call does not begin.
/// Trailers are not sent, and those that cannot be parsed are no error.
///
/// `InvalidMemoryAccess`: before anything else; `BadArgument`: no such cluster, no `:method`, `:path` or `:authority`, a
/// timeout of more than 31 bits; `InternalFailure`: a cluster without hosts, or a field that cannot be written to a
/// connection that is there already.
fn http_call(
    call: &mut Call<'_>,
    upstream: Bytes,
    headers: PairsIn,
    body: Bytes,
    trailers: PairsIn,
    timeout: u32,
    id: OutU32,
) -> Result<(), Status> {
    let vm = call.vm();
    let (memory, _) = call.memory_and_proxy();
    for bytes in [upstream, headers.0, body, trailers.0] {
        bytes.get(memory)?;
    }
    call.write_pointer(id.0, 0)?;
    let (memory, proxy) = call.memory_and_proxy();
    let asked = HttpAsked {
        cluster: upstream.get(memory)?,
        headers: Pairs::parse(headers.0.get(memory)?).unwrap_or_default(),
        body: body.get(memory)?,
        trailers: Pairs::parse(trailers.0.get(memory)?).unwrap_or_default(),
        timeout,
    };
    let number = proxy.http_call(vm, asked)?;
    call.write_u32(id, number)
}
