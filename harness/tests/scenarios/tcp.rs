//! TCP connections, step by step.

use crate::at_hand::{fails, passes, steps};

#[test]
fn bytes_are_those_of_the_step() {
    passes(&steps(
        "probes/tcp_streams/observe.wat",
        r#"
{connect: {stream: c}, expect: {closed: none, callbacks: [{name: proxy_on_new_connection, count: 1}], to_upstream: ""}},
{data: {stream: c, from: client, bytes: hello}, expect: {to_upstream: hello, to_client: ""}},
{data: {stream: c, from: server, bytes: {hex: 00ff}}, expect: {to_upstream: "", to_client: {hex: 00ff}}},
{data: {stream: c, from: client, bytes: " you", end: true}, expect: {to_upstream: " you", closed: none}},
{close: {stream: c, by: server}, expect: {closed: server}},
{expect: {to_upstream: hello you, to_client: {size: 2}}},
"#,
    ));
}

#[test]
fn held_bytes_come_later() {
    passes(&steps(
        "probes/tcp_streams/hold.wat",
        r#"
{connect: {stream: a}},
{connect: {stream: b}},
{data: {stream: a, from: client, bytes: abcd}, expect: {to_upstream: ""}},
{data: {stream: b, from: client, bytes: x}},
{data: {stream: a, from: client, bytes: efgh}, expect: {to_upstream: abcdefgh}},
{abort: {stream: a, by: client}, expect: {stream: b, closed: none}},
"#,
    ));
}

#[test]
fn bytes_that_are_held() {
    fails(
        "probes/tcp_streams/hold.wat",
        r#"{connect: {stream: c}},
{data: {stream: c, from: client, bytes: abc}, expect: {to_upstream: abc, to_client: {size: 1}}},"#,
        r#"
case.yaml:5:75: to_upstream: expected "abc", found no bytes
 5 | … from: client, bytes: abc}, expect: {to_upstream: abc, to_client: {size: 1}}},
   |                                                    ^
  step      data #1 from client: abc, at 0s
  expected  "abc"
  actual    no bytes
  because   [0s] #1 client sends 3 bytes: abc

case.yaml:5:91: to_client: expected a size of 1, found 0 bytes
 5 | …ytes: abc}, expect: {to_upstream: abc, to_client: {size: 1}}},
   |                                                    ^
  step      data #1 from client: abc, at 0s
  expected  a size of 1
  actual    0 bytes
  because   [0s] #1 client sends 3 bytes: abc
"#,
    );
}

#[test]
fn a_connection_that_lives() {
    fails(
        "probes/tcp_streams/observe.wat",
        r#"{connect: {stream: c}, expect: {closed: server}},
{close: {stream: c, by: server}, expect: {closed: none}},"#,
        r#"
case.yaml:4:38: closed: expected server, found the connection lives
 4 |       {connect: {stream: c}, expect: {closed: server}},
   |                                      ^
  step      connect #1, at 0s
  expected  server
  actual    the connection lives
  because   [0s] #1 client connects
            [0s] #1 server accepts
"#,
    );
}

#[test]
fn a_server_that_has_no_connection_yet() {
    fails(
        "probes/tcp_streams/gate.wat",
        r#"{connect: {stream: c}},
{data: {stream: c, from: server, bytes: a}},"#,
        r#"
case.yaml:5:7: data: the connection has not reached the server: plugin p paused it in proxy_on_new_connection
 5 |       {data: {stream: c, from: server, bytes: a}},
   |       ^
  step      data #1 from server: a, at 0s
  expected  the server has the connection
  actual    the connection has not reached the server: plugin p paused it in proxy_on_new_connection
"#,
    );
}
