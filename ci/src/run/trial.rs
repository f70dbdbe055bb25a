//! One trial: the scenario is run, its snapshots are compared, and what came of it is put into words.

use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use proxy_wasm_harness::scenario::{self, Modules, Run, Scenario, Style, Verdict, View};

use super::plan::{Job, What};
use super::{Args, again};
use crate::report::{Outcome, Trial};
use crate::story;

/// Carries out a trial. A panic in it is our mistake, and ends this trial only.
pub(super) fn carry_out(job: &Job, args: &Args, modules: &dyn Modules) -> Trial {
    let began = Instant::now();
    let mut trial = panic::catch_unwind(AssertUnwindSafe(|| match &job.what {
        What::Unreadable(errors) => unusable(job, errors.to_string()),
        What::Scenario(scenario) => of_scenario(job, scenario, args, modules),
    }))
    .unwrap_or_else(|_| {
        let text = "proxy-wasm-test itself went wrong here; its report is on stderr".to_owned();
        Trial { outcome: Outcome::Internal, text, ..blank(job) }
    });
    trial.again = Some(again::command(args, &job.file, trial.label.as_deref()));
    trial.wall = began.elapsed();
    trial
}

/// A trial about which nothing is known yet.
fn blank(job: &Job) -> Trial {
    Trial {
        file: job.file.clone(),
        file_name: job.file_name.clone(),
        label: job.label(),
        line: match &job.what {
            What::Scenario(scenario) => scenario.span.line(),
            What::Unreadable(_) => 0,
        },
        outcome: Outcome::Passed,
        story: Vec::new(),
        took: Duration::ZERO,
        failures: Vec::new(),
        text: String::new(),
        beside: String::new(),
        again: None,
        wall: Duration::ZERO,
    }
}

fn unusable(job: &Job, text: String) -> Trial {
    let line = match &job.what {
        What::Unreadable(errors) => errors.errors.first().map_or(0, |error| error.line),
        What::Scenario(scenario) => scenario.span.line(),
    };
    Trial { outcome: Outcome::Unusable, text, line, ..blank(job) }
}

fn of_scenario(job: &Job, scenario: &Scenario, args: &Args, modules: &dyn Modules) -> Trial {
    if let Some(verdict) = Verdict::without_run(scenario) {
        return Trial { outcome: outcome(verdict), ..blank(job) };
    }
    let run = match scenario::run(scenario, modules, &args.limits.running()) {
        Ok(run) => run,
        Err(error) => return unusable(job, error.to_string()),
    };
    let outcome = outcome(run.verdict(scenario));
    let mut trial = Trial { story: story::exchanges(&run.transcript), took: run.took, ..blank(job) };
    if outcome.is_red() {
        trial.text = text(scenario, &run, &outcome);
        if args.telling.trace {
            let _ = write!(trial.beside, "every callback and hostcall:\n{}", run.view(View::Abi));
        }
        trial.failures = run.failures;
    }
    trial.outcome = outcome;
    trial
}

fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Passed => Outcome::Passed,
        Verdict::Failed => Outcome::Failed,
        Verdict::Skipped(why) => Outcome::Skipped(why),
        Verdict::KnownFailure(why) => Outcome::KnownFailure(why),
        Verdict::UnexpectedPass(why) => Outcome::UnexpectedPass(why),
    }
}

fn text(scenario: &Scenario, run: &Run, outcome: &Outcome) -> String {
    match outcome {
        Outcome::UnexpectedPass(_) => format!(
            "{}: it is known to fail, and passes\nhelp: take `known_failure` out of the scenario\n",
            scenario.span
        ),
        _ => scenario::report(scenario, run, Style::Colour),
    }
}
