//! Input that cannot be used: said with its place, before anything runs.

use proxy_wasm_harness::scenario::{ModuleError, Modules, PluginSource, RunOptions, run};
use proxy_wasm_harness::vm::Plugin;

use crate::at_hand::{Folder, LIMITER, steps};

#[track_caller]
fn refused(modules: &dyn Modules, text: &str, expected: &str) {
    let error = run(&steps(LIMITER, text), modules, &RunOptions::default()).unwrap_err().to_string();
    assert!(error == expected.trim_start_matches('\n').trim_end(), "it says:\n{error}");
}

/// Has no module.
struct Empty;

impl Modules for Empty {
    fn load(&self, name: &str, _: &PluginSource) -> Result<Plugin, ModuleError> {
        Err(ModuleError::new(format!("there is no module of {name}")).hint("build it"))
    }
}

#[test]
fn a_module_that_is_not_there() {
    refused(
        &Empty,
        "{request: GET /},",
        r"
case.yaml:1:11: there is no module of p
 1 | plugins: [{name: p, wasm: artifacts/rate_limiting_rust.wasm}]
   |           ^
help: build it
",
    );
}

#[test]
fn steps_after_a_start_that_is_refused() {
    refused(
        &Folder,
        "{start: refused},\n{request: GET /},",
        r"
case.yaml:5:7: the start is refused: nothing can be done after it
 5 |       {request: GET /},
   |       ^
help: let `expect` alone follow it
",
    );
}

#[test]
fn connect_over_http2() {
    refused(
        &Folder,
        "{request: {method: CONNECT, url: 'http://a:80', http: 2}},",
        r"
case.yaml:4:7: CONNECT over HTTP/2 is not offered
 4 |       {request: {method: CONNECT, url: 'http://a:80', http: 2}},
   |       ^
help: leave `http` out: CONNECT over HTTP/1.1 is
",
    );
}

#[test]
fn expectations_of_a_stream_before_there_is_one() {
    refused(
        &Folder,
        "{advance: 1s, expect: {response: {status: 200}}},",
        r"
case.yaml:4:29: no stream has been opened yet: there is nothing to compare with
 4 |       {advance: 1s, expect: {response: {status: 200}}},
   |                             ^
",
    );
}
