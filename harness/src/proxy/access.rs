//! Which header map and which buffer is open, in which callback, for reading and for writing.
//!
//! The rule of Envoy 1.40 (observed): a map or body is reachable from its own callback until that callback answers
//! Continue; while the plugin holds the stream there, it stays reachable from everywhere; `proxy_on_log` opens the
//! header maps once more, for reading. What the callbacks of calls show is open inside them alone, to every context of the
//! plugin, and cannot be changed, but for the message of a gRPC call.

use super::Proxy;
use super::calls::CallView;
use super::context::ContextRef;
use super::ids::{Direction, StreamId, VmIndex};
use super::stream::{BodyView, Filter, Stream};
use crate::abi::{BufferType, MapType};
use crate::state::{Buffer, Fields};

/// A map that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Not in this callback.
    NotNow,
    /// `proxy_on_log` runs, and the stream has no such map.
    NoneLogged,
}

/// Direction of a stream's map, and whether it is the trailers.
fn place(map: MapType) -> Option<(Direction, bool)> {
    match map {
        MapType::RequestHeaders => Some((Direction::Request, false)),
        MapType::RequestTrailers => Some((Direction::Request, true)),
        MapType::ResponseHeaders => Some((Direction::Response, false)),
        MapType::ResponseTrailers => Some((Direction::Response, true)),
        _ => None,
    }
}

/// Where the callbacks of calls show a map; nowhere, when it is one of a stream.
fn call_map(map: MapType) -> Option<fn(&CallView) -> &Option<Fields>> {
    match map {
        MapType::GrpcCallInitialMetadata => Some(|view| &view.initial_metadata),
        MapType::GrpcCallTrailingMetadata => Some(|view| &view.trailing_metadata),
        MapType::HttpCallResponseHeaders => Some(|view| &view.headers),
        MapType::HttpCallResponseTrailers => Some(|view| &view.trailers),
        _ => None,
    }
}

impl Proxy {
    /// The stream and plugin that hostcalls of `vm` are about, if they are about a stream that lives.
    pub(crate) fn effective_stream(&self, vm: VmIndex) -> Option<(StreamId, usize)> {
        match self.vm(vm).effective()? {
            ContextRef::Stream { stream, filter } if self.has_stream(stream) => Some((stream, filter)),
            _ => None,
        }
    }

    fn effective_filter(&self, vm: VmIndex) -> Option<(&Stream, &Filter)> {
        let (id, filter) = self.effective_stream(vm)?;
        let stream = self.stream(id);
        Some((stream, &stream.filters[filter]))
    }

    /// The map `map`, to read.
    pub(crate) fn map(&self, vm: VmIndex, map: MapType) -> Result<&Fields, Closed> {
        if let Some(place) = call_map(map) {
            return self.call_view(vm).and_then(|view| place(view).as_ref()).ok_or(Closed::NotNow);
        }
        let (stream, filter) = self.effective_filter(vm).ok_or(Closed::NotNow)?;
        let (direction, trailers) = place(map).ok_or(Closed::NotNow)?;
        let half = stream.half(direction);
        if filter.logging {
            return match map {
                MapType::RequestTrailers => None,
                _ if trailers => half.trailers.as_ref(),
                _ => half.headers.as_ref(),
            }
            .ok_or(Closed::NoneLogged);
        }
        let side = filter.side(direction);
        match trailers {
            false if side.headers_open => half.headers.as_ref(),
            true if side.trailers_open => half.trailers.as_ref(),
            _ => None,
        }
        .ok_or(Closed::NotNow)
    }

    /// The map `map`, to change. In the last body callback of a message without trailers this makes them.
    pub(crate) fn map_mut(&mut self, vm: VmIndex, map: MapType) -> Option<&mut Fields> {
        let (id, at) = self.effective_stream(vm)?;
        let (direction, trailers) = place(map)?;
        let stream = self.stream_mut(id);
        let filter = &mut stream.filters[at];
        let end_of_stream = filter.end_of_stream;
        let side = filter.side_mut(direction);
        if !trailers {
            return if side.headers_open { stream.half_mut(direction).headers.as_mut() } else { None };
        }
        if side.trailers_open {
            return stream.half_mut(direction).trailers.as_mut();
        }
        if side.body == BodyView::Closed || !end_of_stream {
            return None;
        }
        side.trailers_open = true;
        Some(stream.half_mut(direction).trailers.get_or_insert_with(Fields::trailers))
    }

    /// The body that `buffer` shows; `None` when none is open.
    pub(crate) fn body(&self, vm: VmIndex, buffer: BufferType) -> Option<&Buffer> {
        match buffer {
            BufferType::GrpcCallMessage => return self.call_view(vm)?.grpc_message.as_ref(),
            BufferType::DownstreamData => return self.tcp_data(vm, Direction::Request),
            BufferType::UpstreamData => return self.tcp_data(vm, Direction::Response),
            _ => {}
        }
        let (stream, filter) = self.effective_filter(vm)?;
        let direction = body_direction(buffer)?;
        stream.body(direction, filter.side(direction).body)
    }

    /// Whether `buffer` is what a plugin left behind that stopped without buffering: Envoy takes it for its body still.
    pub(crate) fn body_dangles(&self, vm: VmIndex, buffer: BufferType) -> bool {
        let place = self.effective_filter(vm).zip(body_direction(buffer));
        place.is_some_and(|((_, filter), direction)| filter.side(direction).body == BodyView::Dangling)
    }

    /// As [`Self::body`], to change.
    pub(crate) fn body_mut(&mut self, vm: VmIndex, buffer: BufferType) -> Option<&mut Buffer> {
        match buffer {
            BufferType::GrpcCallMessage => return self.call_view_mut(vm)?.grpc_message.as_mut(),
            BufferType::DownstreamData => return self.tcp_data_mut(vm, Direction::Request),
            BufferType::UpstreamData => return self.tcp_data_mut(vm, Direction::Response),
            _ => {}
        }
        let (id, at) = self.effective_stream(vm)?;
        let direction = body_direction(buffer)?;
        let stream = self.stream_mut(id);
        let view = stream.filters[at].side(direction).body;
        stream.body_mut(direction, view)
    }

    /// `proxy_continue_stream` closes what the plugin held of the stream, at once.
    pub(crate) fn close_held(&mut self, id: StreamId, filter: usize, direction: Direction) {
        let side = self.stream_mut(id).filters[filter].side_mut(direction);
        side.headers_open = false;
        side.trailers_open = false;
        // A body that is being collected is found anew for each call.
        if !side.buffering {
            side.body = BodyView::Closed;
        }
    }
}

fn body_direction(buffer: BufferType) -> Option<Direction> {
    match buffer {
        BufferType::HttpRequestBody => Some(Direction::Request),
        BufferType::HttpResponseBody => Some(Direction::Response),
        _ => None,
    }
}
