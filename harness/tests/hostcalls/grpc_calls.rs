//! gRPC calls and streams: what may be asked for, what servers receive, what plugins see.
//! Covers the rows under 10 of `suites/tests/fact_sheets/hostcalls.toml`.

use proxy_wasm_harness::abi::{Status, pairs};
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::{CallKind, Cluster};
use proxy_wasm_harness::state::{Answer, Duration, Failure, GrpcAnswer, Request, Response};

use crate::call_patterns::{callbacks, probe};
use crate::probe::{Far, FarText, N, O, Probe, T, alone};

const CALL: &str = "proxy_grpc_call";
const OPEN: &str = "proxy_grpc_stream";
const SEND: &str = "proxy_grpc_send";
const CLOSE: &str = "proxy_grpc_close";
const CANCEL: &str = "proxy_grpc_cancel";
const STATUS: &str = "proxy_get_status";
const MAP: &str = "proxy_get_header_map_pairs";
const GET: &str = "proxy_get_header_map_value";
const BUFFER: &str = "proxy_get_buffer_bytes";
const CONFIGURE: &str = "proxy_on_configure";
const RECEIVE: &str = "proxy_on_grpc_receive";
const CLOSED: &str = "proxy_on_grpc_close";

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn fields(list: &[(&str, &str)]) -> Vec<u8> {
    pairs::serialize(list.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

fn says(messages: &[&str]) -> GrpcAnswer {
    GrpcAnswer {
        messages: messages.iter().map(|message| message.as_bytes().to_vec()).collect(),
        ..GrpcAnswer::default()
    }
}

fn fails(status: u32, message: &str) -> GrpcAnswer {
    GrpcAnswer { status, message: message.as_bytes().to_vec(), ..GrpcAnswer::default() }
}

/// A call to this service in the callback of the start.
fn calls(service: &[u8], timeout: i64, want: &str) -> Probe {
    let args = [T(service), T(b"s"), T(b"m"), T(b""), T(b"hi"), N(timeout), O(0)];
    Probe::on_start(CONFIGURE).call(CALL, &args, want)
}

/// A stream to this service in the callback of the start.
fn opens(service: &[u8], want: &str) -> Probe {
    Probe::on_start(CONFIGURE).call(OPEN, &[T(service), T(b"s"), T(b"m"), T(b""), O(0)], want)
}

fn run(probe: &Probe, answers: impl Into<Cluster>) -> Host {
    let answers = answers.into();
    probe.run(|setup| alone(setup).cluster("authz", answers), |host| host.advance(ms(1000)))
}

#[test]
fn statuses_of_a_call() {
    let to = |service| [T(service), T(b"s"), T(b"m"), T(b""), T(b"hi"), N(100), O(0)];
    Probe::on_start(CONFIGURE)
        .call(CALL, &to(b"nope"), "ParseFailure")
        .call(CALL, &to(b"authz"), "Ok 5")
        .call(CALL, &to(b"\x0a\x07\x0a\x05authz"), "Ok 9")
        .call(CALL, &[T(b"authz"), T(b"s"), T(b"m"), T(b"\x01"), T(b"hi"), N(-1), O(0)], "Ok 13")
        .call(CALL, &[FarText, T(b"s"), T(b"m"), T(b""), T(b"hi"), N(1), O(0)], "InvalidMemoryAccess")
        .call(CALL, &[T(b"authz"), FarText, T(b"m"), T(b""), T(b"hi"), N(1), O(0)], "InvalidMemoryAccess")
        .call(CALL, &[T(b"authz"), T(b"s"), FarText, T(b""), T(b"hi"), N(1), O(0)], "InvalidMemoryAccess")
        .call(CALL, &[T(b"authz"), T(b"s"), T(b"m"), FarText, T(b"hi"), N(1), O(0)], "InvalidMemoryAccess")
        .call(CALL, &[T(b"authz"), T(b"s"), T(b"m"), T(b""), FarText, N(1), O(0)], "InvalidMemoryAccess")
        .call(CALL, &[T(b"nope"), T(b"s"), T(b"m"), T(b""), T(b"hi"), N(1), Far], "ParseFailure")
        // The call has begun all the same.
        .call(CALL, &[T(b"authz"), T(b"s"), T(b"m"), T(b""), T(b"hi"), N(1), Far], "InvalidMemoryAccess 17")
        .call(CALL, &to(b"authz"), "Ok 21")
        .run(|setup| alone(setup).cluster("authz", says(&["yes"])), |_| {});
}

#[test]
fn statuses_of_a_stream() {
    let host = Probe::on_start(CONFIGURE)
        .call(OPEN, &[T(b"nope"), T(b"s"), T(b"m"), T(b""), O(0)], "ParseFailure")
        .call(OPEN, &[T(b"authz"), T(b"s"), T(b"m"), T(b""), O(0)], "Ok 6")
        .call(OPEN, &[T(b"authz"), T(b"s"), T(b"m"), T(b""), Far], "InvalidMemoryAccess 10")
        .call(OPEN, &[FarText, T(b"s"), T(b"m"), T(b""), O(0)], "InvalidMemoryAccess")
        .call(OPEN, &[T(b"authz"), FarText, T(b"m"), T(b""), O(0)], "InvalidMemoryAccess")
        .call(OPEN, &[T(b"authz"), T(b"s"), FarText, T(b""), O(0)], "InvalidMemoryAccess")
        .call(OPEN, &[T(b"authz"), T(b"s"), T(b"m"), FarText, O(0)], "InvalidMemoryAccess")
        .call(SEND, &[N(6), T(b"x"), N(0)], "Ok")
        .call(SEND, &[N(10), T(b"x"), N(1)], "Ok")
        .call(SEND, &[N(10), T(b"late"), N(1)], "Ok")
        .call(SEND, &[N(14), T(b"x"), N(0)], "NotFound")
        .call(SEND, &[N(5), T(b"x"), N(0)], "BadArgument")
        .call(SEND, &[N(0), T(b"x"), N(0)], "BadArgument")
        .call(SEND, &[N(4), T(b"x"), N(0)], "BadArgument")
        .call(SEND, &[N(7), T(b"x"), N(0)], "BadArgument")
        .call(SEND, &[N(4), FarText, N(0)], "InvalidMemoryAccess")
        .call(CANCEL, &[N(14)], "NotFound")
        .call(CANCEL, &[N(9)], "NotFound")
        .call(CANCEL, &[N(0)], "BadArgument")
        .call(CANCEL, &[N(7)], "BadArgument")
        .call(CLOSE, &[N(14)], "NotFound")
        .call(CLOSE, &[N(9)], "NotFound")
        .call(CLOSE, &[N(4)], "BadArgument")
        .call(CLOSE, &[N(7)], "BadArgument")
        .call(CLOSE, &[N(10)], "Ok")
        .call(CLOSE, &[N(10)], "Ok")
        .call(CANCEL, &[N(6)], "Ok")
        .call(CANCEL, &[N(6)], "NotFound")
        .call(SEND, &[N(6), T(b"x"), N(0)], "NotFound")
        .run(|setup| alone(setup).cluster("authz", Answer::fail(Failure::Timeout)), |_| {});
    let messages: Vec<_> = host.grpc_calls().map(|call| call.messages.concat()).collect();
    assert_eq!(messages, [b"".to_vec(), b"x".to_vec(), b"x".to_vec()]);
}

#[test]
fn what_the_server_receives() {
    let metadata = fields(&[("k", "v"), ("X-Up", "2"), ("k-bin", "\x01\x02")]);
    let service = b"\x0a\x0c\x0a\x05authz\x12\x03a.b*\x06\x0a\x01x\x12\x01y";
    let host = Probe::on_start(CONFIGURE)
        .call(CALL, &[T(b"authz"), T(b"a.S"), T(b"M"), T(&metadata), T(b"hi"), N(200), O(0)], "Ok 5")
        .call(OPEN, &[T(service), T(b"a.S"), T(b"W"), T(b""), O(0)], "Ok 6")
        .run(|setup| alone(setup).cluster("authz", says(&["yes"])), |_| {});
    let made: Vec<_> = host.grpc_calls().collect();
    assert_eq!(
        format!("{:?}", made[0].headers),
        "[:method=POST][:path=/a.S/M][:authority=authz][:scheme=http][te=trailers][grpc-timeout=200m]\
         [content-type=application/grpc][k=v][x-up=2][k-bin=AQI=][x-envoy-internal=true]\
         [x-envoy-expected-rq-timeout-ms=200]"
    );
    assert_eq!((made[0].kind, made[0].service(), made[0].rpc()), (CallKind::Grpc, "a.S", "M"));
    assert_eq!(
        (made[0].timeout, &made[0].messages[..], made[0].status),
        (ms(200), &[b"hi".to_vec()][..], Status::Ok)
    );
    assert_eq!(
        format!("{:?}", made[1].headers),
        "[:method=POST][:path=/a.S/W][:authority=a.b][:scheme=http][te=trailers]\
         [content-type=application/grpc][x=y][x-envoy-internal=true]"
    );
    assert_eq!((made[1].kind, &made[1].cluster[..], made[1].rpc()), (CallKind::GrpcStream, "authz", "W"));
}

#[test]
fn a_call_ends_with_its_message() {
    for (answer, message) in [(says(&["reply"]), "reply"), (says(&[""]), ""), (says(&["one", "two"]), "two")]
    {
        let want = format!("Ok \"{message}\"");
        let host = run(
            &calls(b"authz", 200, "Ok 5")
                .on(RECEIVE)
                .call(BUFFER, &[N(5), N(0), N(100), O(0), O(1)], &want)
                .call(STATUS, &[O(0), O(1), O(2)], "Ok 0 \"\"")
                .call(MAP, &[N(4), O(0), O(1)], "Ok \"\"")
                .call(MAP, &[N(5), O(0), O(1)], "Ok \"\"")
                .call(CLOSE, &[N(5)], "Ok")
                .call(CLOSE, &[N(5)], "NotFound"),
            answer,
        );
        let text = host.transcript().abi();
        assert!(!text.contains("grpc_receive_initial") && !text.contains(CLOSED), "{text}");
    }
}

#[test]
fn a_message_can_be_changed_while_it_is_shown() {
    run(
        &calls(b"authz", 200, "Ok 5")
            .on(RECEIVE)
            .call("proxy_set_buffer_bytes", &[N(5), N(0), N(1), T(b"J")], "Ok")
            .call(BUFFER, &[N(5), N(0), N(100), O(0), O(1)], "Ok \"Jeply\"")
            .call("proxy_set_buffer_bytes", &[N(5), N(3), N(0), T(b"x")], "BadArgument")
            .call("proxy_set_buffer_bytes", &[N(5), N(5), N(0), T(b"!")], "Ok")
            .call("proxy_get_buffer_status", &[N(5), O(0), O(1)], "Ok 6 0"),
        says(&["reply"]),
    );
}

const REFUSED: &str = "upstream connect error or disconnect/reset before headers. reset reason: remote connection \
                       failure{upstream_reset_before_response_started{remote_connection_failure|\
                       delayed_connect_error:_Connection_refused}}";
const GONE: &str = "upstream connect error or disconnect/reset before headers. reset reason: connection \
                    termination{upstream_reset_before_response_started{connection_termination}}";

#[test]
fn a_call_that_fails_ends_with_its_status() {
    let plain = |status, body: &str| Answer::status(status).body(body).http2();
    let only = Response {
        status: 400,
        headers: vec![(b"grpc-status".to_vec(), b"3".to_vec())],
        ..Response::default()
    };
    let unknown = GrpcAnswer { status: 99, ..says(&["x"]) };
    let table: [(Answer, u32, &str); 15] = [
        (fails(5, "not here").into(), 5, "not here{via_upstream}"),
        (fails(7, "").into(), 7, "via_upstream"),
        (unknown.into(), u32::MAX, "via_upstream"),
        (says(&[]).into(), 13, ""),
        (plain(200, "hello"), 13, "via_upstream"),
        (plain(404, "no"), 12, "via_upstream"),
        (plain(503, ""), 14, "via_upstream"),
        (Answer::ok(), 2, "via_upstream"),
        (Answer::ok().chunks([""; 0]), 2, "via_upstream"),
        (only.into(), 3, "via_upstream"),
        (Answer::fail(Failure::Refused), 14, REFUSED),
        (Answer::fail(Failure::Closed), 14, GONE),
        (Answer::fail(Failure::Cut), 13, "upstream_reset_after_response_started{connection_termination}"),
        (Answer::fail(Failure::Timeout), 14, "upstream request timeout{response_timeout}"),
        (
            Answer::ok().chunks([proxy_wasm_harness::state::Chunk::from("").after(ms(500))]),
            13,
            "response_timeout",
        ),
    ];
    for (answer, status, message) in table {
        let probe = calls(b"authz", 200, "Ok 5")
            .on(CLOSED)
            .call(STATUS, &[O(0), O(1), O(2)], &format!("Ok {status} \"{message}\""))
            .call(BUFFER, &[N(5), N(0), N(100), O(0), O(1)], "Ok \"\"")
            .call(MAP, &[N(5), O(0), O(1)], "Ok \"\"")
            .on("proxy_on_request_headers")
            .call(STATUS, &[O(0), O(1), O(2)], &format!("Ok {status} \"\""))
            .call(CANCEL, &[N(5)], "NotFound");
        let host = probe.run(
            |setup| alone(setup).cluster("authz", answer.clone()),
            |host| {
                host.advance(ms(200));
                host.send(Request::get("/"));
            },
        );
        let closed = callbacks(&host, CLOSED);
        assert_eq!(closed, [format!("{CLOSED}(1, call_or_stream_id=5, status_code={status})")]);
    }
}

#[test]
fn a_timeout_of_zero_has_passed_when_the_server_gets_the_call() {
    let probe = calls(b"authz", 0, "Ok 5").on(CLOSED).call(
        STATUS,
        &[O(0), O(1), O(2)],
        "Ok 4 \"Deadline Exceeded{via_upstream}\"",
    );
    let host = run(&probe, says(&["reply"]));
    assert_eq!(host.grpc_calls().next().unwrap().header("grpc-timeout"), Some("0m"));
}

#[test]
fn a_call_given_up_is_heard_of_no_more() {
    for give_up in [CANCEL, CLOSE] {
        let probe =
            calls(b"authz", 200, "Ok 5").call(give_up, &[N(5)], "Ok").call(give_up, &[N(5)], "NotFound");
        let host = run(&probe, says(&["reply"]));
        assert!(host.transcript().http().contains("probe cancels its call to authz (5)"));
        assert_eq!(callbacks(&host, "proxy_on_grpc"), [""; 0]);
    }
}

#[test]
fn what_fails_inside_the_hostcall_comes_after_it() {
    let closed = |message: &str| format!("Ok 14 \"{message}\"");
    // A service that names an unknown cluster.
    let probe = calls(b"\x0a\x06\x0a\x04nope", 200, "InternalFailure")
        .call(OPEN, &[T(b"\x0a\x06\x0a\x04nope"), T(b"s"), T(b"m"), T(b""), O(0)], "InternalFailure")
        .shows(0, &[0xaa; 4])
        .on(CLOSED)
        .call(STATUS, &[O(0), O(1), O(2)], &closed("Cluster not available"));
    let host = run(&probe, says(&[]));
    assert_eq!(callbacks(&host, CLOSED).len(), 2);
    // A cluster without hosts: a call is closed, a stream has its metadata before.
    let none = "no healthy upstream{no_healthy_upstream}";
    let probe =
        calls(b"authz", 200, "InternalFailure").on(CLOSED).call(STATUS, &[O(0), O(1), O(2)], &closed(none));
    let host = run(&probe, Cluster::without_hosts());
    assert_eq!(host.grpc_calls().next().unwrap().status, Status::InternalFailure);
    let trailers = fields(&[
        (":status", "200"),
        ("content-type", "application/grpc"),
        ("grpc-status", "14"),
        ("grpc-message", "no healthy upstream"),
    ]);
    let probe = opens(b"authz", "InternalFailure")
        .on("proxy_on_grpc_receive_initial_metadata")
        .call(MAP, &[N(4), O(0), O(1)], "Ok \"\"")
        .call(GET, &[N(4), T(b"x"), O(0), O(1)], "NotFound")
        .on("proxy_on_grpc_receive_trailing_metadata")
        .call(MAP, &[N(5), O(0), O(1)], &format!("Ok \"{}\"", trailers.escape_ascii()))
        .on(CLOSED)
        .call(STATUS, &[O(0), O(1), O(2)], &closed(none))
        .call(CANCEL, &[N(6)], "NotFound");
    let mut host = run(&probe, Cluster::without_hosts());
    assert_eq!(
        callbacks(&host, "proxy_on_grpc"),
        [
            "proxy_on_grpc_receive_initial_metadata(1, stream_id=6, num_elements=0)",
            "proxy_on_grpc_receive_trailing_metadata(1, stream_id=6, num_elements=4)",
            "proxy_on_grpc_close(1, call_or_stream_id=6, status_code=14)",
        ]
    );
    assert_eq!(host.findings()[0].id, "envoy/callback-in-hostcall");
    host.allow("envoy/callback-in-hostcall");
}

#[test]
fn a_service_without_a_target_crashes_envoy() {
    for service in [&b""[..], b"h2"] {
        for probe in [calls(service, 200, "InternalFailure"), opens(service, "InternalFailure")] {
            let mut host = run(&probe, says(&[]));
            assert_eq!(host.findings()[0].id, "envoy/crash");
            host.allow("envoy/crash");
        }
    }
}

#[test]
fn a_stream_shows_metadata_messages_and_status() {
    let answer = GrpcAnswer {
        initial_metadata: vec![(b"x-md".to_vec(), b"1".to_vec())],
        trailing_metadata: vec![(b"x-t".to_vec(), b"1".to_vec())],
        message: b"fine".to_vec(),
        ..says(&["un", "", "trois"])
    };
    let mut host =
        probe("grpc_calls/stream.wat").cluster("authz", Answer::from(answer).after(ms(5))).build().unwrap();
    host.advance(ms(4));
    assert_eq!(callbacks(&host, "proxy_on_grpc"), [""; 0]);
    host.advance(ms(6));
    // Two messages let two go. The plugin's end, after the empty one, lets the third go.
    assert_eq!(
        callbacks(&host, "proxy_on_grpc"),
        [
            "proxy_on_grpc_receive_initial_metadata(1, stream_id=6, num_elements=3)",
            "proxy_on_grpc_receive(1, call_or_stream_id=6, message_size=2)",
            "proxy_on_grpc_receive(1, call_or_stream_id=6, message_size=0)",
            "proxy_on_grpc_receive(1, call_or_stream_id=6, message_size=5)",
            "proxy_on_grpc_receive_trailing_metadata(1, stream_id=6, num_elements=3)",
            "proxy_on_grpc_close(1, call_or_stream_id=6, status_code=0)",
        ]
    );
    let text = host.transcript().abi();
    assert!(text.contains("-> Ok 0 \"fine{via_upstream}\""), "{text}");
    let view = host.transcript().http();
    for line in [
        "[0s] probe calls cluster authz (6): POST http://authz/envoy.Auth/Watch",
        "[0s] probe sends to authz (6): 3 bytes: two",
        "[5ms] authz answers probe (6) after 5ms: 2 bytes: un",
        "[5ms] probe sends to authz (6): the end",
        "[10ms] authz answers probe (6) after 10ms: trailers",
    ] {
        assert!(view.lines().any(|known| known == line), "{line}\n{view}");
    }
}

#[test]
fn a_stream_that_waits_is_named_in_a_stall() {
    let mut host = probe("grpc_calls/stream.wat").cluster("authz", says(&["a", "b", "c"])).build().unwrap();
    assert_eq!(callbacks(&host, RECEIVE).len(), 2 + 1, "initial metadata and two messages");
    host.send(Request::get("/"));
    host.allow("stall");
}

#[test]
fn a_closed_stream_stays_known_until_it_is_closed_here() {
    let probe = opens(b"authz", "Ok 6")
        .on(CLOSED)
        .call(SEND, &[N(6), T(b"x"), N(0)], "Ok")
        .on("proxy_on_request_headers")
        .call(SEND, &[N(6), T(b"x"), N(0)], "Ok")
        .call(CLOSE, &[N(6)], "Ok")
        .call(CLOSE, &[N(6)], "NotFound")
        .call(SEND, &[N(6), T(b"x"), N(0)], "NotFound");
    probe.run(|setup| alone(setup).cluster("authz", says(&[])), |host| drop(host.send(Request::get("/"))));
    // Closed here before, it is gone once the server has ended it.
    let probe = opens(b"authz", "Ok 6")
        .call(CLOSE, &[N(6)], "Ok")
        .on(CLOSED)
        .call(CLOSE, &[N(6)], "Ok")
        .call(CLOSE, &[N(6)], "NotFound")
        .on("proxy_on_request_headers")
        .call(SEND, &[N(6), T(b"x"), N(0)], "NotFound");
    probe.run(|setup| alone(setup).cluster("authz", says(&[])), |host| drop(host.send(Request::get("/"))));
}

#[test]
fn a_stream_cancelled_in_a_callback_ends_there() {
    for callback in
        ["proxy_on_grpc_receive_initial_metadata", RECEIVE, "proxy_on_grpc_receive_trailing_metadata"]
    {
        let probe = opens(b"authz", "Ok 6")
            .call(SEND, &[N(6), T(b"x"), N(1)], "Ok")
            .on(callback)
            .call(CANCEL, &[N(6)], "Ok")
            .call(CANCEL, &[N(6)], "NotFound");
        let host = run(&probe, says(&["m1"]));
        assert_eq!(callbacks(&host, callback).len(), 1);
        assert_eq!(callbacks(&host, CLOSED), [""; 0], "no close after a cancel");
    }
}

/// How long the server took is not told while the plugin's side of a stream is open.
#[test]
fn a_stream_that_fails_shows_empty_metadata() {
    for (answer, counts, status) in [
        (Answer::fail(Failure::Refused), [0, 4], 14),
        (Answer::fail(Failure::Cut), [2, 0], 13),
        (Answer::status(404).body("no").http2(), [0, 0], 12),
        (Answer::status(404).header("grpc-status", "7").http2(), [0, 2], 7),
        (Answer::ok().body("hello").http2(), [2, 0], 13),
    ] {
        let probe = opens(b"authz", "Ok 6")
            .on("proxy_on_grpc_receive_initial_metadata")
            .on("proxy_on_grpc_receive_trailing_metadata")
            .on(CLOSED);
        let host = run(&probe, answer);
        let want = [
            format!("proxy_on_grpc_receive_initial_metadata(1, stream_id=6, num_elements={})", counts[0]),
            format!("proxy_on_grpc_receive_trailing_metadata(1, stream_id=6, num_elements={})", counts[1]),
            format!("proxy_on_grpc_close(1, call_or_stream_id=6, status_code={status})"),
        ];
        assert_eq!(callbacks(&host, "proxy_on_grpc"), want, "{}", host.transcript().http());
    }
}

#[test]
fn a_paused_request_goes_on_when_the_message_is_there() {
    let ask = |answer: Answer| probe("grpc_calls/unary.wat").cluster("authz", answer).build().unwrap();
    let mut host = ask(Answer::from(says(&["yes"])).after(ms(5)));
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.response().status(), exchange.took()), (200, ms(5)));
    let mut host = ask(Answer::from(fails(7, "no")));
    let exchange = host.send(Request::get("/"));
    assert_eq!(
        (exchange.response().status(), exchange.response().body()),
        (503, b"no{via_upstream}".to_vec())
    );
    let mut host = ask(Answer::fail(Failure::Timeout));
    assert_eq!(host.send(Request::get("/")).took(), ms(200));
}
