//! A connection to the upstream that is open before a stream needs one: a request without plugins goes over it first.
//!
//! The mock's upstream is always connected. Where a stream is given up in the callback that lets it go, Envoy has written
//! its head only if that is so.

use std::time::{Duration, Instant};

use proxy_wasm_harness::state::{Answer, Protocol, Request};

use super::config::{UPSTREAM, WARM};
use super::error::ParityError;
use super::exchange::Exchange;
use super::peer::Peer;
use super::play::{Done, GRACE, Player};
use super::render::Ending;

/// What the request asks for that goes first.
const PATH: &str = "/before-the-scenario";

impl Player<'_> {
    /// Has Envoy open a connection to the upstream, which the next stream will use.
    pub(super) fn warm_up(&mut self) -> Done {
        self.refuse(UPSTREAM, false)?;
        let mut request = Request::get(PATH);
        let answer = Answer::status(204);
        request.respond = Some(if self.protocol == Protocol::Http2 { answer.http2() } else { answer });
        let client = Peer::client(self.connect_to(WARM)?, request.protocol);
        let client = client.map_err(ParityError::io("connecting to Envoy"))?;
        let answered = self.answered.clone();
        self.exchanges.push(Exchange::new(client, None, &request, false, Ending::Ends));
        let at = self.exchanges.len() - 1;
        let began = Instant::now();
        while !self.exchanges[at].over() {
            if began.elapsed() > GRACE {
                return Err(self.stage.process.late("open a connection to the upstream", GRACE));
            }
            if !self.quiet()? {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        // It is no stream of the scenario.
        self.answered = answered;
        let first = self.exchanges.pop();
        if let Some(mut peer) = first.and_then(|mut exchange| exchange.upstream.pop()) {
            peer.next_message();
            self.arriving.push(peer);
        }
        Ok(())
    }
}
