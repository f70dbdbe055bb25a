//! A connection whose bytes are kept.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::render::{Act, What};

/// A connection, what came over it, and what is still to be done on it.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    pub(super) raw: Vec<u8>,
    /// The other side has closed it, or we have.
    pub(super) closed: bool,
    todo: VecDeque<Act>,
    /// When the first of them is to be done.
    due: Instant,
}

impl Socket {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect_timeout(&address, Duration::from_secs(5))?)
    }

    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let due = Instant::now();
        Ok(Self { stream, raw: Vec::new(), closed: false, todo: VecDeque::new(), due })
    }

    /// Reads what has come; answers whether there was anything.
    pub(super) fn read(&mut self) -> bool {
        let before = (self.raw.len(), self.closed);
        let mut buffer = [0; 65536];
        while !self.closed {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.closed = true,
                Ok(count) => self.raw.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.closed = true,
            }
        }
        before != (self.raw.len(), self.closed)
    }

    /// Lets `acts` follow what is still to be done, the first of them after `delay`.
    pub(super) fn then(&mut self, delay: Duration, acts: Vec<Act>) {
        if self.todo.is_empty() {
            let first = acts.first().map_or(Duration::ZERO, |act| act.after);
            self.due = Instant::now() + delay + first;
        }
        self.todo.extend(acts);
    }

    /// When something is to be done next.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.todo.is_empty() && !self.closed).then_some(self.due)
    }

    /// Does what is due, one thing of it; answers whether there was any.
    pub(super) fn act(&mut self) -> bool {
        if self.due().is_none_or(|due| due > Instant::now()) {
            return false;
        }
        let Some(act) = self.todo.pop_front() else { return false };
        match act.what {
            What::Close => self.close(),
            What::Write(bytes) => match self.write(&bytes) {
                Ok(count) if count < bytes.len() => {
                    // The other side does not read: the rest waits.
                    let rest = Act { after: Duration::ZERO, what: What::Write(bytes[count..].to_vec()) };
                    self.todo.push_front(rest);
                    return count > 0;
                }
                Ok(_) => {}
                Err(_) => self.todo.clear(),
            },
        }
        if let Some(next) = self.todo.front() {
            self.due = Instant::now() + next.after;
        }
        true
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Closes it from our side.
    pub(super) fn close(&mut self) {
        self.read();
        let _ = self.stream.shutdown(Shutdown::Both);
        self.closed = true;
        self.todo.clear();
    }
}
