//! What passes, and what the end of a run means for its trial.

use proxy_wasm_harness::scenario::{Verdict, View};

use crate::at_hand::{LIMITER, carried_out, passes, scenario, steps};

#[test]
fn the_story_of_the_rate_limiter() {
    passes(&steps(
        LIMITER,
        r#"
{start: ok, expect: {log: none}},
{request: GET /headers, repeat: 2, every: 250ms, expect: {
  response: {status: 200, headers: {who-am-i: wasm-extension, injected-by: istio-api!}, complete: true},
  upstream_request: {path: /headers}, local_response: none}},
{advance: 250ms, expect: {took: 250ms, log: none}},
{request: GET /headers, expect: {
  response: {status: 403, headers: {powered-by: proxy-wasm-rust-sdk, who-am-i: wasm-extension},
    body: "rate limited, wait and retry."},
  local_response: {plugin: p}, upstream_request: none,
  callbacks: [{name: proxy_on_request_headers, count: 1}], hostcalls: [{name: proxy_send_local_response, status: ok}]}},
{advance: 500ms},
{request: GET /headers, expect: {response: {status: 403}}},
{advance: 1ns},
{request: GET /headers, expect: {response: {status: 200}}},
{expect: {log: [{contains: remain token 1}, {contains: remain token 0}], no_log: [{contains: panic}], findings: []}},
"#,
    ));
}

#[test]
fn what_goes_wrong_can_be_expected_at_once_or_at_the_end() {
    passes(&steps(
        "probes/integration/panics.wat",
        "{request: GET /, expect: {trap: {message: {contains: no such key}}, response: {status: 503}}},",
    ));
    passes(&steps(
        "probes/integration/panics.wat",
        "{request: GET /},\n{expect: {trap: {plugin: p, message: unreachable}}},",
    ));
    passes(&steps(
        "probes/integration/hangs.wat",
        "{request: GET /, expect: {trap: {message: {contains: hang timeout}}}},",
    ));
    passes(&steps(
        "probes/memory_management/grows.wat",
        "{request: GET /, expect: {findings: [vm/memory-cap]}},",
    ));
    passes(&steps(
        "probes/memory_management/grows.wat",
        "{request: GET /, expect: {trap: {message: {contains: memory}}}},",
    ));
    passes(&steps(
        "probes/stream_operations/pauses.wat",
        "{request: GET /, expect: {stalled: true, response: none}},",
    ));
    passes(&steps(
        "probes/timers/ticks_while_paused.wat",
        "{request: GET /, expect: {stalled: true, took: 1m, callbacks: [{name: proxy_on_tick, count: 3}]}},",
    ));
    passes(&steps(
        "probes/configuration/refuses.wat",
        "{start: refused, expect: {log: [{plugin: p, level: error, message: limit is missing}]}},",
    ));
    passes(&steps(
        "probes/http_streams/answers_in_log.wat",
        "{request: GET /, expect: {findings: [envoy/crash]}},",
    ));
}

#[test]
fn an_upstream_that_runs_out_of_answers_is_a_finding() {
    let text = format!(
        "{{plugins: [{{wasm: {LIMITER}}}], upstream: [{{status: 404}}], scenarios: [{{name: a, steps: [\
         {{request: GET /, expect: {{response: {{status: 404}}}}}}, \
         {{request: GET /, expect: {{response: {{status: 503}}, findings: [script/upstream-exhausted]}}}}]}}]}}"
    );
    passes(&scenario(&text));
}

#[test]
fn a_known_failure_that_passes_is_red() {
    let verdict = |mark: &str, status: u16| {
        let scenario = scenario(&format!(
            "plugins: [{{wasm: {LIMITER}}}]\nscenarios:\n  - name: a\n{mark}    steps: [{{request: GET /, expect: \
             {{response: {{status: {status}}}}}}}]\n"
        ));
        carried_out(&scenario).verdict(&scenario)
    };
    assert_eq!(verdict("", 200), Verdict::Passed);
    assert_eq!(verdict("", 201), Verdict::Failed);
    assert_eq!(verdict("    known_failure: soon\n", 201), Verdict::KnownFailure("soon".to_owned()));
    let pass = verdict("    known_failure: soon\n", 200);
    assert_eq!(pass, Verdict::UnexpectedPass("soon".to_owned()));
    assert!(!pass.is_green() && Verdict::KnownFailure(String::new()).is_green());
    assert_eq!(verdict("    skip: no\n", 201), Verdict::Skipped("no".to_owned()));
}

#[test]
fn views_are_what_snapshots_hold() {
    let run = carried_out(&steps(LIMITER, "{request: GET /},"));
    assert!(run.view(View::Http).contains("#1 client receives 200"));
    assert!(!run.view(View::Http).contains("remain token"));
    assert!(run.view(View::Log).starts_with("[0s] p critical: current time"));
    assert!(run.view(View::Abi).contains("proxy_on_request_headers"));
    assert_eq!((run.steps, run.exchanges), (1, 1));
}
