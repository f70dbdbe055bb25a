//! Which trials are to be run: files found and read, trials named and filtered.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{self, Chain, Found, Scenario};
use proxy_wasm_suites::snapshots::Shelf;

use crate::error::Error;

/// What is to be done, in the order of files and scenarios.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
}

/// One trial.
#[derive(Debug)]
pub(super) struct Job {
    /// The file, and what its trials are called by.
    pub(super) file: Found,
    pub(super) what: What,
}

/// What a trial is.
#[derive(Debug)]
pub(super) enum What {
    /// To run a scenario.
    Scenario(Box<Scenario>),
    /// To say that the file cannot be used.
    Unreadable {
        /// The file, which may be one that it imports, and the line there; 0 when the whole file is meant.
        at: (PathBuf, usize),
        /// Everything that is wrong with it.
        why: Vec<String>,
    },
}

impl Job {
    /// The scenario and its case; nothing when the whole file cannot be read.
    pub(super) fn label(&self) -> Option<String> {
        match &self.what {
            What::Scenario(scenario) => Some(scenario.label()),
            What::Unreadable { .. } => None,
        }
    }

    /// `<file>::<scenario>[::<case>]`.
    pub(super) fn name(&self) -> String {
        match &self.what {
            What::Scenario(scenario) => scenario.trial(&self.file.name),
            What::Unreadable { .. } => self.file.name.clone(),
        }
    }

    fn is_exactly(&self, text: &str) -> bool {
        self.name() == text || self.label().is_some_and(|label| label == text)
    }
}

impl Plan {
    /// The trials below `paths`, or below the current folder.
    ///
    /// # Errors
    /// As [`scenario::discover`]. What the files hold is no error here: an unreadable one is a trial that fails.
    pub(super) fn new(paths: &[PathBuf]) -> Result<Self, Error> {
        let here = [PathBuf::from(".")];
        let found = scenario::discover(if paths.is_empty() { &here } else { paths })?;
        Ok(Self { jobs: found.into_iter().flat_map(jobs).collect() })
    }

    /// Keeps the trials whose names contain `text`; where it is the whole name of one, or its name without the file,
    /// that one alone.
    ///
    /// # Errors
    /// When that leaves nothing.
    pub(super) fn filter(&mut self, text: &str) -> Result<(), Error> {
        let exact = self.jobs.iter().any(|job| job.is_exactly(text));
        let keep = |job: &Job| if exact { job.is_exactly(text) } else { job.name().contains(text) };
        if !self.jobs.iter().any(keep) {
            // What is wanted may be in a file that cannot be read: its error is told then.
            if self.jobs.iter().any(|job| job.label().is_none()) {
                self.jobs.retain(|job| job.label().is_none());
                return Ok(());
            }
            let some: Vec<String> =
                self.jobs.iter().take(5).map(|job| format!("\n  {}", job.name())).collect();
            let more = if self.jobs.len() > some.len() { "\n  ..." } else { "" };
            let hint = format!("there are {}, for example{}{more}", self.jobs.len(), some.concat());
            return Err(Error::usage(format!("no trial's name contains {text:?}"), hint));
        }
        self.jobs.retain(keep);
        Ok(())
    }

    /// Checks that a plugin of this name exists in a scenario; chains that come from manifests are not known yet.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn knows_plugin(&self, name: &str) -> Result<(), Error> {
        let mut names = Vec::new();
        for job in &self.jobs {
            match &job.what {
                What::Scenario(scenario) => match &scenario.chain {
                    Chain::Plugins(plugins) => {
                        names.extend(plugins.iter().map(|plugin| plugin.name.as_str()))
                    }
                    Chain::Manifests(_) => return Ok(()),
                },
                What::Unreadable { .. } => return Ok(()),
            }
        }
        if names.contains(&name) {
            return Ok(());
        }
        names.sort_unstable();
        names.dedup();
        let hint = format!("the plugins are: {}", names.join(", "));
        Err(Error::usage(format!("no scenario has a plugin called {name:?}"), hint))
    }
}

fn jobs(found: Found) -> Vec<Job> {
    let file = Found { path: shown(&found.path), name: found.name };
    let job = |what| Job { file: file.clone(), what };
    let read = match scenario::load(&file.path) {
        Ok(read) => read.scenarios,
        Err(errors) => {
            let first = errors.errors.first().map(|error| (error.file.clone(), error.line));
            let at = first.unwrap_or_else(|| (file.path.clone(), 0));
            return vec![job(What::Unreadable {
                at,
                why: errors.errors.iter().map(ToString::to_string).collect(),
            })];
        }
    };
    if let Some((one, other)) = Shelf::clash(&read) {
        let why = format!(
            "{}: the snapshots of this scenario have the names of those of `{}` in line {}\nhelp: give one of them \
             another name",
            one.span,
            other.label(),
            other.span.line()
        );
        let at = (one.span.file().unwrap_or(&file.path).to_path_buf(), one.span.line());
        return vec![job(What::Unreadable { at, why: vec![why] })];
    }
    read.into_iter().map(|one| job(What::Scenario(Box::new(one)))).collect()
}

/// The path without a `./` that nobody wrote.
fn shown(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(names: &[&str]) -> Plan {
        let scenarios: Vec<String> =
            names.iter().map(|name| format!("  - {{name: {name}, steps: []}}")).collect();
        let text =
            format!("plugins: [{{name: limiter, wasm: p.wasm}}]\nscenarios:\n{}\n", scenarios.join("\n"));
        let read = scenario::load_text(Path::new("f.scenario.yaml"), &text).unwrap();
        let job = |one| Job {
            file: Found { path: "f.scenario.yaml".into(), name: "f".to_owned() },
            what: What::Scenario(Box::new(one)),
        };
        Plan { jobs: read.scenarios.into_iter().map(job).collect() }
    }

    fn kept(text: &str) -> Vec<String> {
        let mut plan = plan(&["three", "three more", "one"]);
        plan.filter(text).unwrap();
        plan.jobs.iter().map(Job::name).collect()
    }

    #[test]
    fn a_filter_takes_parts_of_names_and_whole_names_alone() {
        assert_eq!(kept("thr"), ["f::three", "f::three more"]);
        assert_eq!(kept("three"), ["f::three"]);
        assert_eq!(kept("f::three more"), ["f::three more"]);
        let error = plan(&["one"]).filter("two").unwrap_err();
        assert_eq!(error.to_string(), "no trial's name contains \"two\"");
    }

    #[test]
    fn plugins_that_no_scenario_has_are_refused() {
        plan(&["one"]).knows_plugin("limiter").unwrap();
        assert_eq!(
            plan(&["one"]).knows_plugin("limited").unwrap_err().to_string(),
            "no scenario has a plugin called \"limited\""
        );
    }
}
