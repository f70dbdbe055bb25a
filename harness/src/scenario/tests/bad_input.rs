//! What is said about files that are wrong.

use std::path::Path;

use super::super::{discover, load};
use super::{file, wrong};

/// A step that is wrong, and what is said about it behind the place.
#[track_caller]
fn step(step: &str, said: &str) {
    let text = wrong(&file(&format!("scenarios:\n- name: s\n  steps:\n  - {step}\n")));
    let first = text.lines().next().unwrap_or_default();
    let message = first.splitn(4, ':').nth(3).unwrap_or_default().trim();
    let help = text.lines().find_map(|line| line.strip_prefix("help: "));
    let all = help.map_or(message.to_owned(), |help| format!("{message} -- {help}"));
    assert_eq!(all, said, "{step}\n{text}");
}

#[test]
fn an_error_shows_its_place_its_line_and_a_hint() {
    assert_eq!(
        wrong(&file("scenarios:\n- name: s\n  steps:\n  - advence: 1s\n")),
        "t.yaml:5:5: unknown key `advence` in a step\n 5 |   - advence: 1s\n   |     ^\nhelp: did you mean \"advance\"?"
    );
}

#[test]
fn steps() {
    step(
        "{}",
        "the step does nothing -- one of: start, request, open, send, respond, abort, metadata, connect, data, close, advance, set_clock, reconfigure, enqueue, set_shared_data, set_property, fault, expect",
    );
    step("{advance: 1s, request: GET /}", "a step does one thing: `advance` or `request`");
    step("advance", "expected a mapping (a step), found `advance`");
    step("{advance: 1s, repeat: 2}", "`repeat` and `every` belong to `request`");
    step("{request: GET /, every: 2s}", "`every` needs a `repeat`");
    step("{request: GET /, repeat: 0}", "`repeat` is at least 1");
    step("{request: GET /, repeat: -1}", "expected a whole number, found `-1`");
    step("{request: GET /, repeat: '2'}", "expected a whole number, found the text \"2\"");
    step("{request: GET /, repeat: 5000000000}", "expected a number up to 4294967295, found `5000000000`");
    step("{start: maybe}", "expected one of ok, refused, found `maybe`");
    step("{start: refusd}", "expected one of ok, refused, found `refusd` -- did you mean \"refused\"?");
}

#[test]
fn durations_sizes_and_times() {
    step("{advance: 5}", "the duration `5` has no unit -- for example `250ms`");
    step(
        "{advance: 1.5s}",
        "`1.5s` is no duration -- whole numbers with a unit, for example `250ms` or `1s 1ns`",
    );
    step("{advance: 5sec}", "unknown unit `sec` in the duration `5sec` -- one of: h, m, s, ms, us, ns");
    step("{advance: 1ms 1s}", "the units of the duration `1ms 1s` are not longest first");
    step("{advance: 600000000h}", "the duration `600000000h` is longer than 584 years");
    step("{advance: }", "expected a duration, found nothing -- for example `250ms`");
    step("{advance: [1s]}", "expected a duration like `250ms`, found a list");
    step(
        "{set_clock: tomorrow}",
        "expected a point in time, found `tomorrow` -- RFC 3339, for example 2024-01-01T00:00:00Z, or {ns: N} since 1970",
    );
    step("{set_clock: 1969-12-31T23:59:59Z}", "the time is not between 1970 and 2554");
    step(
        "{request: {url: /, body: a, chunk_size: 1KB}}",
        "unknown unit in the size `1KB` -- did you mean \"KiB\"?",
    );
    step("{request: {url: /, body: a, chunk_size: 0}}", "`chunk_size` is 0");
    step("{request: {url: /, body: {fill: a, size: 99GiB}}}", "`size` is more than 256MiB");
}

#[test]
fn requests_and_answers() {
    step("{request: /}", "expected a method and a url, found `/` -- for example `GET /headers`");
    step(
        "{request: GET headers}",
        "\"headers\" is neither a path, which starts with /, nor a url, which starts with http:// or https://",
    );
    step("{request: {method: GET}}", "the key `url` is missing");
    step("{request: {url: /, body: a, chunks: [b]}}", "`body` and `chunks` exclude each other");
    step(
        "{request: {url: /, headers: a}}",
        "expected a mapping of header names to values, or a list of them, found `a`",
    );
    step("{request: {url: /, headers: {a: 1, a: 2}}}", "duplicate key `a`, given first in line 5");
    step(
        "{request: {url: /, body: {base46: a}}}",
        "unknown key `base46` in bytes -- did you mean \"base64\"?",
    );
    step("{request: {url: /, body: {text: a, hex: b}}}", "only one of text and hex can be given");
    step("{request: {url: /, body: {hex: abc}}}", "this is no hexadecimal");
    step("{request: {url: /, http: 3}}", "expected 1.1 or 2, found `3`");
    step(
        "{request: {url: /, trailers: {a: b}}}",
        "trailers over HTTP/1.1, and `enable_trailers` is not stated -- state `host: {enable_trailers: true}` (or false, as Envoy's default: they are dropped)",
    );
    step(
        "{request: {url: /, respond: {fail: closed, status: 200}}}",
        "`fail` and `status` exclude each other: an answer is one thing",
    );
    step(
        "{request: {url: /, respond: {grpc_status: 1, body: a}}}",
        "`grpc_status` and `body` exclude each other: an answer is one thing",
    );
    step("{request: {url: /, respond: {status: 20}}}", "the status 20 does not have three digits");
    step(
        "{request: {url: /, respond: {fail: cloesd}}}",
        "expected one of refused, closed, cut, timeout, found `cloesd` -- did you mean \"closed\"?",
    );
    step(
        "{request: {url: /, worker: 1}}",
        "there is no worker 1: the host has 1 -- workers count from 0; `host: {workers: N}` says how many there are",
    );
}

