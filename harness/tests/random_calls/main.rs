//! No hostcall can make the host panic, or read outside of the guest's memory: all of them with random arguments, in every
//! callback, in every version. Only statuses and errnos come back; the guest itself looks.
//!
//! The guest (`guest`) is one module that makes whatever calls its configuration lists; the lists are proptest's
//! (`calls`), which makes a failing one small.

mod calls;
mod drive;
mod guest;

use std::collections::{BTreeMap, BTreeSet};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use proxy_wasm_harness::abi::{AbiVersion, CALLBACKS, Called};

/// Calls that a run has to make, and lists that it makes them from, for each version.
const CALLS: usize = 21_000;
const LISTS: u32 = 40;

#[test]
fn random_calls_get_statuses() {
    let mut made: BTreeMap<(&'static str, &'static str), usize> = BTreeMap::new();
    let mut total = 0;
    for version in AbiVersion::ALL {
        let rows = guest::rows(version);
        let plugin = guest::plugin(version, &rows);
        let config =
            Config { cases: LISTS, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let seen = std::cell::RefCell::new(Vec::new());
        let ran = runner.run(&calls::lists(&rows), |list| {
            let of_list = drive::run(&plugin, &calls::encoded(&list)).map_err(TestCaseError::fail)?;
            seen.borrow_mut().extend(of_list);
            Ok(())
        });
        if let Err(error) = ran {
            panic!("{version}: {error}");
        }
        for (callback, call) in seen.into_inner() {
            *made.entry((callback, call)).or_default() += 1;
            total += 1;
        }
        let called: BTreeSet<_> = made.keys().map(|(_, call)| *call).collect();
        for row in &rows {
            assert!(called.contains(row.name), "{} was not called in {version}", row.name);
        }
    }
    assert!(total >= CALLS, "{total} calls were made");
    let callbacks: BTreeSet<_> = made.keys().map(|(callback, _)| *callback).collect();
    for row in CALLBACKS.iter().filter(|row| row.called == Called::Yes && guest::makes_calls(row.name)) {
        assert!(callbacks.contains(row.name), "no call was made in {}", row.name);
    }
}
