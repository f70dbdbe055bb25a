//! From the client to the server: accepting, reading, going on.

use super::{ClosedBy, TcpFilter};
use crate::abi::CallbackId;
use crate::proxy::chain::Drive;
use crate::proxy::context::ContextRef;
use crate::proxy::filter::Called;
use crate::proxy::guest::{Guest, Invocation};
use crate::proxy::ids::{Direction, StreamId};
use crate::proxy::transcript::{Party, TcpEvent};
use crate::state::{AnswerKind, Failure};

const CLIENT: Direction = Direction::Request;

impl<G: Guest> Drive<'_, G> {
    /// A client connects.
    pub(crate) fn tcp_connect(&mut self, worker: usize) -> StreamId {
        let mut chain = Vec::new();
        self.chain_on(worker, &mut chain, |_, _, _| {});
        let id = self.proxy.new_connection(chain);
        self.read_on(id, 0);
        id
    }

    /// The client sends bytes, its end, or both at once.
    pub(crate) fn tcp_from_client(&mut self, id: StreamId, bytes: &[u8], end: bool) {
        let Some(connection) = self.proxy.live(id) else { return };
        if connection.way(CLIENT).ended || connection.waiting.end {
            return;
        }
        let connected = connection.connected;
        if !connected {
            connection.waiting.bytes.extend_from_slice(bytes);
            connection.waiting.end = end;
        }
        self.proxy.record_sent(id, Party::ClientSends, bytes, end);
        if connected {
            self.client_bytes(id, bytes, end);
        }
    }

    /// Bytes of the client are read.
    fn client_bytes(&mut self, id: StreamId, bytes: &[u8], end: bool) {
        let way = self.proxy.tcp(id).way_mut(CLIENT);
        way.buffer.append(bytes);
        way.ended |= end;
        self.read_on(id, 0);
        // With both ends through, the client's end closes the connection at once, whatever plugins hold.
        if end && self.proxy.live(id).is_some_and(|connection| connection.way(Direction::Response).end_passed)
        {
            self.tcp_closed(id, ClosedBy::Client, super::closing::REMOTE);
        }
    }

    /// Shows the connection, and what has been read, to the plugins from `first` on, and then to the server.
    pub(crate) fn read_on(&mut self, id: StreamId, first: usize) {
        let count = self.proxy.tcp(id).filters.len();
        for filter in first..count {
            if !self.accepted_by(id, filter) || !self.read_by(id, filter) {
                return;
            }
        }
        if self.proxy.live(id).is_some() {
            self.pass_to_server(id);
        }
    }

    /// The plugin's context and `proxy_on_new_connection`, once. Answers whether the connection goes on.
    fn accepted_by(&mut self, id: StreamId, filter: usize) -> bool {
        let Some(connection) = self.proxy.live(id) else { return false };
        let TcpFilter { vm, parent, context, .. } = connection.filters[filter];
        if context != 0 {
            return true;
        }
        let what = ContextRef::Connection { connection: id, filter };
        let context = self.proxy.vm_mut(vm).new_connection_context(what);
        self.proxy.tcp(id).filters[filter].context = context;
        self.call(vm, Invocation::new(CallbackId::ContextCreate, &[context, parent]));
        if self.proxy.live(id).is_none() {
            return false;
        }
        let called = self.call(vm, Invocation::new(CallbackId::NewConnection, &[context]));
        self.goes_on(id, called)
    }

    /// `proxy_on_downstream_data`, when there is anything to show. Answers whether the bytes go on.
    fn read_by(&mut self, id: StreamId, filter: usize) -> bool {
        let Some(connection) = self.proxy.live(id) else { return false };
        let way = connection.way(CLIENT);
        let (size, end) = (way.buffer.len() as u32, way.ended);
        if size == 0 && !end {
            return true;
        }
        let TcpFilter { vm, context, .. } = connection.filters[filter];
        connection.filters[filter].open[CLIENT.index()] = true;
        let called =
            self.call(vm, Invocation::new(CallbackId::DownstreamData, &[context, size, u32::from(end)]));
        let on = self.goes_on(id, called);
        if on {
            self.proxy.tcp(id).filters[filter].open[CLIENT.index()] = false;
        }
        on
    }

    /// What a callback's result means; a dead VM closes the connection, whatever the failure policy.
    pub(super) fn goes_on(&mut self, id: StreamId, called: Called) -> bool {
        if called == Called::Failed {
            self.tcp_closed(id, ClosedBy::Proxy, super::closing::LOCAL);
        }
        self.proxy.live(id).is_some() && matches!(called, Called::Absent | Called::Number(0))
    }

    /// The chain's end: the server is connected, and gets what has been read.
    fn pass_to_server(&mut self, id: StreamId) {
        if !std::mem::replace(&mut self.proxy.tcp(id).through, true) && !self.server_accepts(id) {
            return;
        }
        let connection = self.proxy.tcp(id);
        let server_ended =
            connection.way(Direction::Response).ended && !connection.way(Direction::Response).end_passed;
        let way = connection.way_mut(CLIENT);
        let bytes = way.buffer.take();
        let end = way.ended && !std::mem::replace(&mut way.end_passed, way.ended);
        way.passed.extend_from_slice(&bytes);
        self.proxy.record_sent(id, Party::UpstreamReceives, &bytes, end);
        if end && server_ended {
            // Nothing is left of the server's connection, though a plugin holds what it sent.
            self.tcp_closed(id, ClosedBy::Client, super::closing::LOCAL);
        }
    }

    /// Connects to the server, then reads what the client has sent meanwhile. Answers whether there is more to do.
    fn server_accepts(&mut self, id: StreamId) -> bool {
        let refused = |kind: &AnswerKind| *kind == AnswerKind::Fail(Failure::Refused);
        if self.proxy.upstream.peek().is_some_and(|answer| refused(&answer.kind)) {
            self.proxy.upstream.next();
            self.proxy.record_tcp(id, TcpEvent::Refused);
            self.tcp_closed(id, ClosedBy::Server, super::closing::LOCAL);
            return false;
        }
        self.proxy.record_tcp(id, TcpEvent::Accepted);
        let connection = self.proxy.tcp(id);
        connection.connected = true;
        let waiting = std::mem::take(&mut connection.waiting);
        if waiting.reset {
            self.tcp_closed(id, ClosedBy::Client, super::closing::REMOTE);
            return false;
        }
        if waiting.end || !waiting.bytes.is_empty() {
            self.client_bytes(id, &waiting.bytes, waiting.end);
            return false;
        }
        true
    }
}
