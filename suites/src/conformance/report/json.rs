//! Results for programs: one document. Nothing in it depends on machine or time.

use std::path::Path;

use proxy_wasm_harness::check::Finding;
use serde_json::{Value, json};

use super::About;
use crate::conformance::examine::{Examined, Summary};

/// Name and version of the document's form.
pub const SCHEMA: &str = "proxy-wasm-test/check/1";

/// The document.
#[must_use]
pub fn json(about: &About, all: &[Examined]) -> Value {
    let summary = Summary::of(all);
    let [callbacks, hostcalls, memory] = about.cost;
    json!({
        "schema": SCHEMA,
        "suite": env!("CARGO_PKG_VERSION"),
        "module": {
            "path": about.place,
            "sha256": about.sha256,
            "size": about.size,
            "language": about.language,
            "sdk": about.sdk,
            "abi_version": about.abi,
        },
        "profile": about.profile,
        "seed": about.seed,
        "cost": {"callbacks": callbacks, "hostcalls": hostcalls, "memory_bytes": memory},
        "summary": {
            "passed": summary.passed,
            "failed": summary.failed,
            "warned": summary.warned,
            "skipped": summary.skipped,
            "not_applicable": summary.not_applicable,
            "inconclusive": summary.inconclusive,
            "red": summary.red,
        },
        "checks": all.iter().map(check).collect::<Vec<_>>(),
    })
}

fn check(one: &Examined) -> Value {
    let requirement = &one.requirement;
    json!({
        "id": requirement.id,
        "level": requirement.level.word(),
        "requirement": requirement.sentence,
        "source": requirement.source.to_string(),
        "evidence": requirement.evidence,
        "verdict": one.verdict.kind().word(),
        "outcome": one.outcome.word(),
        "remark": one.outcome.remark(),
        "reason": one.verdict.reason(),
        "exercised": one.exercised,
        "findings": one.verdict.findings().iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(one: &Finding) -> Value {
    json!({
        "message": one.message,
        "hosts": one.hosts,
        "evidence": one.evidence,
        "backtrace": one.backtrace,
        "reproduction": one.reproduction.as_ref().map(|scenario| super::reproduction(scenario, Path::new(""))),
    })
}
