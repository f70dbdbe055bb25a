//! Modules that Cargo builds: `{cargo: PACKAGE, profile: release}`.
//!
//! Holds the calls of Cargo: which package is meant (`metadata`), and one build of it for the wasm target (`build`).
//! Refuses to remember: once per process is the business of [`crate::modules`].

mod build;
mod metadata;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use proxy_wasm_harness::scenario::ModuleError;

/// The target that plugins written in Rust are built for.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// Settings of an outer build that would change or break an inner one: flags and wrappers for the machine's own target
/// (coverage instruments with them, and wasm has no runtime for that), and the outer build's choice of a target.
const OUTER: [&str; 13] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "LLVM_PROFILE_FILE",
    "CARGO_LLVM_COV",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    // What the trials of this crate tell insta; crates that use insta would be built again for it.
    "INSTA_WORKSPACE_ROOT",
];

/// The Cargo that builds.
#[derive(Clone, Debug)]
pub(crate) struct Cargo {
    program: OsString,
}

/// A package that gives a module. The same one, found from two folders, is equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    name: String,
    /// Its manifest.
    manifest: PathBuf,
    /// The target directory of its workspace, as the environment and Cargo's configuration have it.
    target_dir: PathBuf,
    product: Product,
}

/// What of a package becomes the module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Product {
    /// Its library, which is a `cdylib`.
    Library(String),
    /// This program.
    Program(String),
}

impl Cargo {
    /// The Cargo that runs this test, or the one on the path.
    pub(crate) fn from_env() -> Self {
        Self { program: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()) }
    }

    fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// What it says when it cannot be run at all.
    fn missing(&self, cause: &std::io::Error) -> ModuleError {
        ModuleError::new(format!("{} cannot be run: {cause}", Path::new(&self.program).display()))
            .hint("install Rust (https://rustup.rs), or name the module's file: `wasm: path/to/plugin.wasm`")
    }
}

impl Package {
    /// The directory that its modules are built in: below the workspace's own, because that one is locked while an
    /// outer build works in it, and built with other flags.
    fn build_dir(&self) -> PathBuf {
        self.target_dir.join("proxy-wasm-test")
    }

    /// The files that a build in this profile writes: ours first, then that of somebody's own `cargo build`.
    fn modules(&self, profile: &str) -> [PathBuf; 2] {
        let folder = if profile == "dev" { "debug" } else { profile };
        let file = match &self.product {
            Product::Library(name) => format!("{}.wasm", name.replace('-', "_")),
            Product::Program(name) => format!("{name}.wasm"),
        };
        [self.build_dir(), self.target_dir.clone()].map(|dir| dir.join(TARGET).join(folder).join(&file))
    }

    /// The newest module that an earlier build in this profile left behind.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn built(&self, profile: &str) -> Result<PathBuf, ModuleError> {
        let found = self.modules(profile).into_iter().filter_map(|path| {
            let modified = path.metadata().and_then(|about| about.modified()).ok()?;
            Some((modified, path))
        });
        found.max().map(|(_, path)| path).ok_or_else(|| {
            let [ours, _] = self.modules(profile);
            ModuleError::new(format!(
                "package `{}` has not been built: there is no {}",
                self.name,
                ours.display()
            ))
            .hint(format!(
                "building is switched off here; run `cargo build -p {} --profile {profile} --target {TARGET}` before",
                self.name
            ))
        })
    }
}
