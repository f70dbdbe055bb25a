//! HTTP/1.1 upgrades: a connection that becomes one of another protocol, through the chain as a body without an end.
//!
//! Envoy 1.40 (observed, for `websocket`): without an upgrade of that name in its configuration the answer is 403, before
//! any plugin sees the request. With one, `connection` and `upgrade` stay in the head, an empty piece of body follows it,
//! and after 101 both sides' bytes are pieces that never end, until a side closes. Another answer than 101 loses its body.

use super::chain::Drive;
use super::client::End;
use super::guest::Guest;
use super::ids::{Direction, StreamId};
use super::reply::LocalReply;
use super::transcript::{Party, What};
use crate::state::{Protocol, Request};

/// The protocol that a request asks to go over to. HTTP/2 in clear text is not offered, and such a request is one like any
/// other (Envoy 1.40, observed).
pub(super) fn asked(request: &Request) -> Option<&[u8]> {
    let values = |name: &'static [u8]| {
        request.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let options = values(b"connection").flat_map(|value| value.split(|byte| *byte == b','));
    let named = options.into_iter().any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
    let to = values(b"upgrade").next()?.trim_ascii();
    (request.protocol == Protocol::Http1 && named && !to.eq_ignore_ascii_case(b"h2c")).then_some(to)
}

/// The answer to an upgrade that the proxy does not know.
pub(super) fn refused() -> LocalReply {
    LocalReply::own(403, "", "upgrade_failed")
}

impl<G: Guest> Drive<'_, G> {
    /// Whether the upstream has agreed: what follows are bytes of the other protocol.
    pub(crate) fn upgraded(&self, id: StreamId) -> bool {
        let stream = self.proxy.stream(id);
        stream.upgrade && stream.code == Some(101)
    }

    /// The upstream closes a connection that is upgraded: an empty piece shows it, then the stream is over.
    pub(crate) fn upgraded_ends(&mut self, id: StreamId) {
        self.piece(id, Direction::Response, Vec::new(), false);
        if self.stream(id).ended {
            return;
        }
        let now = self.proxy.clock.now();
        self.proxy.record_part(id, Party::ClientReceives, What::End, b"");
        let received = &mut self.stream(id).client.received;
        received.end = End::Complete;
        received.ended_at = Some(now);
        self.end_stream(id);
    }
}
