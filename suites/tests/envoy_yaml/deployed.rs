//! The scenarios of manifests, each with the plugins that its manifests come to, on Envoy and on the mock.

use std::path::Path;

use libtest_mimic::Failed;
use proxy_wasm_suites::harness::scenario::{Chain, Scenario, discover};
use proxy_wasm_suites::modules::ModuleSource;
use proxy_wasm_suites::parity::{Entry, Envoy, Judge, Trial};

use crate::running::{Running, Seen, Upstream, free_port};

/// Plays all of them; what is different is told together.
pub(crate) fn check(envoy: &Envoy) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/manifests");
    let mut trials = Vec::new();
    for file in discover(&[folder])? {
        for trial in Trial::of(&file)? {
            trials.push(Trial { scenario: in_place(&trial.scenario)?, ..trial });
        }
    }
    let report = Judge::new(envoy.clone()).judge(&trials, ModuleSource::shared(), &|_| ())?;
    if report.played() < 15 {
        return Err(format!("only {} of {} were played", report.played(), trials.len()).into());
    }
    let red = report.entries.iter().filter(|entry| entry.judgement().is_red());
    let told: String = red.map(Entry::pretty).collect();
    if told.is_empty() { Ok(()) } else { Err(told.into()) }
}

/// The filters that Istio's agent puts into the place of a module that it cannot fetch: one denies everything, as the
/// scenarios of broken modules expect it of the mock, and one does nothing.
pub(crate) fn denied(envoy: &Envoy) -> Result<(), Failed> {
    let rbac = |rules: &str| {
        format!(
            "{{name: p, typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC{rules}}}}}"
        )
    };
    let (denying, allowing) = (rbac(", rules: {}"), rbac(""));
    let one = |filter: &str| -> Result<Seen, Failed> {
        let (upstream, port) = (Upstream::new(), free_port());
        let deployed = crate::deploy(&[filter], port, upstream.port);
        let running = Running::start(envoy, &deployed.file, &[], port)?;
        Ok(running.request("", &upstream))
    };
    let denied = Seen { status: 403, chain: vec![], body: "RBAC: access denied".to_owned(), upstream: None };
    let passed = Seen { status: 200, chain: vec![], body: "hello".to_owned(), upstream: Some(vec![]) };
    let found = (one(&denying)?, one(&allowing)?);
    if found == (denied, passed) { Ok(()) } else { Err(format!("Envoy did {found:?}").into()) }
}

/// The scenario with its plugins one by one. What they are called in the configuration is what tells them apart in
/// Envoy's log, so that both sides call them by the name of their resource.
fn in_place(scenario: &Scenario) -> Result<Scenario, Failed> {
    let mut scenario = scenario.in_place()?.into_owned();
    if let Chain::Plugins(plugins) = &mut scenario.chain {
        plugins.iter_mut().for_each(|plugin| plugin.envoy.plugin_name = None);
    }
    Ok(scenario)
}
