//! The chain that Istio builds: its own filters, and the plugins of every resource that applies.

use super::extension::{Extension, Filter as Kind};
use super::order;
use super::proxy::Proxy;
use super::seen;
use super::stack::{self, Place};
use super::traffic::{self, Port};
use super::url::ModuleUrl;
use super::wasm::WasmSpec;
use crate::document::error::ScenarioError;
use crate::manifest::resolved::{Filter, Marker, Resolved, Skipped};
use crate::manifest::secret::Secrets;
use crate::scenario::{FailurePolicy, Traffic, WorkloadKind};

/// Resolves `extensions` for `proxy`.
///
/// # Errors
///
/// What the proxy would refuse.
pub(crate) fn resolve(
    extensions: &[Extension],
    secrets: &Secrets,
    proxy: &Proxy,
) -> Result<Resolved, Vec<ScenarioError>> {
    let mut resolved = Resolved::default();
    let mut applied: Vec<&Extension> = Vec::new();
    for extension in extensions {
        match applies(extension, proxy) {
            Ok(()) => applied.push(extension),
            Err(why) => {
                resolved.skipped.push(Skipped { origin: seen::origin(extension, proxy), why });
            }
        }
    }
    let mut errors = Vec::new();
    let mut build = |places: &[Place], network: bool| {
        let of: Vec<&Extension> =
            applied.iter().copied().filter(|extension| extension.is_network() == network).collect();
        let mut filters = Vec::new();
        for place in places {
            match place {
                Place::Own(own) => filters.push(Filter::Marker(own.marker())),
                Place::Phase(phase) => {
                    for extension in order::of_phase(&of, *phase, proxy) {
                        filters.push(filter(extension, proxy, secrets, &mut errors));
                    }
                }
            }
        }
        filters
    };
    resolved.network = build(stack::network(proxy), true);
    if proxy.traffic == Traffic::Http {
        resolved.http = build(stack::http(proxy), false);
    }
    if errors.is_empty() { Ok(resolved) } else { Err(errors) }
}

/// Whether a resource applies to the traffic of a proxy, or why not.
fn applies(extension: &Extension, proxy: &Proxy) -> Result<(), String> {
    let namespace = extension.metadata.namespace(&proxy.namespace);
    if !proxy.namespaces().contains(&namespace) {
        return Err(format!(
            "it is in the namespace {namespace}, and applies there only; the workload is in {}",
            proxy.namespace
        ));
    }
    if !extension.is_plugin && !proxy.version.translates() {
        return Err(format!("Istio {} has no TrafficExtension: it comes with 1.30", proxy.version));
    }
    extension.attachment.attaches(namespace, proxy)?;
    let network = extension.is_network();
    match (proxy.traffic, network, proxy.waypoint) {
        (Traffic::Tcp, false, _) => {
            return Err("it is of type HTTP, and the traffic is TCP".to_owned());
        }
        (Traffic::Http, true, true) => {
            return Err("it is of type NETWORK, and a waypoint has no such filters before HTTP".to_owned());
        }
        _ => {}
    }
    let port = match (proxy.kind, network, proxy.port) {
        (WorkloadKind::Waypoint, false, _) => Port::Unknown,
        (_, _, Some(port)) => Port::Is(port),
        (_, _, None) => Port::NotGiven,
    };
    traffic::met(&extension.traffic, proxy, port)?;
    match &extension.filter {
        Kind::Wasm(wasm) => usable(wasm, proxy),
        Kind::Lua => Ok(()),
    }
}

fn usable(wasm: &WasmSpec, proxy: &Proxy) -> Result<(), String> {
    if wasm.failure == FailurePolicy::Reload && !proxy.version.reloads() {
        return Err(format!(
            "Istio {} refuses it: the failStrategy FAIL_RELOAD comes with 1.27",
            proxy.version
        ));
    }
    wasm.module.as_ref().map(|_| ()).map_err(Clone::clone)
}

fn filter(
    extension: &Extension,
    proxy: &Proxy,
    secrets: &Secrets,
    errors: &mut Vec<ScenarioError>,
) -> Filter {
    let origin = seen::origin(extension, proxy);
    let wasm: Option<(&WasmSpec, &ModuleUrl)> = match &extension.filter {
        Kind::Wasm(wasm) => wasm.module.as_ref().ok().map(|url| (&**wasm, url)),
        Kind::Lua => None,
    };
    match wasm {
        Some((wasm, url)) => {
            let (link, error) = seen::link(extension, wasm, url, proxy, secrets);
            errors.extend(error);
            Filter::Plugin(Box::new(link))
        }
        None => Filter::Marker(Marker {
            name: format!(
                "extensions.istio.io/trafficextension/{}.{}",
                extension.metadata.namespace(&proxy.namespace),
                extension.metadata.name
            ),
            what: format!("the Lua script of {}, which is not run here", origin.resource),
            when: None,
            origin: Some(origin),
        }),
    }
}
