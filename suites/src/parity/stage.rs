//! Where scenarios are played on a real proxy: one Envoy, our upstreams, and the way to know that Envoy has caught up.
//!
//! Envoy runs one worker, which handles what happens in turn. A request on a connection without plugins (the ping)
//! that was answered therefore shows that everything written before has been taken in, and that what followed from
//! it at once has been done. So nothing here waits for a span of time.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::config::PING;
use super::envoy::{Envoy, Process};
use super::error::ParityError;
use super::ground::Ground;
use super::push::Pushed;

/// How long Envoy may take to answer a ping.
const PATIENCE: Duration = Duration::from_secs(10);

/// Turns of Envoy's event loop that what was written may need to show all that follows from it.
const TURNS: usize = 3;

/// A running Envoy with what surrounds it.
pub(super) struct Stage {
    pub(super) process: Process,
    ping: TcpStream,
    listeners: BTreeMap<String, SocketAddr>,
    pub(super) servers: Vec<Server>,
    pub(super) pushed: Vec<Pushed>,
    _home: tempfile::TempDir,
    started: Instant,
}

/// How long ago a VM must have been loaded for Envoy to load it anew at once: its backoff, one second by default, counts
/// from there too, and has half as much again by chance.
const OLD: Duration = Duration::from_millis(1600);

/// What answers for a cluster.
pub(super) struct Server {
    pub(super) cluster: String,
    pub(super) address: SocketAddr,
    /// Nothing while connections are to be refused.
    pub(super) listener: Option<TcpListener>,
}

impl Server {
    pub(super) fn new(cluster: &str) -> io::Result<Self> {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { cluster: cluster.to_owned(), address: listener.local_addr()?, listener: Some(listener) })
    }

    /// Refuses connections, or takes them again.
    pub(super) fn refuse(&mut self, refuse: bool) -> io::Result<()> {
        match (refuse, &self.listener) {
            (true, _) => self.listener = None,
            (false, None) => self.listener = Some(listen(self.address)?),
            (false, Some(_)) => {}
        }
        Ok(())
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Stage {
    /// Starts Envoy.
    pub(super) fn new(envoy: &Envoy, ground: Ground) -> Result<Self, ParityError> {
        let Ground { home, servers, config, pushed } = ground;
        let process = envoy.start(&config, home.path())?;
        let listeners: BTreeMap<String, SocketAddr> = process.ports()?.into_iter().collect();
        let address = listeners.get(PING).copied().ok_or(io::ErrorKind::NotFound);
        let connect = |address| {
            let ping = TcpStream::connect_timeout(&address, PATIENCE)?;
            ping.set_read_timeout(Some(PATIENCE))?;
            ping.set_nodelay(true)?;
            Ok(ping)
        };
        let ping = address.map_err(io::Error::from).and_then(connect);
        let ping = ping.map_err(ParityError::io("connecting to Envoy"))?;
        let mut stage =
            Self { process, ping, listeners, servers, pushed, _home: home, started: Instant::now() };
        stage.settle()?;
        Ok(stage)
    }

    /// Waits until the VMs have been loaded for so long that one that traps is loaded anew at once.
    pub(super) fn grow_old(&self) {
        std::thread::sleep(OLD.saturating_sub(self.started.elapsed()));
    }

    /// The address of a listener.
    pub(super) fn address(&self, name: &str) -> Option<SocketAddr> {
        self.listeners.get(name).copied()
    }

    pub(super) fn server(&mut self, cluster: &str) -> Option<&mut Server> {
        self.servers.iter_mut().find(|server| server.cluster == cluster)
    }

    /// Waits until Envoy's worker has done what was to be done, and reads its log so far.
    pub(super) fn settle(&mut self) -> Result<(), ParityError> {
        for _ in 0..TURNS {
            if self.ping_once().is_err() {
                return Err(match self.process.dying() {
                    Some(status) => ParityError::Died { status, log: self.process.last_words() },
                    None => self.process.late("answer a ping", PATIENCE),
                });
            }
        }
        self.process.records.read().map_err(ParityError::io("reading Envoy's log"))
    }

    fn ping_once(&mut self) -> io::Result<()> {
        self.ping.write_all(b"GET / HTTP/1.1\r\nhost: ping\r\n\r\n")?;
        let mut said = Vec::new();
        let mut buffer = [0; 1024];
        while !said.ends_with(b"\r\n\r\n") {
            match self.ping.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => said.extend_from_slice(&buffer[..count]),
            }
        }
        Ok(())
    }
}
