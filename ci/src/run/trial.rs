//! One trial: the scenario is run, its snapshots are compared, and what came of it is put into words.

use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use proxy_wasm_harness::scenario::{self, Modules, Run, Scenario, Style, Verdict, View};
use proxy_wasm_suites::rate_limit::{self, Counterexample, Judged};
use proxy_wasm_suites::snapshots::Difference;

use super::plan::{Job, What};
use super::{Args, again, snapshots};
use crate::report::{Outcome, Trial};
use crate::story;

/// Carries out a trial. A panic in it is our mistake, and ends this trial only.
pub(super) fn carry_out(job: &Job, args: &Args, modules: &dyn Modules) -> Trial {
    let began = Instant::now();
    let mut trial = panic::catch_unwind(AssertUnwindSafe(|| match &job.what {
        What::Unreadable { at, why } => unusable(job, at, why.clone()),
        What::Scenario(scenario) => of_scenario(job, scenario, args, modules),
    }))
    .unwrap_or_else(|_| {
        let text = "proxy-wasm-test itself went wrong here; its report is on stderr".to_owned();
        Trial { outcome: Outcome::Internal, text, ..blank(job) }
    });
    trial.again = Some(again::command(args, &job.file.path, trial.label.as_deref()));
    trial.wall = began.elapsed();
    trial
}

/// A trial about which nothing is known yet.
fn blank(job: &Job) -> Trial {
    let mut trial = Trial::new(job.file.path.clone(), job.file.name.clone(), job.label());
    if let What::Scenario(scenario) = &job.what {
        trial.line = scenario.span.line();
        trial.written_in = scenario.span.file().unwrap_or(&job.file.path).to_path_buf();
    }
    trial
}

fn unusable(job: &Job, (file, line): &(PathBuf, usize), why: Vec<String>) -> Trial {
    Trial {
        outcome: Outcome::Unusable,
        written_in: file.clone(),
        line: *line,
        text: why.join("\n\n"),
        unusable: why,
        ..blank(job)
    }
}

fn of_scenario(job: &Job, scenario: &Scenario, args: &Args, modules: &dyn Modules) -> Trial {
    if let Some(verdict) = Verdict::without_run(scenario) {
        return Trial { outcome: outcome(verdict, true), ..blank(job) };
    }
    let mut options = args.limits.running();
    // The page shows what each callback costs.
    options.count_fuel |= args.telling.html.is_some();
    let judged = rate_limit::run(scenario, modules, &options, args.schedules.tuning());
    let Judged { run, counterexample, .. } = match judged {
        Ok(judged) => judged,
        Err(error) => return unusable(job, &(error.0.file.clone(), error.0.line), vec![error.to_string()]),
    };
    let kept = match snapshots::settle(job, scenario, &run, args) {
        Ok(kept) => kept,
        Err(error) => {
            let Trial { written_in, line, .. } = blank(job);
            return unusable(job, &(written_in, line), vec![error.to_string()]);
        }
    };
    let outcome = outcome(run.verdict(scenario), kept.differences.is_empty());
    let mut trial = Trial { story: story::exchanges(&run.transcript), took: run.took, ..blank(job) };
    for path in &kept.updated {
        let _ = writeln!(trial.beside, "updated {}", path.display());
    }
    if outcome.is_red() {
        trial.text = text(scenario, &run, &kept.differences, &outcome);
        if let Some(counterexample) = counterexample {
            trial.text.push_str(&least(&counterexample, scenario, &job.file.path));
        }
        if args.telling.trace {
            let _ = write!(trial.beside, "every callback and hostcall:\n{}", run.view(View::Abi));
        }
        trial.failures.clone_from(&run.failures);
        trial.differences = kept.differences;
    }
    trial.outcome = outcome;
    if args.telling.html.is_some() {
        trial.record = Some(Arc::new(run));
    }
    trial
}

/// The least schedule that fails, and where it is kept.
fn least(counterexample: &Counterexample, scenario: &Scenario, file: &Path) -> String {
    let folder = file.parent().unwrap_or(Path::new(""));
    let kept = match counterexample.keep(file, scenario) {
        Ok(Some(path)) => format!("kept as {}, which `run` repeats\n", path.display()),
        Ok(None) => String::new(),
        Err(error) => format!("it cannot be kept beside the scenario: {error}\n"),
    };
    match counterexample.file(folder) {
        Some(text) => format!("\nthe least schedule that fails, as a scenario file:\n\n{text}\n{kept}"),
        None => String::new(),
    }
}

/// What a verdict comes to when snapshots are looked at, too.
fn outcome(verdict: Verdict, as_snapshots_say: bool) -> Outcome {
    match (verdict, as_snapshots_say) {
        (Verdict::Passed, true) => Outcome::Passed,
        (Verdict::Passed, false) | (Verdict::Failed, _) => Outcome::Failed,
        (Verdict::Skipped(why), _) => Outcome::Skipped(why),
        (Verdict::KnownFailure(why), _) | (Verdict::UnexpectedPass(why), false) => Outcome::KnownFailure(why),
        (Verdict::UnexpectedPass(why), true) => Outcome::UnexpectedPass(why),
    }
}

fn text(scenario: &Scenario, run: &Run, differences: &[Difference], outcome: &Outcome) -> String {
    if let Outcome::UnexpectedPass(_) = outcome {
        return format!(
            "{}: it is known to fail, and passes\nhelp: take `known_failure` out of the scenario\n",
            scenario.span
        );
    }
    let mut text = scenario::report(scenario, run, Style::Colour);
    for difference in differences {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = write!(text, "{}: {}", scenario.span, snapshots::painted(difference));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;
    use clap::Parser as _;
    use proxy_wasm_harness::scenario::{Found, ModuleError, PluginSource};
    use proxy_wasm_harness::vm::Plugin;

    struct Broken;

    impl Modules for Broken {
        fn load(&self, _: &str, _: &PluginSource) -> Result<Plugin, ModuleError> {
            panic!("a mistake of ours, made on purpose")
        }
    }

    #[test]
    fn a_panic_ends_its_trial_alone_and_shows_in_the_exit_code() {
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            args: Args,
        }
        let text = "plugins: [{wasm: p.wasm}]\nscenarios: [{name: one, steps: [{request: GET /}]}]\n";
        let read = scenario::load_text("s.yaml".as_ref(), text).unwrap();
        let job = Job {
            file: Found { path: "s.yaml".into(), name: "s".to_owned() },
            what: What::Scenario(Box::new(read.scenarios[0].clone())),
        };
        let trial = carry_out(&job, &Command::parse_from(["run"]).args, &Broken);
        assert_eq!(trial.outcome, Outcome::Internal);
        assert_eq!(report::exit(&[trial]).code(), 3);
    }
}
