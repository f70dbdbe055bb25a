//! Calls to clusters, expected and answered.

use crate::at_hand::{passes, scenario};

fn with_cluster(wasm: &str, answer: &str, steps: &str) {
    passes(&scenario(&format!(
        "plugins: [{{name: p, wasm: probes/{wasm}}}]\nclusters: {{authz: {answer}}}\nscenarios:\n  - {{name: case, steps: [{steps}]}}\n"
    )));
}

#[test]
fn http_calls_are_what_the_cluster_received() {
    with_cluster(
        "http_calls/asks.wat",
        "{status: 200, after: 5ms}",
        "{request: GET /, repeat: 2, expect: {took: 5ms, response: {status: 200}, http_calls: [{plugin: p, cluster: authz, \
         method: POST, path: /check, headers: {x-key: s3cr3t}, body: who, trailers: none, timeout: 200ms, status: ok}]}}, \
         {expect: {http_calls: [{}, {}], grpc_calls: none}}",
    );
}

#[test]
fn a_call_too_many_is_a_finding() {
    with_cluster(
        "http_calls/asks.wat",
        "[{status: 200}]",
        "{request: GET /}, {request: GET /, expect: {findings: [script/cluster-exhausted]}}",
    );
}

#[test]
fn a_cluster_that_never_answers_is_timed_out() {
    with_cluster(
        "http_calls/asks.wat",
        "{fail: timeout}",
        "{request: GET /, expect: {took: 200ms, response: {status: 200}}}",
    );
}

#[test]
fn grpc_calls_have_services_and_messages() {
    with_cluster(
        "grpc_calls/asks.wat",
        "{messages: [yes]}",
        "{request: GET /, expect: {http_calls: none, grpc_calls: [{plugin: p, cluster: authz, service: auth.Checker, \
         method: Check, messages: [who], timeout: 200ms, metadata: {content-type: application/grpc}}]}}",
    );
}
