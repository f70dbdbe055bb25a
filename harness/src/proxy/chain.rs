//! The filter chain: headers, body and trailers walk from plugin to plugin, stop, wait and go on.
//!
//! One machine serves both directions: requests walk the chain forwards and end at the router, responses walk it
//! backwards and end at the client. It recurses where Envoy's filter manager recurses (a plugin that lets a held
//! body go runs the rest of the chain before its own callback's frame ends), so the order of callbacks is Envoy's.
//! Streams are looked up again after each callback, for a callback can end its own stream.

use super::guest::{Guest, Slot};
use super::ids::{Direction, StreamId};
use super::status::{DataStatus, HeadersStatus, TrailersStatus};
use super::stream::{BodyView, Half, Iteration, Side, Stream};
use crate::state::Buffer;

/// The proxy and what runs its plugins, together: everything that may call a plugin is a method of this.
pub(crate) struct Drive<'a, G: Guest> {
    pub(crate) proxy: &'a mut Slot,
    pub(crate) guest: &'a mut G,
}

/// Where a walk begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// At the first plugin of the direction.
    Start,
    /// After this step of the walk.
    After(usize),
    /// At this step itself when it was stopped for everything, else after it.
    Current(usize),
}

impl<G: Guest> Drive<'_, G> {
    pub(crate) fn stream(&mut self, id: StreamId) -> &mut Stream {
        self.proxy.stream_mut(id)
    }

    pub(crate) fn half(&mut self, id: StreamId, direction: Direction) -> &mut Half {
        self.stream(id).half_mut(direction)
    }

    /// Index in the chain of the plugin at `step` of a walk.
    pub(crate) fn filter_at(&self, id: StreamId, direction: Direction, step: usize) -> usize {
        direction.filter_at(step, self.proxy.stream(id).filters.len())
    }

    /// Step of a walk at which the plugin `filter` stands.
    pub(crate) fn step_of(&self, id: StreamId, direction: Direction, filter: usize) -> usize {
        // The mapping is its own inverse.
        self.filter_at(id, direction, filter)
    }

    pub(crate) fn side(&mut self, id: StreamId, direction: Direction, step: usize) -> &mut Side {
        let filter = self.filter_at(id, direction, step);
        self.stream(id).filters[filter].side_mut(direction)
    }

    fn first(&mut self, id: StreamId, direction: Direction, from: From) -> usize {
        match from {
            From::Start => 0,
            From::After(step) => step + 1,
            From::Current(step) if self.side(id, direction, step).iterate_from_current => step,
            From::Current(step) => step + 1,
        }
    }

    /// No more of this direction concerns the plugins: a local reply ended it, or the stream is over.
    fn over(&mut self, id: StreamId, direction: Direction) -> bool {
        let stream = self.stream(id);
        stream.ended || stream.half(direction).aborted
    }

    /// What is still to come of `direction` does not enter the chain, and what is held does not go on: as [`Self::over`],
    /// and of a request also when the whole response has entered the chain (Envoy 1.40, observed).
    pub(crate) fn comes_too_late(&mut self, id: StreamId, direction: Direction) -> bool {
        let answered = self.stream(id).half(Direction::Response).complete;
        (direction == Direction::Request && answered) || self.over(id, direction)
    }

    /// Runs `callback` of one step, and the local reply that it may have prepared. Answers whether the walk is over.
    fn at_step<T>(
        &mut self,
        id: StreamId,
        direction: Direction,
        callback: impl FnOnce(&mut Self) -> T,
    ) -> (T, bool) {
        self.stream(id).running.set(direction, true);
        let status = callback(self);
        let stream = self.stream(id);
        stream.running.set(direction, false);
        let aborted = stream.half(direction).aborted;
        if aborted {
            self.send_prepared_reply(id);
        }
        (status, aborted)
    }

    /// Walks the headers of `direction` on.
    pub(crate) fn headers(&mut self, id: StreamId, direction: Direction, from: From, end_stream: bool) {
        let count = self.stream(id).filters.len();
        let mut body_added_at = None;
        for step in self.first(id, direction, from)..count {
            let seen_end = end_stream && body_added_at.is_none();
            let filter = direction.filter_at(step, count);
            self.stream(id).filters[filter].side_mut(direction).end_stream = seen_end;
            let (status, aborted) =
                self.at_step(id, direction, |drive| drive.filter_headers(id, filter, direction, seen_end));
            let status = if aborted { HeadersStatus::StopIteration } else { status };
            let side = self.stream(id).filters[filter].side_mut(direction);
            side.headers_called = true;
            let goes_on = after_headers(side, status);
            if !side.metadata.is_empty() && !side.iteration.stopped_all() {
                self.release_metadata(id, direction, step);
            }
            if !goes_on {
                self.continue_added_body(id, direction, body_added_at);
                return;
            }
            // A plugin may add a body to a message that had none: those after it must not see the end with the headers.
            if end_stream && self.half(id, direction).buffered.is_some() && body_added_at.is_none() {
                body_added_at = Some(step);
            }
        }
        match direction {
            Direction::Request => self.router_headers(id, end_stream && body_added_at.is_none()),
            Direction::Response if self.stream(id).ended => {
                let Some(vm) = self.stream(id).culprit() else { return };
                let what = "continuing a response that has no body inside proxy_on_response_headers ends the stream, and \
                            the Continue that follows writes to what is no more";
                self.envoy_would_crash(vm, "proxy_continue_stream", what);
            }
            Direction::Response => self.client_headers(id, end_stream && body_added_at.is_none()),
        }
        self.continue_added_body(id, direction, body_added_at);
    }

    fn continue_added_body(&mut self, id: StreamId, direction: Direction, added_at: Option<usize>) {
        if let Some(step) = added_at {
            self.side(id, direction, step).iteration = Iteration::StopSingle;
            self.resume(id, direction, step);
        }
    }

    /// Walks one piece of body on. The piece stands on top of the direction's `flight`, or is the body held back.
    pub(crate) fn data(
        &mut self,
        id: StreamId,
        direction: Direction,
        from: From,
        piece: BodyView,
        end_stream: bool,
    ) {
        if self.comes_too_late(id, direction) {
            return;
        }
        let stream = self.stream(id);
        let count = stream.filters.len();
        let mut end_stream = end_stream;
        let trailers_at_start = stream.half(direction).trailers.is_some();
        let mut trailers_added_at = None;
        let mut reached_end = true;
        for step in self.first(id, direction, from)..count {
            let filter = direction.filter_at(step, count);
            let stream = self.stream(id);
            let seen_end = end_stream && stream.half(direction).trailers.is_none();
            let side = stream.filters[filter].side_mut(direction);
            if side.iteration.stopped_all() {
                let streaming = side.iteration == Iteration::StopAllWatermark;
                stream.half_mut(direction).streaming = streaming;
                self.hold(id, direction, piece);
                return;
            }
            if side.end_stream {
                return;
            }
            side.end_stream = seen_end;
            let (status, aborted) = self
                .at_step(id, direction, |drive| drive.filter_data(id, filter, direction, piece, seen_end));
            if aborted {
                return;
            }
            if !trailers_at_start
                && trailers_added_at.is_none()
                && self.half(id, direction).trailers.is_some()
            {
                end_stream = false;
                trailers_added_at = Some(step);
            }
            if !self.after_data(id, direction, step, status, piece) {
                if direction == Direction::Response {
                    return; // Trailers made on the way wait as well; those of a request do not (Envoy 1.40, observed).
                }
                reached_end = false;
                break;
            }
        }
        if reached_end && !self.over(id, direction) {
            let bytes = self.stream(id).body_mut(direction, piece).map(Buffer::take).unwrap_or_default();
            match direction {
                Direction::Request => self.router_data(id, bytes, end_stream),
                Direction::Response => self.client_data(id, bytes, end_stream),
            }
        }
        // Trailers made in a body callback go on from the plugin that made them.
        if let Some(step) = trailers_added_at {
            self.trailers(id, direction, From::After(step));
        }
    }

    /// Applies the result of a body callback; answers whether the walk goes on.
    fn after_data(
        &mut self,
        id: StreamId,
        direction: Direction,
        step: usize,
        status: DataStatus,
        piece: BodyView,
    ) -> bool {
        match status {
            DataStatus::Continue => {
                let filter = self.filter_at(id, direction, step);
                if self.stream(id).filters[filter].side(direction).iteration != Iteration::StopSingle {
                    return true;
                }
                self.hold(id, direction, piece);
                self.resume(id, direction, step);
            }
            DataStatus::StopAndBuffer | DataStatus::StopAndWatermark => {
                let filter = self.filter_at(id, direction, step);
                let stream = self.stream(id);
                stream.filters[filter].side_mut(direction).iteration = Iteration::StopSingle;
                stream.half_mut(direction).streaming = status == DataStatus::StopAndWatermark;
                self.hold(id, direction, piece);
            }
            DataStatus::StopNoBuffer => {
                let side = self.side(id, direction, step);
                side.iteration = Iteration::StopSingle;
                let ended = side.end_stream;
                let half = self.half(id, direction);
                if ended && half.trailers.is_none() {
                    // The walk that resumes must still carry the end of the stream.
                    half.buffered.get_or_insert_default();
                }
            }
        }
        false
    }

    /// Walks the trailers on.
    pub(crate) fn trailers(&mut self, id: StreamId, direction: Direction, from: From) {
        if self.comes_too_late(id, direction) {
            return;
        }
        let count = self.stream(id).filters.len();
        let mut ended_at = None;
        for step in self.first(id, direction, from)..count {
            let side = self.side(id, direction, step);
            if side.iteration.stopped_all() {
                return;
            }
            // Not asked whether it has seen the end: who continues a complete message twice sends its trailers twice to
            // those behind (Envoy 1.40, observed).
            let filter = self.filter_at(id, direction, step);
            let (status, aborted) =
                self.at_step(id, direction, |drive| drive.filter_trailers(id, filter, direction));
            // Only now: who lets the stream go on from this callback is shown what is held once more.
            self.side(id, direction, step).end_stream = true;
            if aborted {
                return;
            }
            if self.stream(id).ended {
                ended_at.get_or_insert(step);
            }
            if !self.after_trailers(id, direction, step, status) {
                return;
            }
        }
        match (direction, ended_at) {
            (Direction::Request, _) => self.router_trailers(id),
            (Direction::Response, None) => self.client_trailers(id),
            (Direction::Response, Some(step)) => self.client_trailers_too_late(id, step + 1 == count),
        }
    }

    fn after_trailers(
        &mut self,
        id: StreamId,
        direction: Direction,
        step: usize,
        status: TrailersStatus,
    ) -> bool {
        let side = self.side(id, direction, step);
        match status {
            TrailersStatus::Continue if side.iteration == Iteration::StopSingle => {
                self.resume(id, direction, step);
                false
            }
            TrailersStatus::Continue => true,
            TrailersStatus::StopIteration => {
                if side.iteration == Iteration::Continue {
                    side.iteration = Iteration::StopSingle;
                }
                false
            }
        }
    }
}

/// Applies the result of a headers callback; answers whether the walk goes on.
fn after_headers(side: &mut Side, status: HeadersStatus) -> bool {
    match status {
        HeadersStatus::StopIteration => side.iteration = Iteration::StopSingle,
        HeadersStatus::StopAllAndBuffer => side.iteration = Iteration::StopAllBuffer,
        HeadersStatus::StopAllAndWatermark => side.iteration = Iteration::StopAllWatermark,
        HeadersStatus::Continue => side.headers_continued = true,
    }
    // A body held back from a response before this one holds no head.
    status != HeadersStatus::StopIteration && !side.iteration.stopped_all()
}

mod held;
mod metadata;
#[cfg(test)]
mod tests;
