//! What the suites take that are run by the thousand: schedules for rate limiters, and all checks on one plugin.
//!
//! `cargo bench --workspace --bench suites`. Modules and images are compiled beforehand. Wall-clock time is that of this
//! machine as busy as it is; processor time, shared among two cores, is what it takes when nobody else is there.

use std::time::{Duration, Instant};

use proxy_wasm_benches::guests::{ALL, Workload, cache};
use proxy_wasm_benches::rounds::time_of_process;
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::vm::{EngineSettings, LoadOptions};
use proxy_wasm_suites::conformance::catalogue::CHECKS;
use proxy_wasm_suites::conformance::examine::{Judging, Summary, examine_all};
use proxy_wasm_suites::conformance::lab::{Input, Options, Subject};
use proxy_wasm_suites::rate_limit::{Outcome, RateLimit, Schedules, Suite};

/// Schedules of a suite, and requests of each.
const SCHEDULES: u32 = 10_000;
/// See [`SCHEDULES`].
const REQUESTS: usize = 20;

fn main() {
    println!("{:<58} {:>10} {:>12} {:>8}", "", "wall clock", "two cores", "goal");
    for (name, goal) in [("rate_limiting_rust", 2), ("rate_limiting_go", 10)] {
        schedules(named(name), goal);
    }
    for (name, goal) in [("rate_limiting_rust", 5), ("rate_limiting_go", 30)] {
        checks(named(name), goal);
    }
}

fn named(name: &str) -> Workload {
    ALL.into_iter().find(|workload| workload.name == name).expect("a workload")
}

/// A line of the table, in seconds.
fn row(what: &str, goal: u32, task: impl FnOnce()) {
    let (began, used) = (Instant::now(), time_of_process());
    task();
    let (took, used) = (began.elapsed(), time_of_process() - used);
    let seconds = |time: Duration| time.as_secs_f64();
    println!("{what:<58} {:>8.2} s {:>10.2} s {:>6} s", seconds(took), seconds(used) / 2.0, goal);
}

fn schedules(workload: Workload, goal: u32) {
    let claim = RateLimit::fixed_window(2, Duration::from_secs(1)).refused(403);
    let plugin = workload.plugin(EngineSettings::default()).named("limiter").config(workload.config);
    let schedules = Schedules::of(&claim).requests(REQUESTS..=REQUESTS);
    let suite = Suite::new(claim, Host::builder().plugin(plugin)).schedules(schedules).threads(2);
    let run = |suite: &Suite| match suite.run().expect("it starts") {
        Outcome::Held(_) => {}
        Outcome::Failed(counterexample) => panic!("{counterexample}"),
    };
    // As many as it takes until hosts come from images.
    let suite = suite.cases(SCHEDULES / 2);
    run(&suite);
    let suite = suite.cases(SCHEDULES);
    row(&format!("{SCHEDULES} schedules of {REQUESTS} requests: {}", workload.name), goal, || run(&suite));
}

fn checks(workload: Workload, goal: u32) {
    let input = Input {
        place: workload.module.into(),
        bytes: workload.wasm(),
        config: Some(workload.config.into()),
        scenarios: Vec::new(),
    };
    let load = LoadOptions { cache: Some(cache()), ..LoadOptions::default() };
    let judging = Judging { expectations: Default::default(), strict: false, today: None };
    let checks = CHECKS.to_vec();
    let run = || {
        let subject = Subject::new(&input, &Options::default(), &load).expect("it loads");
        let all = examine_all(&subject, &checks, &judging, 2, |_| {}).expect("there are threads");
        assert!(Summary::of(&all).passed > 0, "something was checked");
    };
    run();
    row(&format!("all {} checks: {}", checks.len(), workload.name), goal, run);
}
