//! The order of resources: which is older, which has the higher priority.
//!
//! Source: Istio 1.32-dev, `pilot/pkg/model/push_context.go` and `config.go`.

use std::cmp::Reverse;

use super::extension::Extension;
use super::proxy::Proxy;
use crate::manifest::resolved::Phase;

/// What a translated `WasmPlugin` is called by.
const SUFFIX: &str = "~istio-translated-wasmplugin";

/// The name that istiod knows it by.
pub(super) fn internal_name(extension: &Extension, proxy: &Proxy) -> String {
    let suffix = if extension.is_plugin && proxy.version.translates() { SUFFIX } else { "" };
    format!("{}{suffix}", extension.metadata.name)
}

/// The plugins of one phase in their order: by priority, highest first, and where it is the same, those of the
/// workload's own namespace before those of the root namespace, and among these the older before the newer.
///
/// A priority that is not given comes after every one that is: it counts as the smallest number, whatever the text of
/// the API says.
pub(super) fn of_phase<'e>(all: &[&'e Extension], phase: Phase, proxy: &Proxy) -> Vec<&'e Extension> {
    let mut sorted: Vec<&Extension> = all.to_vec();
    sorted.sort_by_cached_key(|extension| {
        (
            extension.metadata.created,
            internal_name(extension, proxy),
            extension.metadata.namespace(&proxy.namespace).to_owned(),
        )
    });
    let mut ordered: Vec<&Extension> = Vec::new();
    for namespace in proxy.namespaces() {
        let of_namespace = sorted.iter().filter(|extension| {
            extension.metadata.namespace(&proxy.namespace) == namespace && extension.phase == phase
        });
        ordered.extend(of_namespace);
    }
    ordered.sort_by_key(|extension| Reverse(extension.priority.unwrap_or(i32::MIN)));
    ordered
}
