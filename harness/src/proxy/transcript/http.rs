//! The `http` view: what client and upstream sent and received, and when the clock moved.

use std::fmt::Write as _;

use super::event::{CallSide, Kind, Moved, Party, TcpEvent, What};
use super::text::show_bytes;
use super::{Event, Transcript};
use crate::abi::Pairs;
use crate::proxy::ClosedBy;
use crate::state::{Duration, show};

impl Transcript {
    /// The exchanges as the network saw them, from event `mark` on.
    #[must_use]
    pub fn http_since(&self, mark: usize) -> String {
        let mut out = String::new();
        for event in &self.events()[mark.min(self.events().len())..] {
            self.http_event(&mut out, event);
        }
        out
    }

    /// The exchanges as the network saw them.
    #[must_use]
    pub fn http(&self) -> String {
        self.http_since(0)
    }

    /// Writes `event` when it belongs to the view.
    pub(super) fn http_event(&self, out: &mut String, event: &Event) {
        let _ = match event.kind {
            Kind::Step { text } => writeln!(out, "== {}", show_bytes(self.bytes(text))),
            Kind::Clock { from, why } => {
                let why = match why {
                    Moved::Advance => "advance",
                    Moved::Waiting => "waiting for the exchange",
                    Moved::Every => "every",
                };
                writeln!(out, "[{}] clock +{} ({why})", event.at, show(event.at - from))
            }
            Kind::RealtimeSet { to } => writeln!(out, "[{}] realtime clock set to {to} ns", event.at),
            Kind::Message { stream, party, what, data } => {
                let _ = write!(out, "[{}] #{} {}", event.at, stream.0 + 1, party.words());
                self.part(out, what, self.bytes(data));
                Ok(())
            }
            Kind::Call { plugin, cluster, id, called, side, what, data } => {
                let names = (show_bytes(self.bytes(plugin)), show_bytes(self.bytes(cluster)));
                let _ = write!(out, "[{}] {}", event.at, side.words(names, id, event.at - called));
                match side {
                    CallSide::TimedOut | CallSide::Cancels => out.push('\n'),
                    _ => self.part(out, what, self.bytes(data)),
                }
                Ok(())
            }
            Kind::Tcp { stream, event: what } => {
                writeln!(out, "[{}] #{} {}", event.at, stream.0 + 1, what.words())
            }
            Kind::LocalResponse { stream, plugin, status, details } => {
                let who = match self.bytes(plugin) {
                    b"" => "proxy".to_owned(),
                    name => show_bytes(name),
                };
                let details = match self.bytes(details) {
                    b"" => String::new(),
                    details => format!(" ({})", show_bytes(details)),
                };
                writeln!(out, "[{}] #{} {who} answers {status} itself{details}", event.at, stream.0 + 1)
            }
            Kind::Stalled { stream } => writeln!(out, "[{}] #{} stalled", event.at, stream.0 + 1),
            _ => Ok(()),
        };
    }

    fn part(&self, out: &mut String, what: What, data: &[u8]) {
        let _ = match what {
            What::Head { end_stream } => {
                self.head(out, data);
                if end_stream { Ok(()) } else { writeln!(out, "    ...") }
            }
            What::Data { end_stream } => writeln!(
                out,
                " {} byte{}{}: {}",
                data.len(),
                if data.len() == 1 { "" } else { "s" },
                if end_stream { ", the last" } else { "" },
                show_bytes(data)
            ),
            What::Metadata => {
                let _ = writeln!(out, " METADATA");
                self.fields(out, data, |_| true);
                Ok(())
            }
            What::Trailers => {
                let _ = writeln!(out, " trailers");
                self.fields(out, data, |_| true);
                Ok(())
            }
            What::End => writeln!(out, " the end"),
            What::Reset => match data {
                b"" => writeln!(out, " a reset"),
                words => writeln!(out, " a reset: {}", show_bytes(words)),
            },
        };
    }

    /// The first line in the words of HTTP, then the fields.
    fn head(&self, out: &mut String, data: &[u8]) {
        let Ok(pairs) = Pairs::parse(data) else { return };
        let find =
            |name: &[u8]| pairs.clone().find(|(key, _)| *key == name).map(|(_, value)| show_bytes(value));
        let _ = match (find(b":status"), find(b":method")) {
            (Some(status), _) => writeln!(out, " {status}"),
            (None, method) => writeln!(
                out,
                " {} {}{}{}",
                method.unwrap_or_default(),
                find(b":scheme").map(|scheme| scheme + "://").unwrap_or_default(),
                find(b":authority").unwrap_or_default(),
                find(b":path").unwrap_or_default()
            ),
        };
        self.fields(out, data, |name| !name.starts_with(b":"));
    }

    fn fields(&self, out: &mut String, data: &[u8], shown: impl Fn(&[u8]) -> bool) {
        let Ok(pairs) = Pairs::parse(data) else { return };
        for (name, value) in pairs.filter(|(name, _)| shown(name)) {
            let _ = writeln!(out, "    {}: {}", show_bytes(name), show_bytes(value));
        }
    }
}

impl TcpEvent {
    fn words(self) -> &'static str {
        match self {
            Self::Connects => "client connects",
            Self::Accepted => "server accepts",
            Self::Refused => "server refuses",
            Self::Closed(ClosedBy::Client) => "closed by the client",
            Self::Closed(ClosedBy::Server) => "closed by the server",
            Self::Closed(ClosedBy::Proxy) => "closed by the proxy",
        }
    }
}

impl CallSide {
    fn words(self, (plugin, cluster): (String, String), id: u32, after: Duration) -> String {
        match self {
            Self::Calls => format!("{plugin} calls cluster {cluster} ({id}):"),
            Self::Sends => format!("{plugin} sends to {cluster} ({id}):"),
            Self::Answers => format!("{cluster} answers {plugin} ({id}) after {}:", show(after)),
            Self::TimedOut => format!("{plugin}'s call to {cluster} ({id}) timed out after {}", show(after)),
            Self::Cancels => format!("{plugin} cancels its call to {cluster} ({id})"),
        }
    }
}

impl Party {
    fn words(self) -> &'static str {
        match self {
            Self::ClientSends => "client sends",
            Self::UpstreamReceives => "upstream receives",
            Self::UpstreamSends => "upstream sends",
            Self::ClientReceives => "client receives",
        }
    }
}
