//! Traps, stalls, findings and starts that are refused.

use crate::at_hand::{LIMITER, fails};

#[test]
fn a_trap_shows_the_panic_and_the_functions() {
    fails(
        "probes/integration/panics.wat",
        r#"{request: GET /},"#,
        r#"
case.yaml:4:7: trap: plugin p trapped in proxy_on_request_headers: unreachable
 4 |       {request: GET /},
   |       ^
  step      request GET http://localhost/, at 0s
  expected  no plugin traps
  actual    plugin p trapped in proxy_on_request_headers: unreachable
  because   panicked at src/lib.rs:7:5:
            no such key
  backtrace panic
            check_key
            proxy_on_request_headers
"#,
    );
}

#[test]
fn a_trap_of_another_message() {
    fails(
        "probes/integration/panics.wat",
        r#"{request: GET /, expect: {trap: {plugin: p, message: {contains: out of bounds}}}},"#,
        r#"
case.yaml:4:60: trap: plugin p trapped in proxy_on_request_headers: unreachable, after logging "panicked at src/lib.rs:7:5:\nno such key"
 4 |       {request: GET /, expect: {trap: {plugin: p, message: {contains: out of bounds}}}},
   |                                                            ^
  step      request GET http://localhost/, at 0s
  expected  plugin p traps with text that contains "out of bounds"
  actual    plugin p trapped in proxy_on_request_headers: unreachable, after logging "panicked at src/lib.rs:7:5:\nno such key"
  because   [0s] p critical: panicked at src/lib.rs:7:5:\nno such key
            [0s] p trapped in proxy_on_request_headers: unreachable
  backtrace panic
            check_key
            proxy_on_request_headers
"#,
    );
}

#[test]
fn a_trap_that_did_not_come() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {trap: {message: unreachable}}},"#,
        r#"
case.yaml:4:49: trap: nothing trapped
 4 |       {request: GET /, expect: {trap: {message: unreachable}}},
   |                                                 ^
  step      request GET http://localhost/, at 0s
  expected  a plugin traps with "unreachable"
  actual    nothing trapped
  because   [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 1
"#,
    );
}

#[test]
fn a_hang() {
    fails(
        "probes/integration/hangs.wat",
        r#"{request: GET /},"#,
        r#"
case.yaml:4:7: trap: plugin p trapped in proxy_on_request_headers: the call did not return within the hang timeout
 4 |       {request: GET /},
   |       ^
  step      request GET http://localhost/, at 0s
  expected  no plugin traps
  actual    plugin p trapped in proxy_on_request_headers: the call did not return within the hang timeout
  because   [0s] p trapped in proxy_on_request_headers: the call did not return within the hang timeout
  backtrace proxy_on_request_headers
"#,
    );
}

#[test]
fn memory_that_grows_without_bound() {
    fails(
        "probes/memory_management/grows.wat",
        r#"{request: GET /},"#,
        r#"
case.yaml:4:7: findings: vm/memory-cap: plugin p asked for 8454144 bytes of memory and may have 8388608: it grows without bound, or needs a higher cap
 4 |       {request: GET /},
   |       ^
  step      request GET http://localhost/, at 0s
  expected  none
  actual    vm/memory-cap: plugin p asked for 8454144 bytes of memory and may have 8388608: it grows without bound, or needs a higher cap
  because   [0s] p proxy_on_request_headers(2, num_headers=6, end_of_stream=1)
"#,
    );
}

#[test]
fn a_stall() {
    fails(
        "probes/stream_operations/pauses.wat",
        r#"{request: GET /},
{request: GET /, expect: {took: 0s}},"#,
        r#"
case.yaml:4:7: stalled: exchange #1 stalled: plugin p paused the request in proxy_on_request_headers, and proxy_continue_stream(HttpRequest) was not called for it; no answer, timeout or tick is left that could end it
 4 |       {request: GET /},
   |       ^
  step      request GET http://localhost/, at 0s
  expected  the exchange ends within 1m
  actual    exchange #1 stalled: plugin p paused the request in proxy_on_request_headers, and proxy_continue_stream(HttpRequest) was not called for it; no answer, timeout or tick is left that could end it
  because   [0s] p proxy_on_request_headers(2, num_headers=6, end_of_stream=1)
            [0s] p info: asking the authorizer
            [0s] #1 stalled

case.yaml:5:7: stalled: exchange #2 stalled: plugin p paused the request in proxy_on_request_headers, and proxy_continue_stream(HttpRequest) was not called for it; no answer, timeout or tick is left that could end it
 5 |       {request: GET /, expect: {took: 0s}},
   |       ^
  step      request GET http://localhost/, at 0s
  expected  the exchange ends within 1m
  actual    exchange #2 stalled: plugin p paused the request in proxy_on_request_headers, and proxy_continue_stream(HttpRequest) was not called for it; no answer, timeout or tick is left that could end it
  because   [0s] p proxy_on_request_headers(3, num_headers=6, end_of_stream=1)
            [0s] p info: asking the authorizer
            [0s] #2 stalled
"#,
    );
}

