use crate::at_hand::{failure, steps};
#[test]
fn generate() {
    let cases: &[(&str, &str, &str)] = &CASES;
    for (name, wasm, text) in cases.iter().chain(TROUBLE) {
        println!("@@@ {name}\n{wasm}\n{text}\n@@=\n{}@@@@", failure(&steps(wasm, text)));
    }
}
const LIMITER: &str = "artifacts/rate_limiting_rust.wasm";
const TROUBLE: &[(&str, &str, &str)] = &[
    ("a_trap_shows_the_panic_and_the_functions", "probes/integration/panics.wat", "{request: GET /},"),
    (
        "a_trap_of_another_message",
        "probes/integration/panics.wat",
        "{request: GET /, expect: {trap: {plugin: p, message: {contains: out of bounds}}}},",
    ),
    (
        "a_trap_that_did_not_come",
        "artifacts/rate_limiting_rust.wasm",
        "{request: GET /, expect: {trap: {message: unreachable}}},",
    ),
    ("a_hang", "probes/integration/hangs.wat", "{request: GET /},"),
    ("memory_that_grows_without_bound", "probes/memory_management/grows.wat", "{request: GET /},"),
    (
        "a_stall",
        "probes/stream_operations/pauses.wat",
        "{request: GET /},\n{request: GET /, expect: {took: 0s}},",
    ),
    ("a_stall_that_uses_up_the_patience", "probes/timers/ticks_while_paused.wat", "{request: GET /},"),
    (
        "a_stall_that_did_not_come",
        "artifacts/rate_limiting_rust.wasm",
        "{request: GET /, expect: {stalled: true}},",
    ),
    ("a_start_that_is_refused", "probes/configuration/refuses.wat", "{request: GET /},"),
    (
        "a_start_that_was_to_be_refused",
        "artifacts/rate_limiting_rust.wasm",
        "{start: refused, expect: {log: [limit is missing]}},",
    ),
    (
        "findings_that_nobody_expected",
        "probes/http_streams/answers_in_log.wat",
        "{request: GET /},\n{request: GET /},",
    ),
    (
        "findings_of_another_name",
        "probes/http_streams/answers_in_log.wat",
        "{request: GET /, expect: {findings: [envoy/crashes]}},",
    ),
];
const CASES: [(&str, &str, &str); 30] = [
    (
        "a_wrong_status_tells_who_answered",
        LIMITER,
        "{request: GET /a, repeat: 3, expect: {response: {status: 200}}},",
    ),
    (
        "a_wrong_status_of_the_upstream_is_its_own",
        "probes/http_fields/adds.wat",
        "{request: {url: /, respond: {status: 418}}, expect: {response: {status: {min: 200, max: 299}}}},",
    ),
    (
        "a_response_that_never_came",
        "probes/stream_operations/pauses.wat",
        "{request: GET /, expect: {stalled: true, response: {status: 200}}},",
    ),
    ("a_response_that_was_not_to_come", LIMITER, "{request: GET /, expect: {response: none}},"),
    ("a_field_that_is_missing", LIMITER, "{request: GET /, expect: {response: {headers: {who-am-1: x}}}},"),
    (
        "a_field_that_was_taken_away",
        "probes/http_fields/adds.wat",
        "{request: {url: /, respond: {headers: {server-timing: db}}}, expect: {response: {headers: {server-timing: db}}}},",
    ),
    (
        "a_field_of_another_value",
        LIMITER,
        "{request: GET /, expect: {response: {headers: {who-am-i: {contains: native}, injected-by: Istio-API!}}}},",
    ),
    (
        "a_field_that_comes_twice",
        "probes/http_fields/adds.wat",
        "{request: GET /, expect: {upstream_request: {headers: {x-user: bob}}}},",
    ),
    (
        "fields_in_another_order",
        "probes/http_fields/adds.wat",
        "{request: GET /, expect: {upstream_request: {headers: {x-user: [bob, alice]}}}},",
    ),
    (
        "a_request_of_another_method_and_path",
        LIMITER,
        "{request: GET /a?b, expect: {upstream_request: {method: POST, path: /a, authority: {contains: httpbin}}}},",
    ),
    (
        "a_request_that_never_reached_the_upstream",
        "probes/http_streams/answers.wat",
        "{request: GET /, expect: {upstream_request: {path: /}}},",
    ),
    (
        "a_request_that_was_not_to_reach_the_upstream",
        LIMITER,
        "{request: GET /, expect: {upstream_request: none}},",
    ),
    (
        "a_body_of_several_lines",
        LIMITER,
        "{request: {url: /, respond: {body: \"one\\ntwo\\nthree\\n\"}}, expect: {response: {body: \"one\\n2\\nthree\"}}},",
    ),
    (
        "a_body_of_json",
        LIMITER,
        "{request: {url: /, respond: {body: {json: {a: [1, {b: x}], c: 1}}}}, expect: {response: {body: {json: {a: [1, {b: y}], d: 1}}}}},",
    ),
    (
        "a_body_that_is_long",
        LIMITER,
        "{request: {url: /, respond: {body: {fill: ab, size: 4KiB}}}, expect: {response: {body: {size: 4095}}}},",
    ),
    (
        "a_body_in_other_pieces",
        LIMITER,
        "{request: {url: /, respond: {chunks: [ab, c]}}, expect: {response: {chunks: [a, bc, \"\"]}}},",
    ),
    (
        "trailers_that_are_missing",
        LIMITER,
        "{request: {url: /, respond: {chunks: [a], http: 2, trailers: {x: y}}}, expect: {response: {trailers: {x: z}, complete: false}}},",
    ),
    (
        "a_local_response_of_other_parts",
        "probes/http_streams/answers.wat",
        "{request: GET /, expect: {local_response: {plugin: p, status: 401, headers: {x-reason: {absent: true}}, body: no key, details: nokey, grpc_status: 16}}},",
    ),
    (
        "a_local_response_that_nobody_asked_for",
        "probes/http_fields/adds.wat",
        "{request: GET /, expect: {local_response: {plugin: p}}},",
    ),
    (
        "a_local_response_that_was_not_to_be",
        "probes/http_streams/answers.wat",
        "{request: GET /, expect: {local_response: none}},",
    ),
    (
        "a_log_line_that_almost_matches",
        LIMITER,
        "{request: GET /, expect: {log: [{plugin: p, level: info, message: {contains: remain token 1}}, {contains: remain token 7}]}},",
    ),
    (
        "a_log_line_out_of_order",
        LIMITER,
        "{request: GET /, repeat: 2},\n{expect: {log: [{contains: token 0}, {contains: token 1}]}},",
    ),
    ("a_log_line_that_was_dropped", LIMITER, "{request: GET /, expect: {log: [{level: trace}]}},"),
    ("a_log_that_was_to_be_empty", LIMITER, "{request: GET /, expect: {log: none}},"),
    (
        "a_log_line_that_was_not_to_be",
        LIMITER,
        "{request: GET /, repeat: 2},\n{expect: {no_log: [{level: critical, message: {regex: 'token \\d'}}]}},",
    ),
    (
        "callbacks_that_were_not_made",
        LIMITER,
        "{request: GET /, expect: {callbacks: [{name: proxy_on_tick}, {name: proxy_on_request_headers, plugin: p, count: {min: 2}}]}},",
    ),
    (
        "hostcalls_with_another_status",
        LIMITER,
        "{request: GET /, expect: {hostcalls: [{name: proxy_log, status: bad_argument}, {name: proxy_send_local_response}, {name: proxy_log, count: 0}]}},",
    ),
    (
        "time_that_did_not_pass",
        LIMITER,
        "{request: {url: /, respond: {status: 200, after: 5ms}}, expect: {took: {max: 1ms}}},",
    ),
    (
        "two_failures_of_one_message_tell_it_once",
        LIMITER,
        "{request: GET /, expect: {response: {headers: {a: b, c: d}}}},",
    ),
    (
        "an_answer_to_a_request_that_is_held",
        "probes/stream_operations/pauses.wat",
        "{open: {stream: a, url: /}},\n{respond: {stream: a}},",
    ),
];
