//! TCP connections: bytes both ways through the chain, as Envoy's network filters and its TCP proxy do it (1.40, observed).
//!
//! Each way has one buffer, which every plugin of the chain sees; what the last one lets go leaves it. A plugin that
//! pauses leaves the bytes there, and the next piece shows old and new to all plugins again. In reading order: `reading`
//! (from the client), `writing` (from the server), `closing`.

mod closing;
mod reading;
mod writing;

use super::Proxy;
use super::context::ContextRef;
use super::ids::{Direction, PluginIndex, StreamId, VmIndex};
use super::properties::FilterState;
use super::stream::Filter;
use super::transcript::{Kind, TcpEvent};
use crate::state::Buffer;

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// The client.
    Client,
    /// The server, or there was none.
    Server,
    /// The proxy: a plugin closed it, or trapped.
    Proxy,
}

/// A connection and what has passed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    pub(crate) filters: Vec<TcpFilter>,
    ways: [Way; 2],
    /// What the client has sent before the proxy reads: it begins when the server is connected.
    waiting: Waiting,
    /// The chain has let the connection through to the server.
    through: bool,
    connected: bool,
    pub(crate) closed: Option<ClosedBy>,
    /// What plugins keep with it.
    pub(crate) filter_state: FilterState,
    /// Realtime when the client connected, in nanoseconds since the epoch.
    pub(crate) began: u64,
}

/// One way of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    pub(crate) buffer: Buffer,
    /// The sender's end has come in.
    ended: bool,
    /// What was let through, and whether its end was.
    pub(crate) passed: Vec<u8>,
    pub(crate) end_passed: bool,
}

/// What has not been read yet.
#[derive(Clone, Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    end: bool,
    reset: bool,
}

/// A plugin of the chain in one connection.
#[derive(Clone, Debug)]
pub(crate) struct TcpFilter {
    pub(crate) plugin: PluginIndex,
    vm: VmIndex,
    /// Number of the plugin context it belongs to.
    pub(crate) parent: u32,
    /// Number of its stream context; zero until it is created.
    context: u32,
    /// Its buffers, by direction: open from their callback until that answers Continue.
    pub(crate) open: [bool; 2],
}

impl Connection {
    pub(crate) fn way(&self, direction: Direction) -> &Way {
        &self.ways[direction.index()]
    }

    /// Whether the server is connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether it lives and uses this plugin context.
    pub(crate) fn holds(&self, vm: VmIndex, context: u32) -> bool {
        self.closed.is_none() && self.filters.iter().any(|of| (of.vm, of.parent) == (vm, context))
    }

    fn way_mut(&mut self, direction: Direction) -> &mut Way {
        &mut self.ways[direction.index()]
    }
}

impl Proxy {
    /// A connection of this host.
    pub(crate) fn connection(&self, id: StreamId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    fn tcp(&mut self, id: StreamId) -> &mut Connection {
        self.connections.get_mut(&id).expect("connections stay as long as the host")
    }

    /// A connection that has not ended.
    fn live(&mut self, id: StreamId) -> Option<&mut Connection> {
        self.connections.get_mut(&id).filter(|connection| connection.closed.is_none())
    }

    fn new_connection(&mut self, chain: Vec<Filter>) -> StreamId {
        let id = self.next_stream();
        // Its number is taken; it is no HTTP stream.
        self.streams.push(None);
        let filters = chain.into_iter().map(|filter| TcpFilter {
            plugin: filter.plugin,
            vm: filter.vm,
            parent: filter.parent,
            context: 0,
            open: [false; 2],
        });
        let filters = filters.collect();
        let connection = Connection { filters, began: self.clock.realtime(), ..Connection::default() };
        self.connections.insert(id, connection);
        self.record_tcp(id, TcpEvent::Connects);
        id
    }

    fn record_tcp(&mut self, stream: StreamId, event: TcpEvent) {
        if self.transcript.records(super::transcript::Detail::Http) {
            self.record(Kind::Tcp { stream, event });
        }
    }

    /// The connection and plugin that hostcalls of `vm` are about, if they are about a connection.
    pub(crate) fn effective_connection(&self, vm: VmIndex) -> Option<(StreamId, usize)> {
        match self.vm(vm).effective()? {
            ContextRef::Connection { connection, filter } => Some((connection, filter)),
            _ => None,
        }
    }

    /// The bytes of a connection that are open to the plugin.
    pub(crate) fn tcp_data(&self, vm: VmIndex, direction: Direction) -> Option<&Buffer> {
        let (id, filter) = self.effective_connection(vm)?;
        let connection = self.connections.get(&id)?;
        connection.filters[filter].open[direction.index()].then(|| &connection.way(direction).buffer)
    }

    /// As [`Self::tcp_data`], to change.
    pub(crate) fn tcp_data_mut(&mut self, vm: VmIndex, direction: Direction) -> Option<&mut Buffer> {
        let (id, filter) = self.effective_connection(vm)?;
        let connection = self.connections.get_mut(&id)?;
        connection.filters[filter].open[direction.index()].then(|| &mut connection.way_mut(direction).buffer)
    }

    /// The plugin that keeps the connection from its server.
    pub(crate) fn kept_from_server(&self, id: StreamId) -> Option<&str> {
        let connection = self.connections.get(&id).filter(|connection| !connection.through)?;
        let last = connection.filters.iter().rev().find(|filter| filter.context != 0)?;
        Some(&self.plugin(last.plugin).name)
    }
}
