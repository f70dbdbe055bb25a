//! The streams of a scenario: those with a name, and the latest.

use indexmap::IndexMap;

use crate::host::{Connection, Exchange, Host};
use crate::proxy::StreamId;
use crate::scenario::document::error::{ScenarioError, nearest};
use crate::scenario::{RunError, Span};

/// The streams that expectations can speak of.
#[derive(Default)]
pub(super) struct Streams {
    named: IndexMap<String, Named>,
    latest: Option<Latest>,
}

struct Named {
    stream: StreamId,
    /// As it was when somebody last asked; for good once the stream has ended.
    exchange: Option<Exchange>,
}

enum Latest {
    Sent(Box<Exchange>),
    Named(String),
}

impl Streams {
    /// A stream was opened by hand.
    pub(super) fn open(&mut self, name: &str, stream: StreamId) {
        self.named.insert(name.to_owned(), Named { stream, exchange: None });
        self.latest = Some(Latest::Named(name.to_owned()));
    }

    /// A request was sent and waited for.
    pub(super) fn sent(&mut self, exchange: Exchange) {
        self.latest = Some(Latest::Sent(Box::new(exchange)));
    }

    /// The stream that a step names; it is the latest then.
    pub(super) fn by_name(&mut self, name: &str, span: &Span) -> Result<StreamId, RunError> {
        let Some(named) = self.named.get(name) else {
            let hint = nearest(name, self.named.keys().map(String::as_str));
            let message = format!("no step before this opens the stream `{name}`");
            return Err(ScenarioError::at(span, message).hint(hint).into());
        };
        self.latest = Some(Latest::Named(name.to_owned()));
        Ok(named.stream)
    }

    /// The stream called `name`, or the latest.
    pub(super) fn stream(&self, name: Option<&str>) -> Option<StreamId> {
        match (name, &self.latest) {
            (None, Some(Latest::Sent(exchange))) => Some(exchange.stream()),
            (Some(name), _) => self.named.get(name).map(|named| named.stream),
            (None, Some(Latest::Named(name))) => self.named.get(name).map(|named| named.stream),
            (None, None) => None,
        }
    }

    /// How much every connection has let through so far, to the server and to the client.
    pub(super) fn passed(&self, host: &Host) -> Vec<(StreamId, usize, usize)> {
        let connections = self.named.values().filter(|named| host.is_connection(named.stream));
        connections
            .map(|Named { stream, .. }| {
                let connection = host.connection(*stream);
                (*stream, connection.to_upstream.len(), connection.to_client.len())
            })
            .collect()
    }

    /// The connection called `name`, or the latest, with what it has let through since `before`.
    pub(super) fn connection(
        &self,
        host: &Host,
        name: Option<&str>,
        before: &[(StreamId, usize, usize)],
    ) -> Option<Connection> {
        let name = match (name, &self.latest) {
            (Some(name), _) => name,
            (None, Some(Latest::Named(name))) => name,
            _ => return None,
        };
        let stream = self.named.get(name)?.stream;
        let mut connection = host.is_connection(stream).then(|| host.connection(stream))?;
        if let Some((_, up, down)) = before.iter().find(|(known, ..)| *known == stream) {
            connection.to_upstream.drain(..up);
            connection.to_client.drain(..down);
        }
        Some(connection)
    }

    /// The exchange of the stream called `name`, or of the latest stream, as far as it has come.
    pub(super) fn exchange(&mut self, host: &mut Host, name: Option<&str>) -> Option<&Exchange> {
        let name = match (name, &self.latest) {
            (Some(name), _) => name,
            (None, Some(Latest::Named(name))) => name,
            (None, Some(Latest::Sent(exchange))) => return Some(exchange),
            (None, None) => return None,
        };
        let named = self.named.get_mut(name).filter(|named| !host.is_connection(named.stream))?;
        // An ended stream is handed over once, and kept here from then on.
        if host.has_stream(named.stream) || named.exchange.is_none() {
            named.exchange = Some(host.look_at(named.stream));
        }
        named.exchange.as_ref()
    }
}