#[test]
fn matchers_and_expectations() {
    step("{expect: {response: {body: {regex: '('}}}}", "bad regular expression: unclosed group");
    step(
        "{expect: {response: {body: {contians: a}}}}",
        "unknown key `contians` in a matcher -- did you mean \"contains\"?",
    );
    step(
        "{expect: {response: {body: {contains: a, regex: b}}}}",
        "a matcher is one of contains, regex, not, absent, min, max, text, base64, hex, file, json, fill, size",
    );
    step("{expect: {response: {status: ok}}}", "expected a whole number, found `ok`");
    step("{expect: {respnse: none}}", "unknown key `respnse` in expectations -- did you mean \"response\"?");
    step("{expect: {took: {min: 1}}}", "the duration `1` has no unit -- for example `250ms`");
    step("{expect: {took: {}}}", "expected one of min, max, not");
    step(
        "{expect: {log: [{level: information}]}}",
        "expected one of trace, debug, info, warn, error, critical, found `information`",
    );
    step("{expect: {log: [{plugin: q}]}}", "no plugin has the name `q` -- did you mean \"p\"?");
    step(
        "{expect: {hostcalls: [{name: proxy_log, status: not_fuond}]}}",
        "expected one of ok, not_found, bad_argument, serialization_failure, parse_failure, invalid_memory_access, empty, cas_mismatch, internal_failure, broken_connection, unimplemented, found `not_fuond` -- did you mean \"not_found\"?",
    );
    step(
        "{expect: {callbacks: [{name: proxy_on_request_header}]}}",
        "the ABI has no callback `proxy_on_request_header` -- did you mean \"proxy_on_request_headers\"?",
    );
    step(
        "{expect: {hostcalls: [{name: proxy_logs}]}}",
        "the ABI has no hostcall `proxy_logs` -- did you mean \"proxy_log\"?",
    );
    step("{expect: {hostcalls: [{name: fd_write}, {name: q}]}}", "the ABI has no hostcall `q`");
    step("{expect: {stalled: yes}}", "expected true or false, found `yes`");
    step("{expect: }", "expected a mapping (expectations), found nothing");
}

#[test]
fn streams() {
    step("{send: {stream: a, body: b}}", "no step before this opens the stream `a`");
    let metadata = |from: &str| format!("{{metadata: {{stream: a, from: {from}, elements: {{a: 1}}}}}}");
    step(&metadata("client"), "no step before this opens the stream `a`");
    for (from, hint) in [
        ("client", "open the stream with `http: 2`"),
        ("upstream", "give the answer of `upstream` `http: 2`"),
    ] {
        step(
            &format!("{{open: {{stream: a, url: /}}}}\n  - {}", metadata(from)),
            &format!("METADATA is a frame of HTTP/2, and this connection speaks HTTP/1.1 -- {hint}"),
        );
    }
    step(
        "{open: {stream: a, url: /}}\n  - {respond: {stream: b}}",
        "no step before this opens the stream `b` -- did you mean \"a\"?",
    );
    step(
        "{open: {stream: a, url: /}}\n  - {open: {stream: a, url: /}}",
        "the stream `a` is there already, from line 5",
    );
    step(
        "{request: GET /}\n  - {connect: {stream: a}}",
        "a scenario is HTTP or TCP: line 5 has begun the other",
    );
    step("{advance: 1s}\n  - {start: ok}", "`start` is the first step only");
    step(
        "{fault: {hostcall: proxy_log, status: empty, plugin: q}}",
        "no plugin has the name `q` -- did you mean \"p\"?",
    );
    step(
        "{open: {stream: a, url: /, end: false}}\n  - {send: {stream: a, trailers: {a: b}}}",
        "trailers over HTTP/1.1, and `enable_trailers` is not stated -- state `host: {enable_trailers: true}` (or false, as Envoy's default: they are dropped)",
    );
    step(
        "{open: {stream: a, url: /}}\n  - {respond: {stream: a, end: false}}\n  - {respond: {stream: a, status: 200}}",
        "the head of the response on `a` has been sent already",
    );
}

