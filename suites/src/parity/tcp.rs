//! A TCP connection through the proxy: its client and its server, which are both ours.

use proxy_wasm_harness::scenario::Side;

use super::socket::Socket;

/// A connection under way, or over.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) name: String,
    client: Socket,
    pub(super) server: Option<Socket>,
}

impl Link {
    pub(super) fn new(name: &str, client: Socket) -> Self {
        Self { name: name.to_owned(), client, server: None }
    }

    fn side(&mut self, side: Side) -> Option<&mut Socket> {
        match side {
            Side::Client => Some(&mut self.client),
            Side::Server => self.server.as_mut(),
        }
    }

    /// Reads what has come on either side.
    pub(super) fn read(&mut self) -> bool {
        let client = self.client.read();
        client | self.server.as_mut().is_some_and(Socket::read)
    }

    /// One side sends; with `end` it says that no more will come.
    pub(super) fn send(&mut self, from: Side, bytes: &[u8], end: bool) {
        if let Some(socket) = self.side(from) {
            // What cannot be written was cut off by Envoy, and reading will tell.
            let _ = socket.write(bytes);
            if end {
                socket.end();
            }
        }
    }

    /// One side says that no more will come.
    pub(super) fn close(&mut self, by: Side) {
        self.send(by, b"", true);
    }

    /// One side breaks the connection off.
    pub(super) fn reset(&mut self, by: Side) {
        if let Some(socket) = self.side(by) {
            socket.break_off();
        }
    }

    /// What each end received, and whether it is closed: the server's end, when there is one, then the client's.
    pub(super) fn ends(&self) -> [Option<(&[u8], bool)>; 2] {
        [
            self.server.as_ref().map(|server| (&server.raw[..], server.closed)),
            Some((&self.client.raw[..], self.client.closed)),
        ]
    }
}
