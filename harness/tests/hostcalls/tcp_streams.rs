//! TCP connections: order of callbacks, held data, ends from either side.
//! Covers the rows under 13 of `suites/tests/fact_sheets/hostcalls.toml`.

use proxy_wasm_harness::host::{Builder, Host, Peer};
use proxy_wasm_harness::proxy::{ClosedBy, StreamId};
use proxy_wasm_harness::state::{Answer, Duration, Failure};

use crate::call_patterns::{callbacks, probe};
use crate::probe::{N, O, Probe, T, alone};

use Peer::{Client, Upstream};

fn tcp(name: &str) -> Builder {
    probe(&format!("tcp_streams/{name}.wat"))
}

/// A chain of two probes, `probe` first.
fn chain(first: &str, second: &str) -> Host {
    use proxy_wasm_harness::vm::{LoadOptions, Plugin};
    let path = |name: &str| {
        format!("{}/../plugins-under-test/probes/tcp_streams/{name}.wat", env!("CARGO_MANIFEST_DIR"))
    };
    let plugin = |name: &str| Plugin::from_file(path(name), &LoadOptions::default()).unwrap();
    let builder = Host::builder().plugin(plugin(first).named("probe"));
    builder.plugin(plugin(second).named("second").vm_id("second")).build().unwrap()
}

/// Plays a script: `c:bytes`, `s:bytes`, `cf`, `sf` (ends), `c!bytes` (bytes with the end), `cr`, `sr` (resets).
fn play(host: &mut Host, script: &str) -> StreamId {
    let stream = host.connect();
    for step in script.split_whitespace() {
        let peer = if step.starts_with('c') { Client } else { Upstream };
        match &step[1..2] {
            ":" => host.data(stream, peer, &step.as_bytes()[2..], false).unwrap(),
            "!" => host.data(stream, peer, &step.as_bytes()[2..], true).unwrap(),
            "f" => host.close(stream, peer).unwrap(),
            "r" => host.reset(stream, peer),
            other => panic!("{other}"),
        }
    }
    stream
}

/// Callbacks with their numbers, without names and context: `dd 5 0`.
fn short(host: &Host) -> String {
    let names = [
        ("context_create", "create"),
        ("new_connection", "conn"),
        ("downstream_data", "dd"),
        ("upstream_data", "ud"),
        ("downstream_connection_close", "dc"),
        ("upstream_connection_close", "uc"),
        ("done", "done"),
        ("log", "log"),
        ("delete", "delete"),
    ];
    let calls = callbacks(host, "proxy_on_").into_iter();
    let calls = calls.filter_map(|call| {
        let (name, args) = call.strip_prefix("proxy_on_")?.split_once('(')?;
        let short = names.iter().find(|(long, _)| *long == name)?.1;
        let args = args.trim_end_matches(')').split(", ").skip(1);
        let numbers: Vec<&str> = args.map(|arg| arg.rsplit('=').next().unwrap_or(arg)).collect();
        Some([short].into_iter().chain(numbers).collect::<Vec<_>>().join(" "))
    });
    calls.skip_while(|call| call != "conn").collect::<Vec<_>>().join(", ")
}

#[test]
fn callbacks_come_in_envoys_order() {
    for (script, want, closed) in [
        (
            "c:hello s:world cf sf",
            "conn, dd 5 0, ud 5 0, dd 0 1, ud 0 1, uc Unknown, dc Local, done, log, delete",
            Some(ClosedBy::Server),
        ),
        (
            "c:hello sf cf",
            "conn, dd 5 0, ud 0 1, uc Unknown, dd 0 1, dc Remote, done, log, delete",
            Some(ClosedBy::Client),
        ),
        ("cf sf", "conn, dd 0 1, ud 0 1, uc Unknown, dc Local, done, log, delete", Some(ClosedBy::Server)),
        (
            "c!hi s!ho",
            "conn, dd 2 1, ud 2 1, uc Unknown, dc Local, done, log, delete",
            Some(ClosedBy::Server),
        ),
        ("cr", "conn, dc Remote, done, log, delete", Some(ClosedBy::Client)),
        ("sr", "conn, dc Local, done, log, delete", Some(ClosedBy::Server)),
        ("c:a cf", "conn, dd 1 0, dd 0 1", None),
        (
            "cf c:late cf sf s:late sr",
            "conn, dd 0 1, ud 0 1, uc Unknown, dc Local, done, log, delete",
            Some(ClosedBy::Server),
        ),
    ] {
        let mut host = tcp("observe").build().unwrap();
        let stream = play(&mut host, script);
        assert_eq!(short(&host), want, "{script}\n{}", host.transcript().abi());
        assert_eq!(host.connection(stream).closed, closed, "{script}");
    }
}

