//! Results for people, and annotations for GitHub Actions.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::check::VerdictKind;
use proxy_wasm_suites::conformance::examine::{Examined, Summary};
use proxy_wasm_suites::conformance::report::{self, About};

use crate::style::{BOLD, FAILED, FAINT, NOTED, PASSED};

/// What is examined.
pub(super) fn heading(about: &About) -> String {
    let language = match about.sdk.as_str() {
        "" => about.language.to_owned(),
        sdk => format!("{}, {sdk}", about.language),
    };
    format!(
        "{BOLD}{}{BOLD:#} {FAINT}{language}, ABI {}, {} bytes, profile {}, seed {}{FAINT:#}\n",
        about.place,
        if about.abi.is_empty() { "unknown" } else { &about.abi },
        about.size,
        about.profile,
        about.seed
    )
}

/// One check: a line, and its findings. `written` are the files with their scenarios.
pub(super) fn check(one: &Examined, written: Option<&[Option<PathBuf>]>) -> String {
    let kind = one.verdict.kind();
    let (word, style) = match kind {
        VerdictKind::Pass => ("pass", PASSED),
        VerdictKind::Fail => ("FAIL", FAILED),
        VerdictKind::Warn => ("warn", NOTED),
        VerdictKind::Skip => ("skip", NOTED),
        VerdictKind::NotApplicable => ("  - ", FAINT),
        VerdictKind::Inconclusive => ("  ? ", NOTED),
    };
    let mut out = format!("{style}{word}{style:#} {}\n", report::headline(one));
    if let Some(remark) = report::remark(one) {
        out.push_str(&format!("     {NOTED}{remark}{NOTED:#}\n"));
    }
    for (at, finding) in one.verdict.findings().iter().enumerate() {
        let file = written.and_then(|files| files.get(at)).and_then(Option::as_ref);
        let script = match (file, &finding.reproduction) {
            (Some(file), _) => Some(format!("proxy-wasm-test run {}", file.display())),
            (None, Some(scenario)) => Some(report::reproduction(scenario, Path::new(""))),
            (None, None) => None,
        };
        for (nth, line) in report::finding(finding, script.as_deref()).lines().enumerate() {
            out.push_str(&if nth == 0 {
                format!("     {BOLD}{line}{BOLD:#}\n")
            } else {
                format!("     {line}\n")
            });
        }
    }
    if !one.verdict.findings().is_empty() {
        for line in report::requirement(one).lines() {
            out.push_str(&format!("     {FAINT}{line}{FAINT:#}\n"));
        }
    }
    out
}

/// The last line.
pub(super) fn summary(all: &[Examined]) -> String {
    let Summary { passed, failed, warned, skipped, not_applicable, inconclusive, red } = Summary::of(all);
    let style = if red > 0 { FAILED } else { PASSED };
    let mut out = format!(
        "\n{style}{passed} passed, {failed} failed, {warned} warned{style:#}, {not_applicable} not applicable, {skipped} \
         skipped, {inconclusive} inconclusive\n"
    );
    let other =
        all.iter().filter(|one| one.outcome.is_red() && one.verdict.kind() != VerdictKind::Fail).count();
    if other > 0 {
        out.push_str(&format!("{FAILED}{other} not as expected{FAILED:#}\n"));
    }
    out
}

/// An annotation for each check that is red.
pub(super) fn annotations(one: &Examined, plugin: &Path) -> String {
    if !one.outcome.is_red() {
        return String::new();
    }
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let message = match (one.outcome.remark(), one.verdict.findings().first()) {
        (Some(remark), _) => remark,
        (None, Some(finding)) => finding.message.clone(),
        (None, None) => one.verdict.reason().unwrap_or_default().to_owned(),
    };
    let file = property(&plugin.display().to_string());
    format!("::error file={file},title={}::{}\n", property(one.requirement.id), data(&message))
}
