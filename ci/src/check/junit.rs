//! Results as JUnit XML: one suite, a case for each check.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use proxy_wasm_harness::check::VerdictKind;
use proxy_wasm_suites::conformance::examine::Examined;

use crate::error::Error;

/// The text of the file.
///
/// # Errors
/// When it cannot be put into XML, which no text is known to cause.
pub(super) fn document(plugin: &str, all: &[Examined]) -> Result<String, Error> {
    let mut suite = TestSuite::new(plugin);
    suite.add_test_cases(all.iter().map(|one| {
        let mut case = TestCase::new(one.requirement.id, status(one));
        case.set_classname(one.requirement.area());
        if !one.exercised.is_empty() {
            case.set_system_out(one.exercised.clone());
        }
        case
    }));
    let mut report = Report::new("proxy-wasm-test check");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| Error::usage(format!("the JUnit report: {error}"), None))
}

fn status(one: &Examined) -> TestCaseStatus {
    let messages: Vec<&str> = one.verdict.findings().iter().map(|finding| finding.message.as_str()).collect();
    let remark = one.outcome.remark();
    if one.outcome.is_red() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(one.verdict.kind().word());
        let first =
            remark.as_deref().or(messages.first().copied()).or(one.verdict.reason()).unwrap_or_default();
        status.set_message(first.to_owned());
        status.set_description(messages.join("\n"));
        return status;
    }
    if one.verdict.kind() == VerdictKind::Pass {
        return TestCaseStatus::success();
    }
    let mut status = TestCaseStatus::skipped();
    let why =
        remark.or_else(|| one.verdict.reason().map(str::to_owned)).unwrap_or_else(|| messages.join("; "));
    status.set_message(format!("{}: {why}", one.verdict.kind()));
    status
}
