//! The phases of Google's plugin tester, one callback at a time, on a host that was started for them. `proxy::tester` has
//! what the plugin finds there.

use super::Host;
use crate::abi::{AbiVersion, BufferType, CallbackId, MapType, Pair};
use crate::proxy::transcript::Kind;
use crate::proxy::{
    Called, ContextRef, Direction, Invocation, StreamId, Tester, TesterReply, TesterStage, VmIndex,
};

/// The one VM.
const VM: VmIndex = VmIndex(0);

/// What one phase showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The lines that its context logged.
    pub log: Vec<Vec<u8>>,
    /// The header fields that it left behind, or those of its local response.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// What it left in the buffer; after a headers callback the body of its local response.
    pub body: Vec<u8>,
    /// The local response that it made.
    pub reply: Option<TesterReply>,
    /// Whether it holds the stream: neither Continue nor ContinueAndEndStream. Only headers callbacks are asked.
    pub stops: bool,
    /// Why its VM is dead.
    pub failed: Option<String>,
}

/// Where a plugin and the stream of its test are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phases {
    root: u32,
    stream: u32,
    replied: bool,
}

impl Phases {
    /// Those of a host that has just been started.
    pub(super) fn of(host: &Host) -> Self {
        let root = host.slot.vm(VM).plugins.first().map_or(1, |context| context.id);
        Self { root, ..Self::default() }
    }

    /// Creates the stream context.
    pub(super) fn open(&mut self, host: &mut Host, stream: StreamId) -> Seen {
        let mark = host.transcript().mark();
        let context = ContextRef::Stream { stream, filter: 0 };
        self.stream = host.slot.vm_mut(VM).new_foreign_context(context);
        stage(host, TesterStage::Other, true);
        call(host, CallbackId::ContextCreate, &[self.stream, self.root]);
        seen(host, mark)
    }

    /// Hands header fields over; the stream never ends with them.
    pub(super) fn headers<'f>(
        &mut self,
        host: &mut Host,
        direction: Direction,
        fields: impl IntoIterator<Item = Pair<'f>>,
    ) -> Seen {
        // The first phase alone has no such guard.
        if self.replied && direction == Direction::Response {
            return Seen::default();
        }
        let mark = host.transcript().mark();
        let (map, callback) = match direction {
            Direction::Request => (MapType::RequestHeaders, CallbackId::RequestHeaders),
            Direction::Response => (MapType::ResponseHeaders, CallbackId::ResponseHeaders),
        };
        stage(host, TesterStage::Headers(map), true);
        tester(host).headers = fields.into_iter().collect();
        let count = tester(host).headers.len() as u32;
        let args = [self.stream, count, 0];
        // 0.1.0 does not tell the end of the stream.
        let known = if host.slot.vm(VM).abi == AbiVersion::V0_1_0 { 2 } else { 3 };
        let called = call(host, callback, &args[..known]);
        let owned = |(name, value): Pair<'_>| (name.to_vec(), value.to_vec());
        let (headers, body, reply) = match tester(host).reply.clone() {
            Some(reply) => (reply.headers.clone(), reply.body.clone(), Some(reply)),
            None => (tester(host).headers.pairs().map(owned).collect(), Vec::new(), None),
        };
        self.replied |= reply.is_some();
        let stops = match called {
            Called::Stopped(_) => true,
            Called::Number(number) => !matches!(number, 0 | 2),
            Called::Absent | Called::Failed => false,
        };
        Seen { headers, body, reply, stops, ..seen(host, mark) }
    }

    /// Hands a piece of a body over. The plugin sees this piece alone.
    pub(super) fn body(
        &mut self,
        host: &mut Host,
        direction: Direction,
        piece: &[u8],
        end_of_stream: bool,
    ) -> Seen {
        if self.replied {
            return Seen::default();
        }
        let mark = host.transcript().mark();
        let (buffer, callback) = match direction {
            Direction::Request => (BufferType::HttpRequestBody, CallbackId::RequestBody),
            Direction::Response => (BufferType::HttpResponseBody, CallbackId::ResponseBody),
        };
        stage(host, TesterStage::Body(buffer), true);
        tester(host).body = piece.to_vec();
        call(host, callback, &[self.stream, piece.len() as u32, u32::from(end_of_stream)]);
        self.replied |= tester(host).reply.is_some();
        let body = tester(host).body.clone();
        Seen { body, ..seen(host, mark) }
    }

    /// The local response that the phase before this one made.
    pub(super) fn reply(&self, host: &mut Host) -> Option<TesterReply> {
        tester(host).reply.clone()
    }

    /// Ends the stream: done, then delete, whatever done answers.
    pub(super) fn close(&mut self, host: &mut Host) -> Seen {
        let mark = host.transcript().mark();
        stage(host, TesterStage::Other, true);
        call(host, CallbackId::Done, &[self.stream]);
        call(host, CallbackId::Delete, &[self.stream]);
        host.slot.vm_mut(VM).remove_context(self.stream);
        seen(host, mark)
    }

    /// Ends the plugin.
    pub(super) fn shut_down(&mut self, host: &mut Host) -> Seen {
        let mark = host.transcript().mark();
        stage(host, TesterStage::Other, false);
        call(host, CallbackId::Done, &[self.root]);
        call(host, CallbackId::Delete, &[self.root]);
        Seen { log: log(host, mark, true), ..seen(host, mark) }
    }
}

fn tester(host: &mut Host) -> &mut Tester {
    host.slot.tester.get_or_insert_default()
}

fn stage(host: &mut Host, stage: TesterStage, in_stream: bool) {
    let tester = tester(host);
    tester.stage = stage;
    tester.in_stream = in_stream;
    tester.reply = None;
    tester.headers.clear();
    tester.body.clear();
}

fn call(host: &mut Host, callback: CallbackId, args: &[u32]) -> Called {
    host.drive().call(VM, Invocation::new(callback, args))
}

fn seen(host: &Host, mark: usize) -> Seen {
    let trap = host.traps().first();
    let failed = trap.map(|trapped| format!("{}: {}", trapped.callback.name(), trapped.trap));
    Seen { log: log(host, mark, false), failed, ..Seen::default() }
}

/// The lines since `mark`: of the plugin's own context, or of its stream. Those of the module's start belong to
/// neither.
pub(super) fn log(host: &Host, mark: usize, of_root: bool) -> Vec<Vec<u8>> {
    let transcript = host.transcript();
    let events = transcript.events()[mark..].iter();
    let lines = events.filter_map(|event| match event.kind {
        Kind::Log { plugin, message, .. } if plugin.is_some() == of_root => Some(message),
        _ => None,
    });
    lines.map(|message| transcript.bytes(message).to_vec()).collect()
}
