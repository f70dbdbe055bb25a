//! TCP connections: what was let through in the step, and who closed.

use super::Bench;
use crate::proxy::ClosedBy;
use crate::proxy::transcript::Kind;
use crate::scenario::{BodyMatcher, Closer, Expectations, Expected};

impl Bench<'_> {
    pub(super) fn tcp(&mut self, expect: &Expectations) {
        let closed = self.connection.and_then(|connection| connection.closed);
        self.bytes(expect.to_upstream.as_ref(), "to_upstream");
        self.bytes(expect.to_client.as_ref(), "to_client");
        let because = self.last_of_connection();
        let actual = closed.map_or("the connection lives", words);
        match &expect.closed {
            Some(Expected::Nothing(span)) if closed.is_some() => {
                self.fail(span, "closed", "none", actual).because = because;
            }
            Some(Expected::Just(closer)) if closed.map(by) != Some(*closer) => {
                self.fail(&expect.span, "closed", closer.word(), actual).because = because;
            }
            _ => {}
        }
    }

    fn bytes(&mut self, expected: Option<&BodyMatcher>, what: &str) {
        let (Some(expected), Some(connection)) = (expected, self.connection) else { return };
        let bytes = if what == "to_client" { &connection.to_client } else { &connection.to_upstream };
        let because = self.last_of_connection();
        self.body(expected, bytes, what, because);
    }

    /// What happened on connections in this stage, last.
    fn last_of_connection(&self) -> Vec<String> {
        const MOST: usize = 6;
        let events = self.host.transcript().events();
        let shown = |at: &usize| matches!(events[*at].kind, Kind::Tcp { .. } | Kind::Message { .. });
        let mut at: Vec<usize> = self.stage.events().rev().filter(shown).take(MOST).collect();
        at.reverse();
        self.lines(at)
    }
}

fn by(closed: ClosedBy) -> Closer {
    match closed {
        ClosedBy::Client => Closer::Client,
        ClosedBy::Server => Closer::Server,
        ClosedBy::Proxy => Closer::Proxy,
    }
}

fn words(closed: ClosedBy) -> &'static str {
    by(closed).word()
}
