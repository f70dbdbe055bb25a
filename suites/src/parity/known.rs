//! Differences that are known, each with its reason: a file beside the scenarios.
//!
//! A difference may stay only where Envoy itself is not the same each time. One that has gone is wrong, for then the
//! file says what is not so.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::Entry;
use super::views::View;

/// What the file is called that is looked for.
pub const KNOWN_DIFFERENCES: &str = "parity.toml";

/// A difference that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDifference {
    /// The trial, or `<file>::<scenario>::*` for all cases of a scenario.
    pub scenario: String,
    /// The views that differ.
    pub views: Vec<View>,
    /// Why.
    pub why: String,
    /// Envoy does it one way at one time and another way at another: being equal is no news.
    pub sometimes: bool,
}

impl KnownDifference {
    /// Whether it speaks of a trial. The names of both may begin further up in the tree.
    #[must_use]
    pub fn speaks_of(&self, trial: &str) -> bool {
        let ends = |long: &str, short: &str| {
            long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        match self.scenario.strip_suffix("::*") {
            Some(all) => {
                trial.match_indices("::").any(|(at, _)| ends(all, &trial[..at]) || ends(&trial[..at], all))
            }
            None => ends(&self.scenario, trial) || ends(trial, &self.scenario),
        }
    }
}

/// The differences that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// What it says.
    pub differences: Vec<KnownDifference>,
}

/// What is wrong with a file of known differences.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}", file.display())]
pub struct KnownError {
    file: PathBuf,
    line: usize,
    column: usize,
    message: String,
}

impl Known {
    /// The file that holds for the scenarios below `path`: `parity.toml` in that folder, or in the nearest above it.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn beside(path: &Path) -> Result<Self, KnownError> {
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        match whole.ancestors().map(|folder| folder.join(KNOWN_DIFFERENCES)).find(|file| file.is_file()) {
            Some(file) => Self::load(&file),
            None => Ok(Self::default()),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or understood, with the place.
    pub fn load(file: &Path) -> Result<Self, KnownError> {
        let fail = |message: String| KnownError { file: file.to_path_buf(), line: 1, column: 1, message };
        let text = std::fs::read_to_string(file).map_err(|error| fail(format!("cannot be read: {error}")))?;
        Self::read(file, &text)
    }

    fn read(file: &Path, text: &str) -> Result<Self, KnownError> {
        let fail = |span: Range<usize>, message: String| {
            let before = &text[..span.start.min(text.len())];
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            KnownError { file: file.to_path_buf(), line: before.matches('\n').count() + 1, column, message }
        };
        let table = DeTable::parse(text)
            .map_err(|error| fail(error.span().unwrap_or_default(), error.message().to_owned()))?;
        let mut differences = Vec::new();
        for (key, value) in table.get_ref() {
            let DeValue::Array(entries) = value.get_ref() else {
                return Err(fail(key.span(), "`[[difference]]` is all that may stand here".to_owned()));
            };
            if key.get_ref() != "difference" {
                return Err(fail(
                    key.span(),
                    format!("unknown key `{}`: write [[difference]]", key.get_ref()),
                ));
            }
            for entry in entries {
                differences.push(difference(entry).map_err(|(span, message)| fail(span, message))?);
            }
        }
        Ok(Self { file: Some(file.to_path_buf()), differences })
    }

    /// What is known of a trial.
    pub(super) fn of(&self, trial: &str) -> Vec<KnownDifference> {
        self.differences.iter().filter(|known| known.speaks_of(trial)).cloned().collect()
    }

    /// Those that speak of none of the trials.
    #[must_use]
    pub fn idle(&self, entries: &[Entry]) -> Vec<&KnownDifference> {
        self.differences
            .iter()
            .filter(|known| !entries.iter().any(|entry| known.speaks_of(&entry.name)))
            .collect()
    }
}

type Wrong = (Range<usize>, String);

fn difference(entry: &Spanned<DeValue<'_>>) -> Result<KnownDifference, Wrong> {
    let DeValue::Table(table) = entry.get_ref() else {
        return Err((entry.span(), "a difference is a table".to_owned()));
    };
    let mut known =
        KnownDifference { scenario: String::new(), views: Vec::new(), why: String::new(), sometimes: false };
    for (key, value) in table {
        let wrong = |what: &str| (value.span(), format!("`{}` is {what}", key.get_ref()));
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("scenario", DeValue::String(text)) => known.scenario = text.to_string(),
            ("why", DeValue::String(text)) => known.why = text.to_string(),
            ("sometimes", DeValue::Boolean(said)) => known.sometimes = *said,
            ("views", DeValue::Array(names)) => {
                for name in names {
                    let view = name.get_ref().as_str().and_then(View::named);
                    known.views.push(
                        view.ok_or_else(|| {
                            (name.span(), "a view is one of http, log, abi, stats".to_owned())
                        })?,
                    );
                }
            }
            ("scenario" | "why", _) => return Err(wrong("a text")),
            ("sometimes", _) => return Err(wrong("true or false")),
            ("views", _) => return Err(wrong("a list of http, log, abi, stats")),
            (other, _) => {
                let keys = "scenario, views, why, sometimes";
                return Err((key.span(), format!("unknown key `{other}`: a difference has {keys}")));
            }
        }
    }
    let missing = [
        ("scenario", known.scenario.is_empty()),
        ("views", known.views.is_empty()),
        ("why", known.why.is_empty()),
    ];
    match missing.iter().find(|(_, missing)| *missing) {
        Some((key, _)) => Err((entry.span(), format!("the key `{key}` is missing"))),
        None => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Known, String> {
        Known::read(Path::new("parity.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_difference_names_its_trials_from_anywhere() {
        let text = "[[difference]]\nscenario = 'envoy/close::from::*'\nviews = ['http']\nwhy = 'a race'\n";
        let known = &read(text).unwrap().differences[0];
        for name in ["envoy/close::from::a", "close::from::b", "suites/envoy/close::from::c"] {
            assert!(known.speaks_of(name), "{name}");
        }
        for name in ["envoy/close::to::a", "disclose::from::b", "envoy/close::from"] {
            assert!(!known.speaks_of(name), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let without = "[[difference]]\nscenario = 'a'\nviews = ['http']\n";
        assert_eq!(read(without).unwrap_err(), "parity.toml:1:1: the key `why` is missing");
        let view = "[[difference]]\nviews = ['htp']\n";
        assert_eq!(read(view).unwrap_err(), "parity.toml:2:10: a view is one of http, log, abi, stats");
        assert!(read("[[diference]]\n").unwrap_err().starts_with("parity.toml:1:3: unknown key `diference`"));
        assert!(read("[[difference\n").unwrap_err().starts_with("parity.toml:1:"));
    }
}
