//! What the upstream received, and what plugins answered in its place.

use crate::at_hand::{LIMITER, fails};

#[test]
fn a_field_that_comes_twice() {
    fails(
        "probes/http_fields/adds.wat",
        r#"{request: GET /, expect: {upstream_request: {headers: {x-user: bob}}}},"#,
        r#"
case.yaml:4:70: upstream_request.headers.x-user: expected "bob", found 2 fields: "alice", "bob"
 4 |       {request: GET /, expect: {upstream_request: {headers: {x-user: bob}}}},
   |                                                                      ^
  step      request GET http://localhost/, at 0s
  expected  "bob"
  actual    2 fields: "alice", "bob"
  nearest   field 2 of them matches; a list expects several: [..]
  because   [0s] #1 upstream receives GET http://localhost/
                x-forwarded-proto: http
                x-request-id: 04e5bf27-c2cb-4d1a-8262-796eb5bdc51f
                x-user: alice
                x-user: bob
                x-envoy-expected-rq-timeout-ms: 15000
"#,
    );
}

#[test]
fn fields_in_another_order() {
    fails(
        "probes/http_fields/adds.wat",
        r#"{request: GET /, expect: {upstream_request: {headers: {x-user: [bob, alice]}}}},"#,
        r#"
case.yaml:4:62: upstream_request.headers.x-user: expected 2 fields: "bob", "alice", found 2 fields: "alice", "bob"
 4 |       {request: GET /, expect: {upstream_request: {headers: {x-user: [bob, alice]}}}},
   |                                                              ^
  step      request GET http://localhost/, at 0s
  expected  2 fields: "bob", "alice"
  actual    2 fields: "alice", "bob"
  nearest   the same fields in another order
  because   [0s] #1 upstream receives GET http://localhost/
                x-forwarded-proto: http
                x-request-id: 04e5bf27-c2cb-4d1a-8262-796eb5bdc51f
                x-user: alice
                x-user: bob
                x-envoy-expected-rq-timeout-ms: 15000
"#,
    );
}

#[test]
fn a_request_of_another_method_and_path() {
    fails(
        LIMITER,
        r#"{request: GET /a?b, expect: {upstream_request: {method: POST, path: /a, authority: {contains: httpbin}}}},"#,
        r#"
case.yaml:4:63: upstream_request.method: expected "POST", found "GET"
 4 | …st: GET /a?b, expect: {upstream_request: {method: POST, path: /a, authority: {contains: httpbin}}}},
   |                                                    ^
  step      request GET http://localhost/a?b, at 0s
  expected  "POST"
  actual    "GET"
  because   [0s] #1 upstream receives GET http://localhost/a?b
                x-forwarded-proto: http
                x-request-id: 04e5bf27-c2cb-4d1a-8262-796eb5bdc51f
                x-envoy-expected-rq-timeout-ms: 15000

case.yaml:4:75: upstream_request.path: expected "/a", found "/a?b"
 4 | …, expect: {upstream_request: {method: POST, path: /a, authority: {contains: httpbin}}}},
   |                                                    ^
  step      request GET http://localhost/a?b, at 0s
  expected  "/a"
  actual    "/a?b"
  nearest   it goes on with "?b" after byte 2
  because   as above

case.yaml:4:90: upstream_request.authority: expected text that contains "httpbin", found "localhost"
 4 | …ream_request: {method: POST, path: /a, authority: {contains: httpbin}}}},
   |                                                    ^
  step      request GET http://localhost/a?b, at 0s
  expected  text that contains "httpbin"
  actual    "localhost"
  because   as above
"#,
    );
}

#[test]
fn a_request_that_never_reached_the_upstream() {
    fails(
        "probes/http_streams/answers.wat",
        r#"{request: GET /, expect: {upstream_request: {path: /}}},"#,
        r#"
case.yaml:4:51: upstream_request: expected a request, found none
 4 |       {request: GET /, expect: {upstream_request: {path: /}}},
   |                                                   ^
  step      request GET http://localhost/, at 0s
  expected  a request
  actual    none
  because   [0s] #1 p answers 403 itself (no_key)
"#,
    );
}

