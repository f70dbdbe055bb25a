//! What one list is run through: exchanges whole and broken off, a connection, time.

use proxy_wasm_harness::host::{Host, Peer};
use proxy_wasm_harness::proxy::transcript::Kind;
use proxy_wasm_harness::proxy::{Call, CallKind, Options};
use proxy_wasm_harness::state::{Answer, Chunk, Duration, GrpcAnswer, Request};
use proxy_wasm_harness::vm::Plugin;

/// Callback and hostcall of every call that the guest made.
type Made = Vec<(&'static str, &'static str)>;

/// Runs a list, and answers what was called. A trap is an error: the guest has none of its own but for an answer that is
/// no answer.
pub(crate) fn run(plugin: &Plugin, list: &[u8]) -> Result<Made, String> {
    let options = Options { allow_metadata: true, ..Options::default() };
    let setup = plugin.clone().config("configuration").vm_config(list.to_vec()).env("NAME", "value");
    let builder = Host::builder().plugin(setup).options(options).cluster("authz", answer).patience(ms(100));
    let mut host = builder.build().map_err(|error| format!("{error:?}"))?;
    let _ = host.send(Request::post("/").http2().body("body").trailers([("x-t", "1")]).respond(full()));
    host.advance(ms(20));
    let broken_off = host.open_unended(Request::post("/").http2());
    host.metadata(broken_off, Peer::Client, [("a", "1")]);
    // It waits for the head, which the list may have kept from coming about.
    host.metadata(broken_off, Peer::Upstream, [("a", "1")]);
    let later = Chunk { data: b"body".to_vec(), after: ms(1) };
    let _ = host.respond(broken_off, Answer::ok().http2().chunks([later]));
    host.abort(broken_off, Peer::Client);
    let connection = host.connect();
    for peer in [Peer::Client, Peer::Upstream] {
        // The guest may have closed it.
        let _ = host.data(connection, peer, b"data", false);
    }
    for peer in [Peer::Upstream, Peer::Client] {
        let _ = host.close(connection, peer);
    }
    host.advance(ms(20));
    let _ = host.send(Request::get("/"));
    let traps: Vec<_> = host.traps().iter().map(|trapped| format!("{:?}", trapped.trap)).collect();
    let ids: Vec<_> = host.findings().iter().map(|finding| finding.id.clone()).collect();
    for id in ids.into_iter().chain(["trap".to_owned(), "stall".to_owned()]) {
        host.allow(id);
    }
    if traps.is_empty() { Ok(made(&host)) } else { Err(traps.join("\n")) }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn full() -> Answer {
    Answer::ok().http2().body("body").trailers([("x-t", "1")])
}

fn answer(call: &Call) -> Answer {
    match call.kind {
        CallKind::Http => full().after(ms(1)),
        _ => Answer::grpc(GrpcAnswer { messages: vec![b"pong".to_vec()], ..GrpcAnswer::default() }),
    }
}

fn made(host: &Host) -> Made {
    let (mut open, mut made) = (Vec::new(), Vec::new());
    for event in host.transcript().events() {
        match event.kind {
            Kind::Callback { callback, .. } => open.push(callback.name()),
            Kind::Returned { .. } | Kind::Trap { .. } => drop(open.pop()),
            Kind::Hostcall { row, .. } => made.extend(open.last().map(|callback| (*callback, row.name))),
            _ => {}
        }
    }
    made
}
