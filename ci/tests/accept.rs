//! `run --accept`: expectations are filled in, and everything else stays as its author wrote it.

mod playground;

use playground::{Playground, Ran, artifact, plugin};

/// As an author writes it: comments, blank lines, quotes, flow and block, a value that has become wrong.
const BEFORE: &str = "\
# The limiter of the sample.
plugins: [{name: limiter, wasm: limiter.wasm}]   # two a second

upstream: {status: 200, body: 'hello'}
scenarios:
  - name: story
    steps:
      # the first two pass
      - request: GET http://httpbin:8000/headers
        repeat: 2   # twice
      - {request: GET /, }   # flow
      - advance: 1s

      - request:
          method: POST
          url: /orders
          body: |
            one
            two

        # still the same step

      - request: GET /
        expect: {response: {status: 403, headers: {who-am-i: \"somebody\"}}}  # wrong by now
  - name: differs
    steps:
      - {request: GET /, repeat: 3}
";

const AFTER: &str = r##"# The limiter of the sample.
plugins: [{name: limiter, wasm: limiter.wasm}]   # two a second

upstream: {status: 200, body: 'hello'}
scenarios:
  - name: story
    steps:
      # the first two pass
      - request: GET http://httpbin:8000/headers
        repeat: 2   # twice
        expect: {response: {status: 200, headers: {who-am-i: wasm-extension, injected-by: istio-api!}}}
      - {request: GET /, expect: {response: {status: 403, headers: {powered-by: proxy-wasm-go-sdk!!, who-am-i: wasm-extension, injected-by: istio-api!}, body: "rate limited, wait and retry."}, local_response: {plugin: limiter}, upstream_request: none} }   # flow
      - advance: 1s

      - request:
          method: POST
          url: /orders
          body: |
            one
            two
        expect:
          response:
            status: 403
            headers: {powered-by: proxy-wasm-go-sdk!!, who-am-i: wasm-extension, injected-by: istio-api!}
            body: "rate limited, wait and retry."
          local_response: {plugin: limiter}
          upstream_request: none

        # still the same step

      - request: GET /
        expect: {response: {status: 403, headers: {who-am-i: wasm-extension}}}  # wrong by now
  - name: differs
    steps:
      - {request: GET /, repeat: 3, expect: {response: {headers: {who-am-i: wasm-extension, injected-by: istio-api!}}}}
"##;

fn play() -> Playground {
    let play = Playground::new();
    play.write("limiter.wasm", std::fs::read(artifact("rate_limiting_go")).expect("a module"));
    play.write("s.scenario.yaml", BEFORE);
    play
}

#[test]
fn what_a_run_shows_is_written_down_and_nothing_else_changes() {
    let play = play();
    let ran = play.run(&["run", "--accept"]);
    assert_eq!(play.read("s.scenario.yaml"), AFTER);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("warning: s.scenario.yaml:27: its exchanges differ: "), "{ran:?}");
    assert!(ran.stderr.ends_with("accepted 5 places in s.scenario.yaml\n"), "{ran:?}");
    assert!(
        ran.stdout.contains("\n2 passed, 0 failed, 0 skipped"),
        "what the file says now is judged: {ran:?}"
    );
    // There is nothing left to accept.
    let again = play.run(&["run", "--accept"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""), "{again:?}");
    assert_eq!(play.read("s.scenario.yaml"), AFTER);
    assert_eq!(play.run(&["run"]).code, 0);
}

#[test]
fn line_ends_stay_as_they_are() {
    let play = play();
    play.write("s.scenario.yaml", format!("\u{feff}{}", BEFORE.replace('\n', "\r\n")));
    assert_eq!(play.run(&["run", "--accept"]).code, 0);
    let now = play.read("s.scenario.yaml");
    assert!(now.starts_with('\u{feff}'));
    assert_eq!(now.replace("\r\n", "\n").trim_start_matches('\u{feff}'), AFTER);
    assert_eq!(now.matches('\n').count(), now.matches("\r\n").count());
}

#[test]
fn under_ci_nothing_is_written() {
    let play = play();
    let ran = Ran::from(play.command(&["run", "--accept"]).env("CI", "true").output().expect("it runs"));
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.starts_with("error: expectations are not written under CI"), "{ran:?}");
    assert_eq!(play.read("s.scenario.yaml"), BEFORE);
}

#[test]
fn what_is_no_single_value_is_left_to_its_author() {
    let play = Playground::new();
    let file = "\
let: {teapot: 418}
plugins: [{wasm: p.wat}]
scenarios:
  - name: matchers, named values and JSON bodies
    steps:
      - request: GET /
        expect: {response: {status: {min: 400}}}
      - request: GET /
        expect: {response: {status: $(teapot)}}
      - request: GET /
        expect: {log: [{contains: never}], response: {status: 404}}
  - name: cases share their steps
    cases: [{case: a, path: /a}, {case: b, path: /b}]
    steps:
      - request: GET $(path)
  - name: known
    known_failure: it is
    steps: [{request: GET /, expect: {response: {status: 500}}}]
  - name: skipped
    skip: later
    steps: [{request: GET /}]
";
    play.write("p.wat", plugin("")).write("s.scenario.yaml", file);
    let ran = play.run(&["run", "--accept"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let wanted = file
        .replace("status: 404", "status: 200")
        .replace("GET $(path)\n", "GET $(path)\n        expect: {response: {status: 200}}\n");
    assert_eq!(play.read("s.scenario.yaml"), wanted);
    for note in [
        "s.scenario.yaml:7: response.status: a list, a mapping or a matcher is to be changed by hand",
        "s.scenario.yaml:9: response.status: a named value is not edited",
        "s.scenario.yaml:11: log[0]: this is to be changed by hand",
    ] {
        assert!(ran.stderr.contains(&format!("warning: {note}\n")), "{note}\n{ran:?}");
    }
}

#[test]
fn calls_are_filled_in_and_a_trap_is_nothing_to_accept() {
    let play = Playground::new();
    let probe = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins-under-test/probes/http_calls/resume.wat");
    play.write("auth.wat", std::fs::read(probe).expect("a probe"));
    play.write(
        "trap.wat",
        plugin("(func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32) unreachable)"),
    );
    let calls = "plugins: [{name: auth, wasm: auth.wat}]\nclusters: {authz: {status: 200}}\nscenarios:\n  - name: calls\n    steps:\n      - request: GET /\n";
    let trap =
        "plugins: [{wasm: trap.wat}]\nscenarios:\n  - name: traps\n    steps:\n      - request: GET /\n";
    play.write("calls.scenario.yaml", calls).write("trap.scenario.yaml", trap);
    let ran = play.run(&["run", "--accept"]);
    let now = play.read("calls.scenario.yaml");
    assert!(now.contains("http_calls: [{cluster: authz, method: POST, path: /check}]"), "{now}\n{ran:?}");
    assert_eq!(play.read("trap.scenario.yaml"), trap);
    assert!(ran.stderr.contains("warning: trap.scenario.yaml:5: trap: "), "{ran:?}");
}
