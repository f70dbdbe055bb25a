//! What the client received.

use crate::at_hand::{LIMITER, fails};

#[test]
fn a_wrong_status_tells_who_answered() {
    fails(
        LIMITER,
        r#"{request: GET /a, repeat: 3, expect: {response: {status: 200}}},"#,
        r#"
case.yaml:4:64: response.status: expected 200, found 403
 4 |       {request: GET /a, repeat: 3, expect: {response: {status: 200}}},
   |                                                                ^
  step      request GET http://localhost/a, repetition 3 of 3, at 0s
  expected  200
  actual    403
  because   [0s] #3 p answers 403 itself
            [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 0
"#,
    );
}

#[test]
fn a_wrong_status_of_the_upstream_is_its_own() {
    fails(
        "probes/http_fields/adds.wat",
        r#"{request: {url: /, respond: {status: 418}}, expect: {response: {status: {min: 200, max: 299}}}},"#,
        r#"
case.yaml:4:79: response.status: expected 200 to 299, found 418
 4 | …pond: {status: 418}}, expect: {response: {status: {min: 200, max: 299}}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  200 to 299
  actual    418
  because   [0s] #1 upstream sends 418
"#,
    );
}

#[test]
fn a_response_that_never_came() {
    fails(
        "probes/stream_operations/pauses.wat",
        r#"{request: GET /, expect: {stalled: true, response: {status: 200}}},"#,
        r#"
case.yaml:4:58: response: expected a response, found none
 4 |       {request: GET /, expect: {stalled: true, response: {status: 200}}},
   |                                                          ^
  step      request GET http://localhost/, at 0s
  expected  a response
  actual    none
  because   the upstream of #1 sent nothing
            exchange #1 stalled: plugin p paused the request in proxy_on_request_headers, and proxy_continue_stream(HttpRequest) was not called for it; no answer, timeout or tick is left that could end it
"#,
    );
}

#[test]
fn a_response_that_was_not_to_come() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {response: none}},"#,
        r#"
case.yaml:4:43: response: expected none, found a response with 200
 4 |       {request: GET /, expect: {response: none}},
   |                                           ^
  step      request GET http://localhost/, at 0s
  expected  none
  actual    a response with 200
  because   [0s] #1 upstream sends 200
"#,
    );
}

#[test]
fn a_field_that_is_missing() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {response: {headers: {who-am-1: x}}}},"#,
        r#"
case.yaml:4:64: response.headers.who-am-1: expected "x", found no such field
 4 |       {request: GET /, expect: {response: {headers: {who-am-1: x}}}},
   |                                                                ^
  step      request GET http://localhost/, at 0s
  expected  "x"
  actual    no such field
  nearest   a field of a similar name is there: who-am-i: wasm-extension
  because   [0s] #1 client receives 200
                content-length: 0
                x-envoy-upstream-service-time: 0
                who-am-i: wasm-extension
                injected-by: istio-api!
                date: Mon, 01 Jan 2024 00:00:00 GMT
                server: envoy
"#,
    );
}

#[test]
fn a_field_that_was_taken_away() {
    fails(
        "probes/http_fields/adds.wat",
        r#"{request: {url: /, respond: {headers: {server-timing: db}}}, expect: {response: {headers: {server-timing: db}}}},"#,
        r#"
case.yaml:4:113: response.headers.server-timing: expected "db", found no such field
 4 | …}}}, expect: {response: {headers: {server-timing: db}}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "db"
  actual    no such field
  nearest   the upstream sent it, and it was taken away: server-timing: db
  because   [0s] #1 client receives 200
                content-length: 0
                x-envoy-upstream-service-time: 0
                date: Mon, 01 Jan 2024 00:00:00 GMT
                server: envoy
"#,
    );
}

#[test]
fn a_field_of_another_value() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {response: {headers: {who-am-i: {contains: native}, injected-by: Istio-API!}}}},"#,
        r#"
case.yaml:4:64: response.headers.who-am-i: expected text that contains "native", found "wasm-extension"
 4 | …t: GET /, expect: {response: {headers: {who-am-i: {contains: native}, injected-by: Istio-API!}}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  text that contains "native"
  actual    "wasm-extension"
  because   [0s] #1 client receives 200
                content-length: 0
                x-envoy-upstream-service-time: 0
                who-am-i: wasm-extension
                injected-by: istio-api!
                date: Mon, 01 Jan 2024 00:00:00 GMT
                server: envoy

case.yaml:4:97: response.headers.injected-by: expected "Istio-API!", found "istio-api!"
 4 | …ders: {who-am-i: {contains: native}, injected-by: Istio-API!}}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "Istio-API!"
  actual    "istio-api!"
  nearest   only upper and lower case differ
  because   as above
"#,
    );
}

#[test]
fn two_failures_of_one_message_tell_it_once() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {response: {headers: {a: b, c: d}}}},"#,
        r#"
case.yaml:4:57: response.headers.a: expected "b", found no such field
 4 |       {request: GET /, expect: {response: {headers: {a: b, c: d}}}},
   |                                                         ^
  step      request GET http://localhost/, at 0s
  expected  "b"
  actual    no such field
  because   [0s] #1 client receives 200
                content-length: 0
                x-envoy-upstream-service-time: 0
                who-am-i: wasm-extension
                injected-by: istio-api!
                date: Mon, 01 Jan 2024 00:00:00 GMT
                server: envoy

case.yaml:4:63: response.headers.c: expected "d", found no such field
 4 |       {request: GET /, expect: {response: {headers: {a: b, c: d}}}},
   |                                                               ^
  step      request GET http://localhost/, at 0s
  expected  "d"
  actual    no such field
  because   as above
"#,
    );
}

#[test]
fn trailers_that_are_missing() {
    fails(
        LIMITER,
        r#"{request: {url: /, respond: {chunks: [a], http: 2, trailers: {x: y}}}, expect: {response: {trailers: {x: z}, complete: false}}},"#,
        r#"
case.yaml:4:112: response.trailers.x: expected "z", found no trailers
 4 | …lers: {x: y}}}, expect: {response: {trailers: {x: z}, complete: false}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "z"
  actual    no trailers
  nearest   over HTTP/1.1 they are dropped without `host: {enable_trailers: true}`

case.yaml:4:97: response.complete: expected a message without its end, found the whole message
 4 | …, http: 2, trailers: {x: y}}}, expect: {response: {trailers: {x: z}, complete: false}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  a message without its end
  actual    the whole message
  because   [0s] #1 client receives the end
"#,
    );
}
