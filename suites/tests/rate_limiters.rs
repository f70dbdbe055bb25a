//! One plugin, written twice: what the network sees of the two rate limiters differs in `powered-by` alone, and what they
//! log does not differ at all.

use std::path::Path;

use proxy_wasm_harness::scenario::{Run, RunOptions, ScenarioFile, View, load, run};
use proxy_wasm_suites::modules::ModuleSource;

fn story(of: &str) -> ScenarioFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(of).join("story.scenario.yaml");
    load(&path).unwrap_or_else(|errors| panic!("{errors}"))
}

fn runs(file: &ScenarioFile) -> Vec<(String, Run)> {
    let run = |scenario| run(scenario, ModuleSource::shared(), &RunOptions::default());
    let runs = file.scenarios.iter().map(|scenario| (scenario.label(), run(scenario)));
    runs.map(|(label, run)| (label, run.unwrap_or_else(|error| panic!("{error}")))).collect()
}

#[test]
fn the_two_builds_differ_in_powered_by_alone() {
    let (go, rust) = (runs(&story("rate_limiting_go")), runs(&story("rate_limiting_rust")));
    assert_eq!(go.len(), rust.len());
    let mut refusals = 0;
    for ((label, go), (_, rust)) in go.iter().zip(&rust) {
        let (of_go, of_rust) = (go.view(View::Http), rust.view(View::Http));
        assert_eq!(of_go.lines().count(), of_rust.lines().count(), "{label}");
        for (of_go, of_rust) in of_go.lines().zip(of_rust.lines()).filter(|(go, rust)| go != rust) {
            assert_eq!(of_go, "    powered-by: proxy-wasm-go-sdk!!", "{label}");
            assert_eq!(of_rust, "    powered-by: proxy-wasm-rust-sdk", "{label}");
            refusals += 1;
        }
        assert_eq!(go.view(View::Log), rust.view(View::Log), "{label}");
    }
    assert!(refusals >= 10, "{refusals} refusals");
}
