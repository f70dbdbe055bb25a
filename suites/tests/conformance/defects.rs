//! The defects that plugins shipped with, in Rust and in Go: each is found, and none in the same plugin without it.

use std::path::Path;

use proxy_wasm_harness::check::VerdictKind;
use proxy_wasm_suites::conformance::catalogue::check;
use proxy_wasm_suites::conformance::examine::{Judging, examine};
use proxy_wasm_suites::conformance::lab::{Input, Options, Subject};
use proxy_wasm_suites::modules::ModuleSource;

/// Configurations, and the check that each has to fail.
const DEFECTS: [(&str, &str); 6] = [
    ("non-utf8", "headers/non-utf8"),
    ("window-edge", "limits/window-edge"),
    ("pause-on-failure", "calls/failed"),
    ("content-length", "bodies/length"),
    ("trailers", "trailers/end"),
    ("growth", "memory/steady"),
];

fn subject(module: &str, config: &str) -> Subject {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test/artifacts").join(module);
    let bytes = std::fs::read(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let input = Input { bytes, place, config: Some(config.as_bytes().to_vec()), ..Input::default() };
    let options = Options { cases: 1, requests: 1200, ..Options::default() };
    Subject::new(&input, &options, ModuleSource::shared().options()).unwrap_or_else(|error| panic!("{error}"))
}

fn finds_the_defects_of(module: &str) {
    let sound = subject(module, "");
    let mut wrong = Vec::new();
    for (defect, id) in DEFECTS {
        let check = check(id).expect("a check");
        let of = |subject: &Subject| examine(subject, check, &Judging::default());
        let found = of(&subject(module, defect));
        if !matches!(found.verdict.kind(), VerdictKind::Fail | VerdictKind::Warn) {
            wrong.push(format!("{defect} is not found by {id}: {:?}", found.verdict));
        }
        let none = of(&sound);
        if !none.verdict.findings().is_empty() {
            wrong.push(format!("{id} finds in the sound plugin: {}", none.verdict.findings()[0].message));
        }
    }
    assert!(wrong.is_empty(), "{module}:\n{}", wrong.join("\n"));
}

#[test]
fn in_rust() {
    finds_the_defects_of("defects_rust.wasm");
}

#[test]
fn in_go() {
    finds_the_defects_of("defects_go.wasm");
}
