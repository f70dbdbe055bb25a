//! A plugin under the rules of Google's Service Extensions plugin tester, the host profile `google`: one callback at a
//! time, as its test files ask for them. `proxy::tester` has what the plugin finds there.

use std::sync::Arc;

use super::Host;
use super::builder::{Builder, Setup};
use super::error::HostError;
use super::start::{self, Started};
use crate::abi::{AbiVersion, BufferType, CallbackId, LogLevel, MapType, Pair};
use crate::proxy::transcript::Kind;
use crate::proxy::{Called, Direction, Invocation, StreamId, TesterReply, TesterStage, VmIndex};
use crate::vm::{HANG_TIMEOUT, HangGuard, MAX_MEMORY};

/// The one VM.
const VM: VmIndex = VmIndex(0);

/// What a test says of its surroundings.
#[derive(Clone, Debug)]
pub struct TesterOptions {
    /// The lowest level of log lines that are kept.
    pub log_level: LogLevel,
    /// Both clocks, which never move: nanoseconds.
    pub clock: u64,
    /// What stream contexts read, in order: paths with dots, and bytes.
    pub properties: Vec<(String, Vec<u8>)>,
    /// Wall-clock time that one call into the plugin may take.
    pub hang_timeout: std::time::Duration,
    /// Bytes of memory that the VM may have.
    pub max_memory: u64,
}

impl Default for TesterOptions {
    fn default() -> Self {
        Self {
            log_level: LogLevel::Info,
            clock: 1_000_000,
            properties: Vec::new(),
            hang_timeout: HANG_TIMEOUT,
            max_memory: MAX_MEMORY,
        }
    }
}

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

/// A plugin that is started, and the one stream of its test.
pub struct PluginTester {
    host: Box<Host>,
    root: u32,
    stream: u32,
    replied: bool,
}

impl PluginTester {
    /// Starts the plugin. What its own context logged comes with it, and why it did not start.
    ///
    /// # Errors
    ///
    /// When the module cannot be used.
    pub fn start(setup: Setup, options: TesterOptions) -> Result<(Self, Seen), HostError> {
        let mut builder = Builder { realtime: options.clock, ..Builder::default() };
        builder.options.log_level = options.log_level;
        builder.guard = HangGuard::new(options.hang_timeout);
        builder.max_memory = options.max_memory;
        builder.tester = Some(options.properties);
        builder.chain = vec![setup];
        let (mut host, refusal) = match start::configured(&Arc::new(builder))? {
            Started::Running(host) => (host, None),
            Started::Refused(host, refusal) => (host, Some(refusal)),
        };
        host.judged();
        let root = host.slot.vm(VM).plugins.first().map_or(1, |context| context.id);
        let failed = refusal.map(|refusal| refusal.to_string());
        let tester = Self { host, root, stream: 0, replied: false };
        let seen = Seen { log: tester.log(0, true), failed, ..Seen::default() };
        Ok((tester, seen))
    }

    /// Creates the stream context.
    pub fn open(&mut self) -> Seen {
        let mark = self.mark();
        let context = crate::proxy::ContextRef::Stream { stream: StreamId(usize::MAX), filter: 0 };
        self.stream = self.host.slot.vm_mut(VM).new_foreign_context(context);
        self.stage(TesterStage::Other, true);
        self.call(CallbackId::ContextCreate, &[self.stream, self.root]);
        self.seen(mark)
    }

