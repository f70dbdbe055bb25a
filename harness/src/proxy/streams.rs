//! The streams that the proxy holds: new ones, looking them up, handing them over at their end.

use std::sync::Arc;

use super::answer::LaidOut;
use super::client::End;
use super::ids::StreamId;
use super::stream::Stream;
use super::transcript::{Party, What};
use super::{Proxy, Script};
use crate::state::{Duration, Protocol};

impl Proxy {
    pub(crate) fn next_stream(&self) -> StreamId {
        StreamId(self.first_stream + self.streams.len())
    }

    /// A stream without a chain: one that has ended is used again.
    pub(super) fn blank_stream(&mut self, id: StreamId, protocol: Protocol) -> Box<Stream> {
        let began = (self.clock.now(), self.clock.realtime());
        match self.spare.take() {
            Some(mut spare) => {
                spare.renew(id, began, protocol);
                spare
            }
            None => Box::new(Stream::new(id, began, protocol)),
        }
    }

    pub(super) fn insert_stream(&mut self, stream: Box<Stream>) {
        self.streams.push(Some(stream));
    }

    /// A stream that was handed over is of no use any more.
    pub(crate) fn give_back(&mut self, stream: Box<Stream>) {
        self.spare = Some(stream);
    }

    /// The upstream's answer laid out, where every request gets the same.
    pub(super) fn laid_out(&mut self) -> Option<&LaidOut> {
        let Script::Every(answer) = &self.upstream else { return None };
        let options = &self.options;
        let make = || {
            let laid_out = LaidOut::new(answer.clone(), options.upstream_protocol, options.enable_trailers);
            Arc::new(laid_out.shared())
        };
        Some(self.every.get_or_insert_with(make))
    }

    /// Puts the parts of [`Self::laid_out`] behind those that the upstream of a stream still has to send. Answers when they
    /// come, and in which protocol.
    pub(super) fn lay_out_for(&mut self, id: StreamId) -> Option<(Duration, Option<Protocol>)> {
        self.laid_out()?;
        let every = self.every.take()?;
        self.stream_mut(id).upstream.answering.extend(every.parts.iter().cloned());
        let first = (every.after, every.protocol);
        self.every = Some(every);
        Some(first)
    }

    /// Whether the stream is still here: streams leave when the test has taken their exchange.
    pub(crate) fn has_stream(&self, id: StreamId) -> bool {
        id.0 >= self.first_stream && self.streams.get(id.0 - self.first_stream).is_some_and(Option::is_some)
    }

    #[inline]
    pub(crate) fn stream(&self, id: StreamId) -> &Stream {
        self.streams[id.0 - self.first_stream].as_deref().expect("the stream is here")
    }

    #[inline]
    pub(crate) fn stream_mut(&mut self, id: StreamId) -> &mut Stream {
        self.streams[id.0 - self.first_stream].as_deref_mut().expect("the stream is here")
    }

    /// Hands an ended stream over.
    pub(crate) fn take_stream(&mut self, id: StreamId) -> Option<Box<Stream>> {
        let slot = self.streams.get_mut(id.0.checked_sub(self.first_stream)?)?;
        let stream = slot.take_if(|stream| stream.ended);
        self.forget_streams();
        stream
    }

    /// Forgets the places of streams that were handed over. Where old ones stay open, not at each that goes.
    fn forget_streams(&mut self) {
        const FEW: usize = 32;
        let gone = self.streams.iter().take_while(|stream| stream.is_none()).count();
        if gone == self.streams.len() || gone > FEW.max(self.streams.len() / 2) {
            self.streams.drain(..gone);
            self.first_stream += gone;
        }
    }

    /// The streams that have not ended, oldest first.
    pub(crate) fn open_streams(&self) -> impl Iterator<Item = StreamId> {
        self.streams.iter().flatten().filter(|stream| !stream.ended).map(|stream| stream.id)
    }

    /// A stream is over: nothing waits for it any more, and its upstream request is reset if it was under way.
    pub(super) fn stream_ended(&mut self, id: StreamId) {
        self.stream_mut(id).client.outbox.clear();
        self.reset_upstream(id);
        if !self.parting.is_empty() {
            let held: Vec<_> = self.stream(id).filters.iter().map(|of| (of.vm, of.parent)).collect();
            held.into_iter().for_each(|(vm, context)| self.stream_left(vm, context));
        }
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
