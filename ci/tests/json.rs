//! The documents for programs: `run --format json` and `inspect --format json`.

mod playground;

use playground::{Playground, artifact, plugin, scenarios};
use serde_json::{Value, json};

/// A pass, a failure, a skip, a known failure, and a file that cannot be read.
fn mixed() -> Playground {
    let play = Playground::new();
    let steps = "steps: [{request: GET /, expect: {response: {status: 200}}}]";
    let wrong = "steps: [{request: GET /, expect: {response: {status: 404}}}]";
    let list = [
        format!("  - {{name: good, {steps}}}\n"),
        format!("  - {{name: bad, {wrong}}}\n"),
        format!("  - {{name: later, skip: not yet, {steps}}}\n"),
        format!("  - {{name: known, known_failure: as in issue 7, {wrong}}}\n"),
    ];
    play.write("p.wat", plugin("")).write("a.scenario.yaml", scenarios(&list.concat()));
    play
}

fn document(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error} in {stdout}"))
}

#[test]
fn the_summary_counts_every_trial_once() {
    let play = mixed();
    let ran = play.run(&["run", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    let found = document(&ran.stdout);
    assert_eq!(found["schema"], "proxy-wasm-test/run/1");
    assert_eq!(found["summary"], json!({"passed": 1, "failed": 1, "skipped": 2, "known_failures": 1}));
    let outcomes: Vec<_> =
        found["trials"].as_array().expect("trials").iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "failed", "skipped", "known_failure"]);

    let bad = &found["trials"][1];
    assert_eq!(
        (&bad["name"], &bad["file"], &bad["line"]),
        (&json!("a::bad"), &json!("a.scenario.yaml"), &json!(4))
    );
    assert_eq!(
        bad["exchanges"][0],
        json!({
            "at": "0s", "request": "GET /", "answer": "200", "status": 200, "by": null, "after": "0s",
        })
    );
    let failure = &bad["failures"][0];
    assert_eq!((&failure["what"], &failure["expected"]), (&json!("response.status"), &json!("404")));
    assert_eq!((&failure["actual"], &failure["line"]), (&json!("200"), &json!(4)));
    assert_eq!(bad["run_again"], "proxy-wasm-test run a.scenario.yaml --filter bad");

    play.write("b.scenario.yaml", "nonsense");
    let ran = play.run(&["run", "--format", "json"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let found = document(&ran.stdout);
    assert_eq!(found["summary"]["failed"], 2);
    let broken = &found["trials"][4];
    assert_eq!((&broken["name"], &broken["outcome"]), (&json!("b"), &json!("unusable")));
    assert!(broken["text"].as_str().expect("text").starts_with("b.scenario.yaml:1:1: "), "{broken}");
}

#[test]
fn the_same_input_gives_the_same_document_on_any_number_of_threads() {
    let play = mixed();
    let one = play.run(&["run", "--format", "json", "--jobs", "1", "--trace"]).stdout;
    for _ in 0..3 {
        assert_eq!(play.run(&["run", "--format", "json", "--jobs", "8", "--trace"]).stdout, one);
    }
    assert!(!one.contains('\u{1b}') && !one.contains("\\u001b"), "no colours in a document");
}

#[test]
fn an_inspection_has_its_facts() {
    let play = Playground::new();
    let ran = play.run(&["inspect", &artifact("rate_limiting_go"), "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let found = document(&ran.stdout);
    assert_eq!(found["schema"], "proxy-wasm-test/inspect/1");
    assert_eq!((&found["abi_version"], &found["language"]), (&json!("0.2.0"), &json!("Go")));
    assert_eq!(found["entry_point"], json!(["_initialize"]));
    assert_eq!(found["sha256"].as_str().map(str::len), Some(64));
    let hosts = found["hosts"].as_array().expect("hosts");
    assert!(hosts.iter().all(|host| host["loads"] == true), "{found}");
    let log = found["imports"].as_array().expect("imports").iter().find(|one| one["name"] == "proxy_log");
    assert_eq!(log.expect("it logs")["implemented"], true);
}

#[test]
fn an_inspection_says_who_refuses_a_module_and_why() {
    let play = Playground::new();
    play.write("p.wat", "(module (import \"env\" \"proxy_lock\" (func)))");
    let ran = play.run(&["inspect", "p.wat"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    for text in [
        "Envoy 1.40  refuses it: missing or unknown Proxy-Wasm ABI version",
        "env.proxy_lock  function                  no",
        "this host   refuses it for the same reasons",
        "ABI           unknown",
    ] {
        assert!(ran.stdout.contains(text), "no {text:?} in {ran:?}");
    }
    let found = document(&play.run(&["inspect", "p.wat", "--format", "json"]).stdout);
    assert_eq!(
        (&found["hosts"][0]["loads"], &found["imports"][0]["implemented"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn the_schema_is_one() {
    let ran = Playground::new().run(&["schema"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let found = document(&ran.stdout);
    assert_eq!(found["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(found["$defs"].as_object().is_some_and(|all| all.len() > 10), "{found}");
}
