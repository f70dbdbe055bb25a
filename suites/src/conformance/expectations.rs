//! The file of what is known not to pass: TOML, an entry for each check.
//!
//! ```toml
//! [[known]]
//! check = "headers/non-utf8"
//! verdict = "fail"                      # or warn, inconclusive; left out: fail
//! reason = "values come from our own gateway"
//! expires = 2027-03-31                  # the last day on which that is accepted; left out: for good
//! ```

use std::path::Path;

use proxy_wasm_harness::check::{Date, Expectation, Expectations, VerdictKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::catalogue;

/// What is wrong with such a file: `path:line: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ExpectationError {
    /// File and line.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Reads `text`, the content of the file at `path`.
///
/// # Errors
///
/// When it is no TOML, has a key or check that does not exist, or lacks a reason.
pub fn read(path: &Path, text: &str) -> Result<Expectations, ExpectationError> {
    let file = File { path, text };
    let table = DeTable::parse(text)
        .map_err(|error| file.error(error.span().map_or(0, |span| span.start), error.message(), None))?;
    let mut all = Expectations::default();
    for (key, value) in table.get_ref() {
        if key.get_ref() != "known" {
            let message = format!("unknown key `{}`", key.get_ref());
            return Err(file.error(key.span().start, &message, Some("write `[[known]]`")));
        }
        let DeValue::Array(entries) = value.get_ref() else {
            return Err(file.error(
                value.span().start,
                "`known` is a list of tables",
                Some("write `[[known]]`"),
            ));
        };
        for entry in entries {
            let DeValue::Table(table) = entry.get_ref() else {
                return Err(file.error(entry.span().start, "an entry is a table", Some("write `[[known]]`")));
            };
            let known = file.entry(entry.span().start, table)?;
            if let Some(twice) = all.0.iter().find(|other| other.check == known.check) {
                let message = format!("`{}` is here twice, first in line {}", known.check, twice.line);
                return Err(file.error(entry.span().start, &message, None));
            }
            all.0.push(known);
        }
    }
    Ok(all)
}

struct File<'f> {
    path: &'f Path,
    text: &'f str,
}

impl File<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
    }

    fn error(&self, at: usize, message: &str, hint: Option<&str>) -> ExpectationError {
        let place = format!("{}:{}", self.path.display(), self.line(at));
        ExpectationError { place, message: message.to_owned(), hint: hint.map(str::to_owned) }
    }

    fn entry(&self, start: usize, table: &DeTable<'_>) -> Result<Expectation, ExpectationError> {
        let mut known = Expectation {
            check: String::new(),
            verdict: VerdictKind::Fail,
            reason: String::new(),
            expires: None,
            line: self.line(start),
        };
        for (key, value) in table {
            let at = value.span().start;
            match &**key.get_ref() {
                "check" => known.check = self.text_of(value)?,
                "reason" => known.reason = self.text_of(value)?,
                "verdict" => {
                    let word = self.text_of(value)?;
                    let kind = VerdictKind::of_word(&word).filter(|kind| *kind != VerdictKind::Pass);
                    known.verdict = kind.ok_or_else(|| {
                        let words = "fail, warn, skip, not_applicable or inconclusive";
                        self.error(at, &format!("no check is expected to be `{word}`"), Some(words))
                    })?;
                }
                "expires" => known.expires = Some(self.date(value)?),
                other => {
                    let message = format!("unknown key `{other}`");
                    return Err(self.error(
                        key.span().start,
                        &message,
                        Some("check, verdict, reason, expires"),
                    ));
                }
            }
        }
        if known.check.is_empty() {
            return Err(self.error(start, "an entry names a `check`", None));
        }
        if catalogue::check(&known.check).is_none() {
            let nearest = catalogue::nearest(&known.check).map(|id| format!("did you mean `{id}`?"));
            let message = format!("there is no check `{}`", known.check);
            return Err(self.error(start, &message, nearest.as_deref()));
        }
        if known.reason.trim().is_empty() {
            let hint = "say why it is accepted: `reason = \"...\"`";
            return Err(self.error(start, &format!("`{}` has no reason", known.check), Some(hint)));
        }
        Ok(known)
    }

    fn text_of(&self, value: &Spanned<DeValue<'_>>) -> Result<String, ExpectationError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.clone().into_owned()),
            _ => Err(self.error(value.span().start, "expected a text", None)),
        }
    }

    /// A day, as TOML's own or as text.
    fn date(&self, value: &Spanned<DeValue<'_>>) -> Result<Date, ExpectationError> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Datetime(date) => date.to_string(),
            _ => String::new(),
        };
        text.parse().map_err(|error: proxy_wasm_harness::check::DateError| {
            self.error(value.span().start, &error.to_string(), None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Expectations, String> {
        read("known.toml".as_ref(), text).map_err(|error| error.to_string())
    }

    #[test]
    fn entries_have_a_check_a_reason_and_perhaps_a_last_day() {
        let text = "# ours\n[[known]]\ncheck = \"headers/non-utf8\"\nreason = \"gateway\"\nexpires = 2027-03-31\n\n\
                    [[known]]\ncheck = \"limits/window-edge\"\nverdict = \"warn\"\nreason = \"on purpose\"\n";
        let all = read_text(text).unwrap().0;
        assert_eq!(
            (all[0].check.as_str(), all[0].verdict, all[0].line),
            ("headers/non-utf8", VerdictKind::Fail, 2)
        );
        assert_eq!(all[0].expires, Some("2027-03-31".parse().unwrap()));
        assert_eq!((all[1].verdict, all[1].line, all[1].expires), (VerdictKind::Warn, 7, None));
        assert_eq!(read_text(""), Ok(Expectations::default()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, message) in [
            ("\nknown = 3", "known.toml:2: `known` is a list of tables"),
            ("[[knwon]]", "known.toml:1: unknown key `knwon`"),
            ("[[known]]\ncheck = \"no/such\"\nreason = \"x\"", "known.toml:1: there is no check `no/such`"),
            ("[[known]]\ncheck = \"headers/late\"", "known.toml:1: `headers/late` has no reason"),
            (
                "[[known]]\ncheck = \"headers/late\"\nreason = \"x\"\nverdict = \"pass\"",
                "known.toml:4: no check is expected to be `pass`",
            ),
            (
                "[[known]]\ncheck = \"headers/late\"\nreason = \"x\"\nuntil = 3",
                "known.toml:4: unknown key `until`",
            ),
            (
                "[[known]]\nreason = \"x\"\nexpires = 2027-03-31T10:00:00Z\ncheck = \"headers/late\"",
                "known.toml:3: \"2027-03-31T10:00:00Z\" is no day: write it as 2030-12-31",
            ),
        ] {
            assert_eq!(read_text(text), Err(message.to_owned()));
        }
        let twice = "[[known]]\ncheck = \"headers/late\"\nreason = \"x\"\n".repeat(2);
        assert_eq!(
            read_text(&twice),
            Err("known.toml:4: `headers/late` is here twice, first in line 1".to_owned())
        );
        assert!(read_text("[[known").unwrap_err().starts_with("known.toml:1: "));
    }
}
