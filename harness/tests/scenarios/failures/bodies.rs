//! Bodies, whole and in pieces.

use crate::at_hand::{LIMITER, fails};

#[test]
fn a_body_of_several_lines() {
    fails(
        LIMITER,
        r#"{request: {url: /, respond: {body: "one\ntwo\nthree\n"}}, expect: {response: {body: "one\n2\nthree"}}},"#,
        r#"
case.yaml:4:91: response.body: expected "one\n2\nthree", found "one\ntwo\nthree\n"
 4 | … "one\ntwo\nthree\n"}}, expect: {response: {body: "one\n2\nthree"}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  diff      - expected, + actual
              one
            - 2
            - three
            \ no line break at the end
            + two
            + three
  nearest   they differ from byte 4 on: "two\nthree\n" in place of "2\nthree"
  because   [0s] #1 upstream sends 200
            [0s] #1 client receives 200
"#,
    );
}

#[test]
fn a_body_of_json() {
    fails(
        LIMITER,
        r#"{request: {url: /, respond: {body: {json: {a: [1, {b: x}], c: 1}}}}, expect: {response: {body: {json: {a: [1, {b: y}], d: 1}}}}},"#,
        r#"
case.yaml:4:102: response.body: expected JSON with {"a":[1,{"b":"y"}],"d":1}, found "{"a":[1,{"b":"x"}],"c":1}"
 4 | … [1, {b: x}], c: 1}}}}, expect: {response: {body: {json: {a: [1, {b: y}], d: 1}}}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  diff      - expected, + actual
                "a": [
                  1,
                  {
            -       "b": "y"
            +       "b": "x"
                  }
            -   ],
            -   "d": 1
            +   ]
              }
  nearest   $.a[1].b is "x", "y" is expected
  because   [0s] #1 upstream sends 200
            [0s] #1 client receives 200
"#,
    );
}

#[test]
fn a_body_that_is_long() {
    fails(
        LIMITER,
        r#"{request: {url: /, respond: {body: {fill: ab, size: 4KiB}}}, expect: {response: {body: {size: 4095}}}},"#,
        r#"
case.yaml:4:94: response.body: expected a size of 4095, found 4096 bytes
 4 | …ill: ab, size: 4KiB}}}, expect: {response: {body: {size: 4095}}}},
   |                                                    ^
  step      request GET http://localhost/, at 0s
  expected  a size of 4095
  actual    4096 bytes
  because   [0s] #1 upstream sends 200
            [0s] #1 client receives 200
"#,
    );
}

#[test]
fn a_body_in_other_pieces() {
    fails(
        LIMITER,
        r#"{request: {url: /, respond: {chunks: [ab, c]}}, expect: {response: {chunks: [a, bc, ""]}}},"#,
        r#"
case.yaml:4:84: response.chunks: expected 3 pieces: "a", "bc", "", found 2 pieces: "ab", "c"
 4 |       {request: {url: /, respond: {chunks: [ab, c]}}, expect: {response: {chunks: [a, bc, ""]}}},
   |                                                                                    ^
  step      request GET http://localhost/, at 0s
  expected  3 pieces: "a", "bc", ""
  actual    2 pieces: "ab", "c"
  nearest   the bytes are the same, cut elsewhere: `body` judges them whole
  because   [0s] #1 upstream sends 200
            [0s] #1 client receives 200
"#,
    );
}
