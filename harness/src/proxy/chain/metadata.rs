//! METADATA frames of HTTP/2 on their way through the chain.
//!
//! A frame changes nothing and is seen by no map: a plugin learns how many elements it has. It keeps its place behind the
//! head: it waits before a plugin whose headers callback has not run, and at one that holds everything. A side that speaks
//! HTTP/1.1 receives none (Envoy 1.40, observed).

use super::Drive;
use crate::abi::CallbackId;
use crate::proxy::guest::{Guest, Invocation};
use crate::proxy::ids::{Direction, StreamId};
use crate::proxy::stream::Filter;
use crate::proxy::transcript::{Party, What};
use crate::state::{Fields, Protocol};

impl<G: Guest> Drive<'_, G> {
    /// A frame comes in. One behind the end of its message is dropped.
    pub(crate) fn metadata(&mut self, id: StreamId, direction: Direction, frame: Fields) {
        if self.over(id, direction) || self.half(id, direction).complete {
            return;
        }
        let party = match direction {
            Direction::Request => Party::ClientSends,
            Direction::Response => Party::UpstreamSends,
        };
        self.proxy.record_fields(id, party, What::Metadata, &frame);
        if self.proxy.options.allow_metadata {
            self.metadata_from(id, direction, 0, frame);
        }
    }

    /// Walks a frame on, from the plugin at `first`.
    fn metadata_from(&mut self, id: StreamId, direction: Direction, first: usize, frame: Fields) {
        for step in first..self.stream(id).filters.len() {
            let side = self.side(id, direction, step);
            if !side.headers_called || side.iteration.stopped_all() {
                side.metadata.push(frame);
                return;
            }
            let filter = self.filter_at(id, direction, step);
            self.at_step(id, direction, |drive| drive.filter_metadata(id, filter, direction, frame.len()));
            if self.over(id, direction) {
                return;
            }
        }
        match direction {
            Direction::Request => self.router_metadata(id, frame),
            Direction::Response => self.client_metadata(id, &frame),
        }
    }

    /// Lets the frames go on that wait at a plugin.
    pub(crate) fn release_metadata(&mut self, id: StreamId, direction: Direction, step: usize) {
        for frame in std::mem::take(&mut self.side(id, direction, step).metadata) {
            if self.over(id, direction) {
                return;
            }
            self.metadata_from(id, direction, step, frame);
        }
    }

    /// What the plugin returns changes nothing (Envoy 1.40, observed).
    fn filter_metadata(&mut self, id: StreamId, filter: usize, direction: Direction, elements: usize) {
        let Filter { vm, context, created, .. } = self.stream(id).filters[filter];
        let callback = match direction {
            Direction::Request => CallbackId::RequestMetadata,
            Direction::Response => CallbackId::ResponseMetadata,
        };
        if created {
            self.call(vm, Invocation::new(callback, &[context, elements as u32]));
        }
    }

    /// A frame has passed the chain: it follows the request's head to the upstream.
    fn router_metadata(&mut self, id: StreamId, frame: Fields) {
        if self.proxy.options.upstream_protocol != Protocol::Http2 {
            return;
        }
        let upstream = &mut self.stream(id).upstream;
        if upstream.received.head.is_none() {
            upstream.metadata.push(frame);
        } else if upstream.takes_more() {
            self.proxy.record_fields(id, Party::UpstreamReceives, What::Metadata, &frame);
        }
    }

    /// The request's head has gone out: what waited for it follows.
    pub(crate) fn flush_metadata(&mut self, id: StreamId) {
        for frame in std::mem::take(&mut self.stream(id).upstream.metadata) {
            self.proxy.record_fields(id, Party::UpstreamReceives, What::Metadata, &frame);
        }
    }

    /// A frame goes to the client, before the head when that has not gone yet.
    fn client_metadata(&mut self, id: StreamId, frame: &Fields) {
        if self.stream(id).protocol == Protocol::Http2 {
            self.proxy.record_fields(id, Party::ClientReceives, What::Metadata, frame);
        }
    }
}
