//! What plugins share, expected and set by steps.

use crate::at_hand::{passes, steps};

#[test]
fn metrics_are_what_they_are_now() {
    passes(&steps(
        "probes/metrics/counts.wat",
        r#"
{start: ok, expect: {metrics: {requests: 0, sizes: {histogram: []}, refused: {absent: true}}}},
{request: GET /, repeat: 2},
{expect: {metrics: {requests: {min: 1, max: 2}, sizes: {histogram: [5, 7, 5, 7]}}}},
"#,
    ));
}

#[test]
fn shared_data_may_be_set_by_others() {
    passes(&steps(
        "probes/shared_key_value_store/stores.wat",
        r#"
{set_shared_data: {key: last, value: x}, expect: {shared_data: [{key: last, value: x, cas: 1}]}},
{set_shared_data: {key: last, value: y, cas: 1}, expect: {shared_data: [{key: last, value: {not: x}}]}},
{request: GET /, expect: {shared_data: [{key: last, value: seen, cas: 3}, {key: first, value: {absent: true}}]}},
"#,
    ));
}

#[test]
fn queues_may_be_filled_by_others() {
    passes(&steps(
        "probes/shared_queues/takes_one.wat",
        r#"
{enqueue: {queue: work, data: one}, expect: {
  queues: [{name: work, messages: [one]}, {vm_id: a, name: work, messages: none}],
  callbacks: [{name: proxy_on_queue_ready, count: 1}]}},
{enqueue: {queue: work, data: two}, expect: {queues: [{name: work, messages: [two]}], took: 0s}},
"#,
    ));
}

#[test]
fn properties_are_set_by_plugins_and_steps() {
    passes(&steps(
        "probes/properties/sets.wat",
        r#"
{set_property: {path: node.id, value: n1}, expect: {properties: [{path: node.id, value: n1}]}},
{request: GET /, expect: {properties: [{path: user.name, value: alice}, {path: [user, mail], value: {absent: true}}]}},
{open: {stream: a, url: /x}, expect: {properties: [{path: request.protocol, value: HTTP/1.1}]}},
{set_property: {stream: a, path: [own, key], value: v}},
{expect: {properties: [{path: own.key, value: v}, {path: user.name, value: alice}]}},
{respond: {stream: a}, expect: {properties: [{path: own.key, value: {absent: true}}, {path: user.name, value: alice}]}},
"#,
    ));
}
