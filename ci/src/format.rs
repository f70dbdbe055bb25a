//! How results are told: the formats, and the files beside them.

use std::path::PathBuf;

use clap::ValueEnum;

/// The format, and the reports that several commands write.
#[derive(Debug, clap::Args)]
pub(crate) struct Results {
    /// pretty, json, github (with annotations) [default: github in GitHub Actions, else pretty]
    #[arg(long, hide_possible_values = true)]
    format: Option<Format>,

    /// Write a JUnit report, too
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Write a summary in Markdown, too
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
}

impl Results {
    /// The format that was asked for, or that suits the place.
    pub(crate) fn format(&self) -> Format {
        let actions = || std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        self.format.unwrap_or_else(|| if actions() { Format::Github } else { Format::Pretty })
    }
}

/// How the trials and checks of a run are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Pretty,
    /// For programs: one document
    Json,
    /// For people, and annotations for GitHub Actions
    Github,
}

/// How facts and figures are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plain {
    /// For people
    Pretty,
    /// For programs: one document
    Json,
}
