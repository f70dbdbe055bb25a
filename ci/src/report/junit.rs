//! Results as JUnit XML: a suite for each file, a case for each trial. The only file that knows of `quick-junit`.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Outcome, Trial};
use crate::error::Error;

/// The text of the file.
///
/// # Errors
/// When it cannot be put into XML, which no text is known to cause.
pub(crate) fn document(trials: &[Trial]) -> Result<String, Error> {
    let mut report = Report::new("proxy-wasm-test");
    report.set_time(trials.iter().map(|trial| trial.wall).sum());
    for of_file in trials.chunk_by(|a, b| a.file == b.file) {
        let mut suite = TestSuite::new(of_file[0].file_name.clone());
        suite.set_time(of_file.iter().map(|trial| trial.wall).sum());
        suite.add_test_cases(of_file.iter().map(case));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| Error::usage(format!("the JUnit report: {error}"), None))
}

fn case(trial: &Trial) -> TestCase {
    let bad = |kind, what: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        let text = trial.plain_text();
        status.set_type(trial.outcome.word());
        status.set_message(match text.lines().next() {
            Some(first) => first.to_owned(),
            None => what.to_owned(),
        });
        status.set_description(text);
        status
    };
    let status = match &trial.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Skipped(why) => skipped(why.clone()),
        Outcome::KnownFailure(why) => skipped(format!("known failure: {why}")),
        Outcome::Failed => bad(NonSuccessKind::Failure, "not as expected"),
        Outcome::UnexpectedPass(why) => bad(NonSuccessKind::Failure, why),
        Outcome::Unusable | Outcome::Internal => bad(NonSuccessKind::Error, "it cannot be run"),
    };
    let mut case = TestCase::new(trial.label.clone().unwrap_or_else(|| trial.file_name.clone()), status);
    case.set_classname(trial.file_name.clone()).set_time(trial.wall);
    if !trial.beside.is_empty() {
        case.set_system_out(super::plain(&trial.beside));
    }
    case
}

fn skipped(why: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::trial;

    #[test]
    fn characters_that_xml_cannot_hold_are_taken_out() {
        let mut red = trial("<a & \"b\">", Outcome::Failed);
        red.text = "\u{1b}[31mred\u{1b}[0m \u{0} <x>".to_owned();
        let xml = document(&[red]).unwrap();
        assert!(xml.contains(r#"name="&lt;a &amp; &quot;b&quot;&gt;""#), "{xml}");
        assert!(xml.contains("red  &lt;x&gt;</failure>"), "{xml}");
    }
}
