//! HTTP calls: what may be asked for, what clusters receive, what answers look like.
//! Covers the rows under 9 of `suites/tests/fact_sheets/hostcalls.toml`.

use proxy_wasm_harness::abi::{Status, pairs};
use proxy_wasm_harness::host::{Builder, Host, Setup};
use proxy_wasm_harness::proxy::{Call, Cluster};
use proxy_wasm_harness::state::{Answer, Chunk, Duration, Failure, Request};

use crate::probe::{Far, FarText, N, O, Probe, T, alone};

const CALL: &str = "proxy_http_call";
const MAP: &str = "proxy_get_header_map_pairs";
const GET: &str = "proxy_get_header_map_value";
const SIZE: &str = "proxy_get_header_map_size";
const BUFFER: &str = "proxy_get_buffer_bytes";
const STATUS: &str = "proxy_get_status";
const ANSWERED: &str = "proxy_on_http_call_response";

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Serialized pairs.
fn fields(list: &[(&str, &str)]) -> Vec<u8> {
    pairs::serialize(list.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

/// The pseudo headers that a call needs, and more fields.
fn head(more: &[(&str, &str)]) -> Vec<u8> {
    let needed = [(":method", "GET"), (":path", "/check"), (":authority", "authz")];
    fields(&[&needed[..], more].concat())
}

/// Makes one call in the callback of the start, with these fields, body and timeout.
fn calls(headers: &[u8], body: &[u8], timeout: i64) -> Probe {
    let args = [T(b"authz"), T(headers), T(body), T(b""), N(timeout), O(0)];
    Probe::on_start("proxy_on_configure").call(CALL, &args, "Ok 4")
}

/// The answer of a call that gives these bytes.
fn gives(bytes: &[u8]) -> String {
    format!("Ok \"{}\"", bytes.escape_ascii())
}

#[test]
fn statuses() {
    let (good, bad) = (head(&[]), b"\x01\x02");
    let without = |name: &str| {
        let all = [(":method", "GET"), (":path", "/"), (":authority", "a")];
        fields(&all.into_iter().filter(|(known, _)| *known != name).collect::<Vec<_>>())
    };
    let (no_method, no_path, no_authority) = (without(":method"), without(":path"), without(":authority"));
    let host_header = fields(&[(":method", "GET"), (":path", "/"), ("host", "a")]);
    let empty = fields(&[(":method", ""), (":path", ""), (":authority", "")]);
    Probe::on_start("proxy_on_configure")
        .call(CALL, &[T(b"nope"), T(&good), T(b""), T(b""), N(200), O(0)], "BadArgument")
        .call(CALL, &[T(b"authz"), T(&no_method), T(b""), T(b""), N(200), O(0)], "BadArgument")
        .call(CALL, &[T(b"authz"), T(&no_path), T(b""), T(b""), N(200), O(0)], "BadArgument")
        .call(CALL, &[T(b"authz"), T(&no_authority), T(b""), T(b""), N(200), O(0)], "BadArgument")
        .call(CALL, &[T(b"authz"), T(&host_header), T(b""), T(b""), N(200), O(0)], "Ok 4")
        .call(CALL, &[T(b"authz"), T(&empty), T(b""), T(b""), N(200), O(0)], "Ok 8")
        .call(CALL, &[T(b"authz"), T(bad), T(b""), T(b""), N(200), O(0)], "BadArgument")
        .shows(0, &[0, 0, 0, 0])
        .call(CALL, &[T(b"authz"), T(b""), T(b""), T(b""), N(200), O(0)], "BadArgument")
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(b""), N(-1), O(0)], "BadArgument")
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(b""), N(0x8000_0000), O(0)], "BadArgument")
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(b""), N(0x7fff_ffff), O(0)], "Ok 12")
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(b""), N(0), O(0)], "Ok 16")
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(bad), N(5), O(0)], "Ok 20")
        .call(CALL, &[T(b"nobody"), T(&good), T(b""), T(b""), N(5), O(0)], "InternalFailure")
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(b""), N(5), O(0)], "Ok 28")
        .run(
            |setup| alone(setup).cluster("authz", Answer::ok()).cluster("nobody", Cluster::without_hosts()),
            |_| {},
        );
}

