//! What plugins logged, to be asked about.

use std::fmt;

use crate::abi::LogLevel;
use crate::proxy::Transcript;
use crate::proxy::transcript::LogLine;

/// Log lines of a host, from some point on.
#[derive(Clone, Copy, Debug)]
pub struct LogView<'a> {
    transcript: &'a Transcript,
    mark: usize,
}

impl<'a> LogView<'a> {
    pub(super) fn new(transcript: &'a Transcript, mark: usize) -> Self {
        Self { transcript, mark }
    }

    /// The lines, in order.
    pub fn lines(self) -> impl Iterator<Item = LogLine<'a>> {
        self.transcript.log_lines_since(self.mark)
    }

    /// Whether a line of this level contains this text.
    #[must_use]
    pub fn has(self, level: LogLevel, text: &str) -> bool {
        self.lines().any(|line| line.level == level && String::from_utf8_lossy(line.message).contains(text))
    }
}

impl fmt::Display for LogView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.transcript.log_since(self.mark))
    }
}
