//! The first minutes: `init`, `run`, `try --save`, each first try.

mod playground;

use playground::{Playground, artifact, plugin};

fn with(module: &str) -> Playground {
    let play = Playground::new();
    play.write("limiter.wasm", std::fs::read(artifact(module)).expect("a module"));
    play
}

#[test]
fn from_an_empty_folder_and_a_module_to_the_first_passing_scenario() {
    for name in [
        "rate_limiting_go",
        "rate_limiting_rust",
        "http_headers_go",
        "http_body_cpp",
        "add_header_as",
        "header_logger_rust",
    ] {
        let play = with(name);
        let init = play.run(&["init", "limiter.wasm"]);
        assert_eq!(init.code, 0, "{name}: {init:?}");
        for file in [
            "scenarios/limiter.scenario.yaml",
            "scenarios/scenario.schema.json",
            ".github/workflows/proxy-wasm-test.yml",
        ] {
            assert!(init.stdout.contains(&format!("wrote {file}  ")), "{name}: {init:?}");
        }
        let ran = play.run(&["run"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}\n{}", play.read("scenarios/limiter.scenario.yaml"));
        // A plugin may have what is to be acted on; that it can be checked, first try, is what counts here.
        let check = play.run(&["check", "limiter.wasm", "--scenario", "scenarios", "--only", "headers"]);
        assert!(check.code <= 1 && check.stderr.is_empty(), "{name}: {check:?}");
        let before = play.files();
        let again = play.run(&["init", "limiter.wasm"]);
        assert_eq!(again.code, 0, "{again:?}");
        assert!(again.stdout.contains("nothing was changed\n"), "{again:?}");
        assert_eq!(again.stdout.matches("is there, and stays as it is").count(), 3, "{again:?}");
        assert_eq!(play.files(), before);
    }
}

#[test]
fn the_first_scenario_says_what_the_plugin_does() {
    let play = with("rate_limiting_go");
    assert_eq!(play.run(&["init"]).code, 0, "the one module here is found");
    let text = play.read("scenarios/limiter.scenario.yaml");
    assert!(text.starts_with("# yaml-language-server: $schema=scenario.schema.json\n"), "{text}");
    assert!(text.contains("wasm: \"../limiter.wasm\"\n"), "{text}");
    assert!(text.contains("      - request: GET http://localhost/\n        expect: {response: {status: 200, headers: {who-am-i: wasm-extension, injected-by: istio-api!}}}\n"), "{text}");
    let workflow = play.read(".github/workflows/proxy-wasm-test.yml");
    assert!(
        workflow.contains("paths: scenarios\n") && workflow.contains("check: limiter.wasm\n"),
        "{workflow}"
    );
}

#[test]
fn a_plugin_that_wants_a_configuration_or_a_cluster_gets_a_scenario_that_says_so() {
    let play = Playground::new();
    play.write(
        "p.wat",
        plugin("(func (export \"proxy_on_configure\") (param i32 i32) (result i32) (i32.const 0))"),
    );
    assert_eq!(play.run(&["init", "p.wat"]).code, 0);
    let text = play.read("scenarios/p.scenario.yaml");
    assert!(text.contains("      - start: refused\n"), "{text}");
    assert_eq!(play.run(&["run"]).code, 0);

    let play = Playground::new();
    let probe = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins-under-test/probes/http_calls/resume.wat");
    play.write("build/auth.wat", std::fs::read(probe).expect("a probe"));
    assert_eq!(play.run(&["init", "build/auth.wat"]).code, 0);
    let text = play.read("scenarios/auth.scenario.yaml");
    assert!(
        text.contains("\n  \"authz\": {status: 200}\n") && text.contains("http_calls: [{cluster: authz, "),
        "{text}"
    );
    assert_eq!(play.run(&["run"]).code, 0);
}

#[test]
fn what_cannot_be_begun_is_told_and_nothing_is_written() {
    let play = Playground::new();
    play.write("a.txt", "no module");
    for (arguments, error) in [
        (&["init"][..], "error: there is no .wasm file here or in build/, dist/, out/"),
        (&["init", "a.txt"], "error: a.txt: "),
        (&["init", "none.wasm"], "error: none.wasm: cannot be read"),
    ] {
        let ran = play.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.starts_with(error), "{ran:?}");
        assert_eq!(play.files().len(), 1);
    }
    play.write("a.wasm", std::fs::read(artifact("add_header_as")).expect("a module"));
    play.write("dist/b.wasm", "");
    let ran = play.run(&["init"]);
    assert!(ran.stderr.starts_with("error: there are several modules: a.wasm, dist/b.wasm\n"), "{ran:?}");
}

#[test]
fn what_was_tried_can_be_saved_and_passes() {
    let play = with("rate_limiting_go");
    play.write("tests/.keep", "");
    let arguments = [
        "try",
        "limiter.wasm",
        "http://httpbin:8000/headers",
        "--times",
        "4",
        "--every",
        "250ms",
        "--config",
        "{\"limit\": 2}",
        "--save",
        "tests/limiter.scenario.yaml",
    ];
    let tried = play.run(&arguments);
    assert_eq!(tried.code, 0, "{tried:?}");
    let text = play.read("tests/limiter.scenario.yaml");
    assert!(text.contains("wasm: ../limiter.wasm"), "{text}");
    assert!(text.contains("name: GET /headers\n"), "{text}");
    assert!(text.contains("repeat: 2\n        every: 250ms\n"), "{text}");
    assert!(text.contains("status: 403") && text.contains("local_response: {plugin: limiter}"), "{text}");
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 0, "{ran:?}\n{text}");
    assert!(ran.stdout.contains("250ms  GET /headers -> 200\n"), "{ran:?}");
    let again = play.run(&arguments);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(
        again.stderr.starts_with("error: tests/limiter.scenario.yaml: there is such a file already\n"),
        "{again:?}"
    );
    assert_eq!(again.stdout, "", "nothing is run for it");
}
