//! One trial: the scenario is run, judged, and compared with its snapshots.

use std::path::{Path, PathBuf};

use libtest_mimic::Completion;
use proxy_wasm_harness::scenario::{Run, RunOptions, Scenario, Style, Verdict, report};

use super::{Target, quiet};
use crate::modules::ModuleSource;
use crate::rate_limit::{self, Counterexample, Judged, Tuning};
use crate::snapshots::{Shelf, compare};

/// What all trials of a target have in common.
pub(super) struct Judge {
    pub(super) target: Target,
    pub(super) style: Style,
}

/// The snapshots of the file that a scenario stands in.
pub(super) struct Snapshots {
    pub(super) shelf: Shelf,
    /// The scenario file.
    pub(super) input: PathBuf,
}

impl Judge {
    /// Carries out the scenario; the error is the trial's message.
    pub(super) fn judge(
        &self,
        trial: &str,
        scenario: &Scenario,
        snapshots: &Snapshots,
    ) -> Result<Completion, String> {
        // Whoever gets here wants it run, whatever it says itself.
        let scenario = &Scenario { skip: None, ..scenario.clone() };
        let judged =
            rate_limit::run(scenario, ModuleSource::shared(), &RunOptions::default(), Tuning::default());
        let Judged { run, counterexample, .. } = judged.map_err(|error| error.to_string())?;
        match run.verdict(scenario) {
            Verdict::Passed | Verdict::Skipped(_) => {}
            Verdict::KnownFailure(reason) => {
                return Ok(Completion::ignored_with(format!("fails, as is known: {reason}")));
            }
            Verdict::UnexpectedPass(reason) => {
                return Err(format!(
                    "it passes, but is a known failure ({reason}): take `known_failure` out"
                ));
            }
            Verdict::Failed => {
                let mut report = report(scenario, &run, self.style);
                if let Some(counterexample) = counterexample {
                    report.push_str(&kept(&counterexample, scenario, &snapshots.input));
                }
                return Err(format!("{}\n\nrun it again: {}", report.trim_end(), self.target.rerun(trial)));
            }
        }
        let differences: Vec<String> = scenario
            .snapshot
            .iter()
            .filter_map(|view| self.snapshot(scenario, &run, *view, snapshots))
            .collect();
        if differences.is_empty() {
            return Ok(Completion::Completed);
        }
        let accept = "accept it with `cargo insta review`, or by running with INSTA_UPDATE=always:";
        Err(format!("{}\n\n{accept}\n  {}", differences.join("\n\n"), self.target.rerun(trial)))
    }

    /// Hands a view to insta, which compares, and writes as its own settings say; gives the difference when insta objects.
    fn snapshot(
        &self,
        scenario: &Scenario,
        run: &Run,
        view: proxy_wasm_harness::scenario::View,
        snapshots: &Snapshots,
    ) -> Option<String> {
        let (dir, name, text) = (snapshots.shelf.dir(), Shelf::name(scenario, view), run.view(view));
        let difference = compare(dir, &name, &text).err();
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(dir);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_description(scenario.label());
        settings.set_input_file(&snapshots.input);
        let asserted = settings.bind(|| quiet::caught(|| (self.target.assert_snapshot)(&name, &text)));
        let objection = asserted.err()?;
        Some(difference.map_or(objection, |difference| difference.to_string()))
    }
}

/// The least schedule that fails, as a file: where it is kept, or its text.
fn kept(counterexample: &Counterexample, scenario: &Scenario, input: &Path) -> String {
    match counterexample.keep(input, scenario) {
        Ok(Some(path)) => format!("\nthe least schedule that fails is kept as {}\n", path.display()),
        _ => counterexample.file(input.parent().unwrap_or(Path::new(""))).map_or_else(String::new, |text| {
            format!("\nthe least schedule that fails, as a scenario file:\n\n{text}")
        }),
    }
}
