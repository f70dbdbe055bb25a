//! What a test makes a host do. The transcript shows each act as a step, and [`Host::script`](super::Host::script)
//! prints them as the steps of a scenario file.

use std::fmt;
use std::sync::Arc;

use super::{Peer, VmSetup};
use crate::proxy::transcript::show_bytes;
use crate::proxy::{Injection, StreamId};
use crate::scenario::WallTime;
use crate::state::{Answer, Chunk, Duration, Field, Request, show};

/// One thing that a test made a host do. A property test makes it do many, so each is kept small.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send(Arc<Request>),
    Open { stream: StreamId, request: Arc<Request>, end: bool },
    More { stream: StreamId, chunks: Vec<Chunk>, trailers: Option<Vec<Field>>, end: bool },
    Respond { stream: StreamId, with: Box<Reply>, end: bool },
    Abort { stream: StreamId, by: Peer },
    Metadata { stream: StreamId, from: Peer, elements: Vec<Field> },
    Connect { stream: StreamId, worker: Option<usize> },
    Bytes { stream: StreamId, from: Peer, bytes: Vec<u8>, end: bool },
    Close { stream: StreamId, by: Peer },
    Advance(Duration),
    SetClock(u64),
    Reconfigure { plugin: String, config: Vec<u8>, vm: Option<VmSetup>, refused: bool },
    Fault(Box<Injection>),
    Enqueue { vm_id: String, queue: String, message: Vec<u8> },
    SetSharedData { vm_id: String, key: Vec<u8>, value: Vec<u8>, cas: u32 },
    SetProperty { stream: Option<StreamId>, path: Vec<String>, value: Vec<u8> },
}

/// What the upstream of a stream opened by hand sends.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The scripted answer.
    Scripted,
    /// This answer.
    Answer(Answer),
    /// More of an answer that stayed open.
    More { chunks: Vec<Chunk>, trailers: Option<Vec<Field>> },
}

/// The step in words, the same for a scenario file and for a test in Rust. Streams go by their numbers, as in the
/// lines that follow.
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(request) => Sending(request).fmt(f),
            Self::Open { stream, request, end } => {
                write!(f, "open #{} {}{}", stream.0 + 1, target(request), open_end(*end))
            }
            Self::More { stream, end, .. } => write!(f, "send #{}{}", stream.0 + 1, open_end(*end)),
            Self::Respond { stream, end, .. } => write!(f, "respond #{}{}", stream.0 + 1, open_end(*end)),
            Self::Abort { stream, by } => write!(f, "abort #{} by {by}", stream.0 + 1),
            Self::Metadata { stream, from, .. } => write!(f, "metadata #{} from {from}", stream.0 + 1),
            Self::Connect { stream, .. } => write!(f, "connect #{}", stream.0 + 1),
            Self::Bytes { stream, from, bytes, end } => {
                let end = if *end { " (end: true)" } else { "" };
                write!(f, "data #{} from {}: {}{end}", stream.0 + 1, side(*from), show_bytes(bytes))
            }
            Self::Close { stream, by } => write!(f, "close #{} by {}", stream.0 + 1, side(*by)),
            Self::Advance(span) => write!(f, "advance {}", show(*span)),
            Self::SetClock(nanos) => write!(f, "set_clock {}", WallTime { ns: *nanos }),
            Self::Reconfigure { plugin, config, vm, .. } => {
                write!(f, "reconfigure {plugin}: {}", show_bytes(config))?;
                if vm.is_some() { f.write_str(" (another VM)") } else { Ok(()) }
            }
            Self::Fault(injection) => write!(f, "fault {} {}", injection.hostcall, injection.status),
            Self::Enqueue { vm_id, queue, message } => {
                write!(f, "enqueue {}{queue}: {}", scope(vm_id), show_bytes(message))
            }
            Self::SetSharedData { vm_id, key, value, .. } => {
                write!(f, "set_shared_data {}{}: {}", scope(vm_id), show_bytes(key), show_bytes(value))
            }
            Self::SetProperty { stream, path, value } => {
                f.write_str("set_property ")?;
                if let Some(stream) = stream {
                    write!(f, "#{} ", stream.0 + 1)?;
                }
                write!(f, "{}: {}", path.join("."), show_bytes(value))
            }
        }
    }
}

/// The words of [`Act::Send`], before there is one.
pub(super) struct Sending<'a>(pub(super) &'a Request);

impl fmt::Display for Sending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", target(self.0))
    }
}

/// A side of a TCP connection.
fn side(peer: Peer) -> &'static str {
    match peer {
        Peer::Client => "client",
        Peer::Upstream => "server",
    }
}

/// Method and url.
fn target(request: &Request) -> String {
    let [method, scheme, authority, path] =
        [&request.method, &request.scheme, &request.authority, &request.path].map(|part| show_bytes(part));
    format!("{method} {scheme}://{authority}{path}")
}

/// A VM id in front of what belongs to it.
fn scope(vm_id: &str) -> String {
    if vm_id.is_empty() { String::new() } else { format!("{vm_id}/") }
}

fn open_end(end: bool) -> &'static str {
    if end { "" } else { " (end: false)" }
}
