//! What is found about plugins and script, and what ends everything because Envoy would be dead.

use super::Proxy;
use super::findings::finding_kind;
use super::ids::{StreamId, VmIndex};
use super::run::Deadline;
use super::transcript::{Fault, Kind};
use super::upstream::Answering;

/// Something found about a plugin, or about the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable identifier.
    pub id: String,
    /// What it is, in a sentence.
    pub message: String,
    /// The event of the transcript where it shows.
    pub event: usize,
}

impl Proxy {
    /// Nothing runs any more: Envoy would be dead.
    pub(crate) fn halted(&self) -> bool {
        self.halted
    }

    /// A plugin did what Envoy does not survive, or what this host cannot do as Envoy does: nothing runs after it.
    pub(crate) fn fault(&mut self, vm: VmIndex, fault: Fault) {
        let halts =
            matches!(fault.id, "envoy/crash" | "envoy/stack-overflow") || fault.id.starts_with("host/");
        self.fault_in(Some(vm), fault);
        self.halted |= halts;
    }

    /// Something that Envoy does wrong for a plugin's sake.
    pub(crate) fn fault_in(&mut self, vm: Option<VmIndex>, fault: Fault) {
        if self.halted {
            return; // Nothing runs any more; what called each other comes to its end.
        }
        self.find(fault.id, format!("{}: {}", fault.call, fault.what));
        self.record(Kind::Fault { vm, fault });
    }

    /// A plugin asked for more memory than it may have.
    pub(crate) fn memory_cap_met(&mut self, vm: VmIndex, asked: u64, cap: u64) {
        let message = format!(
            "plugin {} asked for {asked} bytes of memory and may have {cap}: it grows without bound, or needs a higher cap",
            self.transcript.vm_name(vm)
        );
        self.find("vm/memory-cap", message);
    }

    pub(super) fn find(&mut self, id: &str, message: String) {
        debug_assert!(finding_kind(id).is_some(), "`{id}` is not in the table of findings");
        let event = self.transcript.mark();
        self.findings.push(Finding { id: id.to_owned(), message, event });
    }

    /// The script has no answer for this request.
    pub(super) fn script_exhausted(&mut self, id: StreamId) {
        let message = format!(
            "the upstream got request #{}, and its scripted answers are used up: add an answer, or give one answer \
             instead of a list",
            id.0 + 1
        );
        self.find("script/upstream-exhausted", message);
        self.stream_mut(id).upstream.answering.push_back(Answering::Reset("connection termination"));
        let now = self.clock.now();
        self.deadlines.schedule(now, Deadline::UpstreamPart(id));
    }
}
