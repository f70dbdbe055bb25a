//! Checks as tests of `cargo test`: one trial for each.
//!
//! [`main`] is what [`conformance!`](crate::conformance!) puts into a test target with `harness = false`. A trial is called
//! after its check. What does not apply to the plugin is shown as ignored, with the reason.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use proxy_wasm_harness::check::{Expectations, VerdictKind};
use proxy_wasm_harness::scenario::{discover, load};

use super::catalogue::CHECKS;
use super::examine::{Examined, Judging, examine};
use super::lab::{Input, Options, Subject};
use super::{expectations, report};
use crate::modules::ModuleSource;

/// What [`conformance!`](crate::conformance!) is told.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The folder of the package that is tested: paths start there.
    pub manifest_dir: &'static str,
    /// The module.
    pub module: &'static str,
    /// A file with the plugin's configuration.
    pub config: Option<&'static str>,
    /// Scenario files, or folders of them, whose requests are used.
    pub scenarios: Vec<&'static str>,
    /// A file of what is known not to pass.
    pub expectations: Option<&'static str>,
    /// Whether requirements of level SHOULD have to be met, too.
    pub strict: bool,
}

/// Runs the checks as the trials of a test target.
#[must_use]
pub fn main(asked: &Asked) -> ExitCode {
    let arguments = Arguments::from_args();
    let asked = Arc::new(asked.clone());
    let subject: Arc<OnceLock<Result<Subject, String>>> = Arc::default();
    let known = read_expectations(&asked);
    let mut trials = Vec::new();
    for check in CHECKS {
        let (asked, subject, known) = (Arc::clone(&asked), Arc::clone(&subject), known.clone());
        trials.push(Trial::ignorable_test(check.requirement.id, move || {
            let expectations = known?;
            let subject =
                subject.get_or_init(|| make(&asked)).as_ref().map_err(|why| Failed::from(why.clone()))?;
            let judging = Judging { expectations, strict: asked.strict, today: today() };
            told(&examine(subject, check, &judging))
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What a result is to a test.
fn told(one: &Examined) -> Result<Completion, Failed> {
    if one.outcome.is_red() {
        let mut text = one.outcome.remark().map(|remark| remark + "\n").unwrap_or_default();
        for finding in one.verdict.findings() {
            let script =
                finding.reproduction.as_ref().map(|scenario| report::reproduction(scenario, Path::new("")));
            text.push_str(&report::finding(finding, script.as_deref()));
        }
        if !one.verdict.findings().is_empty() {
            text.push_str(&report::requirement(one));
        }
        text.push_str(one.verdict.reason().unwrap_or_default());
        return Err(text.into());
    }
    match (one.verdict.kind(), one.verdict.reason()) {
        (VerdictKind::Pass, _) => Ok(Completion::Completed),
        (_, Some(why)) => Ok(Completion::ignored_with(why.to_owned())),
        _ => {
            let first = one.verdict.findings().first().map_or("", |finding| finding.message.as_str());
            let remark = one.outcome.remark().unwrap_or_else(|| "a warning".to_owned());
            Ok(Completion::ignored_with(format!("{remark}: {first}")))
        }
    }
}

fn read_expectations(asked: &Asked) -> Result<Expectations, String> {
    let Some(file) = asked.expectations else { return Ok(Expectations::default()) };
    let path = Path::new(asked.manifest_dir).join(file);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    expectations::read(&path, &text).map_err(|error| error.to_string())
}

fn make(asked: &Asked) -> Result<Subject, String> {
    let at = |path: &str| Path::new(asked.manifest_dir).join(path);
    let place = at(asked.module);
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| format!("{}: cannot be read: {error}", path.display()))
    };
    let config = asked.config.map(|file| read(&at(file))).transpose()?;
    let folders: Vec<PathBuf> = asked.scenarios.iter().map(|path| at(path)).collect();
    let mut scenarios = Vec::new();
    if !folders.is_empty() {
        for found in discover(&folders).map_err(|error| error.to_string())? {
            scenarios.extend(load(&found.path).map_err(|errors| errors.to_string())?.scenarios);
        }
    }
    let input = Input { bytes: read(&place)?, place, config, scenarios };
    Subject::new(&input, &Options::default(), ModuleSource::shared().options())
        .map_err(|error| error.to_string())
}

/// The day it is: for expectations that end.
fn today() -> Option<proxy_wasm_harness::check::Date> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(proxy_wasm_harness::check::Date::of_unix(i64::try_from(since.as_secs()).ok()?))
}

/// The whole of a test target that checks a plugin: `tests/conformance.rs` with `harness = false`.
///
/// ```no_run
/// proxy_wasm_suites::conformance!("target/wasm32-wasip1/release/limiter.wasm");
/// ```
///
/// Paths start at the package's folder. More can be said: `conformance!("limiter.wasm", config: Some("limiter.json"),
/// scenarios: vec!["scenarios"], expectations: Some("conformance.toml"), strict: true)`.
#[macro_export]
macro_rules! conformance {
    ($module:expr $(, $key:ident : $value:expr)* $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            #[allow(clippy::needless_update)]
            let asked = $crate::conformance::trials::Asked {
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                module: $module,
                $($key: $value,)*
                ..::core::default::Default::default()
            };
            $crate::conformance::trials::main(&asked)
        }
    };
}
