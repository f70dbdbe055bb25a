//! Stalls, traps and findings. With an expectation, its absence fails the scenario; without one, its presence does.

use std::collections::{BTreeMap, BTreeSet};

use super::Bench;
use super::text::quoted;
use crate::abi::LogLevel;
use crate::host::Refusal;
use crate::proxy::Finding;
use crate::proxy::transcript::Kind;
use crate::scenario::{Expectations, StartOutcome, TrapExpectation};
use crate::state::show;
use crate::vm::{Trap, Trapped};

/// The finding of a VM that met its memory cap: a trap in all but name, and expected as one.
const MEMORY_CAP: &str = "vm/memory-cap";

/// What some expectation has dealt with, by its number in the host.
#[derive(Debug, Default)]
pub(super) struct Excused {
    traps: BTreeSet<usize>,
    stalls: BTreeSet<usize>,
    findings: BTreeSet<usize>,
}

impl Bench<'_> {
    pub(super) fn trap(&mut self, expect: &Expectations) {
        let Some(trap) = &expect.trap else { return };
        let all = self.host.traps();
        let mut met: BTreeSet<usize> =
            self.stage.traps().filter(|at| self.is_trap(trap, &all[*at])).collect();
        let caps: BTreeSet<usize> =
            self.stage.findings().filter(|at| self.host.findings()[*at].id == MEMORY_CAP).collect();
        let findings = self.host.findings();
        let by_cap = caps
            .iter()
            .any(|at| trap.message.as_ref().is_some_and(|m| m.matches(findings[*at].message.as_bytes())));
        if met.is_empty() && !by_cap {
            self.no_such_trap(trap);
            // Told already: what trapped otherwise is not told again.
            met = self.stage.traps().collect();
        }
        self.excused.traps.extend(met);
        self.excused.findings.extend(caps);
    }

    fn is_trap(&self, expected: &TrapExpectation, trapped: &Trapped) -> bool {
        let plugin = expected.plugin.as_ref().is_none_or(|name| *name == trapped.plugin);
        plugin
            && expected.message.as_ref().is_none_or(|message| {
                message.matches(trapped.trap.message.as_bytes())
                    || self.last_words(trapped).is_some_and(|words| message.matches(&words))
            })
    }

    fn no_such_trap(&mut self, trap: &TrapExpectation) {
        let who = trap.plugin.as_ref().map_or("a plugin".to_owned(), |name| format!("plugin {name}"));
        let expected = match &trap.message {
            Some(message) => format!("{who} traps with {}", message.describe()),
            None => format!("{who} traps"),
        };
        let span = trap.message.as_ref().map_or(&trap.span, |message| &message.span);
        match self.stage.traps().next() {
            Some(at) => {
                let trapped = self.host.traps()[at].clone();
                let mut actual = told(&trapped);
                if let Some(words) = self.last_words(&trapped) {
                    actual.push_str(&format!(", after logging {}", quoted(&words)));
                }
                let because = self.log_lines(5);
                let failure = self.fail(span, "trap", expected, actual);
                failure.because = because;
                failure.backtrace = backtrace(&trapped.trap, trapped.callback.name());
            }
            None => {
                let because = self.log_lines(5);
                self.fail(span, "trap", expected, "nothing trapped").because = because;
            }
        }
    }

    /// What the guest logged last, as an error, before it trapped: its panic message.
    fn last_words(&self, trapped: &Trapped) -> Option<Vec<u8>> {
        let transcript = self.host.transcript();
        let at = transcript.events()[..self.stage.until.events].iter().rposition(|event| {
            matches!(event.kind, Kind::Trap { vm, callback, .. } if vm == trapped.vm && callback == trapped.callback)
        })?;
        for event in transcript.events()[..at].iter().rev() {
            match event.kind {
                Kind::Log { vm, level, message, .. } if vm == trapped.vm && level >= LogLevel::Error => {
                    return Some(transcript.bytes(message).to_vec());
                }
                Kind::Callback { vm, callback, .. } if vm == trapped.vm && callback == trapped.callback => {
                    break;
                }
                _ => {}
            }
        }
        None
    }

    pub(super) fn stalled(&mut self, expect: &Expectations) {
        let Some(stalled) = expect.stalled else { return };
        if stalled && self.stage.stalls().is_empty() {
            let actual = match self.exchange.and_then(|exchange| exchange.try_response()) {
                Some(response) => format!("the exchange ended: the client received {}", response.status()),
                None => "no exchange stalled".to_owned(),
            };
            let because = self.who_answered();
            self.fail(&expect.span, "stalled", "the exchange stalls", actual).because = because;
        }
        if stalled {
            self.excused.stalls.extend(self.stage.stalls());
        }
    }

    pub(super) fn findings(&mut self, expect: &Expectations) {
        let Some(ids) = &expect.findings else { return };
        let found: BTreeMap<&str, &Finding> = self
            .stage
            .findings()
            .map(|at| &self.host.findings()[at])
            .map(|finding| (finding.id.as_str(), finding))
            .collect();
        let expected: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let actual: BTreeSet<&str> = found.keys().copied().collect();
        if expected != actual {
            let list = |ids: &BTreeSet<&str>| match ids.len() {
                0 => "none".to_owned(),
                _ => ids.iter().copied().collect::<Vec<_>>().join(", "),
            };
            let nearest = expected.difference(&actual).find_map(|id| {
                let near = actual.iter().find(|other| strsim::normalized_levenshtein(id, other) > 0.5)?;
                Some(format!("{near} was found, {id} was not"))
            });
            let because =
                found.values().map(|finding| format!("{}: {}", finding.id, finding.message)).collect();
            let failure = self.fail(&expect.span, "findings", list(&expected), list(&actual));
            failure.because = because;
            failure.nearest = nearest;
        }
        self.excused.findings.extend(self.stage.findings());
    }

    /// What happened in this stage and no expectation dealt with.
    pub(super) fn unexpected(&mut self) {
        let span = self.stage.span.clone();
        for at in self.stage.traps().filter(|at| !self.excused.traps.contains(at)).collect::<Vec<_>>() {
            let trapped = self.host.traps()[at].clone();
            let mut because: Vec<String> =
                self.last_words(&trapped).map(|words| panic_lines(&words)).unwrap_or_default();
            if because.is_empty() {
                because = self.log_lines(5);
            }
            let failure = self.fail(&span, "trap", "no plugin traps", told(&trapped));
            failure.because = because;
            failure.backtrace = backtrace(&trapped.trap, trapped.callback.name());
        }
        for at in self.stage.stalls().filter(|at| !self.excused.stalls.contains(at)).collect::<Vec<_>>() {
            let stall = self.host.stalls()[at].clone();
            let expected = format!("the exchange ends within {}", show(self.scenario.patience));
            let because = self.pauses(stall.stream, stall.held.as_ref());
            self.fail(&span, "stalled", expected, stall.to_string()).because = because;
        }
        for at in self.stage.findings().filter(|at| !self.excused.findings.contains(at)).collect::<Vec<_>>() {
            let finding = self.host.findings()[at].clone();
            let because = self.last_calls(finding.event);
            let actual = format!("{}: {}", finding.id, finding.message);
            self.fail(&span, "findings", "none", actual).because = because;
        }
    }

    /// The start did not end as the scenario says.
    pub(super) fn start(&mut self, outcome: StartOutcome, refusal: Option<&Refusal>) {
        let span = self.stage.span.clone();
        let because = self.log_lines(20);
        let (expected, actual) = match refusal {
            Some(refusal) => ("every plugin starts", refusal.to_string()),
            None => ("a plugin refuses its start or its configuration", "every plugin starts".to_owned()),
        };
        let failure = self.fail(&span, "start", format!("{}: {expected}", outcome.word()), actual);
        failure.because = because;
        failure.backtrace = refusal
            .and_then(|refusal| Some(backtrace(refusal.trap.as_ref()?, refusal.callback)))
            .unwrap_or_default();
        self.excused.traps.extend(self.stage.traps());
    }
}

fn told(trapped: &Trapped) -> String {
    format!("plugin {} trapped in {}: {}", trapped.plugin, trapped.callback.name(), trapped.trap)
}

/// The panic message, line by line as the guest wrote it.
fn panic_lines(words: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(words).lines().map(str::to_owned).collect()
}

/// Function names with their places, as far as the module tells them. The outermost is the callback.
fn backtrace(trap: &Trap, callback: &str) -> Vec<String> {
    let outermost = trap.backtrace.len().saturating_sub(1);
    let name = |at: usize, function: &str| match function.starts_with("<wasm function") && at == outermost {
        true => callback.to_owned(),
        false => function.to_owned(),
    };
    trap.backtrace
        .iter()
        .enumerate()
        .map(|(at, frame)| match &frame.source {
            Some(source) => format!("{} ({source})", name(at, &frame.function)),
            None => name(at, &frame.function),
        })
        .collect()
}
