//! Parity with a real Envoy: every scenario of the suites that can be played is a trial. Without an Envoy they are
//! ignored, and say why.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial as Test};
use proxy_wasm_harness::scenario::{discover, load_text};
use proxy_wasm_suites::modules::ModuleSource;
use proxy_wasm_suites::parity::{Entry, Envoy, Judge, Judgement, Known, Outcome, Trial, View};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests = match Envoy::find() {
        Ok(envoy) => trials(&arguments, &envoy),
        Err(error) => vec![ignored("parity", &error.to_string())],
    };
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn ignored(name: &str, why: &str) -> Test {
    Test::test(format!("{name} ({})", why.lines().next().unwrap_or_default()), || Ok(()))
        .with_ignored_flag(true)
}

fn failing(name: String, why: String) -> Test {
    Test::test(name, move || Err(Failed::from(why)))
}

/// Plays everything that is asked for before the first test runs: scenarios share Envoys.
fn trials(arguments: &Arguments, envoy: &Envoy) -> Vec<Test> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = match discover(&[here.join("scenarios")]) {
        Ok(found) => found,
        Err(error) => return vec![failing("scenarios".to_owned(), error.to_string())],
    };
    let mut tests = Vec::new();
    let mut wanted = Vec::new();
    for file in &found {
        match Trial::of(file) {
            Ok(trials) => wanted.extend(trials.into_iter().filter(|trial| asked_for(arguments, &trial.name))),
            Err(errors) => tests.push(failing(file.name.clone(), errors.to_string())),
        }
    }
    if arguments.list {
        tests.extend(wanted.into_iter().map(|trial| Test::test(trial.name, || Ok(()))));
        let broken =
            BROKEN.iter().map(|broken| Test::test(format!("the judge notices {}", broken.what), || Ok(())));
        tests.extend(broken);
        return tests;
    }
    let known = match Known::beside(&here.join("scenarios")) {
        Ok(known) => known,
        Err(error) => return vec![failing("known differences".to_owned(), error.to_string())],
    };
    let tests_of_the_judge = judge_itself(arguments, envoy, here);
    match Judge::new(envoy.clone()).known(known).judge(&wanted, ModuleSource::shared(), &|_| {}) {
        Ok(report) => tests.extend(report.entries.into_iter().map(test)),
        Err(error) => tests.push(failing("parity".to_owned(), error.to_string())),
    }
    tests.extend(tests_of_the_judge);
    tests
}

/// A mock that is broken on purpose, and where the judge has to see it.
struct Broken {
    what: &'static str,
    scenario: &'static str,
    /// What the mock carries out in place of it.
    instead: &'static str,
    view: View,
    /// On Envoy's side and on the mock's.
    lines: [&'static str; 2],
}

const BROKEN: [Broken; 4] = [
    Broken {
        what: "a status",
        scenario: "steps: [{request: {url: /, headers: {x-a: 1}}}]",
        instead: "steps: [{fault: {hostcall: proxy_get_header_map_value, status: bad_argument}}, {request: {url: /, headers: {x-a: 1}}}]",
        view: View::Abi,
        lines: ["-     a proxy_on_memory_allocate(1)", "+   -> 2"],
    },
    Broken {
        what: "an order",
        scenario: "steps: [{request: GET /}]",
        instead: "plugins_swapped",
        view: View::Abi,
        lines: ["- a proxy_on_context_create(1, 0)", "+ b proxy_on_context_create(1, 0)"],
    },
    Broken {
        what: "a header",
        scenario: "upstream: {headers: {x-up: one}}\n    steps: [{request: GET /}]",
        instead: "upstream: {headers: {x-up: two}}\n    steps: [{request: GET /}]",
        view: View::Http,
        lines: ["-   x-up: one", "+   x-up: two"],
    },
    Broken {
        what: "a start that is refused",
        scenario: "configs: {a: \"cf: l(one) =0\"}\n    steps: [{start: refused}]",
        instead: "configs: {a: \"cf: l(two) =0\"}\n    steps: [{start: refused}]",
        view: View::Log,
        lines: ["- a info: one", "+ a info: two"],
    },
];

/// Whether the judge sees what is wrong, and where.
fn judge_itself(arguments: &Arguments, envoy: &Envoy, here: &Path) -> Vec<Test> {
    let probe = here.join("../plugins-under-test/probes/script.wat");
    let plugin = |name: &str| {
        format!(
            "  - {{name: {name}, wasm: {}, vm: {{id: {name}}}, config: \"rh: v0,(x-a)\"}}\n",
            probe.display()
        )
    };
    let scenario = |order: [&str; 2], body: &str| {
        let plugins = order.map(plugin).concat();
        let text = format!("plugins:\n{plugins}scenarios:\n  - name: broken\n    {body}\n");
        let file = load_text(Path::new("broken.scenario.yaml"), &text)
            .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        file.scenarios[0].clone()
    };
    let all = BROKEN.into_iter().map(|broken| (format!("the judge notices {}", broken.what), broken));
    let wanted: Vec<(String, Broken)> = all.filter(|(name, _)| asked_for(arguments, name)).collect();
    let trials: Vec<Trial> = wanted
        .iter()
        .map(|(name, broken)| Trial {
            name: name.clone(),
            area: String::new(),
            scenario: scenario(["a", "b"], broken.scenario),
            broken: Some(match broken.instead {
                "plugins_swapped" => scenario(["b", "a"], broken.scenario),
                instead => scenario(["a", "b"], instead),
            }),
        })
        .collect();
    if trials.is_empty() {
        return Vec::new();
    }
    match Judge::new(envoy.clone()).judge(&trials, ModuleSource::shared(), &|_| {}) {
        Err(error) => vec![failing("the judge".to_owned(), error.to_string())],
        Ok(report) => report
            .entries
            .into_iter()
            .zip(wanted)
            .map(|(entry, (_, broken))| noticed(entry, broken))
            .collect(),
    }
}

fn noticed(entry: Entry, broken: Broken) -> Test {
    Test::test(entry.name.clone(), move || {
        let Outcome::Played { divergences, .. } = &entry.outcome else {
            return Err(Failed::from(format!("{:?}", entry.outcome)));
        };
        let found = divergences.iter().find(|one| one.view == broken.view);
        let first = found.map(|one| {
            let of =
                |sign: char| one.diff.iter().find(|line| line.starts_with(sign)).cloned().unwrap_or_default();
            [of('-'), of('+')]
        });
        if entry.judgement().is_red() && first.as_ref().is_some_and(|first| *first == broken.lines) {
            return Ok(());
        }
        Err(Failed::from(format!("first in {}: {first:?}\n{}", broken.view.name(), entry.pretty())))
    })
}

fn asked_for(arguments: &Arguments, name: &str) -> bool {
    let matches =
        |filter: &String| if arguments.exact { name == filter } else { name.contains(filter.as_str()) };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

fn test(entry: Entry) -> Test {
    if let Judgement::NotPlayable(why) = entry.judgement() {
        return ignored(&entry.name, why);
    }
    let name = entry.name.clone();
    Test::test(
        name,
        move || {
            if entry.judgement().is_red() { Err(Failed::from(entry.pretty())) } else { Ok(()) }
        },
    )
}
