//! What can be recorded.

use crate::abi::{CallbackId, Errno, Hostcall, LogLevel, Status};
use crate::proxy::ids::{StreamId, VmIndex};
use crate::proxy::tcp::ClosedBy;
use crate::state::Instant;

/// How much is recorded; each level includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing.
    Off,
    /// What client, upstream and clusters send and receive, and the clock.
    Http,
    /// And what plugins log.
    Log,
    /// And every callback and hostcall.
    #[default]
    Abi,
}

/// Bytes in the transcript's arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When, in virtual monotonic time.
    pub at: Instant,
    /// What.
    pub kind: Kind,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A step of the script begins.
    Step {
        /// The step in the script's words.
        text: Text,
    },
    /// The clock moved.
    Clock {
        /// Where it stood before.
        from: Instant,
        /// What moved it.
        why: Moved,
    },
    /// The realtime clock was set.
    RealtimeSet {
        /// Nanoseconds since the epoch, now.
        to: u64,
    },
    /// A part of an HTTP message left its sender or reached its receiver.
    Message {
        /// The stream.
        stream: StreamId,
        /// Who sent or received it.
        party: Party,
        /// Which part.
        what: What,
        /// Its bytes: serialized fields, body bytes, or words.
        data: Text,
    },
    /// A part of a call to a cluster left the proxy, or of its answer reached it.
    Call {
        /// The plugin that made the call.
        plugin: Text,
        /// The cluster.
        cluster: Text,
        /// The call's id.
        id: u32,
        /// When it was made.
        called: Instant,
        /// Who does what.
        side: CallSide,
        /// Which part.
        what: What,
        /// Its bytes: serialized fields, body bytes, a message, or words.
        data: Text,
    },
    /// A TCP connection begins or ends.
    Tcp {
        /// The connection.
        stream: StreamId,
        /// What happens.
        event: TcpEvent,
    },
    /// A plugin asked for a local response.
    LocalResponse {
        /// The stream.
        stream: StreamId,
        /// The plugin; empty when the proxy made it.
        plugin: Text,
        /// Status code.
        status: u16,
        /// Response code details.
        details: Text,
    },
    /// A plugin logged a line.
    Log {
        /// The VM.
        vm: VmIndex,
        /// The plugin, where a context is known.
        plugin: Option<Text>,
        /// The level.
        level: LogLevel,
        /// The line.
        message: Text,
    },
    /// A callback begins.
    Callback {
        /// The VM.
        vm: VmIndex,
        /// Which one.
        callback: CallbackId,
        /// Place of the plugin in the chain, where a context is known.
        plugin: Option<u16>,
        /// Its arguments; the first `len` count.
        args: [u32; 5],
        /// How many.
        len: u8,
    },
    /// The callback has returned.
    Returned {
        /// The VM.
        vm: VmIndex,
        /// Its number, if it has one.
        value: Option<u32>,
    },
    /// A hostcall begins.
    Hostcall {
        /// The VM.
        vm: VmIndex,
        /// Its row in the table.
        row: &'static Hostcall,
        /// Its decoded arguments, see [`Args`].
        args: Text,
    },
    /// The hostcall has answered.
    Answered {
        /// Its status; `None` for a function that has none, or for WASI, where `errno` counts.
        status: Option<Status>,
        /// What a WASI function answered.
        errno: Option<Errno>,
        /// What it wrote for the guest, see [`Args`].
        results: Text,
    },
    /// A plugin trapped; its VM is dead.
    Trap {
        /// The VM.
        vm: VmIndex,
        /// The callback that was running.
        callback: CallbackId,
        /// Envoy's words for the cause.
        message: Text,
    },
    /// A plugin called something that the host knows and does not offer yet.
    Unimplemented {
        /// The VM.
        vm: VmIndex,
        /// What it called.
        row: &'static Hostcall,
    },
    /// A call that crashes Envoy, or breaks the wire.
    Fault {
        /// The VM, where one is to blame.
        vm: Option<VmIndex>,
        /// What it is.
        fault: Fault,
    },
    /// A step could not finish: nothing is left that would let the stream go on.
    Stalled {
        /// The stream.
        stream: StreamId,
    },
}

/// Something that a plugin does and that Envoy does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable identifier, for `expect: {findings: [..]}`.
    pub id: &'static str,
    /// The call at fault.
    pub call: &'static str,
    /// What Envoy does.
    pub what: &'static str,
}

/// What moved the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// `advance`.
    Advance,
    /// A step waited for its exchange.
    Waiting,
    /// `every` of a repeated step.
    Every,
}

/// Who sends or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The client sends.
    ClientSends,
    /// The upstream receives.
    UpstreamReceives,
    /// The upstream sends.
    UpstreamSends,
    /// The client receives.
    ClientReceives,
}

/// What happens to a TCP connection besides bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpEvent {
    /// The client connects.
    Connects,
    /// The server accepts.
    Accepted,
    /// The server refuses.
    Refused,
    /// It is over.
    Closed(ClosedBy),
}

/// What happens with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSide {
    /// The plugin begins it.
    Calls,
    /// The plugin sends more.
    Sends,
    /// The cluster answers.
    Answers,
    /// Its timeout ends it.
    TimedOut,
    /// The plugin gives it up.
    Cancels,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The head; whether the message ends with it.
    Head {
        /// Nothing follows.
        end_stream: bool,
    },
    /// Body bytes.
    Data {
        /// Nothing follows.
        end_stream: bool,
    },
    /// A METADATA frame of HTTP/2: its elements.
    Metadata,
    /// Trailers.
    Trailers,
    /// The end, without bytes.
    End,
    /// The stream is cut.
    Reset,
}

/// A decoded argument or result of a hostcall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
    /// A number.
    Number(u64),
    /// A number that may be below zero.
    Signed(i64),
    /// Bytes of the guest, or for the guest.
    Bytes(&'a [u8]),
    /// Serialized pairs.
    Pairs(&'a [u8]),
    /// Bytes that do not lie in the guest's memory: their length.
    OutOfBounds(u32),
}

const NUMBER: u8 = 0;
const BYTES: u8 = 1;
const PAIRS: u8 = 2;
const OUT_OF_BOUNDS: u8 = 3;
const SIGNED: u8 = 4;

impl Arg<'_> {
    /// Appends it to the arena.
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => {
                out.push(NUMBER);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Self::Signed(number) => {
                out.push(SIGNED);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Self::Bytes(bytes) => encode_bytes(out, BYTES, bytes),
            Self::Pairs(bytes) => encode_bytes(out, PAIRS, bytes),
            Self::OutOfBounds(len) => {
                out.push(OUT_OF_BOUNDS);
                out.extend_from_slice(&len.to_le_bytes());
            }
        }
    }
}

fn encode_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Reads encoded arguments back, in order.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a>(pub &'a [u8]);

impl<'a> Iterator for Args<'a> {
    type Item = Arg<'a>;

    fn next(&mut self) -> Option<Arg<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        if matches!(tag, NUMBER | SIGNED) {
            let (number, rest) = rest.split_first_chunk::<8>()?;
            self.0 = rest;
            let signed = tag == SIGNED;
            return Some(if signed {
                Arg::Signed(i64::from_le_bytes(*number))
            } else {
                Arg::Number(u64::from_le_bytes(*number))
            });
        }
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len);
        if tag == OUT_OF_BOUNDS {
            self.0 = rest;
            return Some(Arg::OutOfBounds(len));
        }
        let (bytes, rest) = rest.split_at(len as usize);
        self.0 = rest;
        Some(if tag == PAIRS { Arg::Pairs(bytes) } else { Arg::Bytes(bytes) })
    }
}
