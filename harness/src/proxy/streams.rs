//! The streams that the proxy holds: the chain of a new one, looking them up, handing them over at their end.

use std::sync::Arc;

use super::answer::LaidOut;
use super::client::End;
use super::ids::{PluginIndex, StreamId};
use super::stream::{Filter, Stream};
use super::transcript::{Party, What};
use super::{FailurePolicy, Proxy, Script};
use crate::state::Protocol;

impl Proxy {
    /// The chain of a new stream. A plugin whose VM is dead is left out when its policy is to fail open.
    pub(super) fn filters(&self, worker: usize) -> impl Iterator<Item = Filter> {
        self.plugins.iter().enumerate().filter_map(move |(index, plugin)| {
            let vm = self.vm_of(worker, PluginIndex(index));
            let state = self.vm(vm);
            if state.failed && plugin.policy == FailurePolicy::Open {
                return None;
            }
            let parent = state.plugin_context(PluginIndex(index)).map_or(0, |context| context.id);
            Some(Filter::new(PluginIndex(index), vm, parent))
        })
    }

    pub(crate) fn next_stream(&self) -> StreamId {
        StreamId(self.first_stream + self.streams.len())
    }

    /// Opens a stream: one that has ended is used again.
    pub(super) fn insert_stream(&mut self, id: StreamId, protocol: Protocol, worker: usize) {
        let began = (self.clock.now(), self.clock.realtime());
        let mut stream = match self.spare.take() {
            Some(mut spare) => {
                spare.renew(id, began, protocol);
                spare
            }
            None => Box::new(Stream::new(id, began, protocol)),
        };
        stream.filters.extend(self.filters(worker));
        for (at, filter) in stream.filters.iter_mut().enumerate() {
            let vm = self.vm_mut(filter.vm);
            if !vm.failed {
                filter.context = vm.new_stream_context(id, at);
            }
        }
        self.streams.push_back(Some(stream));
    }

    /// A stream that was handed over is of no use any more.
    pub(crate) fn give_back(&mut self, stream: Box<Stream>) {
        self.spare = Some(stream);
    }

    /// The upstream's answer laid out, where every request gets the same.
    pub(super) fn laid_out(&mut self) -> Option<Arc<LaidOut>> {
        let Script::Every(answer) = &self.upstream else { return None };
        let make = || Arc::new(LaidOut::new(answer.clone(), self.options.enable_trailers));
        Some(Arc::clone(self.every.get_or_insert_with(make)))
    }

    /// Whether the stream is still here: streams leave when the test has taken their exchange.
    pub(crate) fn has_stream(&self, id: StreamId) -> bool {
        id.0 >= self.first_stream && self.streams.get(id.0 - self.first_stream).is_some_and(Option::is_some)
    }

    pub(crate) fn stream(&self, id: StreamId) -> &Stream {
        self.streams[id.0 - self.first_stream].as_deref().expect("the stream is here")
    }

    pub(crate) fn stream_mut(&mut self, id: StreamId) -> &mut Stream {
        self.streams[id.0 - self.first_stream].as_deref_mut().expect("the stream is here")
    }

    /// Hands an ended stream over.
    pub(crate) fn take_stream(&mut self, id: StreamId) -> Option<Box<Stream>> {
        let slot = self.streams.get_mut(id.0.checked_sub(self.first_stream)?)?;
        let stream = slot.take_if(|stream| stream.ended);
        while self.streams.front().is_some_and(Option::is_none) {
            self.streams.pop_front();
            self.first_stream += 1;
        }
        stream
    }

    /// The streams that have not ended, oldest first.
    pub(crate) fn open_streams(&self) -> impl Iterator<Item = StreamId> {
        self.streams.iter().flatten().filter(|stream| !stream.ended).map(|stream| stream.id)
    }

    /// A stream is over: nothing waits for it any more, and its upstream request is reset if it was under way.
    pub(super) fn stream_ended(&mut self, id: StreamId) {
        let stream = self.stream_mut(id);
        stream.client.outbox.clear();
        self.reset_upstream(id);
    }

    /// Whatever the upstream was doing for this stream ends; its request is reset if it was under way.
    pub(crate) fn reset_upstream(&mut self, id: StreamId) {
        let stream = self.stream_mut(id);
        let cut = stream.upstream.received.head.is_some() && !stream.upstream.answer_complete;
        stream.upstream.answering.clear();
        let timeout = stream.upstream.timeout.take();
        stream.upstream.answer_complete |= cut;
        if cut && stream.upstream.received.end == End::Open {
            stream.upstream.received.end = End::Cut;
        }
        if let Some(deadline) = timeout {
            self.deadlines.cancel(deadline);
        }
        if cut {
            self.record_part(id, Party::UpstreamReceives, What::Reset, b"");
        }
    }
}
