//! What the tests beside this have at hand.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{
    ModuleError, Modules, PluginSource, Run, RunOptions, Scenario, Style, load_text, report, run,
};
use proxy_wasm_harness::state::Duration;
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

/// Modules in the folder of plugins under test.
pub(crate) struct Folder;

impl Modules for Folder {
    fn load(&self, _: &str, source: &PluginSource) -> Result<Plugin, ModuleError> {
        let PluginSource::Path(path) = source else { return Err(ModuleError::new("a file is expected")) };
        Ok(Plugin::from_file(root().join(path), &LoadOptions::default())?)
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test")
}

/// The only scenario of a file of this text.
pub(crate) fn scenario(text: &str) -> Scenario {
    let mut file = load_text(Path::new("case.yaml"), text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(file.scenarios.len(), 1);
    file.scenarios.remove(0)
}

/// A scenario of one plugin with these steps, which begin in line 4.
pub(crate) fn steps(wasm: &str, steps: &str) -> Scenario {
    let steps: String = steps.trim().lines().map(|line| format!("      {line}\n")).collect();
    scenario(&format!(
        "plugins: [{{name: p, wasm: {wasm}}}]\nscenarios:\n  - {{name: case, steps: [\n{steps}  ]}}\n"
    ))
}

pub(crate) fn carried_out(scenario: &Scenario) -> Run {
    let mut options = RunOptions { max_memory: 8 << 20, ..RunOptions::default() };
    // Short where a plugin is meant to hang; elsewhere a busy machine must not look like one.
    if format!("{:?}", scenario.chain).contains("hangs.wat") {
        options.hang_timeout = Duration::from_millis(100);
    }
    run(scenario, &Folder, &options).unwrap_or_else(|error| panic!("{error}"))
}

/// The failure text of a scenario that has to fail.
#[track_caller]
pub(crate) fn failure(scenario: &Scenario) -> String {
    let run = carried_out(scenario);
    assert!(!run.passed(), "it passes:\n{}", run.transcript.abi());
    report(scenario, &run, Style::Plain)
}

/// The rate limiter in Rust.
pub(crate) const LIMITER: &str = "artifacts/rate_limiting_rust.wasm";

/// These steps fail with this text.
#[track_caller]
pub(crate) fn fails(wasm: &str, text: &str, expected: &str) {
    let said = failure(&steps(wasm, text));
    assert!(said == expected.trim_start_matches('\n'), "it says:\n{said}");
}

#[track_caller]
pub(crate) fn passes(scenario: &Scenario) {
    let run = carried_out(scenario);
    assert!(run.passed(), "{}\n{}", report(scenario, &run, Style::Plain), run.transcript.abi());
}
