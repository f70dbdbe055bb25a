//! Properties: what there is in which callback, and what plugins set. Phases and statuses are those that Envoy 1.40 gave
//! for the same exchanges.

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::state::{Answer, Duration, Failure, Request};

use crate::probe::{Far, FarText, N, O, Probe, T, alone};

const GET: &str = "proxy_get_property";
const SET: &str = "proxy_set_property";

/// Eight bytes, as a status shows them.
fn int(number: u64) -> String {
    bytes(&number.to_le_bytes())
}

fn bytes(bytes: &[u8]) -> String {
    format!("Ok \"{}\"", bytes.escape_ascii())
}

const NONE: &str = "NotFound";
const NULL: &str = "SerializationFailure";
const EMPTY: &str = "Ok \"\"";
const NO_PAIRS: &str = r#"Ok "\x00\x00\x00\x00""#;

/// The callbacks of an exchange with a body each way, in order, each with a letter.
const PHASES: [(&str, &str); 8] = [
    ("T", "proxy_on_configure"),
    ("C", "proxy_on_context_create"),
    ("H", "proxy_on_request_headers"),
    ("B", "proxy_on_request_body"),
    ("R", "proxy_on_response_headers"),
    ("S", "proxy_on_response_body"),
    ("L", "proxy_on_log"),
    ("D", "proxy_on_done"),
];

trait Ask {
    /// Asks for `path`, dots in place of NULs, in these phases, and wants this.
    fn ask(self, phases: &str, path: &str, want: &str) -> Self;
}

impl Ask for Probe {
    fn ask(mut self, phases: &str, path: &str, want: &str) -> Self {
        for (_, callback) in PHASES.iter().filter(|(letter, _)| phases.contains(letter)) {
            self = self.on(callback).call(GET, &[T(path.replace('.', "\0").as_bytes()), O(0), O(1)], want);
        }
        self
    }
}

fn probe() -> Probe {
    Probe::on_start("proxy_on_configure")
}

fn get(host: &mut Host) {
    let _ = host.send(Request::get("/"));
}

#[test]
fn a_request_is_known_while_its_headers_are() {
    let probe = probe()
        .ask("HL", "request.path", &bytes(b"/a/b?c=d&e"))
        .ask("HL", "request.path.", &bytes(b"/a/b?c=d&e"))
        .ask("HL", "request.url_path", &bytes(b"/a/b"))
        .ask("HL", "request.query", &bytes(b"c=d&e"))
        .ask("HL", "request.host", &bytes(b"example.com:81"))
        .ask("HL", "request.scheme", &bytes(b"http"))
        .ask("HL", "request.method", &bytes(b"POST"))
        .ask("HL", "request.referer", &bytes(b"me"))
        .ask("HL", "request.useragent", &bytes(b"curl"))
        .ask("HL", "request.id", &bytes(b"the-id"))
        .ask("HL", "request.headers.COOKIE", &bytes(b"a=1,b=2"))
        .ask("HL", "request.headers.:path", &bytes(b"/a/b?c=d&e"))
        .ask("HL", "request.headers.nope", NONE)
        .ask("CBSD", "request.headers", NO_PAIRS)
        .ask("T", "request.headers", NONE)
        .ask("T", "request", NONE)
        .ask("CHBRSL", "request", NULL)
        .ask("CHBRSL", "request.", NULL)
        .ask("CHBRSL", "request..path", NONE)
        .ask("CHBRSL", "request.path.x", NONE)
        .ask("CHBRSL", "request.nope", NONE)
        .ask("CHBRSL", "request.protocol", &bytes(b"HTTP/1.1"))
        .ask("CHBRSL", "request.time", &int(1_704_067_200_000_000_000))
        .ask("C", "request.size", &int(0))
        .ask("HBRSL", "request.size", &int(5))
        .ask("BRSD", "request.total_size", &int(5));
    let probe = ["path", "url_path", "query", "host", "scheme", "method", "referer", "useragent", "id"]
        .iter()
        .fold(probe, |probe, name| probe.ask("TCBRSD", &format!("request.{name}"), NONE));
    let probe = probe.ask("TCHBRS", "request.duration", NONE).ask("LD", "request.duration", &int(3_000_000));
    probe.run(
        |setup| alone(setup).upstream(Answer::ok().body("hello").after(Duration::from_millis(3))),
        |host| {
            let request = Request::post("http://example.com:81/a/b?c=d&e").body("hello");
            let request = request.header("cookie", "a=1").header("referer", "me").header("cookie", "b=2");
            let _ = host.send(request.header("user-agent", "curl").header("x-request-id", "the-id"));
        },
    );
}

