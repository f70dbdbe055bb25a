//! The rate limiters under test, held to what they are, and to what they are not.
//!
//! Takes what libtest takes, and `--cases N` and `--seed N`: so many schedules wherever a limiter is to pass.

mod tuning;

use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Trial};

use proxy_wasm_suites::harness::vm::LoadOptions;
use proxy_wasm_suites::prelude::*;
use proxy_wasm_suites::rate_limit::{
    Counterexample, Edge, Exhausted, Op, Outcome, Pushes, RateLimit, Schedule, Suite, Windows,
};
use tuning::Tuning;

/// `--cases` and `--seed`.
static TUNING: OnceLock<Tuning> = OnceLock::new();

const TESTS: [(&str, fn()); 10] = [
    ("a_larger_limit_that_admits_fewer_is_found", a_larger_limit_that_admits_fewer_is_found),
    (
        "a_window_that_a_tick_ends_depends_on_who_comes_first",
        a_window_that_a_tick_ends_depends_on_who_comes_first,
    ),
    ("a_stream_that_trouble_leaves_behind_is_found", a_stream_that_trouble_leaves_behind_is_found),
    ("as_they_are_declared_the_limiters_pass", as_they_are_declared_the_limiters_pass),
    (
        "a_window_sold_as_sliding_is_found_out_in_four_requests",
        a_window_sold_as_sliding_is_found_out_in_four_requests,
    ),
    ("a_limiter_that_trusts_the_clock_may_not_claim_any", a_limiter_that_trusts_the_clock_may_not_claim_any),
    ("what_never_refuses_is_vacuous", what_never_refuses_is_vacuous),
    ("the_token_bucket_is_what_it_claims_to_be", the_token_bucket_is_what_it_claims_to_be),
    ("every_broken_twin_is_caught", every_broken_twin_is_caught),
    (
        "the_token_bucket_holds_in_every_interleaving_of_two_workers_with_three_requests",
        the_token_bucket_holds_in_every_interleaving_of_two_workers_with_three_requests,
    ),
];

