//! What an expectation speaks of: one step, one repetition of a step, or everything so far.

use std::ops::Range;

use crate::host::Host;
use crate::proxy::StreamId;
use crate::scenario::{Passage, Span};
use crate::state::{Duration, Instant};

/// A point in the record.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::scenario) struct Mark {
    pub(super) at: Instant,
    pub(super) events: usize,
    pub(super) traps: usize,
    pub(super) stalls: usize,
    pub(super) findings: usize,
    pub(super) calls: usize,
}

impl Mark {
    /// Now.
    pub(in crate::scenario) fn of(host: &Host) -> Self {
        Self {
            at: host.now(),
            events: host.transcript().mark(),
            traps: host.traps().len(),
            stalls: host.stalls().len(),
            findings: host.findings().len(),
            calls: host.calls().len(),
        }
    }
}

/// A stretch of the record, and the step that made it.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Stage {
    /// The step, from 0.
    pub(in crate::scenario) index: usize,
    pub(in crate::scenario) span: Span,
    pub(in crate::scenario) words: String,
    pub(in crate::scenario) repetition: Option<(u32, u32)>,
    pub(in crate::scenario) since: Mark,
    pub(in crate::scenario) until: Mark,
    /// Virtual time that the step moved.
    pub(in crate::scenario) took: Duration,
}

impl Stage {
    /// What the run tells of it.
    pub(in crate::scenario) fn passage(&self, stream: Option<StreamId>) -> Passage {
        Passage { step: self.index, events: self.events(), calls: self.calls(), stream, took: self.took }
    }

    pub(super) fn events(&self) -> Range<usize> {
        self.since.events..self.until.events
    }

    pub(super) fn traps(&self) -> Range<usize> {
        self.since.traps..self.until.traps
    }

    pub(super) fn stalls(&self) -> Range<usize> {
        self.since.stalls..self.until.stalls
    }

    pub(super) fn calls(&self) -> Range<usize> {
        self.since.calls..self.until.calls
    }

    pub(super) fn findings(&self) -> Range<usize> {
        self.since.findings..self.until.findings
    }
}