#[test]
fn the_header_map_has_each_name_once() {
    let probe = Probe::on_start("proxy_on_request_headers")
        .call("proxy_remove_header_map_value", &[N(0), T(b"x-request-id")], "Ok")
        .call("proxy_remove_header_map_value", &[N(0), T(b":authority")], "Ok")
        .call("proxy_remove_header_map_value", &[N(0), T(b":scheme")], "Ok")
        .call("proxy_remove_header_map_value", &[N(0), T(b"x-forwarded-proto")], "Ok")
        .call("proxy_remove_header_map_value", &[N(0), T(b":method")], "Ok");
    let pairs = b"\x02\0\0\0\x05\0\0\0\x01\0\0\0\x01\0\0\0\x03\0\0\0:path\0/\0x\x001,2\0";
    probe.call(GET, &[T(b"request\0headers"), O(0), O(1)], &bytes(pairs)).run(alone, |host| {
        let _ = host.send(Request::get("/").header("x", "1").header("x", "2"));
    });
}

#[test]
fn a_response_is_known_once_it_has_begun() {
    let probe = probe()
        .ask("TCHB", "response.code", NONE)
        .ask("RSLD", "response.code", &int(201))
        .ask("TCHB", "response.code_details", NONE)
        .ask("RSLD", "response.code_details", &bytes(b"via_upstream"))
        .ask("CHBRSLD", "response.flags", &int(0))
        .ask("TCHB", "response.grpc_status", NONE)
        .ask("RSLD", "response.grpc_status", &int(2))
        .ask("RL", "response.headers.:status", &bytes(b"201"))
        .ask("TCHBSD", "response.headers.:status", NONE)
        .ask("CHBSD", "response.headers", NO_PAIRS)
        .ask("CHBRSLD", "response.trailers", NO_PAIRS)
        .ask("CHBR", "response.size", &int(0))
        .ask("LD", "response.size", &int(5))
        .ask("CHB", "response.total_size", &int(0))
        .ask("D", "response.total_size", &int(5))
        .ask("TCHBR", "response.backend_latency", NONE)
        .ask("LD", "response.backend_latency", &int(3_000_000))
        .ask("T", "response", NONE)
        .ask("CHBRSLD", "response", NULL)
        .ask("CHBRSLD", "response.nope", NONE);
    probe.run(
        |setup| alone(setup).upstream(Answer::status(201).body("hello").after(Duration::from_millis(3))),
        |host| {
            let _ = host.send(Request::post("/").body("hello"));
        },
    );
}

#[test]
fn the_code_is_the_upstreams_until_the_response_goes_out() {
    Probe::on_start("proxy_on_response_headers")
        .call("proxy_replace_header_map_value", &[N(2), T(b":status"), T(b"299")], "Ok")
        .ask("R", "response.code", &int(200))
        .ask("R", "response.headers.:status", &bytes(b"299"))
        .ask("SLD", "response.code", &int(299))
        .run(|setup| alone(setup).upstream(Answer::ok().body("hello")), get);
}

#[test]
fn a_local_response_keeps_the_request_known() {
    Probe::on_start("proxy_on_request_headers")
        .call("proxy_send_local_response", &[N(418), T(b"my details"), T(b"body"), T(b""), N(7)], "Ok")
        .ask("HRSLD", "request.path", &bytes(b"/local"))
        .ask("RSLD", "response.code", &int(418))
        .ask("RSLD", "response.code_details", &bytes(b"my_details"))
        .ask("RSLD", "response.grpc_status", &int(2))
        .ask("HRSLD", "response.flags", &int(0))
        .ask("HRS", "response.size", &int(0))
        .ask("LD", "response.size", &int(4))
        .ask("HRSLD", "response.backend_latency", NONE)
        .ask("HRSLD", "upstream.address", NONE)
        .ask("HRSLD", "upstream.request_attempt_count", &int(0))
        .ask("HRSLD", "xds.upstream_host_metadata", NONE)
        .run(alone, |host| {
            let _ = host.send(Request::get("/local"));
        });
}

