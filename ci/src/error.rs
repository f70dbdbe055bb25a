//! What the operator gave and we cannot use: one message with its place and a hint, exit code 2.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::{FileErrors, ScenarioError};
use proxy_wasm_harness::vm::LoadError;

use crate::style::{BOLD, ERROR, HINT};

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
    /// A file that cannot be read.
    #[error("{}: cannot be read: {cause}", path.display())]
    Unreadable {
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

    /// Reads a file that an argument names.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::Unreadable { path: path.to_path_buf(), cause }
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
        let mut err = anstream::stderr().lock();
        // Where stderr is gone, nobody is left to be told.
        let _ = writeln!(err, "{ERROR}error:{ERROR:#} {BOLD}{self}{BOLD:#}");
        if let Some(hint) = self.hint() {
            let _ = writeln!(err, "{HINT}help:{HINT:#} {hint}");
        }
    }
}
