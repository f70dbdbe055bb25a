//! What plugins logged.

use crate::at_hand::{LIMITER, fails};

#[test]
fn a_log_line_that_almost_matches() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {log: [{plugin: p, level: info, message: {contains: remain token 1}}, {contains: remain token 7}]}},"#,
        r#"
case.yaml:4:73: log[0] is not as expected
 4 | … expect: {log: [{plugin: p, level: info, message: {contains: remain token 1}}, {contains: remain tok
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  a line of p of level info with text that contains "remain token 1"
  actual    the one line that was logged does not match
  nearest   [0s] p critical: "current time 1704067200000000000, last refill 1704067200000000000, remain token 1": its level is critical
  because   [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 1

case.yaml:4:102: log[1] is not as expected
 4 | …evel: info, message: {contains: remain token 1}}, {contains: remain token 7}]}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  a line with text that contains "remain token 7"
  actual    the one line that was logged does not match
  nearest   [0s] p critical: "current time 1704067200000000000, last refill 1704067200000000000, remain token 1": it says "remain token 1" in place of "remain token 7"
  because   [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 1
"#,
    );
}

#[test]
fn a_log_line_out_of_order() {
    fails(
        LIMITER,
        r#"{request: GET /, repeat: 2},
{expect: {log: [{contains: token 0}, {contains: token 1}]}},"#,
        r#"
case.yaml:5:44: log[1] is not as expected
 5 |       {expect: {log: [{contains: token 0}, {contains: token 1}]}},
   |                                            ^
  step      the whole scenario so far, at 0s
  expected  a line with text that contains "token 1"
  actual    no such line after the line before it in this list
  nearest   it was logged earlier: [0s] p critical: "current time 1704067200000000000, last refill 1704067200000000000, remain token 1"
  because   [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 1
            [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 0
"#,
    );
}

#[test]
fn a_log_line_that_was_dropped() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {log: [{level: trace}]}},"#,
        r#"
case.yaml:4:39: log[0]: expected a line of level trace, found the one line that was logged does not match
 4 |       {request: GET /, expect: {log: [{level: trace}]}},
   |                                       ^
  step      request GET http://localhost/, at 0s
  expected  a line of level trace
  actual    the one line that was logged does not match
  nearest   lines of level trace are dropped; `host: {log_level: trace}` keeps them
  because   [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 1
"#,
    );
}

#[test]
fn a_log_that_was_to_be_empty() {
    fails(
        LIMITER,
        r#"{request: GET /, expect: {log: none}},"#,
        r#"
case.yaml:4:38: log is not as expected
 4 |       {request: GET /, expect: {log: none}},
   |                                      ^
  step      request GET http://localhost/, at 0s
  expected  no line
  actual    [0s] p critical: "current time 1704067200000000000, last refill 1704067200000000000, remain token 1"
  because   [0s] p critical: current time 1704067200000000000, last refill 1704067200000000000, remain token 1
"#,
    );
}

#[test]
fn a_log_line_that_was_not_to_be() {
    fails(
        LIMITER,
        r#"{request: GET /, repeat: 2},
{expect: {no_log: [{level: critical, message: {regex: 'token \d'}}]}},"#,
        r#"
case.yaml:5:53: no_log[0] is not as expected
 5 |       {expect: {no_log: [{level: critical, message: {regex: 'token \d'}}]}},
   |                                                     ^
  step      the whole scenario so far, at 0s
  expected  no line of level critical with text that matches /token \d/
  actual    2 lines, the first: "current time 1704067200000000000, last refill 1704067200000000000, remain token 1"
  because   [0s] p critical: "current time 1704067200000000000, last refill 1704067200000000000, remain token 1"
            [0s] p critical: "current time 1704067200000000000, last refill 1704067200000000000, remain token 0"
"#,
    );
}