#[test]
fn a_stall_that_uses_up_the_patience() {
    fails(
        "probes/timers/ticks_while_paused.wat",
        r#"{request: GET /},"#,
        r#"
case.yaml:4:7: stalled: exchange #1 stalled: plugin p paused the request in proxy_on_request_headers, and proxy_continue_stream(HttpRequest) was not called for it within the patience of 1m
 4 |       {request: GET /},
   |       ^
  step      request GET http://localhost/, at 1m
  expected  the exchange ends within 1m
  actual    exchange #1 stalled: plugin p paused the request in proxy_on_request_headers, and proxy_continue_stream(HttpRequest) was not called for it within the patience of 1m
  because   [0s] p proxy_on_request_headers(2, num_headers=6, end_of_stream=1)
            [1m] #1 stalled
"#,
    );
}

#[test]
fn a_stall_that_did_not_come() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {stalled: true}},"#,
        r#"
case.yaml:4:32: stalled: the exchange ended: the client received 200
 4 |       {request: GET /, expect: {stalled: true}},
   |                                ^
  step      request GET http://localhost/, at 0s
  expected  the exchange stalls
  actual    the exchange ended: the client received 200
  because   [0s] #1 upstream sends 200
"#,
    );
}

#[test]
fn a_start_that_is_refused() {
    fails(
        "probes/configuration/refuses.wat",
        r#"{request: GET /},"#,
        r#"
case.yaml:3:5: start: plugin p answered false in proxy_on_configure (Envoy: Failed to configure base Wasm plugin)
 3 |   - {name: case, steps: [
   |     ^
  step      start, at 0s
  expected  ok: every plugin starts
  actual    plugin p answered false in proxy_on_configure (Envoy: Failed to configure base Wasm plugin)
  because   [0s] p error: limit is missing
"#,
    );
}

#[test]
fn a_start_that_was_to_be_refused() {
    fails(
        LIMITER,
        r#"{start: refused, expect: {log: [limit is missing]}},"#,
        r#"
case.yaml:4:7: start: every plugin starts
 4 |       {start: refused, expect: {log: [limit is missing]}},
   |       ^
  step      start, at 0s
  expected  refused: a plugin refuses its start or its configuration
  actual    every plugin starts

case.yaml:4:39: log[0]: expected a line with "limit is missing", found nothing was logged
 4 |       {start: refused, expect: {log: [limit is missing]}},
   |                                       ^
  step      start, at 0s
  expected  a line with "limit is missing"
  actual    nothing was logged
"#,
    );
}

#[test]
fn findings_that_nobody_expected() {
    fails(
        "probes/http_streams/answers_in_log.wat",
        r#"{request: GET /},
{request: GET /},"#,
        r#"
case.yaml:4:7: findings: envoy/crash: proxy_send_local_response: a local response at the end of a stream runs proxy_on_log again, without end
 4 |       {request: GET /},
   |       ^
  step      request GET http://localhost/, at 0s
  expected  none
  actual    envoy/crash: proxy_send_local_response: a local response at the end of a stream runs proxy_on_log again, without end
  because   [0s] p proxy_on_log(2)
            [0s] proxy_send_local_response(500, "", "", {}, 4294967295)
            [0s] p: envoy/crash in proxy_send_local_response: a local response at the end of a stream runs proxy_on_log again, without end

case.yaml:5:7: step: left out: Envoy would have crashed before it
 5 |       {request: GET /},
   |       ^
  step      the step, at 0s
  expected  it is carried out
  actual    left out: Envoy would have crashed before it
  because   proxy_send_local_response: a local response at the end of a stream runs proxy_on_log again, without end
"#,
    );
}

#[test]
fn findings_of_another_name() {
    fails(
        "probes/http_streams/answers_in_log.wat",
        r#"{request: GET /, expect: {findings: [envoy/crashes]}},"#,
        r#"
case.yaml:4:32: findings: envoy/crash
 4 |       {request: GET /, expect: {findings: [envoy/crashes]}},
   |                                ^
  step      request GET http://localhost/, at 0s
  expected  envoy/crashes
  actual    envoy/crash
  nearest   envoy/crash was found, envoy/crashes was not
  because   envoy/crash: proxy_send_local_response: a local response at the end of a stream runs proxy_on_log again, without end
"#,
    );
}
