//! One HTTP stream: what is held in each direction, and what each plugin of the chain holds of it.
//!
//! Plain state. What moves it is in `chain`, `filter`, `reply`, `router` and `downstream`.

use super::client::ClientSide;
use super::ids::{Direction, PluginIndex, StreamId, VmIndex};
use super::properties::{FilterState, Overrides};
use super::reply::LocalReply;
use super::upgrade::Upgrade;
use super::upstream::UpstreamSide;
use crate::state::{Buffer, Fields, Instant, Protocol};

/// An exchange in progress.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    /// When its head came in: monotonic, and realtime in nanoseconds since the epoch.
    pub(crate) began: (Instant, u64),
    /// What the client speaks.
    pub(crate) protocol: Protocol,
    /// The request was HEAD when it arrived, or has become so on its way.
    pub(crate) head_request: bool,
    /// The request said `content-type: application/grpc` when it arrived.
    pub(crate) grpc_request: bool,
    /// The request asks to go over to another protocol, and the proxy knows it.
    pub(crate) upgrade: Option<Upgrade>,
    pub(crate) filters: Vec<Filter>,
    halves: [Half; 2],
    /// Which iterations are under way: a local reply waits for them.
    pub(crate) running: Running,
    /// A local reply made inside a callback, sent when the callback's iteration ends.
    pub(crate) prepared: Option<LocalReply>,
    /// The response's head has gone to the client.
    pub(crate) head_sent: bool,
    /// Status code: of the response that came in, then of the one that went out.
    pub(crate) code: Option<u16>,
    /// Response code details, as the access log prints them.
    pub(crate) details: Option<Vec<u8>>,
    /// What plugins and others keep with the stream.
    pub(crate) filter_state: FilterState,
    /// Properties that the test gave to this stream.
    pub(crate) properties: Overrides,
    pub(crate) client: ClientSide,
    pub(crate) upstream: UpstreamSide,
    /// Log, done and delete have run, or are running.
    pub(crate) ended: bool,
    /// The VM that last continued, answered or closed it by a call.
    pub(crate) urged_by: Option<VmIndex>,
}

/// Iterations over the chain that are under way in a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Running {
    pub(crate) decoding: bool,
    pub(crate) encoding: bool,
}

impl Running {
    pub(crate) fn set(&mut self, direction: Direction, on: bool) {
        match direction {
            Direction::Request => self.decoding = on,
            Direction::Response => self.encoding = on,
        }
    }
}

impl Stream {
    pub(crate) fn new(id: StreamId, began: (Instant, u64), protocol: Protocol) -> Self {
        Self {
            id,
            began,
            protocol,
            head_request: false,
            grpc_request: false,
            upgrade: None,
            filters: Vec::new(),
            halves: [Half::default(), Half::default()],
            running: Running::default(),
            prepared: None,
            head_sent: false,
            code: None,
            details: None,
            filter_state: FilterState::default(),
            properties: Overrides::default(),
            client: ClientSide::new(),
            upstream: UpstreamSide::default(),
            ended: false,
            urged_by: None,
        }
    }

    /// Becomes a new stream. Of the old one nothing is left but the room that its lists took.
    pub(crate) fn renew(&mut self, id: StreamId, began: (Instant, u64), protocol: Protocol) {
        // In place, field by field: a stream is large, and most of it is as it was. Every field is named, so that none is
        // forgotten.
        let Self {
            id: own_id,
            began: own_began,
            protocol: own_protocol,
            head_request,
            grpc_request,
            upgrade,
            filters,
            halves,
            running,
            prepared,
            head_sent,
            code,
            details,
            filter_state,
            properties,
            client,
            upstream,
            ended,
            urged_by,
        } = self;
        (*own_id, *own_began, *own_protocol) = (id, began, protocol);
        for flag in [head_request, grpc_request, head_sent, ended] {
            *flag = false;
        }
        filters.clear();
        halves.iter_mut().for_each(Half::renew);
        *upgrade = None;
        *running = Running::default();
        *urged_by = None;
        *prepared = None;
        *code = None;
        *details = None;
        *filter_state = FilterState::default();
        *properties = Overrides::default();
        client.renew();
        upstream.renew();
    }

    /// Whose doing it is when the stream does what it should not: the VM that urged it on, else that of the first plugin.
    pub(crate) fn culprit(&self) -> Option<VmIndex> {
        self.urged_by.or_else(|| self.filters.first().map(|filter| filter.vm))
    }

    pub(crate) fn half(&self, direction: Direction) -> &Half {
        &self.halves[direction.index()]
    }

    pub(crate) fn half_mut(&mut self, direction: Direction) -> &mut Half {
        &mut self.halves[direction.index()]
    }

    /// The bytes that `view` shows.
    pub(crate) fn body(&self, direction: Direction, view: BodyView) -> Option<&Buffer> {
        let half = self.half(direction);
        match view {
            BodyView::Closed | BodyView::Dangling => None,
            BodyView::Flight(depth) => half.flight.get(depth),
            BodyView::Buffered => half.buffered.as_ref(),
        }
    }

