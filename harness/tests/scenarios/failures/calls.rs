//! What was called, and how long it took.

use crate::at_hand::{LIMITER, fails};

#[test]
fn callbacks_that_were_not_made() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {callbacks: [{name: proxy_on_tick}, {name: proxy_on_request_headers, plugin: p, count: {min: 2}}]}},"#,
        r#"
case.yaml:4:45: callbacks[0]: expected proxy_on_tick at least once, found never
 4 |       {request: GET /, expect: {callbacks: [{name: proxy_on_tick}, {name: proxy_on_request_headers, …
   |                                             ^
  step      request GET http://localhost/, at 0s
  expected  proxy_on_tick at least once
  actual    never
  because   proxy_on_context_create: once
            proxy_on_request_headers: once
            proxy_on_response_headers: once
            proxy_on_log: once
            proxy_on_done: once
            proxy_on_delete: once

case.yaml:4:68: callbacks[1]: expected proxy_on_request_headers of p at least 2 times, found once
 4 | …ET /, expect: {callbacks: [{name: proxy_on_tick}, {name: proxy_on_request_headers, plugin: p, count:
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  proxy_on_request_headers of p at least 2 times
  actual    once
  because   as above
"#,
    );
}

#[test]
fn hostcalls_with_another_status() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {hostcalls: [{name: proxy_log, status: bad_argument}, {name: proxy_send_local_response}, {name: proxy_log, count: 0}]}},"#,
        r#"
case.yaml:4:45: hostcalls[0]: expected proxy_log -> BadArgument at least once, found never
 4 |       {request: GET /, expect: {hostcalls: [{name: proxy_log, status: bad_argument}, {name: proxy_se…
   |                                             ^
  step      request GET http://localhost/, at 0s
  expected  proxy_log -> BadArgument at least once
  actual    never
  nearest   with other statuses once
  because   proxy_log -> Ok: once

case.yaml:4:86: hostcalls[1]: expected proxy_send_local_response at least once, found never
 4 | …tcalls: [{name: proxy_log, status: bad_argument}, {name: proxy_send_local_response}, {name: proxy_lo
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  proxy_send_local_response at least once
  actual    never
  because   proxy_get_current_time_nanoseconds: once
            proxy_log: once
            proxy_add_header_map_value: 2 times

case.yaml:4:121: hostcalls[2]: expected proxy_log never, found once
 4 | …bad_argument}, {name: proxy_send_local_response}, {name: proxy_log, count: 0}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  proxy_log never
  actual    once
  because   proxy_log -> Ok: once
"#,
    );
}

#[test]
fn time_that_did_not_pass() {
    fails(
        LIMITER,
        r#"{request: {url: /, respond: {status: 200, after: 5ms}}, expect: {took: {max: 1ms}}},"#,
        r#"
case.yaml:4:78: took: expected at most 1ms, found 5ms
 4 |       {request: {url: /, respond: {status: 200, after: 5ms}}, expect: {took: {max: 1ms}}},
   |                                                                              ^
  step      request GET http://localhost/, at 5ms
  expected  at most 1ms
  actual    5ms
  because   [5ms] clock +5ms (waiting for the exchange)
"#,
    );
}
