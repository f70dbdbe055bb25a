//! A chain for programs.

use proxy_wasm_harness::manifest::{Filter, Link, Marker, ModuleSource, Origin, Resolved};
use proxy_wasm_harness::scenario::{ScenarioError, Span, Workload};
use serde_json::{Map, Value, json};

use super::env;
use super::fetched::{self, Modules};

/// The document.
pub(super) fn document(workload: &Workload, resolved: &Resolved, modules: &Modules) -> Value {
    let filter = |one: &Filter| filter(one, modules);
    json!({
        "schema": "proxy-wasm-test/chain/1",
        "workload": {
            "namespace": workload.namespace,
            "labels": workload.labels,
            "kind": workload.kind.word(),
            "traffic": workload.traffic.word(),
            "port": workload.port,
            "root_namespace": workload.root_namespace,
            "istio": workload.istio,
            "service": workload.service,
            "service_entry": workload.service_entry,
        },
        "http": resolved.http.iter().map(&filter).collect::<Vec<_>>(),
        "network": resolved.network.iter().map(&filter).collect::<Vec<_>>(),
        "skipped": resolved
            .skipped
            .iter()
            .map(|skipped| json!({"origin": origin(&skipped.origin), "why": skipped.why}))
            .collect::<Vec<_>>(),
        "warnings": resolved.warnings.iter().map(warning).collect::<Vec<_>>(),
        "summary": {
            "plugins": resolved.http_plugins().chain(resolved.network_plugins()).count(),
            "skipped": resolved.skipped.len(),
            "warnings": resolved.warnings.len(),
        },
    })
}

fn filter(filter: &Filter, modules: &Modules) -> Value {
    match filter {
        Filter::Plugin(link) => json!({"filter": link.filter_name, "plugin": plugin(link, modules)}),
        Filter::Marker(marker) => own(marker),
    }
}

fn own(marker: &Marker) -> Value {
    json!({
        "filter": marker.name,
        "what": marker.what,
        "when": marker.when,
        "origin": marker.origin.as_ref().map(origin),
    })
}

fn plugin(link: &Link, modules: &Modules) -> Value {
    json!({
        "name": link.name,
        "origin": origin(&link.origin),
        "phase": link.phase.map(|phase| phase.word()),
        "priority": link.priority,
        "plugin_name": link.plugin_name,
        "root_id": link.root_id,
        "log_prefix": link.log_prefix(),
        "config": bytes(&link.config),
        "vm_id": link.vm_id,
        "vm_config": bytes(&link.vm_config),
        "env": env(link).map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>(),
        "failure_policy": link.failure.word(),
        "fail_open": link.fail_open,
        "allow_on_headers_stop_iteration": link.allow_on_headers_stop_iteration,
        "allowed_capabilities": link.capabilities,
        "module": {
            "written": link.module.written,
            "kind": match &link.module.source {
                ModuleSource::Url(_) => "url",
                ModuleSource::Path(_) => "path",
                ModuleSource::Inline(_) => "inline",
                ModuleSource::Unknown(_) => "unknown",
            },
            "sha256": link.module.sha256,
            "pull_policy": link.module.pull_policy.word(),
            "pull_secret": link.module.pull_secret.as_ref().map(|secret| &secret.name),
            "fetched": modules.of(link).map(|got| match got {
                Ok(got) => json!({"bytes": got.module.len(), "checksum": got.checksum, "cached": got.cached}),
                Err(why) => {
                    json!({"error": why.message, "hint": why.hint, "consequence": fetched::consequence(link)})
                }
            }),
        },
        "notes": link.notes,
    })
}

/// Text where it is one, else the bytes in hexadecimal digits.
fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({"text": text}),
        Err(_) => json!({"hex": data_encoding::HEXLOWER.encode(bytes)}),
    }
}

fn origin(origin: &Origin) -> Value {
    let mut place = place(&origin.span);
    place["resource"] = json!(origin.resource);
    place
}

fn place(span: &Span) -> Value {
    json!({"file": span.file(), "line": span.line(), "column": span.column()})
}

fn warning(warning: &ScenarioError) -> Value {
    json!({
        "file": warning.file,
        "line": warning.line,
        "column": warning.column,
        "message": warning.message,
        "hint": warning.hint,
    })
}
