//! Which package is meant: the one of that name in the nearest workspace, from a folder upwards.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::ModuleError;
use serde_json::Value as Json;

use super::{Cargo, Package, Product};

impl Cargo {
    /// The package called `name` in the workspace of `folder` (an absolute path), or in one further up.
    ///
    /// # Errors
    ///
    /// When there is no such package, or it gives no module.
    pub(crate) fn find(&self, name: &str, folder: &Path) -> Result<Package, ModuleError> {
        let mut others: Vec<String> = Vec::new();
        let mut roots: Vec<PathBuf> = Vec::new();
        for manifest in folder.ancestors().map(|dir| dir.join("Cargo.toml")).filter(|path| path.is_file()) {
            // A member's workspace has been asked already, by way of that member.
            if roots.iter().any(|root| manifest.parent() == Some(root)) {
                continue;
            }
            let metadata = self.metadata(&manifest)?;
            let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(package) = packages.iter().find(|package| package["name"] == name) {
                let target_dir = PathBuf::from(metadata["target_directory"].as_str().unwrap_or("target"));
                let manifest = package["manifest_path"].as_str().map_or(manifest, PathBuf::from);
                return Ok(Package {
                    name: name.to_owned(),
                    manifest,
                    target_dir,
                    product: product(name, package)?,
                });
            }
            others.extend(packages.iter().filter_map(|package| package["name"].as_str()).map(str::to_owned));
            roots.extend(metadata["workspace_root"].as_str().map(PathBuf::from));
        }
        let folder = folder.display();
        if roots.is_empty() {
            return Err(ModuleError::new(format!("no Cargo.toml in {folder} or above it")).hint(format!(
                "`{{cargo: {name}}}` needs a Rust package; else write `wasm: path/to/file.wasm`"
            )));
        }
        Err(ModuleError::new(format!("no package `{name}` in the workspace of {folder}"))
            .hint(format!("its packages are: {}", others.join(", "))))
    }

    /// What Cargo says of the workspace of this manifest.
    fn metadata(&self, manifest: &Path) -> Result<Json, ModuleError> {
        let mut command = self.command();
        command.args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"]).arg(manifest);
        let output = command.output().map_err(|cause| self.missing(&cause))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(ModuleError::new(format!("{}: {}", manifest.display(), said.trim_end())));
        }
        serde_json::from_slice(&output.stdout).map_err(|cause| {
            ModuleError::new(format!("cargo metadata of {} cannot be read: {cause}", manifest.display()))
        })
    }
}

/// What of this package becomes the module: its `cdylib`, else its only program.
fn product(name: &str, package: &Json) -> Result<Product, ModuleError> {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is = |target: &Json, what: &str, kind: &str| {
        target[what].as_array().is_some_and(|kinds| kinds.iter().any(|found| found == kind))
    };
    let name_of = |target: &Json| target["name"].as_str().unwrap_or(name).to_owned();
    if let Some(library) =
        targets.iter().find(|target| is(target, "crate_types", "cdylib") && is(target, "kind", "cdylib"))
    {
        return Ok(Product::Library(name_of(library)));
    }
    let programs: Vec<&Json> = targets.iter().filter(|target| is(target, "kind", "bin")).collect();
    match programs.as_slice() {
        [program] => Ok(Product::Program(name_of(program))),
        [] => Err(ModuleError::new(format!("package `{name}` builds no module"))
            .hint("a plugin's Cargo.toml says `[lib]` and `crate-type = [\"cdylib\"]`")),
        programs => {
            let names: Vec<String> = programs.iter().map(|program| name_of(program)).collect();
            Err(ModuleError::new(format!("package `{name}` builds several programs: {}", names.join(", ")))
                .hint("name the file of the one that is meant: `wasm: path/to/file.wasm`"))
        }
    }
}
