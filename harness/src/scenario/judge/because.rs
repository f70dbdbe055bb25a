//! The lines of the transcript that explain a failure: few, and the ones that a person would look for.

use super::Bench;
use crate::proxy::transcript::{Kind, Party, What};
use crate::proxy::{Held, StreamId};

impl Bench<'_> {
    pub(super) fn lines(&self, at: impl IntoIterator<Item = usize>) -> Vec<String> {
        at.into_iter().flat_map(|at| self.host.transcript().lines_of(at)).collect()
    }

    /// Who answered the stream: the plugin or proxy that answered itself, or the upstream.
    pub(super) fn who_answered(&self) -> Vec<String> {
        let Some(exchange) = self.exchange else { return Vec::new() };
        let (stream, transcript) = (exchange.stream(), self.host.transcript());
        let mut lines = Vec::new();
        match transcript.local_response_of(stream) {
            Some(at) => lines.extend(self.lines([at])),
            None => {
                let head = transcript.part_of(stream, Party::UpstreamSends, |_| true);
                match head {
                    Some(_) => {
                        let at = transcript.part_of(stream, Party::UpstreamSends, |what| {
                            matches!(what, What::Head { .. } | What::Reset)
                        });
                        lines.extend(self.lines(at).into_iter().take(1));
                    }
                    None => lines.push(format!("the upstream of #{} sent nothing", stream.0 + 1)),
                }
            }
        }
        if let Some(stall) = exchange.stalled() {
            lines.push(stall.to_string());
        }
        lines
    }

    /// The head as one end of the stream received it.
    pub(super) fn head_received(&self, party: Party) -> Vec<String> {
        let Some(exchange) = self.exchange else { return Vec::new() };
        let at = self
            .host
            .transcript()
            .part_of(exchange.stream(), party, |what| matches!(what, What::Head { .. }));
        self.lines(at)
    }

    /// The trailers as one end of the stream received them.
    pub(super) fn trailers_received(&self, party: Party) -> Vec<String> {
        let Some(exchange) = self.exchange else { return Vec::new() };
        let at = self.host.transcript().part_of(exchange.stream(), party, |what| what == What::Trailers);
        self.lines(at)
    }

    /// Why the request did not reach the upstream.
    pub(super) fn why_no_request(&self) -> Vec<String> {
        let Some(exchange) = self.exchange else { return Vec::new() };
        if let Some(stall) = exchange.stalled() {
            return vec![stall.to_string()];
        }
        self.lines(self.host.transcript().local_response_of(exchange.stream()))
    }

    /// The log of the stage; of a long one the last `most` lines.
    pub(super) fn log_lines(&self, most: usize) -> Vec<String> {
        let logs =
            |kind: &Kind| matches!(kind, Kind::Log { .. } | Kind::Trap { .. } | Kind::Unimplemented { .. });
        let events = self.host.transcript().events();
        let at: Vec<usize> = self.stage.events().filter(|at| logs(&events[*at].kind)).collect();
        let mut lines = Vec::new();
        if at.len() > most {
            lines.push(format!("... {} lines before", at.len() - most));
        }
        lines.extend(self.lines(at[at.len().saturating_sub(most)..].iter().copied()));
        lines
    }

    /// When and why the clock moved.
    pub(super) fn clock_moves(&self) -> Vec<String> {
        const MOST: usize = 10;
        let events = self.host.transcript().events();
        let at: Vec<usize> =
            self.stage.events().filter(|at| matches!(events[*at].kind, Kind::Clock { .. })).collect();
        let mut lines = self.lines(at.iter().copied().take(MOST));
        if at.len() > MOST {
            lines.push(format!("... {} more", at.len() - MOST));
        }
        lines
    }

    /// The last callback of the plugin that holds the stream, and what came after it.
    pub(super) fn pauses(&self, stream: StreamId, held: Option<&Held>) -> Vec<String> {
        let events = self.host.transcript().events();
        let within = self.stage.events();
        let paused = held.and_then(|held| {
            events[within.clone()].iter().rposition(|event| {
                let Kind::Callback { callback, plugin, .. } = event.kind else { return false };
                let name = plugin.and_then(|at| self.host.plugins().nth(usize::from(at)));
                callback.name() == held.callback && name == Some(held.plugin.as_str())
            })
        });
        let mut at: Vec<usize> = Vec::new();
        if let Some(paused) = paused {
            let from = within.start + paused;
            let returned =
                events[from..within.end].iter().position(|event| matches!(event.kind, Kind::Returned { .. }));
            at.push(from);
            at.extend((from..from + returned.unwrap_or(0)).filter(|at| match events[*at].kind {
                // Its log lines are shown.
                Kind::Hostcall { row, .. } => row.name != "proxy_log",
                kind => matches!(kind, Kind::Log { .. }),
            }));
        }
        at.extend(
            within
                .clone()
                .rev()
                .find(|at| matches!(events[*at].kind, Kind::Stalled { stream: of } if of == stream)),
        );
        self.lines(at)
    }

    /// The call in which something was found, and what led to it.
    pub(super) fn last_calls(&self, event: usize) -> Vec<String> {
        const MOST: usize = 4;
        let events = self.host.transcript().events();
        let shown = |at: &usize| {
            matches!(
                events[*at].kind,
                Kind::Callback { .. } | Kind::Hostcall { .. } | Kind::Fault { .. } | Kind::Log { .. }
            )
        };
        let until = (event + 1).min(events.len());
        let mut at: Vec<usize> = (self.stage.since.events..until).rev().filter(shown).take(MOST).collect();
        at.reverse();
        self.lines(at)
    }

    /// What the step showed on the wire, last.
    pub(super) fn last_of_step(&self) -> Vec<String> {
        let events = self.host.transcript().events();
        let at = self
            .stage
            .events()
            .rev()
            .find(|at| matches!(events[*at].kind, Kind::Message { .. } | Kind::LocalResponse { .. }));
        self.lines(at)
    }
}
