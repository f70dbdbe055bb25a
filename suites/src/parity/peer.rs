//! One end of a connection, in its protocol: what has come over it, and how what is said next is written.

use std::io;

use proxy_wasm_harness::state::Protocol;

use super::h2;
use super::socket::Socket;
use super::wire::{self, Kind, Message};

/// Our end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) socket: Socket,
    pub(super) h2: Option<Box<h2::Connection>>,
    /// Bytes of the socket that HTTP/2 has read.
    fed: usize,
    /// Where in HTTP/1.1 the message begins that the connection is there for.
    from: usize,
    /// The stream of HTTP/2 that it is there for.
    pub(super) stream: u32,
}

impl Peer {
    /// The client's end.
    pub(super) fn client(socket: Socket, protocol: Protocol) -> io::Result<Self> {
        Self::new(socket, (protocol == Protocol::Http2).then(h2::Connection::client))
    }

    /// The end of an upstream.
    pub(super) fn server(socket: Socket, protocol: Protocol) -> io::Result<Self> {
        Self::new(socket, (protocol == Protocol::Http2).then(h2::Connection::server))
    }

    fn new(socket: Socket, h2: Option<h2::Connection>) -> io::Result<Self> {
        let mut peer = Self { socket, h2: h2.map(Box::new), fed: 0, from: 0, stream: 1 };
        peer.answer_frames();
        Ok(peer)
    }

    /// Reads what has come; answers whether there was anything.
    pub(super) fn read(&mut self) -> bool {
        let any = self.socket.read();
        if let Some(h2) = &mut self.h2 {
            h2.read(&self.socket.raw[self.fed..]);
            self.fed = self.socket.raw.len();
            self.answer_frames();
        }
        any
    }

    fn answer_frames(&mut self) {
        if let Some(h2) = &mut self.h2 {
            let out = h2.take_out();
            if !out.is_empty() {
                // Where it cannot be written, the connection is gone, and reading will tell.
                let _ = self.socket.write(&out);
            }
        }
    }

    /// The message that the connection is there for.
    pub(super) fn message(&self, kind: Kind) -> Message {
        self.message_at(kind, self.from, self.stream)
    }

    /// The message that begins at byte `from` of HTTP/1.1, or that came on `stream` of HTTP/2.
    pub(super) fn message_at(&self, kind: Kind, from: usize, stream: u32) -> Message {
        match &self.h2 {
            Some(h2) => h2.message(stream),
            None => wire::read(&self.socket.raw[from..], kind, self.socket.closed),
        }
    }

    /// The connection is there for the message that comes next.
    pub(super) fn next_message(&mut self) {
        self.from = self.socket.raw.len();
        self.stream += 2;
    }
}