fn main() -> ExitCode {
    let (tuning, rest) = Tuning::of(std::env::args());
    TUNING.set(tuning).expect("it is set once");
    let trials = TESTS.iter().map(|(name, test)| {
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_iter(rest), trials.collect()).exit_code()
}

/// With what the command line says, or so many cases.
fn tuned(suite: Suite, cases: Option<u32>) -> Suite {
    let asked = TUNING.get().copied().unwrap_or_default();
    let suite = asked.seed.into_iter().fold(suite, Suite::seed);
    asked.cases.or(cases).into_iter().fold(suite, Suite::cases)
}

fn plugin(name: &str) -> Plugin {
    let artifacts = Path::new("../plugins-under-test/artifacts");
    Plugin::file(artifacts.join(name).with_extension("wasm")).expect("the artifact")
}

fn suite(claim: RateLimit, name: &str) -> Suite {
    Suite::new(claim, Host::builder().plugin(plugin(name).named("limiter")))
}

fn fails(suite: &Suite) -> Counterexample {
    match suite.run().expect("a plugin that starts") {
        Outcome::Held(report) => panic!("nothing fails in {report:?}"),
        Outcome::Failed(counterexample) => *counterexample,
    }
}

/// `rate_limiting` in both languages, as it is.
fn two_per_window() -> RateLimit {
    RateLimit::fixed_window(2, secs(1)).refused(403)
}

fn as_they_are_declared_the_limiters_pass() {
    tuned(suite(two_per_window(), "rate_limiting_rust"), None).check();
    tuned(suite(two_per_window(), "rate_limiting_go"), Some(32)).check();
    let exactly = RateLimit { windows: Windows::FirstRequest, edge: Edge::Same, ..two_per_window().exact() };
    let exactly = RateLimit { pushes: Pushes::BeginAnew, ..exactly };
    tuned(suite(exactly, "rate_limiting_rust"), None).check();
}

fn a_window_sold_as_sliding_is_found_out_in_four_requests() {
    let counterexample =
        fails(&suite(RateLimit::sliding_window(2, secs(1)).refused(403), "rate_limiting_rust"));
    assert_eq!(counterexample.violation.property, "bound", "{counterexample}");
    assert!(counterexample.schedule.requests() <= 5, "{counterexample}");
}

fn a_limiter_that_trusts_the_clock_may_not_claim_any() {
    let counterexample = fails(&suite(two_per_window().any_clock(), "rate_limiting_rust"));
    assert_eq!(counterexample.violation.property, "progress", "{counterexample}");
}

fn what_never_refuses_is_vacuous() {
    let counterexample = fails(&suite(RateLimit::fixed_window(2, secs(1)), "header_logger_rust").cases(3));
    assert_eq!(counterexample.violation.property, "bound", "{counterexample}");
    let counterexample =
        fails(&suite(RateLimit::fixed_window(1000, secs(1)), "header_logger_rust").cases(50));
    assert_eq!(counterexample.violation.property, "vacuous", "{counterexample}");
}

/// `token_bucket_rust`, correct or with a mistake.
fn token_bucket(defect: &str) -> Suite {
    let claim = RateLimit::token_bucket(3, secs(1)).by_header("x-user").shared().exact().any_clock();
    let claim = RateLimit { pushes: Pushes::CountOn, faults: true, ..claim };
    let config = format!("limit=3 per_ms=1000 header=x-user {defect}");
    Suite::new(claim, Host::builder().plugin(plugin("token_bucket_rust").named("limiter").config(config)))
}

fn the_token_bucket_is_what_it_claims_to_be() {
    let report = tuned(token_bucket(""), None).check();
    assert!(report.tally.refused * 20 > report.tally.requests, "it is kept busy: {report:?}");
}

fn every_broken_twin_is_caught() {
    for (defect, requests) in [
        ("refills-on-refusal", 5),
        ("no-retry", 4),
        ("blind-write", 4),
        ("short-time", 4),
        ("per-worker", 4),
        ("more-than-one", 3),
    ] {
        let counterexample = fails(&token_bucket(&format!("defect={defect}")));
        assert!(
            ["exact", "bound"].contains(&counterexample.violation.property),
            "{defect}: {counterexample}"
        );
        assert!(counterexample.schedule.requests() <= requests, "{defect}: {counterexample}");
    }
}

fn a_larger_limit_that_admits_fewer_is_found() {
    let limited = |limit: u32| {
        let config = format!("limit={limit} per_ms=1000 header=x-user");
        Host::builder().plugin(plugin("token_bucket_rust").named("limiter").config(config))
    };
    let claim = || RateLimit::token_bucket(3, secs(1)).by_header("x-user").shared();
    tuned(Suite::new(claim(), limited(3)).larger(limited(5)), None).check();
    let counterexample = fails(&Suite::new(claim(), limited(3)).larger(limited(2)));
    assert_eq!(counterexample.violation.property, "larger", "{counterexample}");
    assert!(counterexample.schedule.requests() <= 3, "{counterexample}");
}

/// Admits two requests between two ticks, one of which comes each second.
const TICKED: &[u8] = include_bytes!("../../plugins-under-test/probes/timers/window.wat");

/// Ticks and requests of one instant have no order of their own: to the nanosecond such a limiter cannot be exact.
fn a_window_that_a_tick_ends_depends_on_who_comes_first() {
    let suite = |claim| {
        let plugin = Plugin::from_bytes("ticked", TICKED, &LoadOptions::default()).expect("a module");
        Suite::new(claim, Host::builder().plugin(plugin.named("limiter")))
    };
    let one_by_one = Schedule {
        workers: 1,
        ops: vec![
            Op::Request { worker: 0, key: 0 },
            Op::Request { worker: 0, key: 0 },
            Op::Wait(1_000_000_000),
            Op::Request { worker: 0, key: 0 },
        ],
        ..Schedule::default()
    };
    let exact = suite(two_per_window().exact());
    exact.try_schedule(&one_by_one).expect("the tick comes first");
    let met = Schedule { interleaving: Some(vec![1]), ..one_by_one.clone() };
    assert_eq!(exact.try_schedule(&met).expect_err("the request comes first").property, "exact");
    let Exhausted::Failed(failed) = exact.exhaust(&one_by_one, 100) else { panic!("it is found") };
    assert_eq!(failed.0.interleaving, Some(vec![1]));
    // The drawn schedules find it too, and what is kept of it fails the same way.
    let counterexample = fails(&exact);
    assert_eq!(counterexample.violation.property, "exact", "{counterexample}");
    assert!(counterexample.schedule.interleaving.is_some(), "{counterexample}");
}

/// Two workers with three requests each, for one bucket of three, all at once.
fn three_each() -> Schedule {
    let ops = [0, 1, 0, 1, 0, 1].map(|worker| Op::Request { worker, key: 0 });
    Schedule { workers: 2, ops: ops.to_vec(), ..Schedule::default() }
}

fn the_token_bucket_holds_in_every_interleaving_of_two_workers_with_three_requests() {
    let Exhausted::Held(count) = token_bucket("").exhaust(&three_each(), 100_000) else { panic!("it holds") };
    assert!(count > 100, "{count} interleavings");
    let Exhausted::Failed(failed) = token_bucket("defect=blind-write").exhaust(&three_each(), 100_000) else {
        panic!("a lost update is found")
    };
    assert_eq!(failed.1.property, "exact");
}

/// Reads a property with each request, and holds the request for ever when that fails.
const HOLDS: &[u8] = br#"(module
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "plugin_name")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.ne (call $get (i32.const 0) (i32.const 11) (i32.const 32) (i32.const 36)) (i32.const 0))))"#;

fn a_stream_that_trouble_leaves_behind_is_found() {
    let plugin = Plugin::from_bytes("holds", HOLDS, &LoadOptions::default()).expect("a module");
    let claim = RateLimit { faults: true, ..RateLimit::fixed_window(1000, secs(1)) };
    let counterexample = fails(&Suite::new(claim, Host::builder().plugin(plugin)));
    assert_eq!(counterexample.violation.property, "stall", "{counterexample}");
    assert_eq!(counterexample.schedule.requests(), 1, "{counterexample}");
    let file = counterexample.file(Path::new("")).expect("a scenario");
    assert!(file.contains("fault: {hostcall: proxy_get_property, status: not_found"), "{file}");
}
