//! The same scenario gives the same transcript: twice, and on many threads at once.

use std::thread;

use crate::at_hand::{LIMITER, carried_out, steps};
use proxy_wasm_harness::scenario::{Run, Scenario, Style, report};

fn told(scenario: &Scenario) -> (String, String) {
    let run: Run = carried_out(scenario);
    (run.transcript.abi(), report(scenario, &run, Style::Plain))
}

#[test]
fn on_one_thread_and_on_eight() {
    let scenarios = [
        steps(
            LIMITER,
            "{request: {method: POST, url: /, body: {fill: ab, size: 64KiB}, chunk_size: 4KiB}, repeat: 5, every: 333ms},",
        ),
        steps(
            "artifacts/http_headers_go.wasm",
            "{request: GET /, repeat: 3, expect: {response: {status: 1}}},",
        ),
        steps("probes/integration/panics.wat", "{request: GET /, repeat: 2},"),
        steps("probes/timers/ticks_while_paused.wat", "{request: GET /},"),
    ];
    let once: Vec<_> = scenarios.iter().map(told).collect();
    let many: Vec<Vec<_>> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| scenarios.iter().map(told).collect::<Vec<_>>())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for again in many {
        assert!(again == once);
    }
}
