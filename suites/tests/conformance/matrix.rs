//! Every probe against every check: the bad one fails its check and only what it must, the good one passes it.

use std::collections::BTreeSet;

use proxy_wasm_harness::check::VerdictKind;
use proxy_wasm_harness::vm::LoadOptions;
use proxy_wasm_suites::conformance::catalogue::CHECKS;
use proxy_wasm_suites::conformance::examine::{Examined, Judging, examine_all};
use proxy_wasm_suites::conformance::lab::{Input, Options, Subject};

use crate::probes::{Probe, all};

/// Few variants: there are many probes.
pub(crate) fn options() -> Options {
    Options { cases: 1, requests: 400, ..Options::default() }
}

/// Everything that is said of a probe.
pub(crate) fn examined(probe: &Probe) -> Vec<Examined> {
    let input = Input {
        place: format!("{}.wat", probe.name()).into(),
        bytes: probe.wat.clone().into_bytes(),
        config: probe.config.clone().map(String::into_bytes),
        ..Input::default()
    };
    let subject = Subject::new(&input, &options(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{error}\n{}", probe.wat));
    examine_all(&subject, CHECKS, &Judging::default(), 1, |_| ()).expect("a thread")
}

fn told(all: &[Examined]) -> String {
    let worth = all.iter().filter(|one| one.verdict.kind() != VerdictKind::NotApplicable);
    let lines = worth.map(|one| {
        let findings: Vec<&str> =
            one.verdict.findings().iter().map(|finding| finding.message.as_str()).collect();
        let why = one.verdict.reason().unwrap_or_default();
        format!(
            "{:<12} {:<26} {} {why}{}",
            one.verdict.kind().word(),
            one.requirement.id,
            one.exercised,
            findings.join(" | ")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with what was said of a probe.
fn objections(probe: &Probe) -> Option<String> {
    let all = examined(probe);
    let bad = |one: &&Examined| matches!(one.verdict.kind(), VerdictKind::Fail | VerdictKind::Warn);
    let failed: BTreeSet<&str> = all.iter().filter(bad).map(|one| one.requirement.id).collect();
    let mut wanted: BTreeSet<&str> = probe.also.iter().map(String::as_str).collect();
    if probe.bad {
        wanted.insert(&probe.check);
    }
    let own = all.iter().find(|one| one.requirement.id == probe.check).expect("its check");
    let passes = own.verdict.kind() == VerdictKind::Pass;
    if failed == wanted && passes != probe.bad {
        return None;
    }
    Some(format!("{}: fails {failed:?}, and has to fail {wanted:?}\n{}\n", probe.name(), told(&all)))
}

/// Tests every probe of some areas, on as many threads as there are.
fn matrix(areas: &[&str]) {
    let probes: Vec<Probe> = all()
        .into_iter()
        .filter(|probe| areas.contains(&probe.check.split('/').next().unwrap_or_default()))
        .collect();
    assert!(!probes.is_empty());
    let wrong: Vec<String> = probes.iter().filter_map(objections).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

macro_rules! areas {
    ($($name:ident: $($area:literal),+;)+) => { $(
        #[test]
        fn $name() {
            matrix(&[$($area),+]);
        }
    )+ };
}

areas! {
    loading: "loading";
    lifecycle: "lifecycle";
    configuration: "configuration";
    headers: "headers";
    properties: "properties", "faults", "limits";
    bodies: "bodies", "trailers";
    replies: "replies", "liveness";
    calls: "calls";
    shared: "shared";
    timers: "timers";
    cost: "memory", "cost", "metrics", "determinism";
    isolation: "isolation";
}

#[test]
fn every_area_is_tested() {
    let tested = [
        "loading",
        "lifecycle",
        "configuration",
        "headers",
        "properties",
        "faults",
        "limits",
        "bodies",
        "trailers",
        "replies",
        "liveness",
        "calls",
        "shared",
        "timers",
        "memory",
        "cost",
        "metrics",
        "determinism",
        "isolation",
    ];
    for check in CHECKS {
        assert!(tested.contains(&check.requirement.area()), "{}", check.requirement.id);
    }
}
