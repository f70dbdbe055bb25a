//! Scripts at random on a real Envoy and on the mock: where the two differ, the smallest script that shows it.
//!
//! Asked for with `--cases N` (and `--seed N`); without it, or without an Envoy, the test is ignored. What it finds becomes
//! a scenario under `scenarios/envoy`, which runs always.

mod script;
#[path = "../tuning/mod.rs"]
mod tuning;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial as Test};
use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proxy_wasm_harness::scenario::load_text;
use proxy_wasm_suites::modules::ModuleSource;
use proxy_wasm_suites::parity::{Entry, Envoy, Judge, Trial};

use script::{Script, any_script};
use tuning::Tuning;

const NAME: &str = "random scripts are carried out as Envoy does";

/// Scripts that are tried to make a differing one smaller.
const MOST_TRIES: usize = 50;

/// Differing scripts that are made smaller and shown.
const MOST_SHOWN: usize = 3;

fn main() -> ExitCode {
    let (tuning, rest) = Tuning::of(std::env::args());
    let arguments = Arguments::from_iter(rest);
    let seed = tuning.seed.unwrap_or_default();
    let test = match (tuning.cases, Envoy::find()) {
        (None, _) => ignored("give --cases N"),
        (_, Err(error)) => ignored(error.to_string().lines().next().unwrap_or_default()),
        (Some(cases), Ok(envoy)) => Test::test(NAME, move || compare(&Judge::new(envoy), cases, seed)),
    };
    libtest_mimic::run(&arguments, vec![test]).exit_code()
}

fn ignored(why: &str) -> Test {
    Test::test(format!("{NAME} ({why})"), || Ok(())).with_ignored_flag(true)
}

/// Plays so many scripts on both sides.
fn compare(judge: &Judge, cases: u32, seed: u64) -> Result<(), Failed> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = any_script();
    let mut trees = Vec::new();
    for _ in 0..cases {
        trees.push(strategy.new_tree(&mut runner).map_err(|why| why.to_string())?);
    }
    let scripts: Vec<Script> = trees.iter().map(ValueTree::current).collect();
    let entries = judged(judge, &scripts)?;
    let unplayed = entries.iter().find(|entry| !entry.played());
    if let Some(entry) = unplayed {
        return Err(Failed::from(format!("a script that cannot be played is none\n{}", entry.pretty())));
    }
    let different: Vec<usize> = (0..entries.len()).filter(|at| entries[*at].judgement().is_red()).collect();
    let mut told = format!("{} of {cases} scripts differ (--seed {seed})\n", different.len());
    for at in different.iter().take(MOST_SHOWN) {
        eprintln!("{} differs; making it smaller", entries[*at].name);
        let script = smallest(judge, &mut trees[*at])?;
        let entry = judged(judge, std::slice::from_ref(&script))?.remove(0);
        told += &format!("\n{}\n{}\n", script.scenario_file(), entry.pretty());
    }
    if different.is_empty() { Ok(()) } else { Err(Failed::from(told)) }
}

/// Makes a script that differs smaller for as long as it differs.
fn smallest(judge: &Judge, tree: &mut impl ValueTree<Value = Script>) -> Result<Script, Failed> {
    let mut best = tree.current();
    let mut goes_on = tree.simplify();
    for _ in 0..MOST_TRIES {
        if !goes_on {
            break;
        }
        let script = tree.current();
        let differs = judged(judge, std::slice::from_ref(&script))?[0].judgement().is_red();
        goes_on = if differs { tree.simplify() } else { tree.complicate() };
        if differs {
            best = script;
        }
    }
    Ok(best)
}

fn judged(judge: &Judge, scripts: &[Script]) -> Result<Vec<Entry>, Failed> {
    let trial = |(at, script): (usize, &Script)| {
        let text = script.scenario_file();
        let file = load_text(Path::new("random.scenario.yaml"), &text)
            .map_err(|errors| format!("{errors}\n{text}"))?;
        let scenario = file.scenarios.into_iter().next().ok_or("no scenario")?;
        Ok::<_, String>(Trial { name: format!("script {at}"), area: String::new(), scenario, broken: None })
    };
    let trials = scripts.iter().enumerate().map(trial).collect::<Result<Vec<_>, _>>()?;
    Ok(judge.judge(&trials, ModuleSource::shared(), &|_| {}).map_err(|error| error.to_string())?.entries)
}
