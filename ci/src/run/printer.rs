//! What each format of a run prints when.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::format::Format;
use crate::output::Output;
use crate::report::{Trial, github, json, pretty};

/// Prints trials as they come.
pub(super) struct Printer {
    format: Format,
    quiet: bool,
    checkout: Option<PathBuf>,
    file: Option<PathBuf>,
    /// The last line printed was empty.
    blank: bool,
}

impl Printer {
    pub(super) fn new(format: Format, quiet: bool) -> Self {
        let checkout = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
        Self { format, quiet, checkout, file: None, blank: true }
    }

    /// The next trial, in order.
    pub(super) fn trial(&mut self, trial: &Trial, out: &mut Output) {
        if self.format == Format::Json {
            return;
        }
        if !self.quiet || trial.outcome.is_red() {
            self.heading(&trial.file, out);
            let text = pretty::trial(trial);
            self.blank = text.ends_with("\n\n");
            out.text(&text);
        }
        if self.format == Format::Github {
            out.text(&github::annotations(trial, self.checkout.as_deref()));
        }
        out.flush();
    }

    fn heading(&mut self, file: &Path, out: &mut Output) {
        if self.file.as_deref() != Some(file) {
            if !self.blank {
                out.text("\n");
            }
            out.text(&pretty::heading(file));
            self.file = Some(file.to_path_buf());
        }
    }

    /// All are over.
    pub(super) fn end(&self, trials: &[Trial], wall: Duration, out: &mut Output) {
        match self.format {
            Format::Json => out.line(&format!("{:#}", json::document(trials))),
            Format::Pretty | Format::Github => {
                if !self.blank {
                    out.text("\n");
                }
                out.text(&pretty::summary(trials, wall));
            }
        }
    }
}
