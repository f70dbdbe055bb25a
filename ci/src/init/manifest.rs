//! The `Cargo.toml` here: whether it is a plugin's, and the lines that make scenario files tests.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::Error;

const MANIFEST: &str = "Cargo.toml";
/// The dev-dependency.
const SUITES: &str = "proxy-wasm-suites";

/// A manifest with lines that it did not have.
pub(super) struct Additions {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// What was added.
    pub(super) what: Vec<&'static str>,
}

/// The package of the manifest here, when it gives a module.
///
/// # Errors
/// When there is a manifest that cannot be read.
pub(super) fn package() -> Result<Option<String>, Error> {
    let Some((_, table)) = read()? else { return Ok(None) };
    let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let kinds = table.get("lib").and_then(|lib| lib.get("crate-type").or_else(|| lib.get("crate_type")));
    let module = kinds
        .and_then(Value::as_array)
        .is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("cdylib")));
    Ok(name.filter(|_| module).map(str::to_owned))
}

/// The lines that are missing; nothing when none is.
///
/// # Errors
/// When there is no manifest that can be read, or none to which lines can be added.
pub(super) fn additions() -> Result<Option<Additions>, Error> {
    let Some((text, table)) = read()? else { return Ok(None) };
    let additions = add(&text, &table);
    let Some((text, what)) = additions else { return Ok(None) };
    if text.parse::<Table>().is_err() {
        let hint = format!(
            "add the dev-dependency {SUITES} and `[[test]] name = \"scenarios\", harness = false` by hand"
        );
        return Err(Error::usage(format!("{MANIFEST}: there is no place to add lines to"), hint));
    }
    Ok(Some(Additions { path: MANIFEST.into(), text, what }))
}

fn read() -> Result<Option<(String, Table)>, Error> {
    let path = Path::new(MANIFEST);
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).map_err(Error::reading(path))?;
    match text.parse::<Table>() {
        Ok(table) => Ok(Some((text, table))),
        Err(cause) => Err(Error::usage(format!("{MANIFEST}: {}", cause.message()), None)),
    }
}

/// The text with what is missing, and what that was.
fn add(text: &str, table: &Table) -> Option<(String, Vec<&'static str>)> {
    let (mut text, mut what) = (text.to_owned(), Vec::new());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let dev = table.get("dev-dependencies");
    if dev.is_none_or(|dev| dev.get(SUITES).is_none()) {
        let line = format!("{SUITES} = {:?}\n", env!("CARGO_PKG_VERSION"));
        let head = text.lines().position(|line| line.trim() == "[dev-dependencies]");
        match head {
            Some(at) => {
                let lines: Vec<&str> = text.split_inclusive('\n').collect();
                text =
                    [&lines[..=at].concat(), &line, &lines[at + 1..].concat()].map(String::as_str).concat();
            }
            None => text.push_str(&format!("\n[dev-dependencies]\n{line}")),
        }
        what.push("the dev-dependency proxy-wasm-suites");
    }
    let tests = table.get("test").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !tests.iter().any(|test| test.get("name").and_then(Value::as_str) == Some("scenarios")) {
        text.push_str("\n[[test]]\nname = \"scenarios\"\nharness = false\n");
        what.push("the test target scenarios");
    }
    (!what.is_empty()).then_some((text, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> Option<String> {
        add(text, &text.parse().unwrap()).map(|(text, _)| text)
    }

    #[test]
    fn lines_are_added_and_none_is_changed() {
        let plain = "[package]\nname = \"p\" # mine";
        let first = added(plain).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            first,
            format!(
                "{plain}\n\n[dev-dependencies]\nproxy-wasm-suites = \"{version}\"\n\n[[test]]\nname = \
                 \"scenarios\"\nharness = false\n"
            )
        );
        assert_eq!(added(&first), None, "there is nothing left to add");
        let others = "[dev-dependencies] \ninsta = \"1\"\n\n[profile.dev]\nopt-level = 1\n";
        let with = added(others).unwrap();
        assert!(
            with.starts_with(&format!(
                "[dev-dependencies] \nproxy-wasm-suites = \"{version}\"\ninsta = \"1\"\n\n[profile.dev]\n"
            )),
            "{with}"
        );
        let table: Table = with.parse().unwrap();
        assert_eq!(table["profile"]["dev"]["opt-level"].as_integer(), Some(1));
    }
}
