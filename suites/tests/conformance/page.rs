//! `CONFORMANCE.md` says what the checks are and what comes of them: it is written by this test, and red when it is stale.

use std::path::{Path, PathBuf};

use proxy_wasm_suites::conformance::catalogue::CHECKS;
use proxy_wasm_suites::conformance::examine::{Examined, Judging, examine_all};
use proxy_wasm_suites::conformance::lab::{Input, Options, Subject};
use proxy_wasm_suites::conformance::report;
use proxy_wasm_suites::modules::ModuleSource;

/// Set, it lets the page be written anew.
const UPDATE: &str = "UPDATE_CONFORMANCE";

/// The plugins under test, as they are configured in their scenarios.
const PLUGINS: [(&str, &str); 12] = [
    ("add_header_as", ""),
    ("header_logger_rust", ""),
    ("http_body_cpp", "world=wasm"),
    ("http_headers_go", "{\"request\": {\"x-one\": \"1\"}, \"response\": {\"x-two\": \"2\"}}"),
    ("rate_limiting_go", ""),
    ("rate_limiting_rust", ""),
    ("defects_rust", "non-utf8"),
    ("defects_rust", "pause-on-failure"),
    ("defects_rust", "trailers"),
    ("defects_go", "window-edge"),
    ("defects_go", "content-length"),
    ("defects_go", "growth"),
];

const HEAD: &str = "\
# Conformance

What `proxy-wasm-test check` asks of a plugin, and what comes of it for the plugins under test. This page is written by
`UPDATE_CONFORMANCE=1 cargo test --workspace --test conformance page`; the same test, without the variable, is red when it is stale.

A check is run on the plugin alone, with a standard corpus of requests or with those of scenario files. What the plugin does when
nothing is changed is the oracle. MUST: a plugin that fails it breaks traffic, or lets pass what it should stop. SHOULD: it breaks
under some load, host or input. INFO: worth knowing. What a plugin has no use for is not passed but not applicable (`-`).

## Results

";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn examined((module, config): (&str, &str)) -> (String, Vec<Examined>) {
    let place = root().join("plugins-under-test/artifacts").join(format!("{module}.wasm"));
    let bytes = std::fs::read(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let input = Input { bytes, place, config: Some(config.as_bytes().to_vec()), ..Input::default() };
    let options = Options { cases: 1, requests: 1200, ..Options::default() };
    let subject = Subject::new(&input, &options, ModuleSource::shared().options());
    let subject = subject.unwrap_or_else(|error| panic!("{error}"));
    let name = if module.starts_with("defects") { format!("{module}: {config}") } else { module.to_owned() };
    (name, examine_all(&subject, CHECKS, &Judging::default(), 2, |_| ()).expect("a thread"))
}

fn page() -> String {
    let results: Vec<(String, Vec<Examined>)> = PLUGINS.into_iter().map(examined).collect();
    let names: Vec<String> =
        results.iter().enumerate().map(|(at, (name, _))| format!("{}. `{name}`", at + 1)).collect();
    let numbered: Vec<(String, Vec<Examined>)> =
        results.into_iter().enumerate().map(|(at, (_, all))| ((at + 1).to_string(), all)).collect();
    let mut out = format!("{HEAD}{}\n\n{}", names.join("\n"), report::table(&numbered));
    out.push_str(
        "\nThe `defects` plugins have a defect each, on purpose, named behind the colon.\n\n## Checks\n",
    );
    out.push_str(&report::catalogue(CHECKS));
    out
}

#[test]
fn the_page_is_up_to_date() {
    let path = root().join("CONFORMANCE.md");
    let page = page();
    if std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, &page).expect("the page is written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = there.lines().zip(page.lines()).position(|(one, other)| one != other);
    assert!(
        there == page,
        "CONFORMANCE.md is stale from line {:?} on: run it with {UPDATE}=1 and look at the change",
        differs.map(|line| line + 1)
    );
}
