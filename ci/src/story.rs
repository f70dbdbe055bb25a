//! What happened in a scenario, an exchange a line: `GET /headers -> 403 by limiter`.
//!
//! A function of the transcript. Who answered is named when it was not the upstream; everything else about a message
//! is left to the views.

use std::fmt;

use proxy_wasm_harness::abi::Pairs;
use proxy_wasm_harness::proxy::Transcript;
use proxy_wasm_harness::proxy::transcript::{Kind, Party, What, show_bytes};
use proxy_wasm_harness::state::{Duration, Instant, show};

/// One exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// When the client began to send.
    pub(crate) at: Instant,
    /// Method and path.
    pub(crate) request: String,
    /// What the client received.
    pub(crate) answer: Answer,
    /// Who answered in the upstream's place: a plugin, or `the proxy`.
    pub(crate) by: Option<String>,
    /// Time until the answer, or until nothing was left to wait for.
    pub(crate) after: Duration,
    stream: usize,
}

/// What a client received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing, and the exchange was still open when the scenario ended.
    Nothing,
    /// Nothing, and nothing was left that could have brought it.
    Stalled,
    /// The stream was cut before a response.
    Reset,
    /// The head of a response with this status.
    Status(u16),
    /// The same, and then the stream was cut.
    Cut(u16),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing yet"),
            Self::Stalled => f.write_str("nothing, stalled"),
            Self::Reset => f.write_str("a reset"),
            Self::Status(status) => write!(f, "{status}"),
            Self::Cut(status) => write!(f, "{status}, cut off"),
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.request, self.answer)?;
        if let Some(by) = &self.by {
            write!(f, " by {by}")?;
        }
        if !self.after.is_zero() {
            write!(f, " after {}", show(self.after))?;
        }
        Ok(())
    }
}

/// The exchanges of a transcript, in the order in which they began.
pub(crate) fn exchanges(transcript: &Transcript) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = Vec::new();
    for event in transcript.events() {
        let (stream, what) = match event.kind {
            Kind::Message { stream, party, what, data } => (stream.0, Seen::Message(party, what, data)),
            Kind::LocalResponse { stream, plugin, .. } => (stream.0, Seen::Local(plugin)),
            Kind::Stalled { stream } => (stream.0, Seen::Stalled),
            _ => continue,
        };
        if let Seen::Message(Party::ClientSends, What::Head { .. }, data) = what {
            let head = transcript.bytes(data);
            let target = match field(head, b":path") {
                path if path.is_empty() => field(head, b":authority"),
                path => path,
            };
            let request = format!("{} {target}", field(head, b":method"));
            all.push(Exchange {
                at: event.at,
                request,
                answer: Answer::Nothing,
                by: None,
                after: Duration::ZERO,
                stream,
            });
            continue;
        }
        if let Some(exchange) = all.iter_mut().rev().find(|exchange| exchange.stream == stream) {
            exchange.see(transcript, event.at, what);
        }
    }
    all
}

/// What an event says about an exchange.
enum Seen {
    Message(Party, What, proxy_wasm_harness::proxy::transcript::Text),
    Local(proxy_wasm_harness::proxy::transcript::Text),
    Stalled,
}

impl Exchange {
    fn see(&mut self, transcript: &Transcript, at: Instant, what: Seen) {
        let open = self.answer == Answer::Nothing;
        match what {
            Seen::Local(plugin) if open && self.by.is_none() => {
                let name = show_bytes(transcript.bytes(plugin));
                self.by = Some(if name.is_empty() { "the proxy".to_owned() } else { name });
            }
            Seen::Message(Party::ClientReceives, What::Head { .. }, data) if open => {
                let status = field(transcript.bytes(data), b":status").parse().unwrap_or(0);
                self.answered(at, Answer::Status(status));
            }
            Seen::Message(Party::ClientReceives, What::Reset, _) => match self.answer {
                Answer::Status(status) => self.answer = Answer::Cut(status),
                Answer::Nothing => self.answered(at, Answer::Reset),
                _ => {}
            },
            Seen::Stalled if open => self.answered(at, Answer::Stalled),
            _ => {}
        }
    }

    fn answered(&mut self, at: Instant, answer: Answer) {
        self.answer = answer;
        self.after = at - self.at;
    }
}

/// A field of a serialized head.
fn field(head: &[u8], name: &[u8]) -> String {
    let Ok(mut pairs) = Pairs::parse(head) else { return String::new() };
    pairs.find(|(key, _)| *key == name).map(|(_, value)| show_bytes(value)).unwrap_or_default()
}

/// The exchanges as lines with their times; long runs of equal ones are folded.
pub(crate) fn lines(exchanges: &[Exchange]) -> Vec<(String, String)> {
    /// Runs longer than this are folded to their first and their last.
    const WHOLE: usize = 4;
    let mut lines = Vec::new();
    let same = |a: &Exchange, b: &Exchange| a.to_string() == b.to_string();
    for run in exchanges.chunk_by(same) {
        let line = |one: &Exchange| (one.at.to_string(), one.to_string());
        match run {
            [first, middle @ .., last] if run.len() > WHOLE => {
                lines.push(line(first));
                lines.push((String::new(), format!("... {} more like it", middle.len())));
                lines.push(line(last));
            }
            _ => lines.extend(run.iter().map(line)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(millis: u64, answer: Answer, by: Option<&str>) -> Exchange {
        Exchange {
            at: Instant::from_nanos(millis * 1_000_000),
            request: "GET /".to_owned(),
            answer,
            by: by.map(str::to_owned),
            after: Duration::ZERO,
            stream: 0,
        }
    }

    #[test]
    fn a_line_says_who_answered_unless_it_was_the_upstream() {
        assert_eq!(exchange(0, Answer::Status(200), None).to_string(), "GET / -> 200");
        assert_eq!(exchange(0, Answer::Status(403), Some("limiter")).to_string(), "GET / -> 403 by limiter");
        let late = Exchange { after: Duration::from_secs(15), ..exchange(0, Answer::Stalled, None) };
        assert_eq!(late.to_string(), "GET / -> nothing, stalled after 15s");
    }

    #[test]
    fn long_runs_are_folded() {
        let mut all: Vec<_> = (0..6).map(|at| exchange(at, Answer::Status(200), None)).collect();
        all.push(exchange(9, Answer::Status(403), Some("limiter")));
        let lines: Vec<_> = lines(&all).into_iter().map(|(at, line)| format!("{at}: {line}")).collect();
        assert_eq!(
            lines,
            ["0s: GET / -> 200", ": ... 4 more like it", "5ms: GET / -> 200", "9ms: GET / -> 403 by limiter"]
        );
    }
}