#[test]
fn pointers_out_of_bounds() {
    let good = head(&[]);
    let bad = "InvalidMemoryAccess";
    let host = Probe::on_start("proxy_on_configure")
        .call(CALL, &[FarText, T(&good), T(b""), T(b""), N(200), O(0)], bad)
        .call(CALL, &[T(b"authz"), FarText, T(b""), T(b""), N(200), O(0)], bad)
        .call(CALL, &[T(b"authz"), T(&good), FarText, T(b""), N(200), O(0)], bad)
        .call(CALL, &[T(b"authz"), T(&good), T(b""), FarText, N(200), O(0)], bad)
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(b""), N(200), Far], bad)
        .call(CALL, &[T(b"nope"), T(b""), T(b""), T(b""), N(-1), Far], bad)
        .shows(0, &[0xaa; 4])
        .call(CALL, &[T(b"authz"), T(&good), T(b""), T(b""), N(200), O(0)], "Ok 4")
        .call(STATUS, &[Far, O(0), O(1)], "InvalidMemoryAccess 0")
        .call(STATUS, &[O(0), Far, O(1)], "InvalidMemoryAccess 0 \"\"")
        .call(STATUS, &[O(0), O(1), Far], "InvalidMemoryAccess 0 \"\"")
        .run(|setup| alone(setup).cluster("authz", Answer::ok()), |_| {});
    assert_eq!(host.http_calls().count(), 1, "a call that did not begin is none");
}

#[test]
fn what_the_cluster_receives() {
    let sent = head(&[("X-Me", "1"), ("x-two", "2"), ("x-two", "3"), ("accept", "a"), ("accept", "b")]);
    let host = calls(&sent, b"body", 200).run(|setup| alone(setup).cluster("authz", Answer::ok()), |_| {});
    let call = host.http_calls().next().unwrap();
    assert_eq!(
        format!("{:?}", call.headers),
        "[:method=GET][:path=/check][:authority=authz][:scheme=http][x-me=1][x-two=2][x-two=3][accept=a,b]\
         [content-length=4][x-envoy-internal=true][x-envoy-expected-rq-timeout-ms=200]"
    );
    assert_eq!((&call.plugin[..], &call.cluster[..], &call.body[..]), ("probe", "authz", &b"body"[..]));
    assert_eq!((call.timeout, call.status, call.id), (ms(200), Status::Ok, 4));
    assert_eq!((call.method(), call.path(), call.header("X-ME")), ("GET", "/check", Some("1")));
}

#[test]
fn the_length_is_that_of_the_body() {
    let post = fields(&[
        (":method", "POST"),
        (":path", "/"),
        (":authority", "a"),
        ("content-length", "99"),
        ("x", "1"),
    ]);
    let host = calls(&post, b"body", 0).run(|setup| alone(setup).cluster("authz", Answer::ok()), |_| {});
    let shown = format!("{:?}", host.http_calls().next().unwrap().headers);
    assert!(shown.ends_with("[content-length=4][x=1][x-envoy-internal=true]"), "{shown}");
    let bare = fields(&[(":method", "POST"), (":path", "/"), (":authority", "a")]);
    let host = calls(&bare, b"", 0).run(|setup| alone(setup).cluster("authz", Answer::ok()), |_| {});
    let shown = format!("{:?}", host.http_calls().next().unwrap().headers);
    assert!(shown.ends_with("[x-envoy-internal=true][content-length=0]"), "{shown}");
}

#[test]
fn a_length_without_a_body_keeps_the_cluster_waiting() {
    let post = fields(&[(":method", "POST"), (":path", "/"), (":authority", "a"), ("content-length", "99")]);
    let mut host = calls(&post, b"", 200)
        .on(ANSWERED)
        .call(GET, &[N(6), T(b":status"), O(0), O(1)], "Ok \"504\"")
        .run(|setup| alone(setup).cluster("authz", Answer::ok()), |host| host.advance(ms(200)));
    assert_eq!(host.findings()[0].id, "wire/content-length");
    host.allow("wire/content-length");
}

