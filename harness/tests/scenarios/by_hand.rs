//! Streams opened, fed and answered step by step.

use crate::at_hand::{LIMITER, carried_out, passes, steps};

#[test]
fn streams_may_overlap() {
    passes(&steps(
        LIMITER,
        r#"
{open: {stream: a, url: /a}, expect: {took: 0s, response: none, upstream_request: {path: /a, complete: true}}},
{open: {stream: b, url: /b}},
{respond: {stream: b, status: 202}, expect: {response: {status: 202}}},
{expect: {stream: a, response: none}},
{advance: 5ms},
{respond: {stream: a}, expect: {response: {status: 200}, took: 0s}},
{expect: {stream: b, response: {status: 202}}},
"#,
    ));
}

#[test]
fn a_message_stays_open_until_a_step_ends_it() {
    passes(&steps(
        LIMITER,
        r#"
{open: {stream: a, method: POST, url: /, body: one, end: false}, expect: {
  upstream_request: {headers: {transfer-encoding: chunked, content-length: {absent: true}}, body: one, complete: false}}},
{send: {stream: a, body: two, end: false}, expect: {upstream_request: {chunks: [one, two], complete: false}}},
{send: {stream: a, chunks: [three]}, expect: {upstream_request: {body: onetwothree, complete: true}}},
{respond: {stream: a, status: 201, body: x, end: false}, expect: {response: {status: 201, body: x, complete: false}}},
{respond: {stream: a, chunks: [y, z], end: false}, expect: {response: {body: xyz, complete: false}}},
{respond: {stream: a}, expect: {response: {chunks: [x, y, z], complete: true}}},
"#,
    ));
}

#[test]
fn http2_messages_stay_open_too() {
    passes(&steps(
        LIMITER,
        r#"
{open: {stream: a, method: POST, url: /, http: 2, end: false}, expect: {upstream_request: {body: "", complete: false}}},
{send: {stream: a, body: two, end: false}},
{send: {stream: a}, expect: {upstream_request: {body: two, complete: true}}},
{respond: {stream: a, http: 2, end: false}, expect: {response: {status: 200, complete: false}}},
{respond: {stream: a, body: y}, expect: {response: {body: y, complete: true}}},
"#,
    ));
}

#[test]
fn either_side_may_go_away() {
    passes(&steps(
        LIMITER,
        r#"
{open: {stream: a, url: /}},
{abort: {stream: a, by: client}, expect: {response: none, callbacks: [{name: proxy_on_log}]}},
{send: {stream: a, body: late}},
{open: {stream: b, url: /}},
{abort: {stream: b, by: upstream}, expect: {response: {status: 503}}},
{abort: {stream: b, by: upstream}},
"#,
    ));
}

#[test]
fn faults_are_injected_from_their_step_on() {
    passes(&steps(
        LIMITER,
        r#"
{fault: {hostcall: proxy_add_header_map_value, status: internal_failure, nth: 2}},
{request: GET /, expect: {hostcalls: [{name: proxy_add_header_map_value, status: internal_failure, count: 1}], trap: {}}},
"#,
    ));
}

#[test]
fn a_transcript_names_the_steps() {
    let run = carried_out(&steps(
        LIMITER,
        "{open: {stream: a, url: /, end: false}},\n{set_clock: 2030-01-01T00:00:00Z},\n{send: {stream: a}},\n{respond: {stream: a}},\n{advance: 1s},",
    ));
    let http = run.transcript.http();
    let named: Vec<&str> = http.lines().filter_map(|line| line.strip_prefix("== ")).collect();
    let all = [
        "start",
        "open #1 GET http://localhost/ (end: false)",
        "set_clock 2030-01-01T00:00:00Z",
        "send #1",
        "respond #1",
        "advance 1s",
    ];
    assert_eq!(named, all);
}
