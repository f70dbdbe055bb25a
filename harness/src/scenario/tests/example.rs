//! A file that shows most of the format.

use std::path::Path;
use std::time::Duration;

use super::super::{
    Chain, Expected, FieldTest, PluginSource, ScenarioFile, StartOutcome, StepKind, Test, View, load,
};
use crate::state::{AnswerKind, Body, Failure, Request};

const BROWSER: &str = "let: {browser: {user-agent: Mozilla/5.0, accept: '*/*'}}\n";

pub(super) const FILE: &str = r#"
# yaml-language-server: $schema=https://example.org/proxy-wasm-test/scenario.json
import: [../shared/browser.let.yaml]       # a file that holds only `let:`
let: {key: {x-api-key: s3cr3t}}            # named values, used as $(key)
plugins:                                   # the chain in request order
  - {name: auth, wasm: build/auth.wasm, config: {cluster: authz, timeout_ms: 200}}
  - {name: limiter, wasm: {cargo: limiter}, config: {limit: 2}, failure_policy: closed, vm: {id: "", env: {POD_NAME: httpbin-0}}}
upstream: {status: 200, headers: {content-type: text/plain}, body: hello}
clusters:
  authz: {status: 200, headers: {x-user: alice}}
scenarios:
  - name: the third request within a second is refused
    steps:
      - start: ok
        expect: {log: [{plugin: limiter, level: info, message: {contains: limit 2}}]}
      - request: {method: GET, url: "http://httpbin:8000/headers", headers: [$(browser), $(key), {cookie: [a=1, b=2]}]}
        repeat: 2
        every: 250ms
        expect:
          response: {status: 200, headers: {who-am-i: wasm-extension, injected-by: istio-api!}}
          upstream_request: {headers: {x-user: alice, x-api-key: {absent: true}}}
      - advance: 250ms
      - request: GET http://httpbin:8000/headers
        expect:
          response: {status: 403, body: "rate limited, wait and retry."}
          local_response: {plugin: limiter}
          upstream_request: none
      - expect: {no_log: [{contains: s3cr3t}], metrics: {requests_refused: 1}}
    snapshot: [http, log]
  - name: what the auth service says is done
    clusters: {authz: $(answer)}
    cases:
      - {case: allowed, answer: {status: 200, after: 5ms}, status: 200, took: 5ms}
      - {case: refused, answer: {status: 403}, status: 403, took: 0s}
      - {case: no answer, answer: {fail: timeout}, status: 503, took: 200ms}
    steps:
      - request: {method: POST, url: /orders, body: {json: {n: 1}}, headers: {authorization: Bearer t}}
        expect:
          response: {status: $(status)}
          took: $(took)
          http_calls: [{cluster: authz, method: POST, path: /check, headers: {authorization: Bearer t}, timeout: 200ms}]
"#;

fn load_example() -> ScenarioFile {
    let folder = tempfile::tempdir().expect("a folder");
    let (shared, here) = (folder.path().join("shared"), folder.path().join("here"));
    std::fs::create_dir_all(&shared).expect("a folder");
    std::fs::create_dir_all(&here).expect("a folder");
    std::fs::write(shared.join("browser.let.yaml"), BROWSER).expect("a file");
    std::fs::write(here.join("story.scenario.yaml"), FILE).expect("a file");
    load(&here.join("story.scenario.yaml")).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_chain_is_read() {
    let file = load_example();
    let folder = file.path.parent().expect("a folder");
    let Chain::Plugins(plugins) = &file.scenarios[0].chain else { panic!("plugins") };
    assert_eq!(plugins[0].name, "auth");
    assert_eq!(plugins[0].source, PluginSource::Path(folder.join("build/auth.wasm")));
    assert_eq!(plugins[0].config, br#"{"cluster":"authz","timeout_ms":200}"#);
    assert!(
        matches!(&plugins[1].source, PluginSource::Cargo(package) if package.cargo == "limiter" && package.profile == "release")
    );
    assert_eq!(plugins[1].vm.env["POD_NAME"], "httpbin-0");
}

#[test]
fn steps_and_expectations_are_read() {
    let file = load_example();
    let story = &file.scenarios[0];
    assert_eq!(story.trial("here/story"), "here/story::the third request within a second is refused");
    assert_eq!(story.snapshot, [View::Http, View::Log]);
    assert!(matches!(story.steps[0].kind, StepKind::Start(StartOutcome::Ok)));
    assert_eq!(story.steps[0].span.line(), 14);

    let step = &story.steps[1];
    let StepKind::Request(Request { method, scheme, authority, path, headers, body, .. }) = &step.kind else {
        panic!("a request")
    };
    assert_eq!((&method[..], &scheme[..]), (&b"GET"[..], &b"http"[..]));
    assert_eq!((&authority[..], &path[..]), (&b"httpbin:8000"[..], &b"/headers"[..]));
    let names: Vec<String> =
        headers.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
    assert_eq!(names, ["user-agent", "accept", "x-api-key", "cookie", "cookie"]);
    assert_eq!(*body, Body::None);
    assert_eq!((step.repeat, step.every), (2, Some(Duration::from_millis(250))));
    let expect = step.expect.as_ref().expect("expectations");
    let Some(Expected::Just(request)) = &expect.upstream_request else { panic!("a request") };
    let key = &request.headers.as_ref().expect("headers").0[1];
    assert_eq!((key.name.as_str(), key.span.line()), ("x-api-key", 21));
    assert!(matches!(&key.values, FieldTest::One(matcher) if matcher.test == Test::Absent));

    let last = story.steps[3].expect.as_ref().expect("expectations");
    assert!(matches!(last.upstream_request, Some(Expected::Nothing(_))));
    assert!(matches!(story.steps[4].kind, StepKind::Expect));
}

#[test]
fn cases_are_expanded() {
    let file = load_example();
    let labels: Vec<String> = file.scenarios.iter().map(super::super::Scenario::label).collect();
    let name = "what the auth service says is done";
    assert_eq!(
        labels[1..],
        [format!("{name}::allowed"), format!("{name}::refused"), format!("{name}::no answer")]
    );
    let super::super::Answers::Every(answer) = &file.scenarios[3].clusters["authz"] else {
        panic!("one answer")
    };
    assert_eq!(answer.kind, AnswerKind::Fail(Failure::Timeout));
    let expect = file.scenarios[1].steps[0].expect.as_ref().expect("expectations");
    let took = expect.took.as_ref().expect("a time");
    assert!(took.matches(&Duration::from_millis(5)) && !took.matches(&Duration::from_millis(6)));
    assert_eq!(took.span.line(), 40, "the use, not the case");
}

#[test]
fn what_a_file_does_not_say_is_inherited_or_replaced() {
    let file = load_example();
    assert_eq!(file.scenarios[0].clusters.len(), 1);
    assert_eq!(file.scenarios[0].upstream, file.scenarios[1].upstream);
    assert_ne!(file.scenarios[0].clusters, file.scenarios[1].clusters);
}

#[test]
fn the_example_survives_printing() {
    for scenario in load_example().scenarios {
        let folder = Path::new("/elsewhere");
        let text = super::super::print(&scenario, folder);
        let again = super::super::load_text(&folder.join("p.scenario.yaml"), &text);
        let mut again = again.unwrap_or_else(|errors| panic!("{errors}\n{text}")).scenarios.remove(0);
        // `..` climbs from one folder to the other: the same file, in other words.
        again.chain = scenario.chain.clone();
        assert_eq!(again, scenario, "{text}");
    }
}