#[test]
fn trailers_are_not_sent() {
    let args = [T(b"authz"), T(&head(&[])), T(b""), T(&fields(&[("x-t", "1")])), N(200), O(0)];
    let mut host = Probe::on_start("proxy_on_configure")
        .call(CALL, &args, "Ok 4")
        .run(|setup| alone(setup).cluster("authz", Answer::ok().http2()), |_| {});
    assert_eq!(host.http_calls().next().unwrap().trailers.as_ref().unwrap().get(b"x-t"), Some(&b"1"[..]));
    assert!(!host.transcript().http().contains("x-t"));
    assert_eq!(host.findings()[0].id, "envoy/call-trailers");
    host.allow("envoy/call-trailers");
}

#[test]
fn a_response_is_seen_whole() {
    let want = fields(&[
        (":status", "200"),
        ("x-a", "1"),
        ("content-length", "5"),
        ("x-envoy-upstream-service-time", "7"),
    ]);
    let probe = calls(&head(&[]), b"", 200)
        .on(ANSWERED)
        .call(MAP, &[N(6), O(0), O(1)], &gives(&want))
        .call(MAP, &[N(7), O(0), O(1)], "Ok \"\"")
        .call(GET, &[N(6), T(b"X-A"), O(0), O(1)], "Ok \"1\"")
        .call(GET, &[N(6), T(b"nope"), O(0), O(1)], "NotFound")
        .call(GET, &[N(7), T(b"nope"), O(0), O(1)], "BadArgument")
        .call(SIZE, &[N(6), O(0)], "BadArgument")
        .call(SIZE, &[N(7), O(0)], "BadArgument")
        .call("proxy_add_header_map_value", &[N(6), T(b"a"), T(b"b")], "BadArgument")
        .call("proxy_replace_header_map_value", &[N(6), T(b"a"), T(b"b")], "BadArgument")
        .call("proxy_remove_header_map_value", &[N(6), T(b"a")], "BadArgument")
        .call("proxy_set_header_map_pairs", &[N(6), T(b"")], "BadArgument")
        .call("proxy_get_buffer_status", &[N(4), O(0), O(1)], "Ok 5 0")
        .call(BUFFER, &[N(4), N(1), N(100), O(0), O(1)], "Ok \"ello\"")
        .call("proxy_set_buffer_bytes", &[N(4), N(0), N(0), T(b"x")], "BadArgument")
        .call(STATUS, &[O(0), O(1), O(2)], "Ok 0 \"\"")
        .on("proxy_on_request_headers");
    let probe = closed(probe);
    let answer = Answer::ok().header("X-A", "1").body("hello").after(ms(7));
    let host = probe.run(|setup| alone(setup).cluster("authz", answer), answered_then_asked);
    let arguments = "proxy_on_http_call_response(1, call_id=4, num_headers=4, body_size=5, num_trailers=0)";
    assert!(host.transcript().abi().contains(arguments), "{}", host.transcript().abi());
}

/// After the callback nothing of the answer can be read.
fn closed(probe: Probe) -> Probe {
    probe
        .call(MAP, &[N(6), O(0), O(1)], "Ok \"\"")
        .call(GET, &[N(6), T(b":status"), O(0), O(1)], "BadArgument")
        .call(BUFFER, &[N(4), N(0), N(100), O(0), O(1)], "NotFound")
        .call("proxy_get_buffer_status", &[N(4), O(0), O(1)], "NotFound")
        .call("proxy_set_buffer_bytes", &[N(4), N(0), N(0), T(b"x")], "NotFound")
}

/// Lets the answer come, then sends a request.
fn answered_then_asked(host: &mut Host) {
    host.advance(ms(200));
    host.send(Request::get("/"));
}

