//! Annotations for GitHub Actions: one command line for each failure, which its log turns into a mark at the line.
//!
//! Serves: GitHub Actions, "Workflow commands", `::error`.

use std::fmt::Write as _;
use std::path::Path;

use super::Trial;

/// The annotations of a trial; `root` is the folder of the checkout, from which GitHub counts paths.
pub(crate) fn annotations(trial: &Trial, root: Option<&Path>) -> String {
    let mut out = String::new();
    if !trial.outcome.is_red() {
        return out;
    }
    for failure in &trial.failures {
        let file = failure.span.file().unwrap_or(&trial.written_in);
        let message = format!("{}: expected {}, found {}", failure.what, failure.expected, failure.actual);
        let place = (failure.span.line(), failure.span.column());
        annotation(&mut out, &below(file, root), place, &trial.name(), &message);
    }
    for difference in &trial.differences {
        let (file, message) = (below(&trial.written_in, root), difference.to_string());
        annotation(&mut out, &file, (trial.line, 0), &trial.name(), &message);
    }
    if out.is_empty() {
        annotation(
            &mut out,
            &below(&trial.written_in, root),
            (trial.line, 0),
            &trial.name(),
            &trial.plain_text(),
        );
    }
    out
}

fn annotation(out: &mut String, file: &str, (line, column): (usize, usize), title: &str, message: &str) {
    let _ = write!(out, "::error file={}", property(file));
    for (name, number) in [("line", line), ("col", column)] {
        if number > 0 {
            let _ = write!(out, ",{name}={number}");
        }
    }
    let _ = writeln!(out, ",title={}::{}", property(title), data(message.trim_end()));
}

/// The path from the folder of the checkout, where the file lies in it.
fn below(file: &Path, root: Option<&Path>) -> String {
    let whole = || Some((file.canonicalize().ok()?, root?.canonicalize().ok()?));
    let relative = whole().and_then(|(file, root)| Some(file.strip_prefix(root).ok()?.to_path_buf()));
    relative.as_deref().unwrap_or(file).display().to_string()
}

/// Text behind the second pair of colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Outcome;
    use crate::report::tests::trial;

    #[test]
    fn what_would_end_a_property_or_the_line_is_escaped() {
        let mut red = trial("100 %, or more", Outcome::Failed);
        red.text = "one\ntwo: 5 %\n".to_owned();
        assert_eq!(
            annotations(&red, None),
            "::error file=a/b.scenario.yaml,line=3,title=b%3A%3A100 %25%2C or more::one%0Atwo: 5 %25\n"
        );
        assert_eq!(annotations(&trial("a", Outcome::Passed), None), "");
    }

    #[test]
    fn paths_start_at_the_checkout() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("tests")).unwrap();
        let file = root.path().join("tests/a.yaml");
        std::fs::write(&file, "").unwrap();
        assert_eq!(below(&file, Some(root.path())), "tests/a.yaml");
        assert_eq!(below(Path::new("other.yaml"), Some(root.path())), "other.yaml");
    }
}
