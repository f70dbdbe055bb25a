//! Which files are meant by the paths of manifests: files, folders, and patterns with `*`, `?` and `**`.

use std::path::{Component, Path, PathBuf};

use crate::document::error::ScenarioError;

/// The endings of manifests in folders.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// Files in the same folders that are no manifests.
const SCENARIO: &str = ".scenario.";

/// The files that `path` means, in the order of their names: a folder means every `.yaml`, `.yml` and `.json` file
/// below it, but for scenarios, hidden files and folders.
///
/// # Errors
/// A path without any file.
pub(crate) fn expand(path: &Path) -> Result<Vec<PathBuf>, ScenarioError> {
    let mut found = if is_pattern(path) && !path.exists() { matching(path)? } else { meant(path)? };
    found.sort();
    found.dedup();
    if found.is_empty() {
        let message = if is_pattern(path) { "no file matches" } else { "the folder holds no manifest" };
        return Err(ScenarioError::whole(path, message)
            .hint(Some("a manifest ends in .yaml, .yml or .json".to_owned())));
    }
    Ok(found)
}

fn meant(path: &Path) -> Result<Vec<PathBuf>, ScenarioError> {
    let about = std::fs::metadata(path)
        .map_err(|error| ScenarioError::whole(path, format!("cannot be opened: {error}")))?;
    if !about.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    below(path, &mut |file| {
        if is_manifest(file) {
            found.push(file.to_path_buf());
        }
    })?;
    Ok(found)
}

fn is_manifest(file: &Path) -> bool {
    let ending = file.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
    ending && !is_scenario(file)
}

fn is_scenario(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().contains(SCENARIO))
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?'])
}

/// Every file below a folder, but for hidden ones. Links to folders are not followed: they can go round in circles.
fn below(folder: &Path, visit: &mut dyn FnMut(&Path)) -> Result<(), ScenarioError> {
    let fail = |error: std::io::Error| ScenarioError::whole(folder, format!("cannot be listed: {error}"));
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(fail)?.is_dir() {
            below(&entry.path(), visit)?;
        } else if entry.path().is_file() {
            visit(&entry.path());
        }
    }
    Ok(())
}

/// The files that a pattern matches, from the deepest folder that it names without one.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, ScenarioError> {
    let parts: Vec<Component<'_>> = pattern.components().collect();
    let first = parts.iter().position(|part| is_pattern(Path::new(part.as_os_str()))).unwrap_or(parts.len());
    let base: PathBuf = parts[..first].iter().collect();
    let wanted: Vec<String> =
        parts[first..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let folder = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
    if !folder.is_dir() {
        return Err(ScenarioError::whole(pattern, format!("there is no folder {}", folder.display())));
    }
    let mut found = Vec::new();
    below(folder, &mut |file| {
        let rest = file.strip_prefix(folder).unwrap_or(file);
        let names: Vec<String> =
            rest.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        if parts_match(&wanted, &names) && !is_scenario(file) {
            found.push(base.join(rest));
        }
    })?;
    Ok(found)
}

fn parts_match(wanted: &[String], names: &[String]) -> bool {
    match (wanted.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((any, rest)), _) if any == "**" => {
            parts_match(rest, names)
                || names.split_first().is_some_and(|(_, below)| parts_match(wanted, below))
        }
        (Some((want, wanted)), Some((name, names))) => {
            let (want, name): (Vec<char>, Vec<char>) = (want.chars().collect(), name.chars().collect());
            part_matches(&want, &name) && parts_match(wanted, names)
        }
        _ => false,
    }
}

fn part_matches(want: &[char], name: &[char]) -> bool {
    match (want.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => {
            part_matches(rest, name) || name.split_first().is_some_and(|(_, after)| part_matches(want, after))
        }
        (Some(('?', want)), Some((_, name))) => part_matches(want, name),
        (Some((a, want)), Some((b, name))) => a == b && part_matches(want, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::expand;
    use std::path::Path;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for file in ["a.yaml", "b/c.yml", "b/d.json", "b/x.txt", ".git/e.yaml", "b/t.scenario.yaml"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        dir
    }

    #[track_caller]
    fn means(dir: &Path, path: &str, expected: &[&str]) {
        let found = expand(&dir.join(path)).unwrap_or_else(|error| panic!("{error}"));
        let found: Vec<_> =
            found.iter().map(|path| path.strip_prefix(dir).expect("below").to_str().expect("text")).collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn folders_and_patterns() {
        let dir = tree();
        let dir = dir.path();
        means(dir, "", &["a.yaml", "b/c.yml", "b/d.json"]);
        means(dir, "a.yaml", &["a.yaml"]);
        means(dir, "b/x.txt", &["b/x.txt"]);
        means(dir, "*.yaml", &["a.yaml"]);
        means(dir, "b/?.*", &["b/c.yml", "b/d.json", "b/x.txt"]);
        means(dir, "**/*.yml", &["b/c.yml"]);
        means(dir, "*/c.yml", &["b/c.yml"]);
    }

    #[test]
    fn what_means_nothing_is_an_error() {
        let dir = tree();
        for (path, why) in
            [("z.yaml", "cannot be opened"), ("*.z", "no file matches"), ("n/*.z", "no folder")]
        {
            let said = expand(&dir.path().join(path)).expect_err(path).to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