#[test]
fn what_comes_of_a_call() {
    let get = head(&[]);
    let table: [(&str, Answer, [&str; 2]); 9] = [
        ("chunked", Answer::ok().chunks(["abc", "de"]), ["200", "abcde"]),
        ("no body", Answer::status(204), ["204", ""]),
        ("http/2", Answer::ok().body("hi").trailers([("x-t", "1")]).http2(), ["200", "hi"]),
        ("refused", Answer::fail(Failure::Refused), ["503", REFUSED]),
        ("closed", Answer::fail(Failure::Closed), ["503", CLOSED]),
        ("never", Answer::fail(Failure::Timeout), ["504", "upstream request timeout"]),
        ("too late", Answer::ok().after(ms(200)), ["504", "upstream request timeout"]),
        ("in time", Answer::ok().after(ms(199)), ["200", ""]),
        ("error", Answer::status(500).body("oops"), ["500", "oops"]),
    ];
    for (name, answer, [status, body]) in table {
        let status = format!("Ok \"{status}\"");
        let body = format!("Ok \"{body}\"");
        println!("{name}");
        calls(&get, b"", 200)
            .on(ANSWERED)
            .call(GET, &[N(6), T(b":status"), O(0), O(1)], &status)
            .call(BUFFER, &[N(4), N(0), N(1000), O(0), O(1)], &body)
            .call(STATUS, &[O(0), O(1), O(2)], "Ok 0 \"\"")
            .run(|setup| alone(setup).cluster("authz", answer), |host| host.advance(ms(200)));
    }
}

const REFUSED: &str =
    "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";
const CLOSED: &str =
    "upstream connect error or disconnect/reset before headers. reset reason: connection termination";

#[test]
fn an_answer_that_breaks_off_shows_nothing() {
    let slow_body = Answer::ok().chunks([Chunk::from("a"), Chunk::from("b").after(ms(500))]);
    let too_big = Answer::ok().body(vec![b'x'; (32 << 20) + 1]);
    for answer in [Answer::fail(Failure::Cut), slow_body, too_big] {
        let probe = calls(&head(&[]), b"", 200)
            .on(ANSWERED)
            .call(MAP, &[N(6), O(0), O(1)], "Ok \"\"")
            .call(GET, &[N(6), T(b":status"), O(0), O(1)], "BadArgument")
            .call(BUFFER, &[N(4), N(0), N(100), O(0), O(1)], "NotFound")
            .call(STATUS, &[O(0), O(1), O(2)], "Ok 11 \"reset\"")
            .on("proxy_on_request_headers")
            .call(STATUS, &[O(0), O(1), O(2)], "Ok 11 \"\"");
        let host = probe.run(|setup| alone(setup).cluster("authz", answer), answered_then_asked);
        assert!(host.transcript().abi().contains("call_id=4, num_headers=0, body_size=0, num_trailers=0)"));
    }
}

#[test]
fn http2_answers_have_trailers() {
    let answer = Answer::ok().body("hi").trailers([("x-t", "1"), ("x-u", "2")]);
    let trailers = fields(&[("x-t", "1"), ("x-u", "2")]);
    for (answer, seen, count) in [(answer.clone(), &b""[..], 0), (answer.http2(), &trailers, 2)] {
        let host = calls(&head(&[]), b"", 200)
            .on(ANSWERED)
            .call(MAP, &[N(7), O(0), O(1)], &gives(seen))
            .run(|setup| alone(setup).cluster("authz", answer), |_| {});
        assert!(host.transcript().abi().contains(&format!("num_trailers={count})")));
    }
}

#[test]
fn what_cannot_be_written_fails_late_or_at_once() {
    let bad = head(&[("bad name", "1")]);
    let args = [T(b"authz"), T(&bad), T(b""), T(b""), N(200), O(0)];
    // Without a connection it is found out later, with one inside the hostcall.
    let probe = Probe::on_start("proxy_on_configure")
        .call(CALL, &args, "Ok 4")
        .on(ANSWERED)
        .call(GET, &[N(6), T(b":status"), O(0), O(1)], "Ok \"503\"")
        .call(BUFFER, &[N(4), N(0), N(100), O(0), O(1)], "Ok \"invalid header name: bad name\"");
    probe.run(|setup| alone(setup).cluster("authz", Answer::ok()), |_| {});
    let good = [T(b"authz"), T(&head(&[])), T(b""), T(b""), N(200), O(0)];
    Probe::on_start("proxy_on_configure")
        .call(CALL, &good, "Ok 4")
        .on("proxy_on_request_headers")
        .call(CALL, &args, "InternalFailure")
        .call(CALL, &good, "Ok 12")
        .run(|setup| alone(setup).cluster("authz", Answer::ok()), |host| drop(host.send(Request::get("/"))));
}

