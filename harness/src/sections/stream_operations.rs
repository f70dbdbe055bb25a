//! Proxy-Wasm ABI v0.2.1, "Stream operations": letting a held stream go on, and closing it.
//!
//! Both wait until the callback returns, and both answer Ok from every context; from a plugin context they do nothing
//! (Envoy 1.40, observed).

use super::{Links, tcp_streams};
use crate::abi::{Status, StreamType};
use crate::proxy::{At, Direction, Effect, Proxy, VmIndex};
use crate::vm::gate::{Call, hostcall};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_continue_stream", continue_stream(u32));
    hostcall!(links, "proxy_close_stream", close_stream(u32));
    hostcall!(links, "proxy_continue_request", continue_request());
    hostcall!(links, "proxy_continue_response", continue_response());
    Ok(())
}

impl Proxy {
    /// The stream that hostcalls are about, for an effect.
    pub(crate) fn at(&self, vm: VmIndex) -> Option<At> {
        let (stream, filter) = self.effective_stream(vm)?;
        let ending = self.stream(stream).filters[filter].logging || self.vm(vm).finishing;
        Some(At { stream, filter, ending })
    }
}

/// Lets one direction of the stream go on after the callback. What the plugin held of the request is closed at once.
fn resume(call: &mut Call<'_>, direction: Direction) -> Result<(), Status> {
    let vm = call.vm();
    let proxy = call.proxy();
    if let Some(at) = proxy.at(vm) {
        proxy.close_held(at.stream, at.filter, Direction::Request);
        proxy.vm_mut(vm).effects.push_back(Effect::Continue { at, direction });
    }
    Ok(())
}

/// `Unimplemented`: upstream; `BadArgument`: no such stream type.
fn continue_stream(call: &mut Call<'_>, stream: u32) -> Result<(), Status> {
    match StreamType::from_abi(stream).ok_or(Status::BadArgument)? {
        StreamType::HttpRequest => resume(call, Direction::Request),
        StreamType::HttpResponse => resume(call, Direction::Response),
        StreamType::Downstream => {
            tcp_streams::go_on(call);
            Ok(())
        }
        StreamType::Upstream => Err(Status::Unimplemented),
    }
}

/// 0.1.0's name for continuing the request.
fn continue_request(call: &mut Call<'_>) -> Result<(), Status> {
    resume(call, Direction::Request)
}

/// 0.1.0's name for continuing the response.
fn continue_response(call: &mut Call<'_>) -> Result<(), Status> {
    resume(call, Direction::Response)
}

/// Resets the stream after the callback, whose own result does not count then.
///
/// `BadArgument`: no such stream type.
fn close_stream(call: &mut Call<'_>, stream: u32) -> Result<(), Status> {
    let vm = call.vm();
    let proxy = call.proxy();
    match StreamType::from_abi(stream).ok_or(Status::BadArgument)? {
        StreamType::HttpRequest | StreamType::HttpResponse => {
            if let Some(at) = proxy.at(vm) {
                let state = proxy.vm_mut(vm);
                state.stop_next_iteration = true;
                state.effects.push_back(Effect::Close { at });
            }
        }
        StreamType::Downstream | StreamType::Upstream => tcp_streams::close(call),
    }
    Ok(())
}
