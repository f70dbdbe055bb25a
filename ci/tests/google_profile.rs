//! Scenarios under the host profile `google`: the same files, played as Google's plugin tester plays its own.

mod playground;

use playground::{Playground, artifact, plugin};

fn with(modules: &[&str]) -> Playground {
    let play = Playground::new();
    for name in modules {
        play.write(&format!("{name}.wasm"), std::fs::read(artifact(name)).expect("a module"));
    }
    play
}

const LIMITER: &str = r#"
plugins: [{name: limiter, wasm: rate_limiting_go.wasm}]
host: {profile: google}
upstream: {status: 200, headers: {content-type: text/plain}, body: hello}
scenarios:
  - name: a local response ends the callbacks
    clock: 2024-01-01T00:00:00Z
    steps:
      - request: GET /a
        repeat: 2
        expect:
          response: {status: 200, headers: {who-am-i: wasm-extension, server: {absent: true}}, body: hello}
          upstream_request: {method: GET, path: /a, headers: {x-request-id: {absent: true}}}
          took: 0s
      - request: GET /
        expect:
          response:
            status: 403
            headers: {powered-by: proxy-wasm-go-sdk!!, who-am-i: {absent: true}}
            body: rate limited, wait and retry.
          local_response: {plugin: limiter, status: 403}
          upstream_request: none
          log: ["current time 1704067200000000000, last refill 1704067200000000000, remain token 0"]
          callbacks:
            - {name: proxy_on_response_headers, count: 0}
            - {name: proxy_on_log, count: 0}
            - {name: proxy_on_delete, count: 1}
  - name: the clock begins a millisecond after the epoch, and stands still
    steps:
      - request: GET /
        expect: {response: {status: 403}, log: ["current time 1000000, last refill 0, remain token 0"]}
"#;

#[test]
fn callbacks_are_those_of_the_tester() {
    let play = with(&["rate_limiting_go"]);
    play.write("limiter.scenario.yaml", LIMITER);
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("      0s  GET / -> 403 by limiter\n"), "{ran:?}");
    // On the proxy, the response passes the plugin's own callbacks, which mark it, and time begins elsewhere.
    play.write("limiter.scenario.yaml", LIMITER.replace("host: {profile: google}\n", ""));
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("response.headers.who-am-i: expected nothing"), "{ran:?}");
}

#[test]
fn other_commands_say_that_it_is_no_proxy_or_take_the_requests_alone() {
    let play = with(&["rate_limiting_go"]);
    play.write("limiter.scenario.yaml", LIMITER);
    let ran = play.run(&["check", "rate_limiting_go.wasm", "--scenario", ".", "--only", "lifecycle"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("pass lifecycle/trap ") && ran.stdout.contains(", 0 skipped, "), "{ran:?}");
    let ran = play.run(&["bench", "limiter.scenario.yaml"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("limiter.scenario.yaml:3:7: "), "{ran:?}");
    assert!(ran.stderr.contains("is no proxy: its scenarios can only be run"), "{ran:?}");
}

#[test]
fn a_body_callback_sees_its_piece_alone() {
    let play = with(&["http_body_cpp"]);
    let text = "\
plugins: [{name: body, wasm: http_body_cpp.wasm, config: world=wasm}]
host: {profile: google}
scenarios:
  - name: a word
    upstream: $(answer)
    cases:
      - {case: whole, answer: {status: 200, body: hello world}, body: hello wasm}
      - {case: cut, answer: {status: 200, chunks: [hello wo, rld]}, body: hello world}
    steps:
      - request: GET /
        expect: {response: {body: $(body)}}
";
    play.write("body.scenario.yaml", text);
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_pause_without_a_local_response_is_a_failure() {
    let play = Playground::new();
    let pausing =
        "(func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32) (i32.const 1))";
    play.write("p.wat", plugin(pausing));
    let file = |expect: &str| {
        format!(
            "plugins: [{{wasm: p.wat}}]\nhost: {{profile: google}}\nscenarios:\n  - name: s\n    steps: [{{request: GET \
             /{expect}}}]\n"
        )
    };
    play.write("s.scenario.yaml", file(""));
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("paused the request in proxy_on_request_headers"), "{ran:?}");
    play.write("s.scenario.yaml", file(", expect: {stalled: true, response: none, upstream_request: none}"));
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn what_is_only_for_a_proxy_is_refused_with_its_place() {
    let play = Playground::new();
    play.write("p.wat", plugin(""));
    let begin = "plugins: [{wasm: p.wat}]\nhost: {profile: google}\nscenarios:\n  - name: s\n";
    for (more, said) in [
        (
            "    steps: [{advance: 1s}]\n",
            "s.scenario.yaml:5:13: the host profile `google` is no proxy, and has no such step",
        ),
        ("    steps: [{request: GET /, repeat: 2, every: 1s}]\n", "and its clock stands still"),
        (
            "    clusters: {a: {status: 200}}\n    steps: [{request: GET /}]\n",
            "makes no calls, and has no `clusters`",
        ),
        (
            "    upstream: {status: 200, after: 1s}\n    steps: [{request: GET /}]\n",
            "hands responses over at once",
        ),
        ("    host: {profile: google, workers: 2}\n    steps: [{request: GET /}]\n", "has one VM"),
        (
            "    rate_limit: {algorithm: fixed_window, limit: 1, per: 1s}\n",
            "is no proxy: its scenarios can only be run",
        ),
    ] {
        play.write("s.scenario.yaml", format!("{begin}{more}"));
        let ran = play.run(&["run"]);
        assert_eq!(ran.code, 2, "{more}: {ran:?}");
        assert!(ran.stderr.contains(said), "{more}: {ran:?}");
    }
    // One answer serves one request each.
    play.write(
        "s.scenario.yaml",
        format!("{begin}    upstream: [{{status: 201}}]\n    steps: [{{request: GET /, repeat: 2}}]\n"),
    );
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("the script has none left"), "{ran:?}");
}
