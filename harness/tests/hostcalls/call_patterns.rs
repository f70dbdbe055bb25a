//! Calls as plugins use them: the probes of `plugins-under-test/probes/http_calls`.
//! Covers the rows under 9 of `suites/tests/fact_sheets/http.toml`.

use proxy_wasm_harness::host::{Builder, Host, Peer};
use proxy_wasm_harness::proxy::Cluster;
use proxy_wasm_harness::state::{Answer, Duration, Failure, Request};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A host with this probe alone.
pub(crate) fn probe(path: &str) -> Builder {
    let path = format!("{}/../plugins-under-test/probes/{path}", env!("CARGO_MANIFEST_DIR"));
    let plugin = Plugin::from_file(path, &LoadOptions::default()).unwrap();
    Host::builder().plugin(plugin.named("probe"))
}

fn resume(answers: impl Into<Cluster>) -> Host {
    probe("http_calls/resume.wat").cluster("authz", answers).build().unwrap()
}

/// The callbacks that ran, with their numbers; those of requests and allocators left out.
pub(crate) fn callbacks(host: &Host, of: &str) -> Vec<String> {
    let text = host.transcript().abi();
    let lines = text.lines().filter_map(|line| line.split_once("] ").map(|(_, rest)| rest.trim()));
    let calls = lines.filter_map(|line| line.strip_prefix("probe "));
    calls.filter(|call| call.starts_with(of)).map(str::to_owned).collect()
}

#[test]
fn a_paused_request_goes_on_when_the_answer_is_there() {
    let mut host = resume(Answer::ok().after(ms(5)));
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.response().status(), exchange.took()), (200, ms(5)));
    assert!(exchange.upstream_request().is_some());
    assert_eq!(
        callbacks(&host, "proxy_on_http_call"),
        ["proxy_on_http_call_response(1, call_id=4, num_headers=3, body_size=0, num_trailers=0)"]
    );
}

#[test]
fn a_request_is_refused_from_the_callback() {
    for answer in [Answer::status(403), Answer::fail(Failure::Refused), Answer::fail(Failure::Cut)] {
        let mut host = resume(answer);
        let exchange = host.send(Request::get("/"));
        assert_eq!((exchange.response().status(), &exchange.response().body()[..]), (403, &b"denied"[..]));
        assert!(exchange.upstream_request().is_none());
    }
}

#[test]
fn a_call_that_is_not_answered_times_out() {
    let mut host = resume(Answer::fail(Failure::Timeout));
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.response().status(), exchange.took()), (403, ms(200)));
}

#[test]
fn the_answer_comes_after_the_stream_has_gone() {
    let mut host = resume(Answer::ok().after(ms(50)));
    let stream = host.open(Request::get("/"));
    host.advance(ms(10));
    host.abort(stream, Peer::Client);
    host.advance(ms(40));
    let text = host.transcript().abi();
    let answered = text.split_once("proxy_on_http_call_response(1,").expect("the callback").1;
    assert!(answered.contains("proxy_set_effective_context(2) -> BadArgument"), "{text}");
    assert!(answered.contains("proxy_continue_stream(HttpRequest) -> Ok"), "{text}");
}

#[test]
fn streams_wait_each_for_its_own_call() {
    // The second answer comes first.
    let answers = [Answer::ok().after(ms(20)), Answer::ok().after(ms(5))];
    let mut host = resume(answers);
    let (one, two) = (host.open(Request::get("/1")), host.open(Request::get("/2")));
    host.advance(ms(30));
    let order = callbacks(&host, "proxy_on_http_call");
    assert!(order[0].contains("call_id=8") && order[1].contains("call_id=4"), "{order:?}");
    // This plugin knows one stream only: the other one is never let go.
    assert!(host.exchange(two).upstream_request().is_some());
    assert!(host.exchange(one).upstream_request().is_none());
    host.abort(one, Peer::Client);
}

#[test]
fn calls_are_made_from_every_callback() {
    let mut host =
        probe("http_calls/everywhere.wat").cluster("authz", Answer::ok().after(ms(5))).build().unwrap();
    host.send(Request::post("/").body("x").respond(Answer::ok().body("y")));
    host.advance(ms(2000));
    let ids: Vec<u32> = host.http_calls().map(|call| call.id).collect();
    assert_eq!(ids.len(), 3 + 10 + 1, "{}", host.transcript().http());
    assert!(ids.iter().zip(1..).all(|(id, count)| *id == 4 * count));
    assert!(host.http_calls().all(|call| call.plugin == "probe" && call.timeout.is_zero()));
    assert_eq!(callbacks(&host, "proxy_on_http_call").len(), ids.len());
}

#[test]
fn several_calls_are_answered_as_they_come() {
    let mut host = probe("http_calls/several.wat")
        .cluster("slow", Answer::ok().after(ms(30)))
        .cluster("fast", Answer::ok().after(ms(5)))
        .build()
        .unwrap();
    let exchange = host.send(Request::get("/"));
    assert_eq!((exchange.response().status(), exchange.took()), (200, ms(30)));
    let order = callbacks(&host, "proxy_on_http_call");
    let ids = ["call_id=8", "call_id=4", "call_id=12"];
    assert!(order.iter().zip(ids).all(|(call, id)| call.contains(id)), "{order:?}");
}

#[test]
fn a_callback_makes_the_next_call() {
    let mut host =
        probe("http_calls/chained.wat").cluster("authz", Answer::ok().after(ms(10))).build().unwrap();
    host.advance(ms(100));
    assert_eq!(host.http_calls().last().unwrap().id, 44);
    assert_eq!(callbacks(&host, "proxy_on_http_call").len(), 10);
}

#[test]
fn calls_without_end_are_found() {
    let mut host = probe("http_calls/chained.wat").cluster("authz", Answer::ok()).build().unwrap();
    assert_eq!(host.findings()[0].id, "script/no-progress");
    host.allow("script/no-progress");
}

#[test]
fn a_stall_names_the_calls_that_wait() {
    let mut host = probe("http_calls/several.wat").cluster("slow", Answer::ok()).build().unwrap();
    // Cluster `fast` is not there: the plugin waits for three answers and gets two.
    let exchange = host.send(Request::get("/"));
    assert_eq!(exchange.stalled().unwrap().calls, []);
    host.allow("stall");
    let mut patient = probe("http_calls/resume.wat")
        .cluster("authz", Answer::fail(Failure::Timeout))
        .patience(ms(150))
        .build()
        .unwrap();
    let exchange = patient.send(Request::get("/"));
    let report = exchange.stalled().unwrap().to_string();
    assert!(
        report.ends_with("call 4 of plugin probe to cluster authz waits for an answer since 0s"),
        "{report}"
    );
    patient.allow("stall");
}

#[test]
fn calls_stand_in_the_transcript() {
    let mut host = resume(Answer::ok().header("x-user", "alice").after(ms(5)));
    host.send(Request::get("/"));
    let text = host.transcript().http();
    for line in [
        "[0s] probe calls cluster authz (4): POST http://authz/check",
        "    x-envoy-expected-rq-timeout-ms: 200",
        "[0s] probe sends to authz (4): 5 bytes, the last: authz",
        "[5ms] authz answers probe (4) after 5ms: 200",
        "    x-user: alice",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    let mut host = resume(Answer::fail(Failure::Timeout));
    host.send(Request::get("/"));
    assert!(host.transcript().http().contains("[200ms] probe's call to authz (4) timed out after 200ms\n"));
}
