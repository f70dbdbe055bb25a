//! Plugins for Rust tests: `Plugin::cargo("limiter")`, `Plugin::file("build/limiter.wasm")`.
//!
//! An extension of the harness's type, because these ask the environment where to build and what to keep, which the
//! harness does not.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::ModuleError;
use proxy_wasm_harness::vm::Plugin;

use crate::modules::ModuleSource;

/// Ways to a plugin. What is built or compiled is kept: for this process, and compiled modules between processes.
pub trait PluginExt: Sized {
    /// The module in this file, a path from the package's folder.
    ///
    /// # Errors
    ///
    /// When there is none, or none that a proxy would load.
    fn file(path: impl AsRef<Path>) -> Result<Self, ModuleError>;

    /// The module of this package, built in the release profile for `wasm32-wasip1`, once per process. It is searched
    /// for in the workspace of the package that is tested, and in those further up.
    ///
    /// # Errors
    ///
    /// When there is no such package, when it does not build, or when no proxy would load what it builds.
    fn cargo(package: &str) -> Result<Self, ModuleError>;
}

impl PluginExt for Plugin {
    fn file(path: impl AsRef<Path>) -> Result<Self, ModuleError> {
        ModuleSource::shared().file(&home().join(path))
    }

    fn cargo(package: &str) -> Result<Self, ModuleError> {
        ModuleSource::shared().package(package, "release", &home())
    }
}

/// The folder of the package that is tested, as Cargo tells each test; without Cargo, where the process runs.
fn home() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default()
}
