//! Which plugin the first scenario is about.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::vm::{self, Inspection};

use super::manifest;
use crate::error::Error;

/// Where builds leave modules.
const PLACES: [&str; 4] = [".", "build", "dist", "out"];

/// The plugin.
pub(super) struct Subject {
    /// What scenarios call it.
    pub(super) name: String,
    /// Its module, where it is a file.
    pub(super) module: Option<PathBuf>,
    /// The package that builds it, where Cargo does.
    pub(super) package: Option<String>,
    /// What its module says of itself, where it is a file.
    pub(super) about: Option<Inspection>,
}

impl Subject {
    /// The plugin in this file; without one, the package of the `Cargo.toml` here, or the one module that lies here.
    ///
    /// # Errors
    /// When there is none, or more than one, or when it is no module.
    pub(super) fn find(plugin: Option<&Path>) -> Result<Self, Error> {
        let package = manifest::package()?;
        if let Some(file) = plugin {
            return Self::of_file(file.to_path_buf());
        }
        if let Some(package) = package {
            let name = package.clone();
            return Ok(Self { name, module: None, package: Some(package), about: None });
        }
        let mut found: Vec<PathBuf> = PLACES.iter().flat_map(|folder| modules(Path::new(folder))).collect();
        let hint = "name it: proxy-wasm-test init path/to/plugin.wasm".to_owned();
        match found.len() {
            0 => {
                let places = PLACES[1..].join("/, ");
                Err(Error::usage(
                    format!("there is no .wasm file here or in {places}/, and no plugin's Cargo.toml"),
                    hint,
                ))
            }
            1 => Self::of_file(found.remove(0)),
            _ => {
                let all: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
                Err(Error::usage(format!("there are several modules: {}", all.join(", ")), hint))
            }
        }
    }

    fn of_file(file: PathBuf) -> Result<Self, Error> {
        let bytes = std::fs::read(&file).map_err(Error::reading(&file))?;
        let about = vm::inspect(&file.display().to_string(), &bytes)?;
        if let Some(refusal) = about.envoy.first() {
            return Err(Error::usage(refusal.to_string(), refusal.hint()));
        }
        let name =
            file.file_stem().map_or_else(|| "plugin".to_owned(), |stem| stem.to_string_lossy().into_owned());
        Ok(Self { name, module: Some(file), package: None, about: Some(about) })
    }

    /// Whether hosts find this callback in it; assumed of a module that is yet to be built.
    pub(super) fn exports(&self, callback: &str) -> bool {
        let about = self.about.as_ref();
        about.is_none_or(|about| about.declared.exports.iter().any(|export| export.name == callback))
    }
}

fn modules(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wasm") && path.is_file())
        .map(|path| path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path))
        .collect();
    found.sort();
    found
}
