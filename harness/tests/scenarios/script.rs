//! `Host::script`: what a test in Rust did, as a file that a run repeats.

use std::path::Path;

use proxy_wasm_harness::abi::{LogLevel, Status};
use proxy_wasm_harness::host::{Host, Peer, VmSetup};
use proxy_wasm_harness::proxy::{Call, Injection};
use proxy_wasm_harness::scenario::{RunOptions, load_text, run};
use proxy_wasm_harness::state::{Answer, Chunk, Duration, Request};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

use crate::at_hand::{Folder, LIMITER, root};

fn plugin() -> Plugin {
    // By its path below the folder, as scenarios name it.
    Plugin::from_file(root().join(LIMITER), &LoadOptions::default()).unwrap()
}

/// Runs the script of `host` and compares the transcripts.
#[track_caller]
fn repeats(mut host: Host) {
    host.allow("stall").allow("trap");
    let script = host.script();
    let mut file =
        load_text(Path::new("script.yaml"), &script).unwrap_or_else(|errors| panic!("{errors}\n{script}"));
    let again = run(&file.scenarios.remove(0), &Folder, &RunOptions::default()).unwrap();
    assert!(again.transcript.abi() == host.transcript().abi(), "{script}\n{}", again.transcript.abi());
}

#[test]
fn a_refused_push_is_an_error_and_is_repeated_as_one() {
    let wat = root().join("probes/script.wat");
    let mut host = Host::builder()
        .plugin(Plugin::from_file(wat, &LoadOptions::default()).unwrap().config("rh: l(old)"))
        .build()
        .unwrap();
    let refusal = host.reconfigure("script", "cf: =0").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "plugin script answered false in proxy_on_configure (Envoy: Failed to configure base Wasm plugin)"
    );
    host.send(Request::get("/"));
    assert!(host.log().has(LogLevel::Info, "old"));
    let script = host.script();
    assert!(script.contains("outcome: refused"), "{script}");
    repeats(host);
}

#[test]
#[should_panic(expected = "the chain has no plugin \"nobody\"")]
fn a_push_to_nobody_panics() {
    let mut host = Host::builder().plugin(plugin()).build().unwrap();
    let _ = host.reconfigure("nobody", "");
}

#[test]
fn a_script_repeats_every_kind_of_act() {
    let mut host = Host::builder()
        .plugin(plugin().named("limiter").config("{\"limit\": 2}").env("POD", "a"))
        .upstream_each([
            Answer::ok().body("one"),
            Answer::status(404).after(Duration::from_millis(3)),
            Answer::ok(),
        ])
        .clock(1_900_000_000_000_000_001)
        .seed(7)
        .log_level(LogLevel::Debug)
        .build()
        .unwrap();
    host.send(Request::post("http://httpbin:8000/a").header("x", vec![0xff]).body("b\n").chunk_size(1));
    host.advance(Duration::from_nanos(1_000_000_001));
    let a = host.open(Request::get("/a").http2());
    let b = host.open_unended(Request::post("/b").body("x"));
    host.send_body(b, b"more", false);
    host.set_clock(5);
    host.respond(
        a,
        Answer::ok().chunks([Chunk::from("p"), Chunk::from("q").after(Duration::from_millis(1))]),
    )
    .unwrap();
    host.advance(Duration::from_secs(2));
    host.finish(b);
    host.respond_scripted(b).unwrap();
    let c = host.open(Request::get("/c"));
    host.reconfigure("limiter", "{\"limit\": 3}").unwrap();
    host.abort(c, Peer::Client);
    let vm = VmSetup { id: "other".to_owned(), config: vec![0xff], ..VmSetup::default() };
    host.reconfigure_vm("limiter", "{\"limit\": 3}", vm).unwrap();
    repeats(host);
}

#[test]
fn a_script_repeats_workers_and_options() {
    let mut host = Host::builder().plugin(plugin()).workers(2).build().unwrap();
    for _ in 0..3 {
        host.send(Request::get("/").worker(1));
        host.send(Request::get("/"));
    }
    repeats(host);
}

#[test]
fn a_script_reads_like_a_scenario() {
    let mut host = Host::builder().plugin(plugin().named("limiter")).build().unwrap();
    host.send(Request::get("http://httpbin:8000/headers"));
    host.inject(Injection {
        hostcall: "proxy_log".to_owned(),
        status: Status::BadArgument,
        plugin: None,
        skip: 1,
        count: 2,
    });
    host.advance(Duration::from_millis(250));
    let script = host.script();
    let (_, steps) = script.split_once("steps:").unwrap();
    let expected = "
      - request: GET http://httpbin:8000/headers
      - fault: {hostcall: proxy_log, status: bad_argument, nth: 2, count: 2}
      - advance: 250ms
";
    assert_eq!(steps, expected);
}

#[test]
fn a_script_repeats_what_a_function_answered() {
    let load = |wasm: &str| Plugin::from_file(root().join(wasm), &LoadOptions::default()).unwrap();
    let mut host = Host::builder()
        .plugin(load("probes/http_calls/asks.wat"))
        .plugin(load("probes/shared_queues/takes_one.wat"))
        .cluster("authz", |call: &Call| Answer::status(if call.path() == "/check" { 204 } else { 500 }))
        .property(&["node", "id"], "n1")
        .build()
        .unwrap();
    host.send(Request::get("/"));
    host.enqueue("", "work", b"one\xff").unwrap();
    host.set_shared_data("vm", b"k", b"v", 0).unwrap();
    let a = host.open(Request::get("/"));
    host.set_property(Some(a), &["own", "key.dotted"], "v").unwrap();
    host.set_property(None, &["x"], "y").unwrap();
    assert_eq!(host.property(Some(a), &["own", "key.dotted"]), Some(b"v".to_vec()));
    host.respond_scripted(a).unwrap();
    repeats(host);
}
