//! A connection whose bytes are kept.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

/// A connection, and what came over it.
#[derive(Debug)]
pub(super) struct Socket {
    /// Nothing once we have broken it off.
    stream: Option<TcpStream>,
    pub(super) raw: Vec<u8>,
    /// The other side has closed it, or we have.
    pub(super) closed: bool,
    /// The other side has reset it.
    pub(super) reset: bool,
}

impl Socket {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect_timeout(&address, Duration::from_secs(5))?)
    }

    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: Some(stream), raw: Vec::new(), closed: false, reset: false })
    }

    /// Reads what has come; answers whether there was anything.
    pub(super) fn read(&mut self) -> bool {
        let before = (self.raw.len(), self.closed);
        let mut buffer = [0; 65536];
        while let (false, Some(stream)) = (self.closed, &mut self.stream) {
            match stream.read(&mut buffer) {
                Ok(0) => self.closed = true,
                Ok(count) => self.raw.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.reset = error.kind() == io::ErrorKind::ConnectionReset;
                    self.closed = true;
                }
            }
        }
        before != (self.raw.len(), self.closed)
    }

    /// Writes as much as goes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        while written < bytes.len() {
            match stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Says that no more will come from our side, and goes on reading.
    pub(super) fn end(&mut self) {
        let _ = self.stream.as_ref().map(|stream| stream.shutdown(Shutdown::Write));
    }

    /// Closes it from our side.
    pub(super) fn close(&mut self) {
        self.read();
        let _ = self.stream.as_ref().map(|stream| stream.shutdown(Shutdown::Both));
        self.closed = true;
    }

    /// Breaks it off from our side: the other side sees a reset.
    pub(super) fn break_off(&mut self) {
        self.read();
        if let Some(stream) = self.stream.take() {
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        self.closed = true;
    }
}
