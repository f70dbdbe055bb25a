//! One plugin in one stream: creating its context, making its callbacks, and what stays readable after each.
//!
//! A map or body is open from its callback until that callback answers Continue (Envoy 1.40, observed), so what a
//! callback returns decides what later calls can read.

use super::chain::Drive;
use super::guest::{Guest, Invocation, Returned};
use super::ids::{Direction, StreamId, VmIndex};
use super::status::{DataStatus, HeadersStatus, TrailersStatus};
use super::stream::{BodyView, Filter};
use super::transcript::Fault;
use crate::abi::{AbiVersion, CallbackId};
use crate::state::Buffer;

impl<G: Guest> Drive<'_, G> {
    /// Makes one callback, then runs what its hostcalls asked for.
    pub(crate) fn call(&mut self, vm: VmIndex, invocation: Invocation) -> Called {
        let called = self.call_only(vm, invocation);
        self.drain(vm);
        called
    }

    /// Makes one callback of a stream. When it traps, the plugin's failure policy comes before what it had asked for (Envoy
    /// 1.40, observed).
    fn call_in_stream(
        &mut self,
        id: StreamId,
        filter: usize,
        direction: Direction,
        invocation: Invocation,
    ) -> Called {
        let vm = self.filter(id, filter).vm;
        let mut called = self.call_only(vm, invocation);
        if called == Called::Failed && self.failed(id, filter, direction) {
            called = Called::Absent;
        }
        self.drain(vm);
        called
    }

    /// Makes one callback, and leaves what it asked for to the caller.
    ///
    /// The number that counts is the one returned, unless a local response or a close was asked for meanwhile:
    /// either stops the iteration, but that of a response's trailers, whatever the plugin returns.
    fn call_only(&mut self, vm: VmIndex, invocation: Invocation) -> Called {
        let state = self.proxy.vm_mut(vm);
        if state.failed {
            return Called::Failed;
        }
        let outer = state.enter(invocation.context());
        let returned = self.guest.call(self.proxy, vm, invocation);
        let state = self.proxy.vm_mut(vm);
        state.leave(outer);
        let stopped = std::mem::take(&mut state.stop_next_iteration);
        match returned {
            Returned::Trapped => {
                state.failed = true;
                Called::Failed
            }
            Returned::Absent => Called::Absent,
            Returned::Unit => Called::Number(0),
            Returned::Value(number) if stopped => Called::Stopped(number),
            Returned::Value(number) => Called::Number(number),
        }
    }

    fn filter(&mut self, id: StreamId, filter: usize) -> &mut Filter {
        &mut self.stream(id).filters[filter]
    }

    /// Creates the plugin's stream context if it has none yet.
    pub(crate) fn create_context(&mut self, id: StreamId, filter: usize) {
        let Filter { vm, parent, context, created, .. } = *self.filter(id, filter);
        if created || self.proxy.vm(vm).failed {
            return;
        }
        self.call(vm, Invocation::new(CallbackId::ContextCreate, &[context, parent]));
        // Only now: a stream that is closed from this very callback has it called again (Envoy 1.40, observed).
        self.filter(id, filter).created = true;
    }

    /// The VM is dead: what the plugin's failure policy does with this stream. Answers whether it goes on.
    fn failed(&mut self, id: StreamId, filter: usize, direction: Direction) -> bool {
        let plugin = self.filter(id, filter).plugin;
        if self.proxy.plugin(plugin).fail_open {
            return true;
        }
        if std::mem::replace(&mut self.filter(id, filter).failure_replied, true) {
            // The 503 that the failure caused passes the plugin by (Envoy 1.40, observed: the client receives it).
            return direction == Direction::Response;
        }
        self.fail_stream(id);
        false
    }

    pub(crate) fn filter_headers(
        &mut self,
        id: StreamId,
        filter: usize,
        direction: Direction,
        end_stream: bool,
    ) -> HeadersStatus {
        if direction == Direction::Request {
            self.create_context(id, filter);
        }
        let stream = self.stream(id);
        let count = stream.half(direction).headers.as_ref().map_or(0, |fields| fields.len() as u32);
        let of = &mut stream.filters[filter];
        if direction == Direction::Response && (!of.created || of.passes_its_own_failure()) {
            return HeadersStatus::Continue;
        }
        of.side_mut(direction).headers_open = true;
        of.end_of_stream = end_stream;
        let Filter { vm, context, plugin, .. } = *of;
        let name = match direction {
            Direction::Request => CallbackId::RequestHeaders,
            Direction::Response => CallbackId::ResponseHeaders,
        };
        let args = [context, count, u32::from(end_stream)];
        // 0.1.0 does not tell the end of the stream.
        let known = if self.proxy.vm(vm).abi == AbiVersion::V0_1_0 { 2 } else { 3 };
        let called = self.call_in_stream(id, filter, direction, Invocation::new(name, &args[..known]));
        let status = match called {
            Called::Failed | Called::Stopped(_) => HeadersStatus::StopAllAndWatermark,
            Called::Absent => HeadersStatus::Continue,
            Called::Number(number) => {
                HeadersStatus::from_abi(number, self.proxy.plugin(plugin).allow_on_headers_stop_iteration)
            }
        };
        let side = self.filter(id, filter).side_mut(direction);
        if status == HeadersStatus::Continue {
            side.headers_open = false;
        } else {
            side.paused_by = Some(name.name());
        }
        status
    }

    pub(crate) fn filter_data(
        &mut self,
        id: StreamId,
        filter: usize,
        direction: Direction,
        piece: BodyView,
        end_stream: bool,
    ) -> DataStatus {
        let stream = self.stream(id);
        let of = &stream.filters[filter];
        if !of.created || (direction == Direction::Response && of.passes_its_own_failure()) {
            return DataStatus::Continue;
        }
        let Filter { vm, context, .. } = *of;
        let view = if of.side(direction).buffering && piece != BodyView::Buffered {
            stream.half_mut(direction).streaming = false;
            self.hold(id, direction, piece);
            if self.stream(id).ended {
                // It was more than the buffer holds, and that ended the stream.
                return DataStatus::StopNoBuffer;
            }
            BodyView::Buffered
        } else {
            piece
        };
        let stream = self.stream(id);
        let of = &mut stream.filters[filter];
        of.side_mut(direction).body = view;
        of.end_of_stream = end_stream;
        let size = stream.body(direction, view).map_or(0, Buffer::len) as u32;
        let name = match direction {
            Direction::Request => CallbackId::RequestBody,
            Direction::Response => CallbackId::ResponseBody,
        };
        let arrived = Invocation::new(name, &[context, size, u32::from(end_stream)]);
        let called = self.call_in_stream(id, filter, direction, arrived);
        let status = match called {
            Called::Failed | Called::Stopped(_) => DataStatus::StopNoBuffer,
            Called::Absent => DataStatus::Continue,
            Called::Number(number) => DataStatus::from_abi(number),
        };
        if status == DataStatus::StopNoBuffer && matches!(called, Called::Number(_)) && size > 0 {
            self.proxy.fault_in(Some(vm), Fault {
                id: "envoy/body-dropped",
                call: name.name(),
                what: "it answered neither Continue (0) nor Pause (1): Envoy takes 3 and all above as a stop without \
                       buffering, and the bytes of this callback are lost",
            });
        }
        let side = self.filter(id, filter).side_mut(direction);
        side.buffering = status == DataStatus::StopAndBuffer;
        side.body = match status {
            DataStatus::Continue => BodyView::Closed,
            DataStatus::StopAndBuffer => BodyView::Buffered,
            DataStatus::StopAndWatermark | DataStatus::StopNoBuffer => BodyView::Dangling,
        };
        if status != DataStatus::Continue {
            side.paused_by = Some(name.name());
        }
        status
    }

    pub(crate) fn filter_trailers(
        &mut self,
        id: StreamId,
        filter: usize,
        direction: Direction,
    ) -> TrailersStatus {
        let of = self.filter(id, filter);
        if !of.created || (direction == Direction::Response && of.passes_its_own_failure()) {
            return TrailersStatus::Continue;
        }
        let context = of.context;
        of.side_mut(direction).trailers_open = true;
        let count = self.half(id, direction).trailers.as_ref().map_or(0, |fields| fields.len() as u32);
        let name = match direction {
            Direction::Request => CallbackId::RequestTrailers,
            Direction::Response => CallbackId::ResponseTrailers,
        };
        let called = self.call_in_stream(id, filter, direction, Invocation::new(name, &[context, count]));
        let status = match called {
            Called::Absent => TrailersStatus::Continue,
            // Of a response's trailers the number counts, whatever was asked for beside it (Envoy 1.40, observed).
            Called::Stopped(number) if direction == Direction::Response => TrailersStatus::from_abi(number),
            Called::Number(number) => TrailersStatus::from_abi(number),
            Called::Failed | Called::Stopped(_) => TrailersStatus::StopIteration,
        };
        let side = self.filter(id, filter).side_mut(direction);
        if status == TrailersStatus::Continue {
            side.trailers_open = false;
        } else {
            side.paused_by = Some(name.name());
        }
        status
    }

    /// The end of a stream: every plugin logs, then each is done and deleted, in chain order (Envoy 1.40, observed:
    /// log comes before done; a plugin that never saw the stream gets a context for its log; what `proxy_on_done`
    /// answers changes nothing).
    pub(crate) fn end_stream(&mut self, id: StreamId) {
        if std::mem::replace(&mut self.stream(id).ended, true) {
            return;
        }
        let count = self.stream(id).filters.len();
        for filter in 0..count {
            self.create_context(id, filter);
            let Filter { vm, context, created, .. } = *self.filter(id, filter);
            if created {
                self.filter(id, filter).logging = true;
                self.call(vm, Invocation::new(CallbackId::Log, &[context]));
                self.filter(id, filter).logging = false;
            }
        }
        for filter in 0..count {
            let Filter { vm, context, created, .. } = *self.filter(id, filter);
            if created {
                self.proxy.vm_mut(vm).finishing = true;
                self.call(vm, Invocation::new(CallbackId::Done, &[context]));
                self.call(vm, Invocation::new(CallbackId::Delete, &[context]));
                self.proxy.vm_mut(vm).finishing = false;
            }
            self.proxy.vm_mut(vm).remove_context(context);
        }
        self.proxy.stream_ended(id);
    }

    /// Records that Envoy would not survive what a plugin just asked for; the scenario ends here.
    pub(crate) fn envoy_would_crash(&mut self, vm: VmIndex, call: &'static str, what: &'static str) {
        self.proxy.fault(vm, Fault { id: "envoy/crash", call, what });
    }
}

/// What came of a callback, after the effects it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// The plugin's VM is dead, since now or since before.
    Failed,
    /// The plugin does not export the callback.
    Absent,
    /// It returned this number; zero when the callback has no result.
    Number(u32),
    /// It asked for a local response or a close: what it returned counts for a response's trailers only.
    Stopped(u32),
}
