//! Proxy-Wasm ABI v0.2.1, "Properties": what a plugin can ask about the proxy, its stream and itself.
//!
//! A path is its parts with NULs between them. What there is in which callback is in `proxy::properties`. Envoy departs
//! from the text (1.40, observed): any path can be set on a stream, and only without a stream that is `NotFound`.

use super::{Links, tester};
use crate::abi::Status;
use crate::proxy::transcript::Fault;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutBytes};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_get_property", get_property(Bytes, OutBytes));
    hostcall!(links, "proxy_set_property", set_property(Bytes, Bytes));
    Ok(())
}

/// The encoded value at a path.
///
/// `NotFound`: no such property, or not now; `SerializationFailure`: an empty path, or what is there is no value;
/// `InvalidMemoryAccess`.
fn get_property(call: &mut Call<'_>, path: Bytes, out: OutBytes) -> Result<(), Status> {
    if tester::of(call).is_some() {
        return tester::property(call, path, out);
    }
    let vm = call.vm();
    let mut value = call.take_scratch();
    let (memory, proxy) = call.memory_and_proxy();
    let found = path.get(memory).and_then(|path| proxy.property(vm, path, &mut value));
    if let Err(status) = found {
        call.restore_scratch(value);
        check_schema(call, path);
        return Err(status);
    }
    call.give_scratch(out, value)
}

/// A property that is declared as FlatBuffers cannot be read through its schema here, and Envoy does not check the schema.
fn check_schema(call: &mut Call<'_>, path: Bytes) {
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    if path.get(memory).is_ok_and(|path| proxy.leads_into_flatbuffers(vm, path)) {
        let what = "a property declared as FlatBuffers is read by a schema that Envoy does not check: with another one than \
                    the value's it crashes. This host does not read FlatBuffers";
        proxy.fault(vm, Fault { id: "envoy/crash", call: "proxy_get_property", what });
    }
}

/// Keeps a value with the stream; every plugin of the stream reads it at the same path from now on, unless the host has
/// something of that name.
///
/// `NotFound`: there is no stream; `BadArgument`: declared read only, and set before; `InvalidMemoryAccess`.
fn set_property(call: &mut Call<'_>, path: Bytes, value: Bytes) -> Result<(), Status> {
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let (path, value) = (path.get(memory)?, value.get(memory)?);
    proxy.set_property(vm, path, value)
}
