//! Same module, same script, same seed: the same transcript, however often and on however many threads.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use proxy_wasm_harness::scenario::{RunOptions, Scenario, discover, load, run};
use proxy_wasm_suites::modules::ModuleSource;

/// Every scenario here that does something, by the name of its trial.
fn scenarios() -> Vec<(String, Scenario)> {
    let found = discover(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")]).expect("scenarios");
    let trials = found.into_iter().flat_map(|found| {
        let file = load(&found.path).unwrap_or_else(|errors| panic!("{errors}"));
        file.scenarios.into_iter().map(move |scenario| (scenario.trial(&found.name), scenario))
    });
    trials.filter(|(_, scenario)| !scenario.steps.is_empty()).collect()
}

/// All that a run records: every event, with every byte and number in it.
fn record(scenario: &Scenario) -> String {
    let run = run(scenario, ModuleSource::shared(), &RunOptions::default())
        .unwrap_or_else(|error| panic!("{error}"));
    format!("{:?}\n{}", run.transcript, run.transcript.abi())
}

/// The records of all scenarios, made by so many threads, in the order of the scenarios.
fn records(scenarios: &[(String, Scenario)], threads: usize) -> Vec<String> {
    let next = Mutex::new(0..scenarios.len());
    let made = Mutex::new(vec![String::new(); scenarios.len()]);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(index) = next.lock().expect("no panic").next() else { return };
                    let record = record(&scenarios[index].1);
                    made.lock().expect("no panic")[index] = record;
                }
            });
        }
    });
    made.into_inner().expect("no panic")
}

#[test]
fn transcripts_are_the_same_twice_on_one_thread_and_on_eight() {
    let scenarios = scenarios();
    let first = records(&scenarios, 1);
    for (threads, again) in [(1, records(&scenarios, 1)), (8, records(&scenarios, 8))] {
        for (((trial, _), first), again) in scenarios.iter().zip(&first).zip(&again) {
            assert!(first == again, "{trial} differs on {threads} threads:\n{first}\n{again}");
        }
    }
    assert!(first.iter().all(|record| record.lines().count() > 5), "there is something to compare");
}
