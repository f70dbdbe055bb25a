//! What stops in the chain: pieces of body held back, and letting them go on.

use super::{Drive, From};
use crate::proxy::guest::Guest;
use crate::proxy::ids::{Direction, StreamId};
use crate::proxy::stream::{BodyView, Iteration};
use crate::state::{names, number};

impl<G: Guest> Drive<'_, G> {
    /// Adds the piece in flight to the body held back, and says so when that is over the limit.
    pub(crate) fn hold(&mut self, id: StreamId, direction: Direction, piece: BodyView) {
        let BodyView::Flight(depth) = piece else { return };
        let limit = self.proxy.options.buffer_limit;
        let half = self.half(id, direction);
        let (held, flight) = (half.buffered.get_or_insert_default(), &mut half.flight[depth]);
        if !flight.is_empty() {
            // The whole body comes as a rule, and is as long as its head says.
            let headers = half.headers.as_ref();
            let announced = || headers.and_then(|fields| number(fields.get_known(names::CONTENT_LENGTH)?));
            held.move_from(flight, || {
                announced().and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= limit)
            });
        }
        if held.len() > limit {
            self.check_limit(id, direction);
        }
    }

    /// Lets everything that the plugin at `step` holds go on: headers, then METADATA, body and trailers.
    pub(crate) fn resume(&mut self, id: StreamId, direction: Direction, step: usize) {
        if self.over(id, direction) {
            return;
        }
        let side = self.side(id, direction, step);
        if side.iteration.stopped_all() {
            side.iterate_from_current = true;
        }
        side.iteration = Iteration::Continue;
        side.buffering = false;
        side.paused_by = None;
        let headers_wait = !side.headers_continued;
        side.headers_continued = true;
        let complete = self.half(id, direction).complete;
        if headers_wait {
            let half = self.half(id, direction);
            let end = complete && half.buffered.is_none() && half.trailers.is_none();
            self.headers(id, direction, From::After(step), end);
        }
        self.release_metadata(id, direction, step);
        // Trailers that a body callback adds are walked on by `data` itself.
        let had_trailers = self.half(id, direction).trailers.is_some();
        if self.half(id, direction).buffered.is_some() {
            self.data(id, direction, From::Current(step), BodyView::Buffered, complete && !had_trailers);
        }
        if had_trailers {
            self.trailers(id, direction, From::Current(step));
        }
        self.side(id, direction, step).iterate_from_current = false;
        let limit = self.proxy.options.buffer_limit;
        if self.half(id, direction).buffered.as_ref().is_none_or(|held| held.len() <= limit) {
            self.unblock(id, direction);
        }
    }
}
