//! try
use proxy_wasm_harness::scenario::*;
use proxy_wasm_harness::vm::{LoadOptions, Plugin};
use std::path::Path;
struct Files;
impl Modules for Files {
    fn load(&self, _: &str, source: &PluginSource) -> Result<Plugin, ModuleError> {
        let PluginSource::Path(path) = source else { return Err(ModuleError::new("no")) };
        Plugin::from_file(path, &LoadOptions::default()).map_err(ModuleError::from)
    }
}
#[test]
fn try_it() {
    let text = r#"
plugins: [{name: limiter, wasm: ../../plugins-under-test/artifacts/rate_limiting_rust.wasm}]
upstream: {status: 200, headers: {content-type: text/plain}, body: "hello\nworld\n"}
scenarios:
  - name: x
    steps:
      - start: ok
        expect: {log: [{level: debug, message: {contains: limit 2}}]}
      - request: GET http://httpbin:8000/headers
        repeat: 2
        every: 250ms
        expect:
          response: {status: 201, headers: {who-am-l: wasm-extension, who-am-i: wasm-Extension, injected-by: [a, b]}, body: "hello\nthere\n"}
          upstream_request: {method: POST, headers: {x-user: alice, x-api-key: {absent: true}}}
          log: [{level: critical, message: {contains: remain token 5}}]
      - advance: 250ms
        expect: {took: 300ms}
      - request: GET http://httpbin:8000/headers
        expect:
          response: {status: 200, body: "rate limited, wait and retry"}
          local_response: {plugin: limiter, status: 404}
          upstream_request: {}
          no_log: [{contains: token}]
          callbacks: [{name: proxy_on_request_headers, count: 2}, {name: proxy_on_tick}]
          hostcalls: [{name: proxy_send_local_response, status: bad_argument}]
          stalled: true
          trap: {message: unreachable}
          findings: [x/y]
"#;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/x.scenario.yaml");
    let file = load_text(&path, text).unwrap_or_else(|e| panic!("{e}"));
    let s = &file.scenarios[0];
    let run = run(s, &Files, &RunOptions::default()).unwrap();
    println!("{}", report(s, &run, Style::Plain));
    println!("{}", run.transcript.http());
}
