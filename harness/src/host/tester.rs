//! A plugin under the rules of Google's Service Extensions plugin tester, the host profile `google`: one callback at a
//! time, as its test files ask for them. `proxy::tester` has what the plugin finds there.

use std::sync::Arc;

use super::Host;
use super::builder::{Builder, Setup};
use super::error::HostError;
use super::phases::{Phases, Seen, log};
use super::start::{self, Started};
use crate::abi::{LogLevel, Pair};
use crate::proxy::{Direction, StreamId};
use crate::vm::{HANG_TIMEOUT, HangGuard, MAX_MEMORY};

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

/// A plugin that is started, and the one stream of its test.
pub struct PluginTester {
    host: Box<Host>,
    phases: Phases,
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
        let failed = refusal.map(|refusal| refusal.to_string());
        let seen = Seen { log: log(&host, 0, true), failed, ..Seen::default() };
        let phases = Phases::of(&host);
        Ok((Self { host, phases }, seen))
    }

    /// Creates the stream context.
    pub fn open(&mut self) -> Seen {
        self.phases.open(&mut self.host, StreamId(usize::MAX))
    }

    /// Hands header fields over; the stream never ends with them.
    pub fn headers<'f>(&mut self, direction: Direction, fields: impl IntoIterator<Item = Pair<'f>>) -> Seen {
        self.phases.headers(&mut self.host, direction, fields)
    }

    /// Hands a piece of a body over. The plugin sees this piece alone.
    pub fn body(&mut self, direction: Direction, piece: &[u8], end_of_stream: bool) -> Seen {
        self.phases.body(&mut self.host, direction, piece, end_of_stream)
    }

    /// Ends the stream: done, then delete, whatever done answers.
    pub fn close(&mut self) -> Seen {
        self.phases.close(&mut self.host)
    }

    /// Ends the plugin.
    pub fn shut_down(&mut self) -> Seen {
        self.phases.shut_down(&mut self.host)
    }

    /// Everything that happened, callback by callback.
    #[must_use]
    pub fn trace(&self) -> String {
        self.host.transcript().abi()
    }
}

impl std::fmt::Debug for PluginTester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginTester").field("phases", &self.phases).finish_non_exhaustive()
    }
}
