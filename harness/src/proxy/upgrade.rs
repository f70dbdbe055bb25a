//! HTTP/1.1 upgrades and `CONNECT`: a connection that becomes one of another protocol, through the chain as a body without
//! an end.
//!
//! Envoy 1.40 (observed, for `websocket`): without an upgrade of that name in its configuration the answer is 403, before
//! any plugin sees the request. With one, `connection` and `upgrade` stay in the head, an empty piece of body follows it,
//! and after 101 both sides' bytes are pieces that never end, until a side closes. Another answer than 101 loses its body.
//!
//! `CONNECT` is an upgrade of that name (observed, for a route that passes it on to an upstream of HTTP/1.1). Its head has
//! no `:path`, and its authority is what it asks for, whatever `host` says; any status from 200 to 299 agrees, and any
//! other answer is one like all others.

use super::chain::Drive;
use super::client::End;
use super::guest::Guest;
use super::ids::{Direction, StreamId};
use super::reply::LocalReply;
use super::transcript::{Party, What};
use crate::state::{Protocol, Request, names, number};

/// How a request asks for another protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// By its fields `connection` and `upgrade`.
    Fields,
    /// By its method.
    Connect,
}

impl Upgrade {
    /// Whether a status agrees.
    pub(super) fn agrees(self, status: u16) -> bool {
        match self {
            Self::Fields => status == 101,
            Self::Connect => (200..300).contains(&status),
        }
    }
}

/// Whether a request is a `CONNECT` of HTTP/1.1.
pub(super) fn connects(request: &Request) -> bool {
    request.protocol == Protocol::Http1 && request.method == b"CONNECT"
}

/// Whether a `CONNECT` names a host and a port, as it must.
pub(super) fn has_port(authority: &[u8]) -> bool {
    let colon = authority.iter().rposition(|byte| *byte == b':');
    colon.is_some_and(|at| {
        at > 0 && at + 1 < authority.len() && authority[at + 1..].iter().all(u8::is_ascii_digit)
    })
}

/// The protocol that a request asks to go over to, and how: its fields go before its method (Envoy 1.40, observed).
pub(super) fn asked(request: &Request) -> Option<(&[u8], Upgrade)> {
    let fields = asked_by_fields(request).map(|to| (to, Upgrade::Fields));
    fields.or_else(|| connects(request).then_some((b"CONNECT", Upgrade::Connect)))
}

/// HTTP/2 in clear text is not offered, and a request for it is one like any other (Envoy 1.40, observed).
fn asked_by_fields(request: &Request) -> Option<&[u8]> {
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
    /// Whether the head that goes to the client agrees: no field frames what follows.
    pub(super) fn agrees_to_upgrade(&self, id: StreamId) -> bool {
        let stream = self.proxy.stream(id);
        let Some(upgrade) = stream.upgrade else { return false };
        let headers = stream.half(Direction::Response).headers.as_ref();
        let status = headers.and_then(|fields| number(fields.get_known(names::STATUS)?));
        status.and_then(|status| u16::try_from(status).ok()).is_some_and(|status| upgrade.agrees(status))
    }

    /// Whether the upstream has agreed: what follows are bytes of the other protocol.
    pub(crate) fn upgraded(&self, id: StreamId) -> bool {
        let stream = self.proxy.stream(id);
        stream.upgrade.zip(stream.code).is_some_and(|(upgrade, code)| upgrade.agrees(code))
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
