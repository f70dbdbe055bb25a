//! The record of everything that happened, and its views.
//!
//! Events are fixed-size; their bytes lie in one arena, so that recording costs a few copies and no allocation of
//! its own. Nothing is turned into text until somebody asks. At detail `off` nothing is recorded.

mod abi;
mod event;
mod http;
mod lines;
mod log;
mod record;
mod text;

pub use event::{Arg, Args, CallSide, Detail, Event, Fault, Kind, Moved, Party, TcpEvent, Text, What};
pub use text::show_bytes;

use record::Record;

use super::ids::VmIndex;
use crate::abi::LogLevel;
use crate::state::{Fields, Instant};

/// The events of one host, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    detail: Detail,
    record: Record,
    names: Vec<String>,
}

impl Transcript {
    /// An empty transcript that records at `detail`.
    #[must_use]
    pub fn new(detail: Detail) -> Self {
        Self { detail, ..Self::default() }
    }

    /// How much is recorded.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether events of `detail` are recorded.
    #[inline]
    #[must_use]
    pub fn records(&self, detail: Detail) -> bool {
        self.detail >= detail
    }

    /// Names the next VM, for the views; a VM that serves several plugins is named after all of them.
    pub(crate) fn name_vm(&mut self, name: String) {
        self.names.push(name);
    }

    /// Name of a VM.
    #[must_use]
    pub fn vm_name(&self, vm: VmIndex) -> &str {
        self.names.get(vm.0).map_or("?", String::as_str)
    }

    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.record.events
    }

    /// Number of events so far: a mark to read on from.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.record.events.len()
    }

    /// Bytes that an event refers to.
    #[must_use]
    pub fn bytes(&self, text: Text) -> &[u8] {
        &self.record.bytes[text.start as usize..(text.start + text.len) as usize]
    }

    pub(crate) fn push(&mut self, at: Instant, kind: Kind) {
        self.record.events.push(Event { at, kind });
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Text {
        let start = self.record.bytes.len() as u32;
        self.record.bytes.extend_from_slice(bytes);
        Text { start, len: bytes.len() as u32 }
    }

    /// As [`Self::put`], of bytes that are put in time and again: where they lie already, as `last` may say, they stay.
    pub(crate) fn put_again(&mut self, bytes: &[u8], last: &mut Option<Text>) -> Text {
        let there = last.filter(|text| {
            let start = text.start as usize;
            self.record.bytes.get(start..start + text.len as usize) == Some(bytes)
        });
        *last.insert(there.unwrap_or_else(|| self.put(bytes)))
    }

    /// As [`Self::put`], of bytes that may have been put last: where the record ends with them, they stay there.
    pub(crate) fn put_or_end(&mut self, bytes: &[u8]) -> Text {
        if self.record.bytes.ends_with(bytes) {
            let start = self.record.bytes.len() - bytes.len();
            return Text { start: start as u32, len: bytes.len() as u32 };
        }
        self.put(bytes)
    }

    pub(crate) fn put_fields(&mut self, fields: &Fields) -> Text {
        let start = self.record.bytes.len();
        let len = fields.serialized_len();
        self.record.bytes.resize(start + len, 0);
        fields.serialize_into(&mut self.record.bytes[start..]);
        Text { start: start as u32, len: len as u32 }
    }

    /// The arena, to encode arguments in place; see [`Args`].
    pub(crate) fn arena(&mut self) -> &mut Vec<u8> {
        &mut self.record.bytes
    }

    /// The log lines, in order: VM, plugin's name as the log shows it, level, message.
    pub fn log_lines(&self) -> impl Iterator<Item = LogLine<'_>> {
        self.log_lines_since(0)
    }

    /// The log lines from event `mark` on.
    pub fn log_lines_since(&self, mark: usize) -> impl Iterator<Item = LogLine<'_>> {
        self.record.events.iter().enumerate().skip(mark).filter_map(|(index, event)| match event.kind {
            Kind::Log { vm, plugin, level, message } => Some(LogLine {
                event: index,
                at: event.at,
                plugin: plugin.map_or_else(|| self.vm_name(vm), |plugin| self.plugin_name(plugin)),
                level,
                message: self.bytes(message),
            }),
            _ => None,
        })
    }

    fn plugin_name(&self, plugin: Text) -> &str {
        std::str::from_utf8(self.bytes(plugin)).unwrap_or("?")
    }
}

/// A line that a plugin logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Index of its event.
    pub event: usize,
    /// When.
    pub at: Instant,
    /// The plugin that logged it.
    pub plugin: &'a str,
    /// Its level.
    pub level: LogLevel,
    /// Its bytes.
    pub message: &'a [u8],
}