#[test]
fn the_proxys_answer_follows_the_request() {
    let grpc = head(&[("content-type", "application/grpc")]);
    calls(&grpc, b"", 200)
        .on(ANSWERED)
        .call(GET, &[N(6), T(b":status"), O(0), O(1)], "Ok \"200\"")
        .call(GET, &[N(6), T(b"grpc-status"), O(0), O(1)], "Ok \"14\"")
        .call(BUFFER, &[N(4), N(0), N(100), O(0), O(1)], "Ok \"\"")
        .run(|setup| alone(setup).cluster("authz", Answer::fail(Failure::Refused)), |_| {});
    let head = fields(&[(":method", "HEAD"), (":path", "/"), (":authority", "a")]);
    calls(&head, b"", 200)
        .on(ANSWERED)
        .call(GET, &[N(6), T(b"content-length"), O(0), O(1)], "Ok \"98\"")
        .call(BUFFER, &[N(4), N(0), N(100), O(0), O(1)], "Ok \"\"")
        .run(|setup| alone(setup).cluster("authz", Answer::fail(Failure::Refused)), |_| {});
}

#[test]
fn clusters_answer_from_a_list_or_a_function() {
    let args = [T(b"authz"), T(&head(&[("x-user", "alice")])), T(b"hi"), T(b""), N(200), O(0)];
    let probe = Probe::on_start("proxy_on_configure").call(CALL, &args, "Ok 4").call(CALL, &args, "Ok 8");
    let function = |call: &Call| {
        Answer::ok().body(format!("{} {} of {}", call.method(), call.path(), call.header("x-user").unwrap()))
    };
    let echo = calls(&head(&[("x-user", "alice")]), b"hi", 200).on(ANSWERED).call(
        BUFFER,
        &[N(4), N(0), N(100), O(0), O(1)],
        "Ok \"GET /check of alice\"",
    );
    echo.run(|setup| alone(setup).cluster("authz", function), |_| {});
    let mut host = probe.run(|setup| alone(setup).cluster("authz", [Answer::ok()]), |_| {});
    assert_eq!(host.findings()[0].id, "script/cluster-exhausted");
    assert!(
        host.findings()[0].message.contains("cluster authz got one call more"),
        "{}",
        host.findings()[0].message
    );
    host.allow("script/cluster-exhausted");
}

#[test]
fn the_context_of_the_call_is_that_of_the_effective_context() {
    // Both plugins live in one VM; each calls for itself, and the second one also for the first.
    let args = [T(b"authz"), T(&head(&[])), T(b""), T(b""), N(200), O(0)];
    let probe = Probe::on_start("proxy_on_tick")
        .call(CALL, &args, "*")
        .call("proxy_set_effective_context", &[N(1)], "Ok")
        .call(CALL, &args, "*")
        .call("proxy_set_effective_context", &[N(99)], "BadArgument")
        .on("proxy_on_configure")
        .call("proxy_set_tick_period_milliseconds", &[N(100)], "Ok");
    let one = probe.plugin("one");
    let build = || -> Builder {
        let setups: [Setup; 2] = [one.clone().named("one"), one.clone().named("two").config("x")];
        setups.into_iter().fold(Host::builder().cluster("authz", Answer::ok()), Builder::plugin)
    };
    let mut host = build().build().unwrap();
    host.advance(ms(100));
    let callers: Vec<&str> = host.http_calls().map(|call| call.plugin.as_str()).collect();
    assert_eq!(callers, ["one", "one", "two", "one"]);
}
