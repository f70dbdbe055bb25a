//! One build of a package for the wasm target.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use proxy_wasm_harness::scenario::ModuleError;
use serde_json::Value as Json;

use super::{Cargo, OUTER, Package, Product, TARGET};

impl Cargo {
    /// Builds the package, and gives its module.
    ///
    /// # Errors
    ///
    /// When it does not build: with what the compiler said.
    pub(crate) fn build(&self, package: &Package, profile: &str) -> Result<PathBuf, ModuleError> {
        let mut command = self.command();
        command.args(arguments(package, profile));
        inner(&mut command);
        let output = command.output().map_err(|cause| self.missing(&cause))?;
        if !output.status.success() {
            return Err(failed(&package.name, &String::from_utf8_lossy(&output.stderr)));
        }
        module(package, &String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
            ModuleError::new(format!("package `{}` was built, but Cargo names no module", package.name))
        })
    }
}

fn arguments(package: &Package, profile: &str) -> Vec<OsString> {
    let mut all: Vec<OsString> =
        ["build", "--message-format=json-render-diagnostics", "--color=never"].map(OsString::from).into();
    let pairs: [(&str, OsString); 5] = [
        ("--manifest-path", package.manifest.clone().into()),
        ("--package", package.name.clone().into()),
        ("--profile", profile.into()),
        ("--target", TARGET.into()),
        ("--target-dir", package.build_dir().into()),
    ];
    for (name, value) in pairs {
        all.extend([name.into(), value]);
    }
    match &package.product {
        Product::Library(_) => all.push("--lib".into()),
        Product::Program(name) => all.extend(["--bin".into(), name.into()]),
    }
    all
}

/// Takes from an inner build what belongs to the outer one.
fn inner(command: &mut Command) {
    for name in OUTER {
        command.env_remove(name);
    }
}

/// The module among what Cargo says that it made.
fn module(package: &Package, messages: &str) -> Option<PathBuf> {
    let (Product::Library(target) | Product::Program(target)) = &package.product;
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let ours = artifacts.filter(|message| {
        message["reason"] == "compiler-artifact"
            && (message["target"]["name"] == *target || message["target"]["name"] == target.replace('-', "_"))
    });
    let files: Vec<PathBuf> = ours
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .collect();
    files.into_iter().rfind(|path| path.extension().is_some_and(|ending| ending == "wasm"))
}

/// The words in which the compiler says that it has no standard library for a target.
const NO_TARGET: [&str; 2] = ["target may not be installed", "can't find crate for `core`"];

fn failed(package: &str, said: &str) -> ModuleError {
    if NO_TARGET.iter().any(|words| said.contains(words)) {
        return ModuleError::new(format!(
            "package `{package}` cannot be built: the Rust target {TARGET} is not installed"
        ))
        .hint(format!("rustup target add {TARGET}"));
    }
    ModuleError::new(format!("package `{package}` does not build for {TARGET}:\n{}", said.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Package {
        Package {
            name: "my-limiter".into(),
            manifest: "/repo/Cargo.toml".into(),
            target_dir: "/repo/target".into(),
            product: Product::Library("my_limiter".into()),
        }
    }

    #[test]
    fn the_module_is_what_cargo_names() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"name":"log","kind":["lib"]},"filenames":["/t/liblog.rlib"]}
not json
{"reason":"compiler-artifact","target":{"name":"my_limiter","kind":["cdylib"]},"filenames":["/t/libmy_limiter.rlib","/t/my_limiter.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(module(&limiter(), messages), Some("/t/my_limiter.wasm".into()));
        assert_eq!(module(&limiter(), ""), None);
    }

    #[test]
    fn a_missing_target_has_one_short_error_with_its_fix() {
        let said = "error[E0463]: can't find crate for `core`\n  |\n  = note: the `wasm32-wasip1` target may not be \
                    installed\n\nerror: could not compile `log` (lib) due to 1 previous error";
        let error = failed("limiter", said);
        assert_eq!(
            error.message,
            "package `limiter` cannot be built: the Rust target wasm32-wasip1 is not installed"
        );
        assert_eq!(error.hint.as_deref(), Some("rustup target add wasm32-wasip1"));
        let error = failed("limiter", "error: expected `;`\n");
        assert_eq!(error.message, "package `limiter` does not build for wasm32-wasip1:\nerror: expected `;`");
    }

    #[test]
    fn the_build_lives_below_the_target_directory() {
        let [ours, theirs] = limiter().modules("release");
        assert_eq!(ours, PathBuf::from("/repo/target/proxy-wasm-test/wasm32-wasip1/release/my_limiter.wasm"));
        assert_eq!(theirs, PathBuf::from("/repo/target/wasm32-wasip1/release/my_limiter.wasm"));
        assert!(limiter().modules("dev")[0].ends_with("debug/my_limiter.wasm"));
    }

    #[test]
    fn what_belongs_to_the_outer_build_is_taken_away() {
        let mut command = Command::new("cargo");
        inner(&mut command);
        let removed: Vec<_> =
            command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        for name in
            ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "LLVM_PROFILE_FILE", "CARGO_TARGET_DIR"]
        {
            assert!(removed.iter().any(|found| *found == name), "{name}");
        }
    }
}