#[test]
fn whole_files() {
    let ends = "scenarios: [{name: s, steps: [{advance: 1s}]}]\n";
    for (text, said) in [
        (String::new(), "t.yaml: the file is empty"),
        ("a".to_owned(), "t.yaml:1:1: expected a mapping with `plugins` and `scenarios`, found `a`"),
        (format!("{}{ends}{ends}", file("")), "t.yaml:3:1: duplicate key `scenarios`, given first in line 2"),
        (ends.to_owned(), "t.yaml:1:1: the key `plugins` is missing (or `manifests`)"),
        (file(""), "t.yaml:1:1: the key `scenarios` is missing"),
        (file("scenarios: []"), "t.yaml:2:12: there is no scenario"),
        (file("scenarios: {}"), "t.yaml:2:12: expected a list of scenarios, found a mapping"),
        (format!("{}scnarios: []\n", file(ends)), "t.yaml:3:1: unknown key `scnarios` in a file"),
        (format!("{}---\na: b\n", file(ends)), "t.yaml:3:1: a second document: a file holds one"),
        (file("seed: &a 1\n") + ends, "t.yaml:2:7: anchors and aliases are not used here"),
        (file("seed: !!int 1\n") + ends, "t.yaml:2:7: the tag `tag:yaml.org,2002:!int` is not used here"),
        (file("? [a]\n: b\n") + ends, "t.yaml:2:3: a key is text, not a list or a mapping"),
        (file("workload: {}\n") + ends, "t.yaml:1:1: `workload` belongs to `manifests`"),
        (
            format!("manifests: []\n{}", file(ends)),
            "t.yaml:1:1: `plugins` and `manifests` exclude each other",
        ),
        (file("host: {workers: 0}\n") + ends, "t.yaml:2:7: `workers` is at least 1"),
        (
            file("host: {profile: envoy}\n") + ends,
            "t.yaml:2:17: expected one of envoy-1.40, google, found `envoy`",
        ),
        (
            format!("plugins: [{{wasm: a/p.wasm}}, {{wasm: b/p.wasm}}]\n{ends}"),
            "t.yaml:1:29: two plugins have the name `p`",
        ),
        (
            file("scenarios: [{name: s, steps: []}, {name: s, steps: []}]"),
            "t.yaml:2:35: two scenarios have the name `s`, the first in line 2",
        ),
        (
            file("scenarios: [{name: s, steps: [], configs: {q: a}}]"),
            "t.yaml:2:44: no plugin has the name `q`",
        ),
        (
            file("scenarios: [{name: '', steps: []}]"),
            "t.yaml:2:13: the name of a scenario is one line of text",
        ),
        (file("scenarios: [{name: s, skip: '', steps: []}]"), "t.yaml:2:13: `skip` needs a reason"),
        ("plugins: [".to_owned() + &"[".repeat(200), "t.yaml:1:109: nested deeper than 100"),
    ] {
        let found = wrong(&text);
        assert_eq!(found.lines().next(), Some(said), "{text}\n{found}");
    }
}

#[test]
fn all_errors_are_told_in_the_order_of_their_lines() {
    let text = wrong(&file(
        "seed: a\nscenarios:\n- name: s\n  patiense: 1s\n  steps:\n  - advance: x\n  - request: {url: /, header: {}}\n",
    ));
    let places: Vec<&str> = text.lines().filter(|line| line.starts_with("t.yaml:")).collect();
    assert_eq!(places.len(), 4, "{text}");
    assert!(places[0].starts_with("t.yaml:2:7: ") && places[1].starts_with("t.yaml:5:3: "), "{text}");
    assert!(places[2].starts_with("t.yaml:7:14: ") && places[3].starts_with("t.yaml:8:23: "), "{text}");
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.yaml");
    let said = |path: &Path| load(path).expect_err("wrong").to_string();
    assert!(said(&path).contains("t.yaml: cannot read the file: "));
    std::fs::write(&path, b"plugins: \xff").expect("a file");
    assert!(said(&path).contains("t.yaml: the file is not UTF-8: byte 9 does not belong to any character"));
    std::fs::write(&path, file("scenarios: [{name: s, steps: [{request: {url: /, body: {file: none}}}]}]"))
        .expect("a file");
    assert!(said(&path).contains("t.yaml:2:56: cannot read "));
}

#[test]
fn folders_are_searched_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for name in [
        "b.scenario.yaml",
        "a/x.scenario.json",
        "a/y.scenario.yml",
        "a/z.yaml",
        "target/t.scenario.yaml",
        ".git/h.scenario.yaml",
    ] {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, "").expect("a file");
    }
    let names = |paths: &[&Path]| -> Vec<String> {
        let found = discover(paths).unwrap_or_else(|error| panic!("{error}"));
        found.into_iter().map(|file| file.name).collect()
    };
    assert_eq!(names(&[root]), ["a/x", "a/y", "b"]);
    assert_eq!(names(&[&root.join("a/z.yaml"), root]), ["z", "a/x", "a/y", "b"]);
    assert_eq!(names(&[&root.join("b.scenario.yaml"), root]), ["b", "a/x", "a/y"], "each file once");
    std::fs::create_dir(root.join("none")).expect("a folder");
    let error = discover(&[root.join("none")]).expect_err("no scenario").to_string();
    assert!(error.contains("none: the folder holds no scenario\nhelp: "), "{error}");
    assert!(
        discover(&[root.join("gone")]).expect_err("gone").to_string().contains("gone: cannot be opened: ")
    );
}