    /// As [`Self::body`], to change.
    pub(crate) fn body_mut(&mut self, direction: Direction, view: BodyView) -> Option<&mut Buffer> {
        let half = self.half_mut(direction);
        match view {
            BodyView::Closed | BodyView::Dangling => None,
            BodyView::Flight(depth) => half.flight.get_mut(depth),
            BodyView::Buffered => half.buffered.as_mut(),
        }
    }
}

/// One direction of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Half {
    pub(crate) headers: Option<Fields>,
    pub(crate) trailers: Option<Fields>,
    /// Body held back by whichever plugin stopped the iteration. Once made it stays, empty or not, as in Envoy.
    pub(crate) buffered: Option<Buffer>,
    /// The body held back is for a plugin that wants back-pressure, not an error, at the limit.
    pub(crate) streaming: bool,
    /// The sender waits: more body is held back than the buffer limit allows.
    pub(crate) blocked: bool,
    /// A local reply ended this direction: no plugin sees more of it.
    pub(crate) aborted: bool,
    /// Pieces on their way through the chain, the innermost last.
    pub(crate) flight: Vec<Buffer>,
    /// Bytes of body that have come in from its sender.
    pub(crate) received: u64,
    /// The whole message has come in from its sender.
    pub(crate) complete: bool,
}

impl Half {
    /// As a new one, but for the room that its list took.
    fn renew(&mut self) {
        let Self { headers, trailers, buffered, streaming, blocked, aborted, flight, received, complete } =
            self;
        *headers = None;
        *trailers = None;
        *buffered = None;
        for flag in [streaming, blocked, aborted, complete] {
            *flag = false;
        }
        flight.clear();
        *received = 0;
    }
}

/// Where the iteration stands at one plugin, in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Iteration {
    #[default]
    Continue,
    /// Stopped; body and trailers callbacks still come.
    StopSingle,
    /// Stopped for everything; over the buffer limit is an error.
    StopAllBuffer,
    /// Stopped for everything; over the buffer limit the sender has to wait.
    StopAllWatermark,
}

impl Iteration {
    pub(crate) fn stopped_all(self) -> bool {
        matches!(self, Self::StopAllBuffer | Self::StopAllWatermark)
    }
}

/// One plugin's place in one direction of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    pub(crate) iteration: Iteration,
    /// The iteration resumes with this plugin itself: its body callback has not been called yet.
    pub(crate) iterate_from_current: bool,
    pub(crate) headers_continued: bool,
    /// Its headers callback has run, or would have.
    pub(crate) headers_called: bool,
    /// METADATA frames that wait for its headers callback, or for it to go on.
    pub(crate) metadata: Vec<Fields>,
    /// This plugin has seen the end of the stream.
    pub(crate) end_stream: bool,
    /// Its headers callback stands open: the map is readable.
    pub(crate) headers_open: bool,
    pub(crate) trailers_open: bool,
    pub(crate) body: BodyView,
    /// It asked for the whole body: the next piece is added to what is held before it is shown.
    pub(crate) buffering: bool,
    /// The callback that paused, for the report of a stall.
    pub(crate) paused_by: Option<&'static str>,
}

/// Which bytes a body buffer of the ABI shows at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BodyView {
    #[default]
    Closed,
    /// The piece in flight at this depth.
    Flight(usize),
    /// The body held back.
    Buffered,
    /// A piece that has gone: Envoy keeps a pointer to it after a stop that does not buffer (1.40, observed).
    Dangling,
}

/// A plugin of the chain in one stream: its stream context and what it holds.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) plugin: PluginIndex,
    pub(crate) vm: VmIndex,
    /// Number of the plugin context it belongs to.
    pub(crate) parent: u32,
    /// Number of its stream context, given when the stream opens (Envoy 1.40, observed); zero when its VM was dead
    /// then.
    pub(crate) context: u32,
    /// `proxy_on_context_create` has run.
    pub(crate) created: bool,
    sides: [Side; 2],
    /// The last body callback said `end_of_stream`.
    pub(crate) end_of_stream: bool,
    /// `proxy_on_log` is running: maps are readable again, and read only.
    pub(crate) logging: bool,
    /// A local reply for a trap has been sent; no second one follows.
    pub(crate) failure_replied: bool,
}

impl Filter {
    pub(crate) fn new(plugin: PluginIndex, vm: VmIndex, parent: u32) -> Self {
        Self {
            plugin,
            vm,
            parent,
            context: 0,
            created: false,
            sides: [Side::default(), Side::default()],
            end_of_stream: false,
            logging: false,
            failure_replied: false,
        }
    }

    /// The 503 for a dead VM goes past the plugin that it stands for (Envoy 1.40, observed).
    pub(crate) fn passes_its_own_failure(&self) -> bool {
        self.failure_replied
    }

    pub(crate) fn side(&self, direction: Direction) -> &Side {
        &self.sides[direction.index()]
    }

    pub(crate) fn side_mut(&mut self, direction: Direction) -> &mut Side {
        &mut self.sides[direction.index()]
    }
}