#[test]
fn failures_of_the_upstream_are_flagged() {
    let cases = [
        (Failure::Refused, 503, 0x20, 14),
        (Failure::Closed, 503, 0x40, 14),
        (Failure::Timeout, 504, 0x4, 14),
    ];
    for (failure, code, flags, grpc) in cases {
        let probe = Probe::on_start("proxy_on_request_headers")
            .ask("H", "response.flags", &int(0))
            .ask("RSLD", "response.flags", &int(flags))
            .ask("RSLD", "response.code", &int(code))
            .ask("RSLD", "response.grpc_status", &int(grpc))
            .ask("RSLD", "upstream.address", &bytes(b"127.0.0.1:8080"))
            .ask("RSLD", "upstream.request_attempt_count", &int(1))
            .ask("RSLD", "response.backend_latency", NONE);
        let probe = match failure {
            Failure::Refused => probe
                .ask("RSLD", "upstream.local_address", NONE)
                .ask("RSLD", "upstream_filter_state", NONE)
                .ask(
                    "RSLD",
                    "upstream.transport_failure_reason",
                    &bytes(b"delayed connect error: Connection refused"),
                ),
            _ => probe
                .ask("RSLD", "upstream.local_address", &bytes(b"127.0.0.1:41000"))
                .ask("RSLD", "upstream_filter_state", NULL)
                .ask("RSLD", "upstream.transport_failure_reason", EMPTY),
        };
        probe.run(|setup| alone(setup).upstream(Answer::fail(failure)), get);
    }
}

#[test]
fn a_client_that_goes_away_leaves_no_code() {
    Probe::on_start("proxy_on_request_headers")
        .returns(1)
        .ask("LD", "response.code", NONE)
        .ask("LD", "response.grpc_status", NONE)
        .ask("LD", "response.code_details", &bytes(b"downstream_remote_disconnect"))
        .ask("LD", "response.flags", &int(0x4000))
        .ask("LD", "request.path", &bytes(b"/"))
        .ask("LD", "upstream.address", NONE)
        .run(alone, |host| {
            let stream = host.open(Request::get("/"));
            host.abort(stream, proxy_wasm_harness::host::Peer::Client);
        });
}

