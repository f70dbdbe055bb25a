//! An inspection for programs.

use proxy_wasm_harness::abi::{AbiVersion, Called};
use proxy_wasm_harness::vm::{Extern, Inspection, MemoryPlace};
use serde_json::{Value, json};

use super::facts::{self, Met};

/// The document.
pub(super) fn document(place: &str, about: &Inspection) -> Value {
    let declared = &about.declared;
    let memory = match &about.memory {
        MemoryPlace::Exported(name) => json!({"exported": name}),
        MemoryPlace::Imported { module, name } => json!({"imported": {"module": module, "name": name}}),
        MemoryPlace::None => Value::Null,
    };
    json!({
        "schema": "proxy-wasm-test/inspect/1",
        "path": place,
        "size": about.size,
        "sha256": facts::sha256(about),
        "language": about.language.name(),
        "abi_version": about.abi_version.map(|version| version.to_string()),
        "entry_point": facts::entry(about),
        "allocator": about.allocator.map(|id| id.name()),
        "memory": memory,
        "memory_bytes": declared.memories.first(),
        "function_names": declared.has_names,
        "debug_info": declared.has_debug_info,
        "image_obstacles": about.image_obstacles.iter().map(|one| one.text()).collect::<Vec<_>>(),
        "hosts": hosts(place, about),
        "imports": imports(about),
        "foreign_functions": foreign_functions(about),
        "callbacks": callbacks(about),
        "exports": declared.exports.iter().map(|export| &export.name).collect::<Vec<_>>(),
    })
}

fn hosts(place: &str, about: &Inspection) -> Vec<Value> {
    let hosts = facts::hosts(place, about);
    let refusal = |(why, hint): &(String, Option<String>)| json!({"message": why, "hint": hint});
    hosts
        .iter()
        .map(|host| {
            let refusals: Vec<_> = host.refusals.iter().map(refusal).collect();
            json!({"host": host.name, "loads": refusals.is_empty(), "refusals": refusals})
        })
        .collect()
}

fn imports(about: &Inspection) -> Vec<Value> {
    let versions = |of: &proxy_wasm_harness::abi::Versions| -> Vec<String> {
        AbiVersion::ALL.iter().filter(|one| of.contains(**one)).map(ToString::to_string).collect()
    };
    about
        .imports
        .iter()
        .map(|one| {
            json!({
                "module": one.import.module,
                "name": one.import.name,
                "kind": one.import.what.kind(),
                "type": match &one.import.what {
                    Extern::Function(of) => Some(of.to_string()),
                    _ => None,
                },
                "section": one.section.map(|section| section.slug()),
                "abi_versions": one.versions.as_ref().map(versions),
                "implemented": Met::of(one, about.abi_version) == Met::Yes,
                "objection": one.objection.as_ref().map(ToString::to_string),
            })
        })
        .collect()
}

fn foreign_functions(about: &Inspection) -> Vec<Value> {
    let row = |row: &proxy_wasm_harness::abi::ForeignFunction| json!({"name": row.name, "implemented": row.built(), "feature": row.feature});
    facts::foreign_functions(about).iter().map(row).collect()
}

fn callbacks(about: &Inspection) -> Vec<Value> {
    about
        .callbacks
        .iter()
        .map(|one| {
            json!({
                "name": one.id.name(),
                "section": one.section.slug(),
                "called_by_envoy": one.called == Called::Yes,
                "overridden": one.overridden,
            })
        })
        .collect()
}
