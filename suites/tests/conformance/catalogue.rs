//! What holds for the catalogue as a whole.

use proxy_wasm_harness::check::VerdictKind;
use proxy_wasm_suites::conformance::catalogue::CHECKS;

use crate::matrix::examined;
use crate::probes::{Probe, all};

#[test]
fn every_check_has_a_bad_probe_and_a_good_one() {
    let probes = all();
    for check in CHECKS {
        for bad in [true, false] {
            let of =
                probes.iter().filter(|probe| probe.check == check.requirement.id && probe.bad == bad).count();
            assert_eq!(of, 1, "{} {}", check.requirement.id, if bad { "bad" } else { "good" });
        }
    }
    assert_eq!(probes.len(), CHECKS.len() * 2, "a probe of no check");
}

#[test]
fn a_plugin_that_does_nothing_earns_no_pass() {
    let nothing = |wat: &str| Probe {
        check: "does/nothing".to_owned(),
        bad: false,
        also: Vec::new(),
        config: None,
        wat: wat.to_owned(),
    };
    let start = r#"(module (memory (export "memory") 1) (func $v (export "proxy_abi_version_0_2_1"))
        (func $m (export "malloc") (param i32) (result i32) (i32.const 1024))"#;
    let callbacks = r#"
        (func $h (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
        (func $b (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 0))
        (func $c (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1)))"#;
    for wat in [format!("{start})"), format!("{start}{callbacks}")] {
        for one in examined(&nothing(&wat)) {
            assert_eq!(one.verdict.kind(), VerdictKind::NotApplicable, "{}", one.requirement.id);
        }
    }
}
