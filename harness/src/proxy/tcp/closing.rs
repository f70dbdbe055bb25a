//! The end of a connection: from either side, by a plugin, by a trap.

use super::{ClosedBy, TcpFilter};
use crate::abi::{CallbackId, PeerType};
use crate::proxy::chain::Drive;
use crate::proxy::guest::{Guest, Invocation};
use crate::proxy::ids::{Direction, StreamId};
use crate::proxy::transcript::{Party, TcpEvent, What};

/// The proxy closed the client's connection.
pub(super) const LOCAL: PeerType = PeerType::Local;
/// The client did.
pub(super) const REMOTE: PeerType = PeerType::Remote;

impl<G: Guest> Drive<'_, G> {
    /// A side breaks the connection off, without an end. What the proxy does not read yet it does not notice.
    pub(crate) fn tcp_reset(&mut self, id: StreamId, by: Direction) {
        let Some(connection) = self.proxy.live(id) else { return };
        let (party, closed_by, peer) = match by {
            Direction::Request if !connection.connected => {
                connection.waiting.reset = true;
                return;
            }
            Direction::Request => (Party::ClientSends, ClosedBy::Client, REMOTE),
            Direction::Response => (Party::UpstreamSends, ClosedBy::Server, LOCAL),
        };
        self.proxy.record_part(id, party, What::Reset, b"");
        self.tcp_closed(id, closed_by, peer);
    }

    /// The connection is over: each plugin in chain order hears of it, is done, logs, and is deleted (Envoy 1.40,
    /// observed: done comes before log, unlike for HTTP; what `proxy_on_done` answers changes nothing).
    pub(super) fn tcp_closed(&mut self, id: StreamId, by: ClosedBy, peer: PeerType) {
        let Some(connection) = self.proxy.live(id) else { return };
        connection.closed = Some(by);
        let count = connection.filters.len();
        self.proxy.record_tcp(id, TcpEvent::Closed(by));
        for filter in 0..count {
            let TcpFilter { vm, context, .. } = self.proxy.tcp(id).filters[filter];
            if context == 0 {
                continue;
            }
            self.call(vm, Invocation::new(CallbackId::DownstreamConnectionClose, &[context, peer.to_abi()]));
            for callback in [CallbackId::Done, CallbackId::Log, CallbackId::Delete] {
                self.call(vm, Invocation::new(callback, &[context]));
            }
            self.proxy.vm_mut(vm).remove_context(context);
        }
        let held: Vec<_> = self.proxy.tcp(id).filters.iter().map(|of| (of.vm, of.parent)).collect();
        held.into_iter().for_each(|(vm, context)| self.proxy.stream_left(vm, context));
    }

    /// `proxy_close_stream`: whichever way it names, the client's connection is closed.
    pub(crate) fn tcp_close(&mut self, id: StreamId) {
        self.tcp_closed(id, ClosedBy::Proxy, LOCAL);
    }

    /// `proxy_continue_stream`: what is held goes on after this plugin, without another callback for it.
    pub(crate) fn tcp_continue(&mut self, id: StreamId, filter: usize) {
        if self.proxy.live(id).is_some() {
            self.read_on(id, filter + 1);
        }
    }
}