#[test]
fn a_server_that_refuses_closes_the_connection() {
    let mut host = tcp("observe").upstream(Answer::fail(Failure::Refused)).build().unwrap();
    let stream = play(&mut host, "c:hello");
    assert_eq!(short(&host), "conn, dc Local, done, log, delete");
    assert_eq!(host.connection(stream).closed, Some(ClosedBy::Server));
    assert_eq!(host.connection(stream).to_upstream, b"");
}

#[test]
fn bytes_pass_both_ways() {
    let mut host = tcp("observe").build().unwrap();
    let stream = play(&mut host, "c:one s:two c!three");
    let connection = host.connection(stream);
    assert_eq!((&connection.to_upstream[..], connection.upstream_ended), (&b"onethree"[..], true));
    assert_eq!((&connection.to_client[..], connection.client_ended), (&b"two"[..], false));
    let text = host.transcript().http();
    for line in [
        "[0s] #1 client connects",
        "[0s] #1 server accepts",
        "[0s] #1 client sends 3 bytes: one",
        "[0s] #1 upstream receives 3 bytes: one",
        "[0s] #1 upstream receives the end",
        "== data #1 from client: three (end: true)",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
}

#[test]
fn held_data_is_shown_with_what_follows() {
    let mut host = tcp("hold").build().unwrap();
    let stream = play(&mut host, "c:one c:two c:three s:1234 s:56 s:789");
    assert_eq!(short(&host), "conn, dd 3 0, dd 6 0, dd 11 0, ud 4 0, ud 6 0, ud 9 0");
    let connection = host.connection(stream);
    assert_eq!(
        (&connection.to_upstream[..], &connection.to_client[..]),
        (&b"onetwothree"[..], &b"123456789"[..])
    );
}

#[test]
fn continuing_passes_held_data_on_without_a_callback() {
    let mut host = tcp("hold").build().unwrap();
    let stream = play(&mut host, "c:one s:two");
    host.advance(Duration::from_secs(1));
    assert_eq!(short(&host), "conn, dd 3 0, ud 3 0");
    let connection = host.connection(stream);
    // Only the next piece can take along what is held of the server's.
    assert_eq!((&connection.to_upstream[..], &connection.to_client[..]), (&b"one"[..], &b""[..]));
    let text = host.transcript().abi();
    let tick = text.split_once("proxy_on_tick").unwrap().1;
    assert!(
        tick.contains("-> Ok \"one\"") && tick.contains("proxy_continue_stream(Upstream) -> Unimplemented"),
        "{tick}"
    );
    host.data(stream, Client, b"two", false).unwrap();
    assert!(host.transcript().abi().contains("proxy_on_downstream_data(2, data_size=3, end_of_stream=0)"));
}

#[test]
fn a_held_end_closes_nothing_until_the_other_side_ends() {
    // The client's end is held: the server's end closes the connection, and what was held is lost.
    let mut host = tcp("hold").build().unwrap();
    let stream = play(&mut host, "c:one cf s:12345678 sf");
    let order = short(&host);
    assert!(order.starts_with("conn, dd 3 0, dd 3 1, ud 8 0, ud 0 1, uc Unknown"), "{order}");
    assert_eq!(host.connection(stream).closed, None, "the server's end has no eight bytes");
    host.advance(Duration::from_secs(1));
    assert_eq!(
        host.connection(stream).closed,
        Some(ClosedBy::Client),
        "the client's end goes on, both are through"
    );
    // The server's end is held: the client's end closes it.
    let mut host = tcp("hold").build().unwrap();
    let stream = play(&mut host, "s:one sf c!12345678");
    assert_eq!(short(&host), "conn, ud 3 0, ud 3 1, uc Unknown, dd 8 1, dc Local");
    let connection = host.connection(stream);
    assert_eq!((connection.closed, &connection.to_client[..]), (Some(ClosedBy::Client), &b""[..]));
}

#[test]
fn a_paused_connection_reaches_the_server_when_it_is_continued() {
    let mut host = tcp("gate").build().unwrap();
    let stream = play(&mut host, "c:one cf");
    assert_eq!(short(&host), "conn");
    let why = host.data(stream, Upstream, b"x", false).unwrap_err();
    assert_eq!(
        why,
        "the connection has not reached the server: plugin probe paused it in proxy_on_new_connection"
    );
    host.advance(Duration::from_secs(1));
    assert_eq!(short(&host), "conn, dd 3 1");
    assert!(host.transcript().http().contains("[1s] #1 server accepts"));
    // A client that goes away meanwhile is noticed then.
    let mut host = tcp("gate").build().unwrap();
    let stream = play(&mut host, "cr");
    assert_eq!((short(&host), host.connection(stream).closed), ("conn".to_owned(), None));
    host.advance(Duration::from_secs(1));
    assert_eq!(short(&host), "conn, dc Remote");
}

#[test]
fn two_plugins_share_what_is_held() {
    let mut host = chain("observe", "hold");
    let stream = play(&mut host, "c:one c:twothree s:12345678 cf sf");
    assert_eq!(short(&host), "conn, dd 3 0, dd 11 0, ud 8 0, dd 0 1");
    assert_eq!(host.connection(stream).to_upstream, b"onetwothree");
    // Upstream data meets the last plugin first.
    let text = host.transcript().abi();
    let order: Vec<&str> =
        text.lines().filter(|line| line.contains("proxy_on_upstream_data(2, data_size=8")).collect();
    assert!(order[0].contains("second") && order[1].contains("probe"), "{order:?}");
}

#[test]
fn an_end_that_is_continued_twice_is_seen_twice() {
    let mut host = chain("again", "observe");
    play(&mut host, "c:one cf");
    let text = host.transcript().abi();
    let ends = text.matches("second proxy_on_downstream_data(2, data_size=0, end_of_stream=1)").count();
    assert_eq!((ends, text.matches("data_size=3").count()), (2, 1 + 1));
}

#[test]
fn closing_ends_the_connection_whichever_way_it_names() {
    for way in [2, 3] {
        let mut host = Probe::on_start("proxy_on_downstream_data")
            .call("proxy_close_stream", &[N(way)], "Ok")
            .call("proxy_close_stream", &[N(way)], "Ok")
            .on("proxy_on_downstream_connection_close")
            .call("proxy_close_stream", &[N(way)], "Ok")
            .call("proxy_continue_stream", &[N(2)], "Ok")
            .on("proxy_on_log")
            .call("proxy_close_stream", &[N(way)], "Ok")
            .run(alone, |host| {
                play(host, "c:one s:x");
            });
        assert_eq!(short(&host), "");
        let stream = play(&mut host, "c:one");
        let connection = host.connection(stream);
        assert_eq!((connection.closed, &connection.to_upstream[..]), (Some(ClosedBy::Proxy), &b""[..]));
    }
}

#[test]
fn what_a_connection_can_ask() {
    let bytes = "proxy_get_buffer_bytes";
    let set = "proxy_set_buffer_bytes";
    let host = Probe::on_start("proxy_on_new_connection")
        .call(bytes, &[N(2), N(0), N(100), O(0), O(1)], "Ok \"\"")
        .call(set, &[N(2), N(0), N(0), T(b"x")], "BadArgument")
        .call("proxy_continue_stream", &[N(2)], "Ok")
        .call("proxy_continue_stream", &[N(3)], "Unimplemented")
        .call("proxy_close_stream", &[N(4)], "BadArgument")
        .call("proxy_get_header_map_pairs", &[N(0), O(0), O(1)], "Ok \"\"")
        .call("proxy_get_header_map_size", &[N(0), O(0)], "BadArgument")
        .call("proxy_get_header_map_value", &[N(0), T(b"x"), O(0), O(1)], "BadArgument")
        .on("proxy_on_downstream_data")
        .call(bytes, &[N(2), N(0), N(100), O(0), O(1)], "Ok \"hello\"")
        .call(bytes, &[N(3), N(0), N(100), O(0), O(1)], "Ok \"\"")
        .call(set, &[N(3), N(0), N(0), T(b"x")], "BadArgument")
        .call(set, &[N(2), N(0), N(0), T(b"P")], "Ok")
        .call(set, &[N(2), N(1), N(0), T(b"x")], "BadArgument")
        .call(set, &[N(2), N(6), N(0), T(b"!")], "Ok")
        .call("proxy_get_buffer_status", &[N(2), O(0), O(1)], "Ok 7 0")
        .call("proxy_close_stream", &[N(0)], "Ok")
        .call("proxy_send_local_response", &[N(403), T(b""), T(b"no"), T(b""), N(-1)], "Ok")
        .on("proxy_on_upstream_data")
        .call(set, &[N(3), N(0), N(1000), T(b"R")], "Ok")
        .call(bytes, &[N(2), N(0), N(100), O(0), O(1)], "Ok \"\"")
        .run(alone, |host| {
            let stream = play(host, "c:hello s:world");
            let connection = host.connection(stream);
            assert_eq!(
                (&connection.to_upstream[..], &connection.to_client[..]),
                (&b"Phello!"[..], &b"R"[..])
            );
        });
    assert_eq!(host.findings(), []);
}

#[test]
fn a_trap_closes_the_connection_and_those_after_it() {
    let mut host = chain("trap", "observe");
    let stream = play(&mut host, "c:one");
    assert_eq!(host.connection(stream).closed, Some(ClosedBy::Proxy));
    assert!(
        host.transcript().abi().contains("second proxy_on_downstream_connection_close(2, peer_type=Local)")
    );
    assert_eq!(short(&host), "conn, dd 3 0", "no callback for the plugin that trapped");
    let next = play(&mut host, "c:two");
    assert_eq!(host.connection(next).closed, Some(ClosedBy::Proxy));
    assert!(!host.transcript().http().contains("#2 server accepts"));
    host.allow("trap");
}

/// As Envoy 1.40 answered the same questions about a connection of the same kind.
#[test]
fn a_connection_has_properties_and_keeps_what_is_set() {
    const GET: &str = "proxy_get_property";
    let number = |number: u64| format!("Ok \"{}\"", number.to_le_bytes().escape_ascii());
    let text = |text: &str| format!("Ok \"{text}\"");
    let (none, null, empty) = ("NotFound".to_owned(), "SerializationFailure".to_owned(), text(""));
    let no_pairs = r#"Ok "\x00\x00\x00\x00""#.to_owned();
    let ask = |mut probe: Probe, callback: &'static str, wanted: &[(&str, &String)]| {
        probe = probe.on(callback);
        for (path, want) in wanted {
            probe = probe.call(GET, &[T(path.replace('.', "\0").as_bytes()), O(0), O(1)], want);
        }
        probe
    };
    let always = [
        ("request.time", &number(1_704_067_200_000_000_000)),
        ("response.flags", &number(0)),
        ("response.code", &none),
        ("response.code_details", &none),
        ("response.grpc_status", &none),
        ("request.protocol", &none),
        ("request.path", &none),
        ("request.duration", &none),
        ("request.headers", &no_pairs),
        ("response.trailers", &no_pairs),
        ("request", &null),
        ("upstream", &null),
        ("filter_state", &null),
        ("source.address", &text("127.0.0.1:40000")),
        ("source.port", &number(40_000)),
        ("destination.port", &number(10_000)),
        ("connection.id", &number(0)),
        ("connection_id", &number(0)),
        ("connection.mtls", &text(r"\x00")),
        ("connection.requested_server_name", &empty),
        ("upstream.transport_failure_reason", &empty),
        ("xds.route_name", &none),
        ("xds.virtual_host_name", &none),
        ("xds.route_metadata", &none),
        ("xds.filter_chain_name", &empty),
        ("xds.listener_direction", &number(0)),
        ("xds.listener_metadata", &empty),
        ("metadata", &empty),
        ("metadata.filter_metadata", &no_pairs),
        ("plugin_name", &text("probe")),
    ];
    let before = [
        ("request.size", &number(0)),
        ("upstream.address", &none),
        ("upstream.num_endpoints", &none),
        ("upstream.request_attempt_count", &number(0)),
        ("xds.cluster_name", &none),
        ("xds.cluster_metadata", &none),
        ("xds.upstream_host_metadata", &none),
    ];
    let connected = [
        ("request.size", &number(5)),
        ("request.total_size", &number(5)),
        ("upstream.address", &text("127.0.0.1:8080")),
        ("upstream.local_address", &text("127.0.0.1:41000")),
        ("upstream.num_endpoints", &number(1)),
        ("upstream.request_attempt_count", &number(1)),
        ("xds.cluster_name", &text("upstream")),
        ("xds.cluster_metadata", &empty),
        ("xds.upstream_host_metadata", &null),
    ];
    let set =
        Probe::on_start("proxy_on_new_connection").call("proxy_set_property", &[T(b"p"), T(b"v")], "Ok");
    let probe = ask(set, "proxy_on_new_connection", &before);
    let probe = ask(probe, "proxy_on_downstream_data", &connected);
    let probe = ask(probe, "proxy_on_upstream_data", &[("response.size", &number(0))]);
    let probe =
        ask(probe, "proxy_on_log", &[("response.size", &number(3)), ("response.total_size", &number(3))]);
    let callbacks =
        ["proxy_on_new_connection", "proxy_on_downstream_data", "proxy_on_upstream_data", "proxy_on_log"];
    let kept = [("p", &text("v")), ("p.x", &none), ("filter_state", &null)];
    let probe = callbacks
        .into_iter()
        .fold(probe, |probe, callback| ask(ask(probe, callback, &always), callback, &kept));
    probe.call(GET, &[T(b"filter_state\0wasm.p"), O(0), O(1)], &text("v")).run(alone, |host| {
        play(host, "c:hello s:yes cr");
    });
}
