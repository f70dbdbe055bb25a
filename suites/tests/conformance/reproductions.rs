//! What findings are worth: their scenarios fail when they are run, and reports are the same twice.

use std::path::Path;

use proxy_wasm_harness::check::VerdictKind;
use proxy_wasm_harness::scenario::{RunOptions, load_text, run};
use proxy_wasm_harness::vm::LoadOptions;
use proxy_wasm_suites::conformance::catalogue::{CHECKS, check};
use proxy_wasm_suites::conformance::examine::{Judging, examine, examine_all};
use proxy_wasm_suites::conformance::lab::{Input, Subject};
use proxy_wasm_suites::conformance::report;
use proxy_wasm_suites::modules::ModuleSource;

use crate::matrix::options;
use crate::probes::{Probe, all};

/// Checks whose findings no scenario can show: of the module itself, of copies and instructions, of counts over many runs.
const WITHOUT: [&str; 14] = [
    "loading/admission",
    "loading/imports",
    "loading/portability",
    "loading/entry-point",
    "loading/names",
    "bodies/offset",
    "replies/paused",
    "shared/cas",
    "shared/growth",
    "shared/queues",
    "memory/exhaustion",
    "cost/copies",
    "cost/cpu",
    "metrics/cardinality",
];

/// The scenarios of a bad probe's own findings, as text, and whether each fails when it is run.
fn replayed(probe: &Probe, folder: &Path) -> Vec<(String, bool)> {
    let place = folder.join(format!("{}.wat", probe.name()));
    std::fs::write(&place, &probe.wat).expect("the module");
    let input = Input {
        place,
        bytes: probe.wat.clone().into_bytes(),
        config: probe.config.clone().map(String::into_bytes),
        ..Input::default()
    };
    let subject = Subject::new(&input, &options(), &LoadOptions::default()).expect("a module");
    let one = examine(&subject, check(&probe.check).expect("its check"), &Judging::default());
    let scripts =
        one.verdict.findings().iter().filter_map(|finding| Some((finding, finding.reproduction.as_ref()?)));
    let source = ModuleSource::new(LoadOptions::default());
    scripts
        .map(|(finding, scenario)| {
            let text = report::reproduction(scenario, folder);
            let file = load_text(&folder.join("again.scenario.yaml"), &text)
                .unwrap_or_else(|errors| panic!("{}: {errors}\n{text}", probe.name()));
            let again = run(&file.scenarios[0], &source, &RunOptions::default())
                .unwrap_or_else(|error| panic!("{}: {error}\n{text}", probe.name()));
            // The same way: what trapped traps, what stalled stalls, what differed is not as expected.
            let of = |what: &str| again.failures.iter().any(|failure| failure.what == what);
            let fails = match &finding.message {
                message if message.contains(" traps in ") => of("trap"),
                message if message.contains(" stalled: ") => of("stalled"),
                _ => !again.passed() && !of("trap") && !of("stalled"),
            };
            (text, fails)
        })
        .collect()
}

#[test]
fn the_scenario_of_a_finding_fails_when_it_is_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut shown, mut wrong) = (0, Vec::new());
    for probe in all().into_iter().filter(|probe| probe.bad) {
        let replayed = replayed(&probe, folder.path());
        if replayed.is_empty() && !WITHOUT.contains(&probe.check.as_str()) {
            wrong.push(format!("{}: no finding has a scenario", probe.check));
        }
        for (text, fails) in replayed {
            shown += 1;
            if !fails {
                wrong.push(format!("{}: passes when it is run\n{text}", probe.check));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown >= 45, "{shown} scenarios");
}

#[test]
fn the_same_seed_gives_the_same_report_byte_for_byte() {
    let place =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test/artifacts/header_logger_rust.wasm");
    let input = Input { bytes: std::fs::read(&place).expect("the module"), place, ..Input::default() };
    let document = |jobs: usize| {
        let loading = ModuleSource::shared().options();
        let subject = Subject::new(&input, &options(), loading).unwrap_or_else(|error| panic!("{error}"));
        let all = examine_all(&subject, CHECKS, &Judging::default(), jobs, |_| ()).expect("a thread");
        let about = report::About::of("plugin.wasm", &subject);
        format!("{:#}\n{}", report::json(&about, &all), report::markdown(&about, &all))
    };
    let first = document(1);
    assert_eq!(first, document(3));
    assert!(first.contains("\"schema\": \"proxy-wasm-test/check/1\"") && first.contains("faults/statuses"));
}

#[test]
fn a_warning_is_red_only_when_strict() {
    let probe =
        all().into_iter().find(|probe| probe.check == "faults/statuses" && probe.bad).expect("the probe");
    let of = |strict: bool| {
        let input =
            Input { place: "p.wat".into(), bytes: probe.wat.clone().into_bytes(), ..Input::default() };
        let subject = Subject::new(&input, &options(), &LoadOptions::default()).expect("a module");
        let judging = Judging { strict, ..Judging::default() };
        let check = proxy_wasm_suites::conformance::catalogue::check("faults/statuses").expect("the check");
        let one = proxy_wasm_suites::conformance::examine::examine(&subject, check, &judging);
        (one.verdict.kind(), one.outcome.is_red())
    };
    assert_eq!(of(false), (VerdictKind::Warn, false));
    assert_eq!(of(true), (VerdictKind::Warn, true));
}
