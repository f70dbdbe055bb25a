//! A host from an image and a host that was started cannot be told apart: for every scenario that there is, both give
//! the same transcript, byte for byte, and the same verdict. So do the two compilers.

use std::path::Path;

use proxy_wasm_harness::scenario::{Run, RunOptions, Scenario, discover, load, run};
use proxy_wasm_harness::vm::{Compiler, EngineSettings, LoadOptions};
use proxy_wasm_suites::cache;
use proxy_wasm_suites::modules::ModuleSource;

/// Every scenario here, by the name of its trial.
fn scenarios() -> Vec<(String, Scenario)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = discover(&[here.join("scenarios")]).expect("scenarios");
    let trials = found.into_iter().flat_map(|found| {
        let file = load(&found.path).unwrap_or_else(|errors| panic!("{errors}"));
        file.scenarios.into_iter().map(move |scenario| (scenario.trial(&found.name), scenario))
    });
    trials.collect()
}

fn carried_out(trial: &str, scenario: &Scenario, modules: &ModuleSource, by_image: bool) -> Run {
    let options = RunOptions { by_image, ..RunOptions::default() };
    run(scenario, modules, &options).unwrap_or_else(|error| panic!("{trial}: {error}"))
}

/// All that a run records: every event, with every byte and number in it, and what it was judged to be.
fn record(run: &Run) -> String {
    format!("{:?}\n{}{:?}", run.transcript, run.transcript.abi(), run.failures)
}

#[test]
fn every_scenario_gives_the_same_transcript_from_an_image() {
    // Each configuration of each plugin is an image of its own. The single-pass compiler makes one in a fifth of the
    // time; what an image holds does not depend on the compiler.
    let engine = EngineSettings { compiler: Compiler::Winch, ..EngineSettings::default() };
    let winch =
        ModuleSource::new(LoadOptions { engine, cache: cache::artifacts(), ..LoadOptions::default() });
    let scenarios = scenarios();
    let mut imaged = 0;
    for (trial, scenario) in &scenarios {
        let started = carried_out(trial, scenario, ModuleSource::shared(), false);
        assert!(!started.imaged, "{trial}");
        let from_image = carried_out(trial, scenario, &winch, true);
        imaged += usize::from(from_image.imaged);
        let (one, other) = (record(&started), record(&from_image));
        assert!(one == other, "{trial} differs from an image:\n{one}\n{other}");
    }
    // The others refuse their start, trap in it, or cannot be imaged.
    assert!(imaged * 10 >= scenarios.len() * 9, "{imaged} of {} came from an image", scenarios.len());
}
