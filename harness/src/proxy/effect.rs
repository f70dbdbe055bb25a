//! What hostcalls ask for that would re-enter the plugin: it waits until the callback has returned.
//!
//! Effects stand in one queue per VM and run, in order, when any callback of that VM returns, nested ones included;
//! only then does the callback's own result count.

use super::calls::{CallIndex, GrpcFailure};
use super::chain::Drive;
use super::guest::Guest;
use super::ids::{Direction, StreamId, VmIndex};
use super::reply::LocalReply;
use super::transcript::Fault;

/// Effects of one VM that callbacks may bring about inside each other. Who stops at all stops sooner.
const MOST_INSIDE_EACH_OTHER: u8 = 16;

/// Asked for by a hostcall, done after the callback.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// `proxy_continue_stream`, `proxy_continue_request`, `proxy_continue_response`.
    Continue { at: At, direction: Direction },
    /// `proxy_send_local_response`.
    LocalReply { at: At, reply: LocalReply },
    /// `proxy_close_stream`.
    Close { at: At },
    /// `proxy_continue_stream` of a connection.
    ContinueConnection { connection: StreamId, filter: usize },
    /// `proxy_close_stream` of a connection.
    CloseConnection { connection: StreamId },
    /// `proxy_done` of a plugin context: it is deleted.
    Delete { context: u32 },
    /// The callback of a call is over: what it showed is closed, before anything that it asked for runs. `ended` is a
    /// gRPC call that it ended.
    CloseCall { context: u32, ended: Option<CallIndex> },
    /// `envoy_resolve_dns`: the answer.
    Resolved { context: u32, token: u32, answer: Vec<u8> },
    /// A gRPC call failed inside its hostcall.
    GrpcFailed { context: u32, id: u32, failure: GrpcFailure },
}

impl Effect {
    /// The call that asked for it, where carrying it out calls plugins.
    fn call(&self) -> Option<&'static str> {
        Some(match self {
            Self::Continue { .. } | Self::ContinueConnection { .. } => "proxy_continue_stream",
            Self::LocalReply { .. } => "proxy_send_local_response",
            Self::Close { .. } | Self::CloseConnection { .. } => "proxy_close_stream",
            Self::Delete { .. } => "proxy_done",
            Self::GrpcFailed { .. } => "proxy_grpc_call",
            Self::Resolved { .. } => "envoy_resolve_dns",
            Self::CloseCall { .. } => return None,
        })
    }
}

/// The plugin and stream that an effect is about, and where the stream stood when it was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) stream: StreamId,
    pub(crate) filter: usize,
    /// Asked for from `proxy_on_log`, `proxy_on_done` or `proxy_on_delete` of that stream.
    pub(crate) ending: bool,
}

impl<G: Guest> Drive<'_, G> {
    /// Runs what is waiting in `vm`.
    pub(crate) fn drain(&mut self, vm: VmIndex) {
        while let Some(effect) = self.proxy.vm_mut(vm).effects.pop_front() {
            if let Some(call) = effect.call()
                && self.proxy.vm(vm).draining >= MOST_INSIDE_EACH_OTHER
            {
                let what = "each callback asks for what brings about the next, one inside the other, until the stack of the \
                            plugin's VM overflows: it is dead for all streams";
                self.proxy.fault(vm, Fault { id: "envoy/stack-overflow", call, what });
            }
            if self.proxy.halted {
                self.proxy.vm_mut(vm).effects.clear();
                return;
            }
            self.proxy.vm_mut(vm).draining += 1;
            self.apply(vm, effect);
            self.proxy.vm_mut(vm).draining -= 1;
        }
    }

    fn apply(&mut self, vm: VmIndex, effect: Effect) {
        match effect {
            Effect::Delete { context } => self.delete_plugin_context(vm, context),
            Effect::ContinueConnection { connection, filter } => self.tcp_continue(connection, filter),
            Effect::CloseConnection { connection } => self.tcp_close(connection),
            Effect::CloseCall { context, ended } => self.proxy.close_view(vm, context, ended),
            Effect::Resolved { context, token, answer } => self.resolved(vm, context, token, answer),
            Effect::GrpcFailed { context, id, failure } => self.grpc_failed(vm, context, id, failure),
            Effect::Continue { at, direction } => self.continue_stream(vm, at, direction),
            Effect::LocalReply { at, .. } if at.ending => self.envoy_would_crash(
                vm,
                "proxy_send_local_response",
                "a local response at the end of a stream runs proxy_on_log again, without end",
            ),
            Effect::LocalReply { at, .. } if self.stream(at.stream).ended => {
                self.reply_too_late(vm, at.stream)
            }
            Effect::LocalReply { at, reply } => {
                self.stream(at.stream).urged_by = Some(vm);
                if !self.stream(at.stream).filters[at.filter].failure_replied {
                    self.send_local_reply(at.stream, reply);
                }
            }
            Effect::Close { at } if at.ending || self.stream(at.stream).ended => self.envoy_would_crash(
                vm,
                "proxy_close_stream",
                "closing a stream that is closed, or at its end, runs proxy_on_log again",
            ),
            Effect::Close { at } => {
                let stream = self.stream(at.stream);
                stream.urged_by = Some(vm);
                stream.details.get_or_insert_with(|| b"wasm_close_stream".to_vec());
                self.reset_stream(at.stream);
            }
        }
    }

    /// A local response for a stream that the same callback has ended.
    fn reply_too_late(&mut self, vm: VmIndex, id: StreamId) {
        let call = "proxy_send_local_response";
        let stream = self.stream(id);
        if stream.head_sent {
            self.envoy_would_crash(
                vm,
                call,
                "the stream has been answered in full, or closed, by the same callback: it is gone",
            );
            return;
        }
        let what = "after proxy_close_stream in the same callback: Envoy still writes it, to a stream that has ended";
        self.proxy.fault(vm, Fault { id: "host/not-simulated", call, what });
    }

    fn continue_stream(&mut self, vm: VmIndex, at: At, direction: Direction) {
        if self.half(at.stream, direction).headers.is_none() {
            self.envoy_would_crash(
                vm,
                "proxy_continue_stream",
                "a response that has not begun cannot be continued: Envoy reads headers that are not there",
            );
            return;
        }
        if at.ending || self.comes_too_late(at.stream, direction) {
            return;
        }
        self.stream(at.stream).urged_by = Some(vm);
        let step = self.step_of(at.stream, direction, at.filter);
        self.resume(at.stream, direction, step);
    }
}
