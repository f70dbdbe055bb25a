//! What is done with every probe: an exchange with all that an exchange can have, or a connection; and time goes by.

use proxy_wasm_harness::host::{Host, Peer};
use proxy_wasm_harness::proxy::{Call, CallKind, Options};
use proxy_wasm_harness::state::{Answer, Chunk, Duration, GrpcAnswer, Request};
use proxy_wasm_harness::vm::Plugin;

/// Starts the plugin and drives it to the end.
pub(crate) fn run(plugin: Plugin, text: &str) -> Host {
    let grpc = |call: &Call| match call.kind {
        CallKind::Http => Answer::status(500),
        _ => Answer::grpc(GrpcAnswer { messages: vec![b"pong".to_vec()], ..GrpcAnswer::default() }),
    };
    let options = Options { allow_metadata: true, ..Options::default() };
    let setup =
        plugin.named("probe").config("configuration").vm_config("vm configuration").env("NAME", "value");
    let mut host = Host::builder()
        .plugin(setup)
        .options(options)
        .cluster("http", Answer::ok().body("body"))
        .cluster("grpc", grpc)
        .build()
        .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    host.allow("stall");
    if text.contains("proxy_on_new_connection") {
        connection(&mut host)
    } else {
        exchange(&mut host)
    }
    host.advance(Duration::from_secs(10));
    host
}

fn exchange(host: &mut Host) {
    let stream = host.open_unended(Request::post("http://example.com/").http2());
    host.metadata(stream, Peer::Client, [("a", "1"), ("b", "2")]);
    host.send_body(stream, b"body", false);
    host.send_trailers(stream, vec![(b"x-t".to_vec(), b"1".to_vec())]);
    let later = Chunk { data: b"body".to_vec(), after: Duration::from_millis(10) };
    let answer = Answer::ok().http2().chunks([later]).trailers([("x-t", "1")]);
    host.respond(stream, answer).expect("the request is at the upstream");
    host.metadata(stream, Peer::Upstream, [("a", "1")]);
}

fn connection(host: &mut Host) {
    let stream = host.connect();
    for peer in [Peer::Client, Peer::Upstream] {
        host.data(stream, peer, b"data", false).expect("an open connection");
    }
    for peer in [Peer::Upstream, Peer::Client] {
        host.close(stream, peer).expect("an open connection");
    }
}
