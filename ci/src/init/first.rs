//! The first scenarios of a plugin: plain exchanges, and what came of them in a trial.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use proxy_wasm_harness::scenario::{Run, Scenario};
use proxy_wasm_suites::modules::ModuleSource;
use serde_json::json;

use super::subject::Subject;
use crate::error::Error;
use crate::fill;
use crate::limits::Limits;

/// The text of the file at `path`.
///
/// # Errors
/// When the plugin cannot be loaded or built.
pub(super) fn scenario(
    path: &Path,
    subject: &Subject,
    modules: &ModuleSource,
    limits: &Limits,
) -> Result<String, Error> {
    let plain = Script { subject, path, refused: false, clusters: BTreeSet::new() };
    let (text, trials) = fill::in_what_happens(path, &plain.text(), modules, limits)?;
    if trials.iter().any(|(_, run)| run.failures.iter().any(|failure| failure.what == "start")) {
        let refused = Script { refused: true, ..plain };
        return Ok(fill::in_what_happens(path, &refused.text(), modules, limits)?.0);
    }
    // Clusters that the plugin asks for are there in the second trial, and answer.
    let called =
        |(_, run): &(Scenario, Run)| run.calls.iter().map(|call| call.cluster.clone()).collect::<Vec<_>>();
    let clusters: BTreeSet<String> = trials.iter().flat_map(called).collect();
    if clusters.is_empty() {
        return Ok(text);
    }
    let again = Script { clusters, ..plain };
    Ok(fill::in_what_happens(path, &again.text(), modules, limits)?.0)
}

struct Script<'s> {
    subject: &'s Subject,
    path: &'s Path,
    /// The plugin refuses to start without a configuration.
    refused: bool,
    clusters: BTreeSet<String>,
}

impl Script<'_> {
    fn text(&self) -> String {
        let mut out = String::from(
            "# yaml-language-server: $schema=scenario.schema.json\n\
             # What the plugin does, as scenarios. `proxy-wasm-test run` carries them out, `run --trace` shows every\n\
             # callback and hostcall of what failed, and `run --accept` fills in what new steps show.\n\
             plugins:\n",
        );
        let name = json!(self.subject.name);
        let source = match (&self.subject.package, &self.subject.module) {
            (Some(package), _) => json!({ "cargo": package }).to_string(),
            (None, module) => json!(module.as_deref().map(|module| self.relative(module))).to_string(),
        };
        out.push_str(&format!("  - name: {name}\n    wasm: {source}\n"));
        out.push_str("    # config: {limit: 2}      # sent as JSON; text in quotes is sent as it is\n");
        out.push_str("upstream: {status: 200, headers: {content-type: text/plain}, body: hello}\n");
        if !self.clusters.is_empty() {
            out.push_str("clusters:                   # what answers the plugin's own calls\n");
            for cluster in &self.clusters {
                out.push_str(&format!("  {}: {{status: 200}}\n", json!(cluster)));
            }
        }
        out.push_str("scenarios:\n");
        out.push_str(&self.scenarios());
        out
    }

    fn scenarios(&self) -> String {
        if self.refused {
            return "  - name: without a configuration the plugin does not start\n    steps:\n      # Give it one \
                    under `plugins`, take this line away, and add a step: `- request: GET /`.\n      - start: refused\n"
                .to_owned();
        }
        if !self.subject.exports("proxy_on_request_headers")
            && self.subject.exports("proxy_on_downstream_data")
        {
            return "  - name: bytes from the client\n    steps:\n      - connect: {stream: c}\n      - data: {stream: \
                    c, from: client, bytes: hello}\n      - close: {stream: c, by: client}\n"
                .to_owned();
        }
        let mut out =
            "  - name: a plain request\n    steps:\n      - request: GET http://localhost/\n".to_owned();
        if self.subject.exports("proxy_on_request_body") {
            out.push_str(
                "  - name: a request with a body\n    steps:\n      - request: {method: POST, url: \
                 \"http://localhost/\", headers: {content-type: application/json}, body: {json: {n: 1}}}\n",
            );
        }
        out
    }

    /// The module's path as the file writes it.
    fn relative(&self, module: &Path) -> String {
        if module.is_absolute() {
            return module.display().to_string();
        }
        let depth = self.path.parent().map_or(0, |folder| folder.components().count());
        let mut parts = vec!["..".to_owned(); depth];
        let named = module.components().filter(|part| *part != Component::CurDir);
        parts.extend(named.map(|part| part.as_os_str().to_string_lossy().into_owned()));
        parts.join("/")
    }
}
