//! Whole manifests, read and resolved: a table for each part of what Istio and Envoy do.
//!
//! Names and versions, what the plugin sees, the environment: `seen`; the order and Istio's own filters: `order`; which
//! workloads and which traffic: `scope`; the checks of the webhook and of the schema: `validation`; urls: beside their
//! reader; the text of a configuration: beside its writer, and `seen`; modules: `plugins`, and beside `artifact`.

mod bad_input;
mod envoy;
mod envoy_filter;
mod order;
mod plugins;
mod scope;
mod seen;
mod validation;

use std::path::PathBuf;

use super::{Filter, ManifestSet, Resolved};
use crate::scenario::{Workload, WorkloadKind};

/// The labels of the workload that these tests are about.
const LABELS: [(&str, &str); 2] = [("app", "httpbin"), ("version", "v1")];

/// A workload in `default`, of this kind.
fn workload(kind: WorkloadKind) -> Workload {
    let labels = LABELS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Workload { kind, labels, ..Workload::default() }
}

fn inbound() -> Workload {
    workload(WorkloadKind::SidecarInbound)
}

/// A gateway or waypoint of the Gateway API, called `gw`.
fn gateway_api(kind: WorkloadKind) -> Workload {
    let mut workload = workload(kind);
    workload.labels.insert("gateway.networking.k8s.io/gateway-name".to_owned(), "gw".to_owned());
    workload
}

/// A `WasmPlugin` with these other fields in its metadata and its spec, both in flow style.
fn plugin(name: &str, metadata: &str, spec: &str) -> String {
    let namespace = if metadata.contains("namespace:") { "" } else { "namespace: default, " };
    format!(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n\
         metadata: {{name: {name}, {namespace}{metadata}}}\n\
         spec: {{url: \"file:///{name}.wasm\", {spec}}}\n---\n"
    )
}

fn read(yaml: &str) -> Result<ManifestSet, String> {
    ManifestSet::from_texts([(PathBuf::from("m.yaml"), yaml.to_owned())]).map_err(|error| error.to_string())
}

#[track_caller]
fn resolve(yaml: &str, workload: &Workload) -> Resolved {
    let set = read(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    set.resolve(workload).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// What is said about manifests that are wrong.
#[track_caller]
fn wrong(yaml: &str) -> String {
    match read(yaml) {
        Ok(_) => panic!("nothing is wrong with\n{yaml}"),
        Err(error) => error,
    }
}

/// The names of the plugins in the HTTP chain, without the namespace `default`.
#[track_caller]
fn names(yaml: &str, workload: &Workload) -> Vec<String> {
    resolve(yaml, workload).http_plugins().map(|link| link.name.replace("default/", "")).collect()
}

/// A chain in short: plugins by name, other filters by what follows their last dot, `?` where they depend on something.
fn short(filters: &[Filter]) -> String {
    let one = |filter: &Filter| match filter {
        Filter::Plugin(link) => link.name.replace("default/", "").to_uppercase(),
        Filter::Marker(marker) => {
            let name = marker.name.rsplit('.').next().unwrap_or_default();
            format!("{name}{}", if marker.when.is_some() { "?" } else { "" })
        }
    };
    filters.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Why the resource `name` does not apply.
#[track_caller]
fn why(yaml: &str, workload: &Workload, name: &str) -> String {
    let resolved = resolve(yaml, workload);
    let is = |label: &str| label.rsplit('/').next().is_some_and(|last| last == name);
    let skipped = resolved.skipped.iter().find(|skipped| is(&skipped.origin.resource));
    skipped.unwrap_or_else(|| panic!("{name} applies")).why.clone()
}