#[test]
fn a_request_that_was_not_to_reach_the_upstream() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {upstream_request: none}},"#,
        r#"
case.yaml:4:51: upstream_request: expected none, found GET /
 4 |       {request: GET /, expect: {upstream_request: none}},
   |                                                   ^
  step      request GET http://localhost/, at 0s
  expected  none
  actual    GET /
  because   [0s] #1 upstream receives GET http://localhost/
                x-forwarded-proto: http
                x-request-id: 04e5bf27-c2cb-4d1a-8262-796eb5bdc51f
                x-envoy-expected-rq-timeout-ms: 15000
"#,
    );
}

#[test]
fn an_answer_to_a_request_that_is_held() {
    fails(
        "probes/stream_operations/pauses.wat",
        r#"{open: {stream: a, url: /}},
{respond: {stream: a}},"#,
        r#"
case.yaml:5:7: respond: plugin p holds the request since proxy_on_request_headers
 5 |       {respond: {stream: a}},
   |       ^
  step      respond #1, at 0s
  expected  the upstream has the request
  actual    plugin p holds the request since proxy_on_request_headers
"#,
    );
}

#[test]
fn a_local_response_of_other_parts() {
    fails(
        "probes/http_streams/answers.wat",
        r#"{request: GET /, expect: {local_response: {plugin: p, status: 401, headers: {x-reason: {absent: true}}, body: no key, details: nokey, grpc_status: 16}}},"#,
        r#"
case.yaml:4:69: local_response.status: expected 401, found 403
 4 | …T /, expect: {local_response: {plugin: p, status: 401, headers: {x-reason: {absent: true}}, body: no
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  401
  actual    403
  because   [0s] #1 p answers 403 itself (no_key)

case.yaml:4:94: local_response.headers.x-reason: expected nothing, found "missing"
 4 | …nse: {plugin: p, status: 401, headers: {x-reason: {absent: true}}, body: no key, details: nokey, grp
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  nothing
  actual    "missing"
  because   [0s] #1 p answers 403 itself (no_key)

case.yaml:4:117: local_response.body: expected "no key", found "no key\n"
 4 | …: 401, headers: {x-reason: {absent: true}}, body: no key, details: nokey, grpc_status: 16}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "no key"
  actual    "no key\n"
  nearest   only white space differs
  because   [0s] #1 p answers 403 itself (no_key)

case.yaml:4:134: local_response.details: expected "nokey", found "no_key"
 4 | …x-reason: {absent: true}}, body: no key, details: nokey, grpc_status: 16}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "nokey"
  actual    "no_key"
  nearest   they differ from byte 2 on: "_key" in place of "key"
  because   [0s] #1 p answers 403 itself (no_key)

case.yaml:4:154: local_response.grpc_status: expected "16", found "7"
 4 | …rue}}, body: no key, details: nokey, grpc_status: 16}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "16"
  actual    "7"
  because   [0s] #1 p answers 403 itself (no_key)
"#,
    );
}

#[test]
fn a_local_response_that_nobody_asked_for() {
    fails(
        "probes/http_fields/adds.wat",
        r#"{request: GET /, expect: {local_response: {plugin: p}}},"#,
        r#"
case.yaml:4:49: local_response: expected one of plugin p, found none
 4 |       {request: GET /, expect: {local_response: {plugin: p}}},
   |                                                 ^
  step      request GET http://localhost/, at 0s
  expected  one of plugin p
  actual    none
  because   [0s] #1 upstream sends 200
"#,
    );
}

#[test]
fn a_local_response_that_was_not_to_be() {
    fails(
        "probes/http_streams/answers.wat",
        r#"{request: GET /, expect: {local_response: none}},"#,
        r#"
case.yaml:4:49: local_response: expected none, found 403 of plugin p
 4 |       {request: GET /, expect: {local_response: none}},
   |                                                 ^
  step      request GET http://localhost/, at 0s
  expected  none
  actual    403 of plugin p
  because   [0s] #1 p answers 403 itself (no_key)
"#,
    );
}
