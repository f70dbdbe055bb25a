//! The rate limiter's story on the command line, in both builds, and what one wrong value does to it.

mod playground;

use playground::{Playground, artifact};

const STORY: &str = "\
scenarios:
  - name: three requests 250 ms apart
    steps:
      - request: GET /headers
        repeat: 2
        every: 250ms
        expect: {response: {status: 200, headers: {who-am-i: wasm-extension, injected-by: istio-api!}}}
      - advance: 250ms
      - request: GET /headers
        expect:
          response: {status: 403, body: \"rate limited, wait and retry.\"}
          local_response: {plugin: limiter}
      - advance: 500ms 1ns
      - request: GET /headers
        expect: {response: {status: 200}}
";

fn furnished(build: &str) -> Playground {
    let play = Playground::new();
    play.write("limiter.wasm", std::fs::read(artifact(build)).expect("the artifact"));
    play.write("s.scenario.yaml", format!("plugins: [{{wasm: limiter.wasm}}]\n{STORY}"));
    play
}

#[test]
fn the_story_is_visible_at_a_glance() {
    for build in ["rate_limiting_rust", "rate_limiting_go"] {
        let ran = furnished(build).run(&["run"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{build}: {ran:?}");
        let (story, summary) = ran.stdout.split_once("\n\n").expect("a summary");
        assert_eq!(
            story,
            "\
s.scenario.yaml
  ok  three requests 250 ms apart  1s 1ns
          0s  GET /headers -> 200
       250ms  GET /headers -> 200
       500ms  GET /headers -> 403 by limiter
      1s 1ns  GET /headers -> 200",
            "{build}"
        );
        assert!(summary.starts_with("1 passed, 0 failed, 0 skipped in "), "{summary}");
        assert!(summary.ends_with(" s, 1s 1ns of virtual time\n"), "{summary}");
    }
}

#[test]
fn the_same_is_tried_without_a_scenario() {
    let play = furnished("rate_limiting_rust");
    let ran =
        play.run(&["try", "limiter.wasm", "http://httpbin:8000/headers", "--times", "3", "--every", "250ms"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    for text in [
        "[0s] #1 client sends GET http://httpbin:8000/headers\n",
        "limiter critical: current time 1704067200500000000, last refill 1704067200000000000, remain token 0\n",
        "[500ms] #3 limiter answers 403 itself\n",
        "    injected-by: istio-api!\n",
        "       0s  GET /headers -> 200\n    250ms  GET /headers -> 200\n    500ms  GET /headers -> 403 by limiter\n",
    ] {
        let stdout = ran.stdout.replace("\n  ", "\n");
        assert!(ran.stdout.contains(text) || stdout.contains(text), "no {text:?} in {ran:?}");
    }
    let traced = play.run(&["try", "limiter.wasm", "/", "--trace"]).stdout;
    assert!(traced.contains("limiter proxy_on_request_headers(2, num_headers="), "{traced}");
}

#[test]
fn one_wrong_value_fails_and_is_pointed_at() {
    let play = furnished("rate_limiting_rust");
    let file = play.read("s.scenario.yaml").replace("status: 403", "status: 429");
    play.write("s.scenario.yaml", &file);
    let line = file.lines().position(|line| line.contains("429")).expect("the line") + 1;
    let ran = play.run(&["run"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    for text in [
        format!("    s.scenario.yaml:{line}:30: response.status: expected 429, found 403\n"),
        format!("     {line} |           response: {{status: 429, body:"),
        "because   [500ms] #3 limiter answers 403 itself\n".to_owned(),
        "    run it again: proxy-wasm-test run s.scenario.yaml --filter 'three requests 250 ms apart'\n"
            .to_owned(),
    ] {
        assert!(ran.stdout.contains(&text), "no {text:?} in {ran:?}");
    }
}