#[test]
fn where_the_proxy_stands() {
    let everywhere = "TCHBRSLD";
    let on_streams = "CHBRSLD";
    let zero = &int(0);
    let probe = probe()
        .ask(everywhere, "plugin_name", &bytes(b"plug"))
        .ask(everywhere, "plugin_root_id", &bytes(b"rid"))
        .ask(everywhere, "plugin_vm_id", &bytes(b"vid"))
        .ask(everywhere, "xds", NULL)
        .ask(everywhere, "xds.nope", NONE)
        .ask(everywhere, "xds.node", r#"Ok "2\x05envoyB\x06\n\x04\x08\x01\x10(""#)
        .ask(everywhere, "xds.node.id", EMPTY)
        .ask(everywhere, "xds.node.locality", EMPTY)
        .ask(everywhere, "xds.node.locality.zone", EMPTY)
        .ask(everywhere, "xds.node.metadata", NO_PAIRS)
        .ask(everywhere, "xds.node.metadata.k", NONE)
        .ask(everywhere, "xds.node.user_agent_build_version.version.minor_number", &int(40))
        .ask(everywhere, "xds.node.nope", NONE)
        .ask(everywhere, "xds.node.client_features.0", NONE)
        .ask(on_streams, "xds.cluster_name", &bytes(b"upstream"))
        .ask(on_streams, "xds.route_name", EMPTY)
        .ask(on_streams, "xds.virtual_host_name", &bytes(b"default"))
        .ask(on_streams, "xds.filter_chain_name", EMPTY)
        .ask(on_streams, "xds.listener_direction", zero)
        .ask(on_streams, "xds.cluster_metadata", EMPTY)
        .ask(on_streams, "xds.route_metadata.filter_metadata", NO_PAIRS)
        .ask("CH", "xds.upstream_host_metadata", NONE)
        .ask("BRSLD", "xds.upstream_host_metadata", NULL)
        .ask("T", "xds.cluster_name", NONE)
        .ask(on_streams, "source", NULL)
        .ask(on_streams, "source.address", &bytes(b"127.0.0.1:40000"))
        .ask(on_streams, "source.port", &int(40_000))
        .ask(on_streams, "destination.port", &int(10_000))
        .ask("T", "source.address", NONE)
        .ask(on_streams, "connection.id", zero)
        .ask(on_streams, "connection_id", zero)
        .ask(on_streams, "connection.mtls", "Ok \"\\x00\"")
        .ask(on_streams, "connection.requested_server_name", EMPTY)
        .ask(on_streams, "connection.tls_version", NONE)
        .ask("T", "connection_id", NONE)
        .ask("CH", "upstream.address", NONE)
        .ask("BRSLD", "upstream.address", &bytes(b"127.0.0.1:8080"))
        .ask("CHB", "upstream.local_address", NONE)
        .ask("RSLD", "upstream.local_address", &bytes(b"127.0.0.1:41000"))
        .ask("CH", "upstream.request_attempt_count", zero)
        .ask("BRSLD", "upstream.request_attempt_count", &int(1))
        .ask(on_streams, "upstream.num_endpoints", &int(1))
        .ask("T", "upstream", NONE)
        .ask(on_streams, "upstream", NULL)
        .ask("TCHB", "upstream_filter_state", NONE)
        .ask("RSLD", "upstream_filter_state", NULL)
        .ask("RSLD", "upstream_filter_state.x", NONE)
        .ask("T", "metadata", NONE)
        .ask(on_streams, "metadata", EMPTY)
        .ask(on_streams, "metadata.filter_metadata", NO_PAIRS)
        .ask(on_streams, "filter_state", NULL)
        .ask("T", "filter_state", NONE);
    let probe =
        ["node", "cluster_name", "route_name", "listener_direction", "upstream_host_metadata", "nope"]
            .iter()
            .fold(probe, |probe, name| probe.ask(everywhere, name, NONE));
    let mut host = Host::builder()
        .plugin(probe.plugin("probe").named("plug").root_id("rid").vm_id("vid"))
        .upstream(Answer::ok().body("hello"))
        .build()
        .unwrap();
    let _ = host.send(Request::post("/").body("hello"));
    probe.check(&host, "plug");
}

#[test]
fn bad_arguments() {
    probe()
        .call(GET, &[T(b""), O(0), O(1)], NULL)
        .call(GET, &[T(b"nope"), Far, Far], NONE)
        .call(GET, &[FarText, O(0), O(1)], "InvalidMemoryAccess")
        .call(GET, &[T(b"plugin_name"), Far, O(2)], "InvalidMemoryAccess \"probe\"")
        .shows(2, &[0xaa; 8])
        .call(GET, &[T(b"plugin_root_id"), O(3), O(4)], EMPTY)
        .shows(3, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .call(SET, &[T(b"p"), T(b"v")], NONE)
        .call(SET, &[FarText, T(b"v")], "InvalidMemoryAccess")
        .call(SET, &[T(b"p"), FarText], "InvalidMemoryAccess")
        .start();
}

#[test]
fn what_a_plugin_sets_goes_with_the_stream() {
    let setter = Probe::on_start("proxy_on_request_headers")
        .ask("H", "p", NONE)
        .call(SET, &[T(b"p"), T(b"old")], "Ok")
        .call(SET, &[T(b"p"), T(b"v")], "Ok")
        .call(SET, &[T(b"empty"), T(b"")], "Ok")
        .call(SET, &[T(b""), T(b"no name")], "Ok")
        .call(SET, &[T(b"a\0b"), T(b"two parts")], "Ok")
        .call(SET, &[T(b"request"), T(b"mine")], "Ok")
        .call(SET, &[T(b"plugin_name"), T(b"mine")], "Ok")
        .call(SET, &[T(b"node"), T(b"mine")], "Ok")
        .ask("HRLD", "p", &bytes(b"v"))
        .ask("HRLD", "p.x", NONE)
        .ask("HRLD", "empty", EMPTY)
        .ask("HRLD", ".", &bytes(b"no name"))
        .ask("HRLD", "a.b", NONE)
        .ask("HRLD", "request", NULL)
        .ask("HRLD", "plugin_name", &bytes(b"one"))
        .ask("HRLD", "node", &bytes(b"mine"))
        .ask("HRLD", "filter_state.p", NONE);
    let path = |path: &'static str| [&b"filter_state\0"[..], path.as_bytes()].concat();
    let setter = setter
        .on("proxy_on_response_headers")
        .call(GET, &[T(&path("wasm.p")), O(0), O(1)], &bytes(b"v"))
        .call(GET, &[T(&path("wasm.request")), O(0), O(1)], &bytes(b"mine"))
        .call(GET, &[T(&path("wasm.a\0b")), O(0), O(1)], NONE)
        .call(GET, &[T(b"wasm.p"), O(0), O(1)], NONE)
        .on("proxy_on_delete")
        .call(SET, &[T(b"late"), T(b"v")], "Ok")
        .call(GET, &[T(b"late"), O(0), O(1)], &bytes(b"v"));
    let other = Probe::on_start("proxy_on_request_headers").ask("HRLD", "p", &bytes(b"v"));
    let mut host = Host::builder().plugin(setter.plugin("one")).plugin(other.plugin("two")).build().unwrap();
    for _ in 0..2 {
        let _ = host.send(Request::get("/"));
    }
    setter.check(&host, "one");
    other.check(&host, "two");
}
