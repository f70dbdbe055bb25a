//! Scenario files as tests of `cargo test`: one trial for each scenario, or for each case of one.
//!
//! [`main`] is what [`scenarios!`](crate::scenarios) puts into a test target with `harness = false`: libtest's command
//! line (filters, `--list`, `--exact`, `--test-threads`; `cargo nextest` too), one trial `<file>::<scenario>[::<case>]`
//! each. A file that cannot be read is one failing trial, and the others run. Trials print nothing: what went wrong is the
//! trial's message. In reading order: `gather` (files into trials), `judge` (one trial), `quiet` (why nothing prints).

mod gather;
mod judge;
mod quiet;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::Arguments;

/// The test target that runs trials; [`scenarios!`](crate::scenarios) fills it in where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The folder of its package.
    pub manifest_dir: &'static str,
    /// Its package.
    pub package: &'static str,
    /// Its own name.
    pub name: &'static str,
    /// insta's assertion, expanded there: name and text of a snapshot.
    pub assert_snapshot: fn(&str, &str),
}

impl Target {
    /// The command that runs one of its trials again.
    fn rerun(&self, trial: &str) -> String {
        let quoted = trial.replace('\'', "'\\''");
        format!("cargo test -p {} --test {} -- --exact '{quoted}'", self.package, self.name)
    }
}

/// Runs the scenario files in `folders`, paths from the package's folder, as the trials of a test target.
#[must_use]
pub fn main(target: Target, folders: &[&str]) -> ExitCode {
    let arguments = Arguments::from_args();
    if !arguments.list
        && let Some(code) = quiet::restart(Path::new(target.manifest_dir))
    {
        return code;
    }
    let folders: Vec<PathBuf> =
        folders.iter().map(|folder| Path::new(target.manifest_dir).join(folder)).collect();
    let trials = gather::trials(target, &folders, &arguments);
    quiet::catch_panics();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The whole of a test target that runs scenario files: `tests/scenarios.rs` with `harness = false`.
///
/// ```no_run
/// proxy_wasm_suites::scenarios!("scenarios");
/// ```
///
/// Each argument is a folder, from the folder of the package; every `*.scenario.yaml` below it is run. Snapshots are
/// asserted by insta's macro in the crate that says this, so that they are that crate's, in the nearest `snapshots/`.
#[macro_export]
macro_rules! scenarios {
    ($($folder:expr),+ $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            let target = $crate::trials::Target {
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                package: ::core::env!("CARGO_PKG_NAME"),
                name: ::core::env!("CARGO_CRATE_NAME"),
                assert_snapshot: |name, text| $crate::insta::assert_snapshot!(name, text),
            };
            $crate::trials::main(target, &[$($folder),+])
        }
    };
}
