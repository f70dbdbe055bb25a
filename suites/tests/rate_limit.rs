//! The rate limiters under test, held to what they are, and to what they are not.

use std::path::Path;

use proxy_wasm_suites::prelude::*;
use proxy_wasm_suites::rate_limit::{
    Counterexample, Edge, Exhausted, Op, Outcome, RateLimit, Schedule, Suite, Windows,
};

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

#[test]
fn as_they_are_declared_the_limiters_pass() {
    suite(two_per_window(), "rate_limiting_rust").check();
    suite(two_per_window(), "rate_limiting_go").cases(32).check();
    let exactly = RateLimit { windows: Windows::FirstRequest, edge: Edge::Same, ..two_per_window().exact() };
    suite(exactly, "rate_limiting_rust").check();
}

#[test]
fn a_window_sold_as_sliding_is_found_out_in_four_requests() {
    let counterexample =
        fails(&suite(RateLimit::sliding_window(2, secs(1)).refused(403), "rate_limiting_rust"));
    assert_eq!(counterexample.violation.property, "bound", "{counterexample}");
    assert!(counterexample.schedule.requests() <= 5, "{counterexample}");
    println!("{counterexample}");
}

#[test]
fn a_limiter_that_trusts_the_clock_may_not_claim_any() {
    let counterexample = fails(&suite(two_per_window().any_clock(), "rate_limiting_rust"));
    assert_eq!(counterexample.violation.property, "progress", "{counterexample}");
    println!("{counterexample}");
}

#[test]
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
    let config = format!("limit=3 per_ms=1000 header=x-user {defect}");
    Suite::new(claim, Host::builder().plugin(plugin("token_bucket_rust").named("limiter").config(config)))
}

#[test]
fn the_token_bucket_is_what_it_claims_to_be() {
    let report = token_bucket("").check();
    println!("{report:?}");
}

#[test]
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
        println!("{defect}: {counterexample}");
        assert!(
            ["exact", "bound"].contains(&counterexample.violation.property),
            "{defect}: {counterexample}"
        );
        assert!(counterexample.schedule.requests() <= requests, "{defect}: {counterexample}");
    }
}

/// Two workers with three requests each, for one bucket of three, all at once.
fn three_each() -> Schedule {
    let ops = [0, 1, 0, 1, 0, 1].map(|worker| Op::Request { worker, key: 0 });
    Schedule { workers: 2, ops: ops.to_vec(), ..Schedule::default() }
}

#[test]
fn the_token_bucket_holds_in_every_interleaving_of_two_workers_with_three_requests() {
    let Exhausted::Held(count) = token_bucket("").exhaust(&three_each(), 100_000) else { panic!("it holds") };
    println!("{count} interleavings");
    assert!(count > 100, "{count} interleavings");
    let Exhausted::Failed(failed) = token_bucket("defect=blind-write").exhaust(&three_each(), 100_000) else {
        panic!("a lost update is found")
    };
    println!("{failed:?}");
    assert_eq!(failed.1.property, "exact");
}
