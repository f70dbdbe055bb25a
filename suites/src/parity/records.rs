//! Envoy's log as records.
//!
//! Messages of plugins contain anything, newlines too. So the log's format begins every record with a nonce that no
//! plugin can know.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Read as _};
use std::path::Path;

/// What every record begins with.
#[derive(Clone, Debug)]
pub(super) struct Nonce(String);

impl Nonce {
    pub(super) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self(format!("<{:016x}{:016x}>", random(), random()))
    }

    /// Envoy's `--log-format`: thread, level, logger, message.
    pub(super) fn format(&self) -> String {
        format!("{}%t|%l|%n|%v", self.0)
    }
}

/// One message of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) thread: u32,
    pub(super) level: String,
    pub(super) logger: String,
    pub(super) message: Vec<u8>,
}

/// The log as far as it has been read.
#[derive(Debug)]
pub(super) struct Records {
    file: File,
    nonce: Nonce,
    /// Bytes of the record that may still grow.
    rest: Vec<u8>,
    all: Vec<Record>,
    /// Bytes that stand before the first record: what the loader of the binary says.
    stray: Vec<u8>,
}

impl Records {
    pub(super) fn open(path: &Path, nonce: Nonce) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, nonce, rest: Vec::new(), all: Vec::new(), stray: Vec::new() })
    }

    /// Reads what has been written since. Envoy must not be writing: the last record counts as whole.
    pub(super) fn read(&mut self) -> io::Result<()> {
        self.file.read_to_end(&mut self.rest)?;
        let nonce = self.nonce.0.as_bytes();
        let starts: Vec<usize> = find_all(&self.rest, nonce);
        let Some(&first) = starts.first() else { return Ok(()) };
        self.stray.extend_from_slice(&self.rest[..first]);
        for (at, &start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(self.rest.len());
            if let Some(record) = parse(&self.rest[start + nonce.len()..end]) {
                self.all.push(record);
            }
        }
        self.rest.clear();
        Ok(())
    }

    pub(super) fn all(&self) -> &[Record] {
        &self.all
    }

    /// The last messages that are no trace.
    pub(super) fn last_words(&self, count: usize) -> String {
        let told: Vec<String> = self
            .all
            .iter()
            .filter(|record| record.level != "trace")
            .map(|record| {
                let text = String::from_utf8_lossy(&record.message).into_owned();
                format!("[{}][{}] {text}", record.level, record.logger)
            })
            .collect();
        let told = told[told.len().saturating_sub(count)..].join("\n");
        format!("{}{told}{}", String::from_utf8_lossy(&self.stray), String::from_utf8_lossy(&self.rest))
    }
}

fn find_all(bytes: &[u8], what: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + what.len() <= bytes.len() {
        if &bytes[at..at + what.len()] == what {
            found.push(at);
            at += what.len();
        } else {
            at += 1;
        }
    }
    found
}

fn parse(bytes: &[u8]) -> Option<Record> {
    let mut parts = bytes.splitn(4, |byte| *byte == b'|');
    let mut text = || parts.next().map(|part| String::from_utf8_lossy(part).into_owned());
    let (thread, level, logger) = (text()?.parse().ok()?, text()?, text()?);
    let message = parts.next()?;
    let message = message.strip_suffix(b"\n").unwrap_or(message).to_vec();
    Some(Record { thread, level, logger, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_newlines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let nonce = Nonce::new();
        let mark = nonce.0.clone();
        std::fs::write(&path, format!("loader\n{mark}7|info|wasm|a\nb|c\n{mark}8|trace|wasm|\n")).unwrap();
        let mut records = Records::open(&path, nonce).unwrap();
        records.read().unwrap();
        let messages: Vec<_> =
            records.all().iter().map(|record| (record.thread, &record.message[..])).collect();
        assert_eq!(messages, [(7, &b"a\nb|c"[..]), (8, b"")]);
        assert!(records.last_words(5).contains("loader"));
    }
}
