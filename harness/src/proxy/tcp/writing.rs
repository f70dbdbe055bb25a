//! From the server to the client.

use super::{ClosedBy, TcpFilter};
use crate::abi::CallbackId;
use crate::proxy::Proxy;
use crate::proxy::chain::Drive;
use crate::proxy::guest::{Guest, Invocation};
use crate::proxy::ids::{Direction, StreamId};
use crate::proxy::transcript::{Party, What};

const SERVER: Direction = Direction::Response;

/// The type of peer that `proxy_on_upstream_connection_close` gets: always unknown (Envoy 1.40, observed).
const UNKNOWN: u32 = 0;

impl<G: Guest> Drive<'_, G> {
    /// The server sends bytes, its end, or both at once.
    ///
    /// # Errors
    ///
    /// When the connection has not reached the server: the message names who keeps it.
    pub(crate) fn tcp_from_server(&mut self, id: StreamId, bytes: &[u8], end: bool) -> Result<(), String> {
        let Some(connection) = self.proxy.live(id) else { return Ok(()) };
        if !connection.connected {
            let keeper = self.proxy.kept_from_server(id);
            return Err(match keeper {
                Some(plugin) => format!(
                    "the connection has not reached the server: plugin {plugin} paused it in proxy_on_new_connection"
                ),
                None => "the connection has not reached the server".to_owned(),
            });
        }
        let way = connection.way_mut(SERVER);
        if way.ended {
            return Ok(());
        }
        way.buffer.append(bytes);
        way.ended = end;
        self.proxy.record_sent(id, Party::UpstreamSends, bytes, end);
        let count = self.proxy.tcp(id).filters.len();
        for filter in (0..count).rev() {
            if !self.written_by(id, filter, end) {
                if end
                    && self
                        .proxy
                        .live(id)
                        .is_some_and(|connection| connection.way(Direction::Request).end_passed)
                {
                    // Nothing is left of the server's connection, though a plugin holds what it sent.
                    self.tcp_closed(id, ClosedBy::Server, super::closing::LOCAL);
                }
                return Ok(());
            }
        }
        self.pass_to_client(id);
        Ok(())
    }

    /// `proxy_on_upstream_data`, and with the end `proxy_on_upstream_connection_close`, which does not wait for the
    /// connection. Answers whether the bytes go on.
    fn written_by(&mut self, id: StreamId, filter: usize, end: bool) -> bool {
        let Some(connection) = self.proxy.live(id) else { return false };
        let size = connection.way(SERVER).buffer.len() as u32;
        let TcpFilter { vm, context, .. } = connection.filters[filter];
        connection.filters[filter].open[SERVER.index()] = true;
        let called =
            self.call(vm, Invocation::new(CallbackId::UpstreamData, &[context, size, u32::from(end)]));
        let on = self.goes_on(id, called);
        if on {
            self.proxy.tcp(id).filters[filter].open[SERVER.index()] = false;
        }
        if end && self.proxy.live(id).is_some() {
            self.call(vm, Invocation::new(CallbackId::UpstreamConnectionClose, &[context, UNKNOWN]));
        }
        on && self.proxy.live(id).is_some()
    }

    /// The chain's end: the client gets what the server sent.
    fn pass_to_client(&mut self, id: StreamId) {
        let connection = self.proxy.tcp(id);
        let client_ended = connection.way(Direction::Request).ended;
        let way = connection.way_mut(SERVER);
        let bytes = way.buffer.take();
        let end = way.ended;
        way.end_passed = end;
        way.passed.extend_from_slice(&bytes);
        self.proxy.record_sent(id, Party::ClientReceives, &bytes, end);
        if end && client_ended {
            self.tcp_closed(id, ClosedBy::Server, super::closing::LOCAL);
        }
    }
}

impl Proxy {
    /// Bytes and an end, each when there is one.
    pub(super) fn record_sent(&mut self, id: StreamId, party: Party, bytes: &[u8], end: bool) {
        if !bytes.is_empty() {
            self.record_data(id, party, bytes, false);
        }
        if end {
            self.record_part(id, party, What::End, b"");
        }
    }
}
