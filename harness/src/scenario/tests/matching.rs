//! What matchers take.

use std::time::Duration;

use super::super::{BodyMatcher, Expected, FieldTest, Matcher, Quantity, Test};
use super::steps;

/// The matcher that `written` is in the place of a body.
#[track_caller]
fn body(written: &str) -> BodyMatcher {
    let scenario = steps(&format!("  - expect: {{response: {{body: {written}}}}}\n"));
    let Some(Expected::Just(response)) = scenario.steps[0].expect.clone().expect("expectations").response
    else {
        panic!("a response")
    };
    response.body.expect("a body")
}

#[test]
fn bytes() {
    for (written, takes, refuses) in [
        ("abc", &["abc"][..], &["abcd", "", "ABC"][..]),
        ("1.10", &["1.10"], &["1.1"]),
        ("{text: abc}", &["abc"], &["ab"]),
        ("{hex: 6162}", &["ab"], &["a"]),
        ("{contains: b}", &["abc", "b"], &["ac", ""]),
        ("{contains: ''}", &["abc", ""], &[]),
        ("{regex: 'b+c'}", &["abbc"], &["ab"]),
        ("{regex: '^b'}", &["b"], &["ab"]),
        ("{not: abc}", &["ab", ""], &["abc"]),
        ("{not: {contains: b}}", &["a"], &["abc"]),
        ("{not: {absent: true}}", &["", "a"], &[]),
        ("{absent: false}", &["", "a"], &[]),
        ("{absent: true}", &[], &["", "a"]),
        ("{min: 2, max: 3.5}", &["2", "3.5", " 3"], &["1", "4", "x", ""]),
        ("{min: -1}", &["-1", "1e9"], &["-2"]),
        ("{size: 3}", &["abc"], &["ab"]),
        ("{size: {min: 2}}", &["ab", "abc"], &["a"]),
        ("{fill: ab, size: 3}", &["aba"], &["ab"]),
    ] {
        let matcher = body(written);
        for bytes in takes {
            assert!(matcher.matches(bytes.as_bytes()), "{written} takes {bytes:?}");
        }
        for bytes in refuses {
            assert!(!matcher.matches(bytes.as_bytes()), "{written} refuses {bytes:?}");
        }
    }
    assert!(body("{absent: true}").accepts(None) && body("{not: {not: {absent: true}}}").accepts(None));
    assert!(!body("a").accepts(None) && body("{not: a}").accepts(None));
    assert!(body("{regex: '(?-u)\\xff'}").matches(b"a\xffb"), "on bytes");
}

#[test]
fn json_is_compared_by_meaning() {
    for (written, actual, takes) in [
        ("{a: 1}", r#"{"a": 1.0, "b": 2}"#, true),
        ("{a: 1}", r#"{"a": 2}"#, false),
        ("{a: 1}", r#"{"b": 1}"#, false),
        ("{a: '1'}", r#"{"a": 1}"#, false),
        ("{a: no}", r#"{"a": "no"}"#, true),
        ("{a: null}", r#"{"a": null}"#, true),
        ("{a: null}", r#"{}"#, false),
        ("{a: {b: []}}", r#"{"a": {"b": [], "c": 1}}"#, true),
        ("[1, {a: 2}]", r#"[1, {"a": 2, "b": 3}]"#, true),
        ("[1]", "[1, 2]", false),
        ("[1, 2]", "[2, 1]", false),
        ("1e3", "1000", true),
        ("9007199254740993", "9007199254740992", false),
        ("18446744073709551615", "18446744073709551615", true),
        ("{}", "not json", false),
        ("{}", "", false),
    ] {
        assert_eq!(
            body(&format!("{{json: {written}}}")).matches(actual.as_bytes()),
            takes,
            "{written} {actual}"
        );
    }
}

#[test]
fn a_header_is_one_field_or_a_list_of_them() {
    let scenario = steps(
        "  - expect: {upstream_request: {headers: [{a: x, b: [x, {contains: y}]}, {c: {absent: true}, d: {not: x}}]}}\n",
    );
    let Some(Expected::Just(request)) =
        scenario.steps[0].expect.clone().expect("expectations").upstream_request
    else {
        panic!("a request")
    };
    let fields = request.headers.expect("headers").0;
    let takes = |index: usize, values: &[&str]| {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        fields[index].matches(&values)
    };
    assert!(takes(0, &["x"]) && !takes(0, &[]) && !takes(0, &["x", "x"]) && !takes(0, &["y"]));
    assert!(takes(1, &["x", "xy"]) && !takes(1, &["xy", "x"]) && !takes(1, &["x"]));
    assert!(takes(2, &[]) && !takes(2, &[""]));
    assert!(takes(3, &["y"]) && !takes(3, &["x"]) && !takes(3, &[]));
    assert_eq!(fields[1].describe(), "2 fields: \"x\", text that contains \"y\"");
    assert!(matches!(&fields[3].values, FieldTest::One(Matcher { test: Test::Not(_), .. })));
}

#[test]
fn expectations_are_told_in_words() {
    for (written, said) in [
        ("a", "\"a\""),
        ("{hex: ff}", "\"\\xff\""),
        ("{contains: a}", "text that contains \"a\""),
        ("{regex: a|b}", "text that matches /a|b/"),
        ("{not: {absent: true}}", "something"),
        ("{min: 1, max: 2.5}", "a number from 1 to 2.5"),
        ("{json: {a: 1}}", "JSON with {\"a\":1}"),
        ("{size: {max: 64KiB}}", "a size of at most 64KiB"),
    ] {
        assert_eq!(body(written).describe(), said);
    }
    assert_eq!(Quantity::is(Duration::from_millis(5)).describe(), "5ms");
}
