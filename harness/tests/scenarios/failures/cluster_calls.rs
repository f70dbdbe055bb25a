//! Calls to clusters.

use crate::at_hand::{failure, scenario};

/// These steps fail with this text, on a cluster `authz` that never answers.
#[track_caller]
fn fails(wasm: &str, text: &str, expected: &str) {
    let said = failure(&scenario(&format!(
        "plugins: [{{name: p, wasm: {wasm}}}]\nclusters: {{authz: {{fail: timeout}}}}\nscenarios:\n  - {{name: case, \
         patience: 1s, steps: [\n      {text}\n  ]}}\n"
    )));
    assert!(said == expected.trim_start_matches('\n'), "it says:\n{said}");
}

#[test]
fn a_call_of_other_parts() {
    fails(
        "probes/http_calls/asks.wat",
        r#"{request: GET /, expect: {http_calls: [{cluster: auth, method: GET, path: {contains: /checks}, headers: {x-key: s3cret}, body: whom, timeout: 1s, status: not_found}]}},"#,
        r#"
case.yaml:5:56: http_calls[0].cluster: expected "auth", found "authz"
 5 | … {request: GET /, expect: {http_calls: [{cluster: auth, method: GET, path: {contains: /checks}, head
   |                                                    ^
  step      request GET http://localhost/, at 200ms
  expected  "auth"
  actual    "authz"
  nearest   it goes on with "z" after byte 4
  because   [0s] p calls cluster authz: POST /check -> Ok

case.yaml:5:70: http_calls[0].method: expected "GET", found "POST"
 5 | … /, expect: {http_calls: [{cluster: auth, method: GET, path: {contains: /checks}, headers: {x-key: s
   |                                                    ^
  step      request GET http://localhost/, at 200ms
  expected  "GET"
  actual    "POST"
  because   [0s] p calls cluster authz: POST /check -> Ok

case.yaml:5:81: http_calls[0].path: expected text that contains "/checks", found "/check"
 5 | … {http_calls: [{cluster: auth, method: GET, path: {contains: /checks}, headers: {x-key: s3cret}, bod
   |                                                    ^
  step      request GET http://localhost/, at 200ms
  expected  text that contains "/checks"
  actual    "/check"
  because   [0s] p calls cluster authz: POST /check -> Ok

case.yaml:5:149: http_calls[0].timeout: expected 1s, found 200ms
 5 | …}, headers: {x-key: s3cret}, body: whom, timeout: 1s, status: not_found}]}},
   |                                                    ^
  step      request GET http://localhost/, at 200ms
  expected  1s
  actual    200ms
  because   [0s] p calls cluster authz: POST /check -> Ok

case.yaml:5:46: http_calls[0].status: expected NotFound, found Ok
 5 |       {request: GET /, expect: {http_calls: [{cluster: auth, method: GET, path: {contains: /checks},…
   |                                              ^
  step      request GET http://localhost/, at 200ms
  expected  NotFound
  actual    Ok
  because   [0s] p calls cluster authz: POST /check -> Ok

case.yaml:5:119: http_calls[0].headers.x-key: expected "s3cret", found "s3cr3t"
 5 | … GET, path: {contains: /checks}, headers: {x-key: s3cret}, body: whom, timeout: 1s, status: not_foun
   |                                                    ^
  step      request GET http://localhost/, at 200ms
  expected  "s3cret"
  actual    "s3cr3t"
  nearest   they differ from byte 4 on: "3t" in place of "et"
  because   [0s] p calls cluster authz: POST /check -> Ok
                x-key: s3cr3t
                content-length: 3
                x-envoy-internal: true
                x-envoy-expected-rq-timeout-ms: 200

case.yaml:5:134: http_calls[0].body: expected "whom", found "who"
 5 | …ntains: /checks}, headers: {x-key: s3cret}, body: whom, timeout: 1s, status: not_found}]}},
   |                                                    ^
  step      request GET http://localhost/, at 200ms
  expected  "whom"
  actual    "who"
  nearest   it ends at byte 3, where "m" is missing
  because   [0s] p calls cluster authz: POST /check -> Ok
"#,
    );
}

#[test]
fn a_call_that_was_not_made() {
    fails(
        "probes/http_calls/asks.wat",
        r#"{request: GET /, expect: {http_calls: [{path: /check}, {path: /other}]}},"#,
        r#"
case.yaml:5:62: http_calls: expected 2 calls, found 1 call
 5 |       {request: GET /, expect: {http_calls: [{path: /check}, {path: /other}]}},
   |                                                              ^
  step      request GET http://localhost/, at 200ms
  expected  2 calls
  actual    1 call
  nearest   call 2 of this list was not made
  because   [0s] p calls cluster authz: POST /check -> Ok
"#,
    );
}

#[test]
fn a_call_that_was_not_to_be() {
    fails(
        "probes/http_calls/asks.wat",
        r#"{request: GET /, expect: {http_calls: none}},"#,
        r#"
case.yaml:5:45: http_calls: expected no call, found 1 call
 5 |       {request: GET /, expect: {http_calls: none}},
   |                                             ^
  step      request GET http://localhost/, at 200ms
  expected  no call
  actual    1 call
  because   [0s] p calls cluster authz: POST /check -> Ok
"#,
    );
}

#[test]
fn a_call_too_many() {
    fails(
        "probes/http_calls/asks.wat",
        r#"{request: GET /, repeat: 2}, {expect: {http_calls: [{path: /other}]}},"#,
        r#"
case.yaml:5:59: http_calls: expected 1 call, found 2 calls
 5 |       {request: GET /, repeat: 2}, {expect: {http_calls: [{path: /other}]}},
   |                                                           ^
  step      the whole scenario so far, at 400ms
  expected  1 call
  actual    2 calls
  nearest   the first that differs from this list: [0s] p calls cluster authz: POST /check -> Ok
  because   [0s] p calls cluster authz: POST /check -> Ok
            [200ms] p calls cluster authz: POST /check -> Ok
"#,
    );
}

#[test]
fn a_grpc_call_of_other_parts() {
    fails(
        "probes/grpc_calls/asks.wat",
        r#"{request: GET /, expect: {grpc_calls: [{service: auth.Check, method: Check, messages: [a, b], metadata: {x: y}}]}},"#,
        r#"
case.yaml:5:56: grpc_calls[0].service: expected "auth.Check", found "auth.Checker"
 5 | … {request: GET /, expect: {grpc_calls: [{service: auth.Check, method: Check, messages: [a, b], metad
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "auth.Check"
  actual    "auth.Checker"
  nearest   it goes on with "er" after byte 10
  because   [0s] p calls cluster authz: POST /auth.Checker/Check -> Ok

case.yaml:5:115: grpc_calls[0].metadata.x: expected "y", found no such field
 5 | …k, method: Check, messages: [a, b], metadata: {x: y}}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "y"
  actual    no such field
  because   [0s] p calls cluster authz: POST /auth.Checker/Check -> Ok
                te: trailers
                grpc-timeout: 200m
                content-type: application/grpc
                x-envoy-internal: true
                x-envoy-expected-rq-timeout-ms: 200

case.yaml:5:46: grpc_calls[0].messages: expected 2 messages, found 1 message: "who"
 5 |       {request: GET /, expect: {grpc_calls: [{service: auth.Check, method: Check, messages: [a, b], …
   |                                              ^
  step      request GET http://localhost/, at 0s
  expected  2 messages
  actual    1 message: "who"
  because   [0s] p calls cluster authz: POST /auth.Checker/Check -> Ok
"#,
    );
}
