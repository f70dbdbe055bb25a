//! The marks by which parity tells virtual machines apart change nothing but that they are there: a marked module and a
//! plain one have the same transcript, but for the calls that are the mark.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{ModuleError, Modules, PluginSource, RunOptions, load_text, run};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};
use proxy_wasm_suites::parity::marked;

/// Number of the mark, and what the mark's call therefore looks like.
const NUMBER: u32 = 5;
const MARK: &str = "proxy_set_effective_context(2147418117)";

/// Modules of this repository, marked or as they are.
struct Marking(bool);

impl Modules for Marking {
    fn load(&self, name: &str, source: &PluginSource) -> Result<Plugin, ModuleError> {
        let PluginSource::Path(path) = source else { unreachable!("the scenarios name files") };
        let plain = Plugin::from_file(path, &LoadOptions::default())?;
        let wasm =
            if self.0 { marked(plain.wasm(), NUMBER).expect("a module") } else { plain.wasm().to_vec() };
        Ok(Plugin::from_bytes(name, &wasm, &LoadOptions::default())?)
    }
}

fn below_the_plugins(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test").join(path)
}

/// All that happens to a plugin, its starts, streams that go well, are refused, held, broken off and trap.
fn transcripts(module: &str, config: &str, marked: bool) -> Vec<String> {
    let text = format!(
        "plugins: [{{name: p, wasm: {}, config: {config:?}}}]\nhost: {{start: envoy, enable_trailers: true}}\nscenarios:\n  \
         - name: one\n    upstream: {{chunks: [retry, foo], trailers: {{x-u: 1}}}}\n    steps:\n      \
         - request: {{method: POST, url: /a, headers: {{x-a: 1}}, chunks: [aaa, retry], trailers: {{x-t: 1}}}}\n      \
         - {{request: GET /b, repeat: 3}}\n      - open: {{stream: s, url: /c}}\n      - abort: {{stream: s, by: client}}\n      \
         - advance: 2s\n      - request: HEAD /d\n",
        below_the_plugins(module).display(),
    );
    let file = load_text(Path::new("marks.scenario.yaml"), &text).expect("a scenario");
    let run =
        run(&file.scenarios[0], &Marking(marked), &RunOptions::default()).expect("it can be carried out");
    vec![run.transcript.http(), run.transcript.log(), without_marks(&run.transcript.abi(), marked)]
}

/// The `abi` view without the calls that are the mark. In a marked module each callback begins with one.
fn without_marks(abi: &str, marked: bool) -> String {
    let marks = abi.lines().filter(|line| line.contains(MARK)).count();
    assert_eq!(marks > 0, marked, "{abi}");
    abi.lines().filter(|line| !line.contains(MARK)).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_marked_module_does_what_the_plain_one_does() {
    for (module, config) in [
        ("artifacts/add_header_as.wasm", ""),
        ("artifacts/header_logger_rust.wasm", ""),
        ("artifacts/http_body_cpp.wasm", "retry=go away"),
        ("artifacts/rate_limiting_rust.wasm", ""),
        ("artifacts/rate_limiting_go.wasm", ""),
        (
            "probes/script.wat",
            "rh: t500 p0 a0,(x-b),(2) rb: b0,0,9 sh: p2 sb: w1,0,-1,(X) tk: l(tick) lg: p0 p2 rh3: =1",
        ),
        ("probes/script.wat", "rh2: R403,-1,(d),(no),() sh: a2,(x-c),(3) e2 e1 dn: D"),
        ("probes/script.wat", "rh2: u"),
    ] {
        let (plain, marked) = (transcripts(module, config, false), transcripts(module, config, true));
        for (plain, marked) in plain.iter().zip(&marked) {
            assert_eq!(plain, marked, "{module} {config}");
        }
    }
}
