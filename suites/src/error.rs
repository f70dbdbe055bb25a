//! The error of Rust tests: whatever went wrong, its `Debug` form is the report, because that is what a test prints.

use std::error::Error as StdError;
use std::fmt;

use proxy_wasm_harness::host::HostError;
use proxy_wasm_harness::scenario::{FileErrors, ModuleError, RunError, ScenarioError};
use proxy_wasm_harness::vm::LoadError;

/// Any error, shown as a report: a plugin that refuses its start with what it logged, a module that cannot be loaded
/// with what to do about it. Every error turns into it by `?`.
pub struct Error(Box<dyn StdError + Send + Sync>);

/// What a test returns: `fn refuses_the_third() -> Result { ... Ok(()) }`.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.0.as_ref();
        // Its own report.
        if let Some(error) = error.downcast_ref::<HostError>() {
            return fmt::Debug::fmt(error, f);
        }
        fmt::Display::fmt(error, f)?;
        if let Some(hint) = hint(error) {
            return write!(f, "\nhelp: {hint}");
        }
        // The text of these holds everything already.
        if error.is::<FileErrors>() || error.is::<RunError>() || error.is::<ScenarioError>() {
            return Ok(());
        }
        let mut cause = error.source();
        while let Some(error) = cause {
            write!(f, "\ncaused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// What to do about it, where that is no part of the text.
fn hint(error: &(dyn StdError + 'static)) -> Option<String> {
    let of_module = || error.downcast_ref::<ModuleError>()?.hint.clone();
    let of_load = || error.downcast_ref::<LoadError>()?.hint().map(|hint| hint.to_string());
    of_module().or_else(of_load)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(error: impl Into<Error>) -> Result {
        Err(error.into())
    }

    #[test]
    fn a_test_prints_the_report() {
        let error = fails(ModuleError::new("no module").hint("build it")).expect_err("an error");
        assert_eq!(
            (error.to_string(), format!("{error:?}")),
            ("no module".into(), "no module\nhelp: build it".into())
        );
        let error = fails("x".parse::<u8>().expect_err("no number")).expect_err("an error");
        assert_eq!(format!("{error:?}"), "invalid digit found in string");
    }
}
