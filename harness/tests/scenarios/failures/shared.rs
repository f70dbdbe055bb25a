//! What plugins share.

use crate::at_hand::fails;

#[test]
fn metrics_of_other_values() {
    fails(
        "probes/metrics/counts.wat",
        r#"{request: GET /, expect: {metrics: {requests: 2, sizes: {histogram: [5]}, request: 1}}},"#,
        r#"
case.yaml:4:53: metrics.requests: expected 2, found 1 (a counter)
 4 |       {request: GET /, expect: {metrics: {requests: 2, sizes: {histogram: [5]}, request: 1}}},
   |                                                     ^
  step      request GET http://localhost/, at 0s
  expected  2
  actual    1 (a counter)
  because   requests: 1 (a counter)
            sizes: [5, 7] (a histogram)

case.yaml:4:63: metrics.sizes: expected a histogram of [5], found [5, 7] (a histogram)
 4 |       {request: GET /, expect: {metrics: {requests: 2, sizes: {histogram: [5]}, request: 1}}},
   |                                                               ^
  step      request GET http://localhost/, at 0s
  expected  a histogram of [5]
  actual    [5, 7] (a histogram)
  because   as above

case.yaml:4:90: metrics.request: expected 1, found no such metric
 4 |       {request: GET /, expect: {metrics: {requests: 2, sizes: {histogram: [5]}, request: 1}}},
   |                                                                                          ^
  step      request GET http://localhost/, at 0s
  expected  1
  actual    no such metric
  nearest   requests is there
  because   as above
"#,
    );
}

#[test]
fn a_metric_that_was_not_to_be() {
    fails(
        "probes/metrics/counts.wat",
        r#"{start: ok, expect: {metrics: {requests: {absent: true}}}},"#,
        r#"
case.yaml:4:48: metrics.requests: expected no such metric, found 0 (a counter)
 4 |       {start: ok, expect: {metrics: {requests: {absent: true}}}},
   |                                                ^
  step      start, at 0s
  expected  no such metric
  actual    0 (a counter)
  because   requests: 0 (a counter)
            sizes: [] (a histogram)
"#,
    );
}

#[test]
fn shared_data_of_another_value() {
    fails(
        "probes/shared_key_value_store/stores.wat",
        r#"{request: GET /, expect: {shared_data: [{key: last, value: Seen, cas: 2}, {vm_id: a, key: last}]}},"#,
        r#"
case.yaml:4:66: shared_data.last: expected "Seen", found "seen"
 4 | … GET /, expect: {shared_data: [{key: last, value: Seen, cas: 2}, {vm_id: a, key: last}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "Seen"
  actual    "seen"
  nearest   only upper and lower case differ
  because   last: seen (number 1)

case.yaml:4:77: shared_data.last.cas: expected 2, found 1
 4 | …ect: {shared_data: [{key: last, value: Seen, cas: 2}, {vm_id: a, key: last}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  2
  actual    1
  because   last: seen (number 1)

case.yaml:4:81: shared_data.last: expected an entry, found nothing
 4 | … {shared_data: [{key: last, value: Seen, cas: 2}, {vm_id: a, key: last}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  an entry
  actual    nothing
  nearest   the vm_id "" has this key
  because   last: seen (number 1)
"#,
    );
}

#[test]
fn shared_data_that_others_have_changed() {
    fails(
        "probes/shared_key_value_store/stores.wat",
        r#"{request: GET /},
{set_shared_data: {key: last, value: x, cas: 9}},"#,
        r#"
case.yaml:5:7: set_shared_data: expected the number of the entry is 9, found it is 1
 5 |       {set_shared_data: {key: last, value: x, cas: 9}},
   |       ^
  step      set_shared_data last: x, at 0s
  expected  the number of the entry is 9
  actual    it is 1
"#,
    );
}

#[test]
fn queues_with_other_messages() {
    fails(
        "probes/shared_queues/takes_one.wat",
        r#"{enqueue: {queue: work, data: one}, expect: {queues: [{name: work, messages: [two]}, {name: work, messages: []}, {name: rest, messages: [a]}]}},"#,
        r#"
case.yaml:4:85: queues.work[0]: expected "two", found "one"
 4 | …: one}, expect: {queues: [{name: work, messages: [two]}, {name: work, messages: []}, {name: rest, me
   |                                                    ^
  step      enqueue work: one, at 0s
  expected  "two"
  actual    "one"
  because   work: 1 waiting

case.yaml:4:92: queues.work: expected no message, found 1 message: "one"
 4 | … expect: {queues: [{name: work, messages: [two]}, {name: work, messages: []}, {name: rest, messages:
   |                                                    ^
  step      enqueue work: one, at 0s
  expected  no message
  actual    1 message: "one"
  because   work: 1 waiting

case.yaml:4:120: queues.rest: expected a queue with 1 message, found no such queue
 4 | …rk, messages: [two]}, {name: work, messages: []}, {name: rest, messages: [a]}]}},
   |                                                    ^
  step      enqueue work: one, at 0s
  expected  a queue with 1 message
  actual    no such queue
  because   work: 1 waiting
"#,
    );
}

#[test]
fn a_queue_that_nobody_registered() {
    fails(
        "probes/shared_queues/takes_one.wat",
        r#"{enqueue: {queue: works, data: one}},"#,
        r#"
case.yaml:4:7: enqueue: registered are: work
 4 |       {enqueue: {queue: works, data: one}},
   |       ^
  step      enqueue works: one, at 0s
  expected  a plugin has registered the queue
  actual    registered are: work
"#,
    );
}

#[test]
fn properties_of_other_values() {
    fails(
        "probes/properties/sets.wat",
        r#"{request: GET /, expect: {properties: [{path: user.name, value: bob}, {path: user.names, value: alice}]}},"#,
        r#"
case.yaml:4:71: properties.user.name: expected "bob", found "alice"
 4 | …/, expect: {properties: [{path: user.name, value: bob}, {path: user.names, value: alice}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "bob"
  actual    "alice"
  because   user.name: alice

case.yaml:4:103: properties.user.names: expected "alice", found no such property
 4 | …user.name, value: bob}, {path: user.names, value: alice}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  "alice"
  actual    no such property
  nearest   user.name is there
  because   user.name: alice
"#,
    );
}
