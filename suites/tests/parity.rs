//! Parity with a real Envoy: every scenario of the suites that can be played is a trial. Without an Envoy they are
//! ignored, and say why.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial as Test};
use proxy_wasm_harness::scenario::discover;
use proxy_wasm_suites::modules::ModuleSource;
use proxy_wasm_suites::parity::{Entry, Envoy, Judge, Judgement, Known, Trial};

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
    let found = match discover(&[here.join("scenarios"), here.join("parity")]) {
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
        return tests;
    }
    let known = match Known::beside(&here.join("scenarios")) {
        Ok(known) => known,
        Err(error) => return vec![failing("known differences".to_owned(), error.to_string())],
    };
    match Judge::new(envoy.clone()).known(known).judge(&wanted, ModuleSource::shared(), &|_| {}) {
        Ok(report) => tests.extend(report.entries.into_iter().map(test)),
        Err(error) => tests.push(failing("parity".to_owned(), error.to_string())),
    }
    tests
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
