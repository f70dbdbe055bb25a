//! What the operator gave and we cannot use: one message with its place and a hint, exit code 2.

use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use proxy_wasm_harness::manifest::ManifestErrors;
use proxy_wasm_harness::scenario::{FileErrors, RunError, ScenarioError};
use proxy_wasm_harness::vm::LoadError;
use proxy_wasm_suites::parity::{KnownError, ParityError};

use crate::style::{BOLD, ERROR, HINT, NOTED};

/// Why a command cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A module that cannot be used.
    #[error(transparent)]
    Module(#[from] LoadError),
    /// A path without scenarios.
    #[error(transparent)]
    Scenarios(#[from] ScenarioError),
    /// A scenario file that cannot be used.
    #[error(transparent)]
    File(#[from] FileErrors),
    /// Manifests that cannot be used.
    #[error(transparent)]
    Manifests(#[from] ManifestErrors),
    /// A scenario that cannot be run.
    #[error(transparent)]
    Run(RunError),
    /// No real proxy, or one that does not do its part.
    #[error(transparent)]
    Parity(#[from] ParityError),
    /// A file of known differences that cannot be used.
    #[error(transparent)]
    Known(#[from] KnownError),
    /// A file that cannot be read.
    #[error("{}: cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file that cannot be written.
    #[error("{}: cannot be written: {cause}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Results cannot be written to stdout.
    #[error("the results cannot be written: {0}")]
    Stdout(io::Error),
    /// Arguments that do not go together, or that name nothing.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl Error {
    /// Arguments that cannot be used.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// The machine gives no thread to work on.
    #[allow(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
    pub(crate) fn threads(cause: io::Error) -> Self {
        Self::usage(format!("no thread can be started: {cause}"), None)
    }

    /// Reads a file that an argument names.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::Unreadable { path: path.to_path_buf(), cause }
    }

    /// Writes a file that an argument names.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::Unwritable { path: path.to_path_buf(), cause }
    }

    /// What to do about it. Scenario errors carry their hints in their text.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Module(error) => error.hint(),
            Self::Usage { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    /// Prints it to stderr.
    pub(crate) fn tell(&self) {
        match self {
            Self::File(all) => all.errors.iter().for_each(|error| tell(error, None)),
            Self::Manifests(all) => all.0.iter().for_each(|error| tell(error, None)),
            _ => tell(self, self.hint().as_deref()),
        }
    }
}

/// Prints an error to stderr, and what to do about it.
pub(crate) fn tell(error: &impl fmt::Display, hint: Option<&str>) {
    let message = error.to_string();
    let (first, rest) = message.split_once('\n').unwrap_or((&message, ""));
    let mut err = anstream::stderr().lock();
    // Where stderr is gone, nobody is left to be told.
    let _ = writeln!(err, "{ERROR}error:{ERROR:#} {BOLD}{first}{BOLD:#}");
    for line in rest.lines() {
        let _ = match line.strip_prefix("help: ") {
            Some(hint) => writeln!(err, "{HINT}help:{HINT:#} {hint}"),
            None => writeln!(err, "{line}"),
        };
    }
    if let Some(hint) = hint {
        let _ = writeln!(err, "{HINT}help:{HINT:#} {hint}");
    }
}

/// Prints to stderr what makes nothing wrong.
pub(crate) fn warn(what: &impl fmt::Display) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{NOTED}warning:{NOTED:#} {what}");
}

/// Prints to stderr what was done beside the results.
pub(crate) fn note(what: &str) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{what}");
}
