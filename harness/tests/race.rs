//! Requests that meet: the decisions of whoever asks for the race are the only chance in it.

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::state::{Duration, Request};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

/// Counts requests in shared data, with a read and a blind write.
const COUNTER: &str = r#"(module
  (import "env" "proxy_get_shared_data" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "n")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (drop (call $get (i32.const 0) (i32.const 1) (i32.const 32) (i32.const 36) (i32.const 40)))
    (i32.store8 (i32.const 16) (i32.add (i32.load8_u (i32.const 1024)) (i32.const 1)))
    (drop (call $set (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0)))
    (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 9)) (then unreachable))
    (i32.const 0)))"#;

fn host(workers: usize) -> Host {
    let plugin =
        Plugin::from_bytes("counter", COUNTER.as_bytes(), &LoadOptions::default()).expect("a module");
    Host::builder().plugin(plugin).workers(workers).build().expect("a start")
}

/// Admits two requests between two ticks, one of which comes each second.
const TIMED: &str = include_str!("../../plugins-under-test/probes/timers/window.wat");

/// A race of so many requests, taking turns at the workers: how many were counted, how often somebody was asked who goes
/// on, and the transcript.
fn race(workers: usize, requests: usize, choices: &[usize]) -> (u8, usize, String) {
    let mut host = host(workers);
    let mut asked = 0;
    let exchanges = host.race(vec![Request::get("/"); requests], &mut |of| {
        asked += 1;
        choices.get(asked - 1).copied().unwrap_or(0) % of
    });
    assert!(exchanges.iter().all(|exchange| exchange.response().status() == 200));
    assert_eq!(exchanges.len(), requests);
    let counted = host.shared_data().next().map_or(0, |(_, _, value, _)| value[0]);
    (counted, asked, host.transcript().abi())
}

#[test]
fn who_goes_on_is_decided_from_outside_and_nothing_else_is_chance() {
    // One after the other: the first to read writes before the second reads.
    assert_eq!(race(2, 2, &[]).0, 2);
    // Both read before either writes.
    assert_eq!(race(2, 2, &[0, 1]).0, 1);
    // Four workers: all read before any writes, and the last write is of a one.
    assert_eq!(race(4, 4, &[0, 1, 2, 3]).0, 1);
    for choices in [&[][..], &[0, 1, 1, 0, 1], &[1, 2, 0, 1, 2, 1]] {
        assert_eq!(race(3, 7, choices), race(3, 7, choices), "the same again");
    }
}

#[test]
fn what_is_due_at_the_instant_of_a_request_comes_before_or_after_it() {
    let plugin = Plugin::from_bytes("timed", TIMED.as_bytes(), &LoadOptions::default()).expect("a module");
    for workers in [1, 2] {
        for (choice, status) in [(0, 200), (1, 403)] {
            let mut host = Host::builder().plugin(plugin.clone()).workers(workers).build().expect("a start");
            let request = Request { worker: Some(0), ..Request::get("/") };
            for _ in 0..2 {
                assert_eq!(host.send(request.clone()).response().status(), 200);
            }
            host.advance_before(Duration::from_secs(1));
            let mut asked = Vec::new();
            let exchanges = host.race(vec![request], &mut |of| {
                asked.push(of);
                if asked.len() == 1 { choice } else { 0 }
            });
            assert_eq!(exchanges[0].response().status(), status, "{workers} workers, {choice}");
            assert_eq!(asked[0], 2, "the tick, or the request");
            // The tick has come in any case.
            assert_eq!(host.send(Request { worker: Some(0), ..Request::get("/") }).response().status(), 200);
        }
    }
}

#[test]
fn one_worker_meets_nobody() {
    let (counted, asked, _) = race(1, 5, &[]);
    assert_eq!((counted, asked), (5, 0));
}

#[test]
fn a_trap_ends_its_own_stream_and_the_race_goes_on() {
    let mut host = host(2);
    host.allow("trap");
    // The ninth write traps; the VM is dead then, and the other goes on.
    let exchanges = host.race(vec![Request::get("/"); 20], &mut |_| 0);
    assert_eq!(exchanges.len(), 20);
    let failed = exchanges.iter().filter(|exchange| exchange.response().status() == 503).count();
    assert!((1..=10).contains(&failed), "{failed}");
    assert_eq!(host.traps().len(), 1);
    assert!(host.open_streams().is_empty());
}
