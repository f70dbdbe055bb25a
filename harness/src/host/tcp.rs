//! TCP connections, step by step. Nothing here moves time.

use super::{Act, Host, Peer};
use crate::proxy::{ClosedBy, Direction, StreamId};

/// A connection as far as it has come. Owns what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// What was let through to the server.
    pub to_upstream: Vec<u8>,
    /// Whether the server has seen the end of it.
    pub upstream_ended: bool,
    /// What was let through to the client.
    pub to_client: Vec<u8>,
    /// Whether the client has seen the end of it.
    pub client_ended: bool,
    /// Who ended the connection; `None`: it lives.
    pub closed: Option<ClosedBy>,
}

fn direction(peer: Peer) -> Direction {
    match peer {
        Peer::Client => Direction::Request,
        Peer::Upstream => Direction::Response,
    }
}

impl Host {
    /// A client connects; the next worker in turn serves it. The server accepts, unless the upstream's next answer is to
    /// refuse.
    pub fn connect(&mut self) -> StreamId {
        let worker = self.next_worker;
        self.next_worker = (worker + 1) % self.workers;
        self.tcp_connect(worker, None)
    }

    /// As [`Host::connect`], served by the worker of this index.
    pub fn connect_on(&mut self, worker: usize) -> StreamId {
        self.tcp_connect(worker % self.workers, Some(worker))
    }

    fn tcp_connect(&mut self, worker: usize, asked: Option<usize>) -> StreamId {
        let stream = self.slot.next_stream();
        self.act(Act::Connect { stream, worker: asked });
        let mut drive = self.drive();
        drive.tcp_connect(worker);
        drive.settle();
        stream
    }

    /// Sends bytes on a connection; `end` sends the end of them (FIN) along. On one that has ended this does nothing.
    ///
    /// # Errors
    ///
    /// When the server sends, and the connection has not reached it: the message names who keeps it.
    pub fn data(&mut self, stream: StreamId, from: Peer, bytes: &[u8], end: bool) -> Result<(), String> {
        self.act(Act::Bytes { stream, from, bytes: bytes.to_vec(), end });
        self.tcp_data(stream, from, bytes, end)
    }

    /// Closes a connection from one side: the end (FIN), without bytes.
    ///
    /// # Errors
    ///
    /// As [`Host::data`].
    pub fn close(&mut self, stream: StreamId, by: Peer) -> Result<(), String> {
        self.act(Act::Close { stream, by });
        self.tcp_data(stream, by, b"", true)
    }

    /// Breaks a connection off from one side (RST).
    pub fn reset(&mut self, stream: StreamId, by: Peer) {
        self.act(Act::Abort { stream, by });
        let mut drive = self.drive();
        drive.tcp_reset(stream, direction(by));
        drive.settle();
    }

    fn tcp_data(&mut self, stream: StreamId, from: Peer, bytes: &[u8], end: bool) -> Result<(), String> {
        let mut drive = self.drive();
        let sent = match from {
            Peer::Client => {
                drive.tcp_from_client(stream, bytes, end);
                Ok(())
            }
            Peer::Upstream => drive.tcp_from_server(stream, bytes, end),
        };
        drive.settle();
        sent
    }

    /// Whether `stream` is a TCP connection.
    pub(crate) fn is_connection(&self, stream: StreamId) -> bool {
        self.slot.connection(stream).is_some()
    }

    /// A connection as far as it has come.
    ///
    /// # Panics
    ///
    /// When `stream` is no connection of this host.
    #[must_use]
    pub fn connection(&self, stream: StreamId) -> Connection {
        let connection = self.slot.connection(stream).expect("a connection of this host");
        let (up, down) = (connection.way(Direction::Request), connection.way(Direction::Response));
        Connection {
            to_upstream: up.passed.clone(),
            upstream_ended: up.end_passed,
            to_client: down.passed.clone(),
            client_ended: down.end_passed,
            closed: connection.closed,
        }
    }
}