    /// Hands header fields over; the stream never ends with them.
    pub fn headers<'f>(&mut self, direction: Direction, fields: impl IntoIterator<Item = Pair<'f>>) -> Seen {
        // The first phase alone has no such guard.
        if self.replied && direction == Direction::Response {
            return Seen::default();
        }
        let mark = self.mark();
        let (map, callback) = match direction {
            Direction::Request => (MapType::RequestHeaders, CallbackId::RequestHeaders),
            Direction::Response => (MapType::ResponseHeaders, CallbackId::ResponseHeaders),
        };
        self.stage(TesterStage::Headers(map), true);
        let tester = self.tester();
        tester.headers = fields.into_iter().collect();
        let count = tester.headers.len() as u32;
        let args = [self.stream, count, 0];
        // 0.1.0 does not tell the end of the stream.
        let known = if self.host.slot.vm(VM).abi == AbiVersion::V0_1_0 { 2 } else { 3 };
        let called = self.call(callback, &args[..known]);
        let owned = |(name, value): Pair<'_>| (name.to_vec(), value.to_vec());
        let (headers, body, reply) = match self.tester().reply.clone() {
            Some(reply) => (reply.headers.clone(), reply.body.clone(), Some(reply)),
            None => (self.tester().headers.pairs().map(owned).collect(), Vec::new(), None),
        };
        self.replied |= reply.is_some();
        let stops = match called {
            Called::Stopped => true,
            Called::Number(number) => !matches!(number, 0 | 2),
            Called::Absent | Called::Failed => false,
        };
        Seen { headers, body, reply, stops, ..self.seen(mark) }
    }

    /// Hands a piece of a body over. The plugin sees this piece alone.
    pub fn body(&mut self, direction: Direction, piece: &[u8], end_of_stream: bool) -> Seen {
        if self.replied {
            return Seen::default();
        }
        let mark = self.mark();
        let (buffer, callback) = match direction {
            Direction::Request => (BufferType::HttpRequestBody, CallbackId::RequestBody),
            Direction::Response => (BufferType::HttpResponseBody, CallbackId::ResponseBody),
        };
        self.stage(TesterStage::Body(buffer), true);
        self.tester().body = piece.to_vec();
        self.call(callback, &[self.stream, piece.len() as u32, u32::from(end_of_stream)]);
        self.replied |= self.tester().reply.is_some();
        let body = self.tester().body.clone();
        Seen { body, ..self.seen(mark) }
    }

    /// Ends the stream: done, then delete, whatever done answers.
    pub fn close(&mut self) -> Seen {
        let mark = self.mark();
        self.stage(TesterStage::Other, true);
        self.call(CallbackId::Done, &[self.stream]);
        self.call(CallbackId::Delete, &[self.stream]);
        self.host.slot.vm_mut(VM).remove_context(self.stream);
        self.seen(mark)
    }

    /// Ends the plugin.
    pub fn shut_down(&mut self) -> Seen {
        let mark = self.mark();
        self.stage(TesterStage::Other, false);
        self.call(CallbackId::Done, &[self.root]);
        self.call(CallbackId::Delete, &[self.root]);
        Seen { log: self.log(mark, true), ..self.seen(mark) }
    }

    /// Everything that happened, callback by callback.
    #[must_use]
    pub fn trace(&self) -> String {
        self.host.transcript().abi()
    }

    fn mark(&self) -> usize {
        self.host.transcript().mark()
    }

    fn tester(&mut self) -> &mut crate::proxy::Tester {
        self.host.slot.tester.get_or_insert_default()
    }

    fn stage(&mut self, stage: TesterStage, in_stream: bool) {
        let tester = self.tester();
        tester.stage = stage;
        tester.in_stream = in_stream;
        tester.reply = None;
        tester.headers.clear();
        tester.body.clear();
    }

    fn call(&mut self, callback: CallbackId, args: &[u32]) -> Called {
        self.host.drive().call(VM, Invocation::new(callback, args))
    }

    fn seen(&self, mark: usize) -> Seen {
        let trap = self.host.traps().first();
        let failed = trap.map(|trapped| format!("{}: {}", trapped.callback.name(), trapped.trap));
        Seen { log: self.log(mark, false), failed, ..Seen::default() }
    }

    /// The lines since `mark`: of the plugin's own context, or of its stream. Those of the module's start belong to
    /// neither.
    fn log(&self, mark: usize, of_root: bool) -> Vec<Vec<u8>> {
        let transcript = self.host.transcript();
        let events = transcript.events()[mark..].iter();
        let lines = events.filter_map(|event| match event.kind {
            Kind::Log { plugin, message, .. } if plugin.is_some() == of_root => Some(message),
            _ => None,
        });
        lines.map(|message| transcript.bytes(message).to_vec()).collect()
    }
}

impl std::fmt::Debug for PluginTester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginTester").field("stream", &self.stream).finish_non_exhaustive()
    }
}
