//! What stands in a text place is taken as written; what stands in other places is not.

use std::path::Path;

use super::super::{StepKind, Test, as_json, load_text};
use super::{scenarios, steps};
use crate::state::{AnswerKind, Body};

/// The value of the header `x` of a request that is sent with `x: WRITTEN`.
#[track_caller]
fn header(written: &str) -> Vec<u8> {
    let scenario = steps(&format!("  - request: {{url: /, headers: {{x: {written}}}}}\n"));
    let StepKind::Request(request) = &scenario.steps[0].kind else { panic!("a request") };
    assert_eq!(request.headers.len(), 1);
    request.headers[0].1.clone()
}

#[test]
fn scalars_stay_as_written() {
    for written in [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "true",
        "false",
        "True",
        "1.10",
        "007",
        "0x1F",
        "0o17",
        "1e3",
        "+1",
        "-0",
        "1_000",
        ".5",
        "5.",
        ".inf",
        ".nan",
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "12:30:45",
        "~",
        "null",
        "NULL",
        "a b",
        "x#y",
        "<<",
        "=",
        "é",
        "😀",
        "a: b".trim_end_matches(": b"),
    ] {
        assert_eq!(header(written), written.as_bytes(), "{written}");
    }
}

#[test]
fn quotes_are_not_part_of_text_and_escapes_are_read() {
    for (written, read) in [
        ("''", ""),
        ("\"\"", ""),
        ("'no'", "no"),
        ("\"1.10\"", "1.10"),
        ("\"a\\tb\\u00e9\\x01\"", "a\tb\u{e9}\u{1}"),
        ("' padded '", " padded "),
        ("'it''s'", "it's"),
        ("", ""),
    ] {
        assert_eq!(header(written), read.as_bytes(), "{written}");
    }
}

#[test]
fn bytes_that_are_no_text_have_forms() {
    for (written, read) in [
        ("{hex: fffe00}", &b"\xff\xfe\x00"[..]),
        ("{hex: 'FF FE'}", b"\xff\xfe"),
        ("{hex: 0011}", b"\x00\x11"),
        ("{base64: //4A}", b"\xff\xfe\x00"),
        ("{base64: /w==}", b"\xff"),
        ("{base64: /w}", b"\xff"),
        ("{text: no}", b"no"),
        ("{json: {b: 1, a: [no, 1.5, null, true, ~, '1']}}", br#"{"b":1,"a":["no",1.5,null,true,null,"1"]}"#),
        ("{fill: ab, size: 5}", b"ababa"),
        ("{fill: x, size: 0}", b""),
    ] {
        assert_eq!(header(written), read, "{written}");
    }
}

#[test]
fn every_text_place_is_a_text_place() {
    let all = scenarios(
        "let: {no: 007}\n\
         plugins: [{name: 1.10, wasm: 007, config: 1e3, vm: {id: no, config: null, env: {on: off, 1: ~}}}]\n\
         scenarios:\n\
         - name: 2024-01-01\n\
         \x20 cases: [{case: ~}]\n\
         \x20 skip: no\n\
         \x20 steps:\n\
         \x20 - open: {stream: 007, url: /, body: no, headers: {on: $(no)}, end: true}\n\
         \x20 - respond: {stream: 007, body: null}\n\
         \x20   expect: {response: {headers: {1.10: 1e3}, body: ~}, log: [yes], metrics: {1: 1}}\n",
    );
    let scenario = &all[0];
    assert_eq!(scenario.label(), "2024-01-01::~");
    assert_eq!(scenario.skip.as_deref(), Some("no"));
    let super::super::Chain::Plugins(plugins) = &scenario.chain else { panic!("plugins") };
    assert_eq!((plugins[0].name.as_str(), &plugins[0].config[..]), ("1.10", &b"1e3"[..]));
    assert_eq!((plugins[0].vm.id.as_str(), &plugins[0].vm.config.0[..]), ("no", &b"null"[..]));
    assert_eq!((plugins[0].vm.env["on"].as_str(), plugins[0].vm.env["1"].as_str()), ("off", "~"));
    let StepKind::Open(open) = &scenario.steps[0].kind else { panic!("open") };
    assert_eq!((open.stream.as_str(), &open.request.headers[0].1[..]), ("007", &b"007"[..]));
    assert!(matches!(&open.request.body, Body::Sized(chunks) if chunks[0].data == b"no"));
    let StepKind::Respond(respond) = &scenario.steps[1].kind else { panic!("respond") };
    let super::super::RespondWith::Answer(answer) = &respond.with else { panic!("an answer") };
    let AnswerKind::Response(response) = &answer.kind else { panic!("a response") };
    assert!(matches!(&response.body, Body::Sized(chunks) if chunks[0].data == b"null"));
    let expect = scenario.steps[1].expect.as_ref().expect("expectations");
    let Some(super::super::Expected::Just(response)) = &expect.response else { panic!("a response") };
    assert_eq!(response.body.as_ref().map(|body| &body.test), Some(&Test::Is(b"~".to_vec())));
    assert_eq!(
        expect.metrics["1"].clone(),
        super::super::MetricExpectation::Value(super::super::Quantity::is(1))
    );
}

#[test]
fn configurations_are_what_istio_sends() {
    let config = |written: &str| {
        let text = format!(
            "plugins: [{{wasm: p.wasm, config: {written}}}]\nscenarios: [{{name: s, steps: [{{advance: 1s}}]}}]\n"
        );
        let super::super::Chain::Plugins(plugins) = scenarios(&text)[0].chain.clone() else {
            panic!("plugins")
        };
        String::from_utf8(plugins[0].config.clone()).expect("text")
    };
    for (written, sent) in [
        ("{b: 1, a: 1.0}", r#"{"a":1,"b":1}"#),
        ("{}", ""),
        ("[]", "[]"),
        ("{a: 12345678901234567890, b: -0, c: 1e21}", r#"{"a":12345678901234567000,"b":-0,"c":1e+21}"#),
        (
            "{a: no, b: true, c: null, d: '1', e: <&>}",
            r#"{"a":"no","b":true,"c":null,"d":"1","e":"\u003c\u0026\u003e"}"#,
        ),
        ("text as it is", "text as it is"),
        ("\"\"", ""),
        ("{text: '{}'}", "{}"),
        ("{json: {b: 1, a: 2.50}}", r#"{"b":1,"a":2.5}"#),
        ("{hex: 6162}", "ab"),
        ("{text: a, more: b}", r#"{"more":"b","text":"a"}"#),
    ] {
        assert_eq!(config(written), sent, "{written}");
    }
}

#[test]
fn json_is_yaml_too() {
    let text = "{\"plugins\": [{\"wasm\": \"p.wasm\"}],\n\t\"scenarios\": [{\"name\": \"a\\/b \\ud83d\\ude00 \\\\ud83d \\u00e9\", \
                \"steps\": []}]}\n";
    let file = load_text(Path::new("t.json"), text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(file.scenarios[0].name, "a/b 😀 \\ud83d é");
    let error = load_text(Path::new("t.json"), &text.replace("\\ude00", ""))
        .expect_err("half a character")
        .to_string();
    assert!(error.contains("invalid Unicode character escape code"), "{error}");
}

#[test]
fn an_editor_sees_plain_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.yaml");
    std::fs::write(&path, "{a: no, b: 1.10, c: ~, d: '1', e: .inf, f: [$(x)]}").expect("a file");
    let json = as_json(&path).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(json.to_string(), r#"{"a":"no","b":1.1,"c":null,"d":"1","e":".inf","f":["$(x)"]}"#);
}
