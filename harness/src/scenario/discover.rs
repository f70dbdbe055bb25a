//! Which files are meant by the paths of a command line.

use std::path::{Path, PathBuf};

use super::document::error::ScenarioError;

/// The endings of scenario files.
const ENDINGS: [&str; 3] = [".scenario.yaml", ".scenario.yml", ".scenario.json"];

/// A scenario file, and what its trials are called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// Its path below the folder that was named, or its file name, without the ending; unique.
    pub name: String,
}

impl Found {
    /// The file's own name without the ending: what its folder of snapshots is called, however it was found.
    #[must_use]
    pub fn stem(&self) -> String {
        stem(&self.path.file_name().unwrap_or_default().to_string_lossy())
    }
}

/// The scenario files that `paths` mean: a folder means every `*.scenario.yaml` (`.yml`, `.json`) below it, in the
/// order of their paths, but for hidden folders and `target`; a file may be called anything.
///
/// # Errors
/// A path that does not exist, a folder that cannot be listed or holds no scenario. What the files hold is not looked
/// at.
pub fn discover<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Found>, ScenarioError> {
    let mut found: Vec<Found> = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let fail = |error: std::io::Error| ScenarioError::whole(path, format!("cannot be opened: {error}"));
        if !std::fs::metadata(path).map_err(fail)?.is_dir() {
            let name = path.file_name().unwrap_or_default();
            found.push(Found { path: path.to_path_buf(), name: stem(&name.to_string_lossy()) });
            continue;
        }
        let mut files = Vec::new();
        below(path, &mut files)?;
        if files.is_empty() {
            let hint =
                Some("a scenario file ends in .scenario.yaml, .scenario.yml or .scenario.json".to_owned());
            return Err(ScenarioError::whole(path, "the folder holds no scenario").hint(hint));
        }
        files.sort();
        for file in files {
            let name = file.strip_prefix(path).unwrap_or(&file);
            let parts: Vec<String> = name.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            found.push(Found { name: stem(&parts.join("/")), path: file });
        }
    }
    Ok(unique(found))
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ScenarioError> {
    let fail = |error: std::io::Error| ScenarioError::whole(folder, format!("cannot be listed: {error}"));
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        // Links to folders are not followed: they can go round in circles.
        if entry.file_type().map_err(fail)?.is_dir() {
            if name != "target" {
                below(&entry.path(), files)?;
            }
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A name without the ending of scenario files, or without its last ending.
fn stem(name: &str) -> String {
    if let Some(stem) = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)) {
        return stem.to_owned();
    }
    match name.rfind('.') {
        Some(at) if at > 0 => name[..at].to_owned(),
        _ => name.to_owned(),
    }
}

/// Each file once; files that would share a name are called by their whole paths.
fn unique(mut found: Vec<Found>) -> Vec<Found> {
    let identity = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut seen: Vec<PathBuf> = Vec::new();
    found.retain(|file| {
        let path = identity(&file.path);
        let new = !seen.contains(&path);
        seen.push(path);
        new
    });
    let names: Vec<String> = found.iter().map(|file| file.name.clone()).collect();
    for file in &mut found {
        if names.iter().filter(|name| **name == file.name).count() > 1 {
            file.name = file.path.to_string_lossy().into_owned();
        }
    }
    found
}
