//! Which resources apply: namespaces, selectors, target references, `match`, the type.

use super::{gateway_api, inbound, names, plugin, resolve, why, workload};
use crate::scenario::{Traffic, Workload, WorkloadKind};
use WorkloadKind::{Gateway, SidecarInbound, SidecarOutbound, Waypoint};

/// Whether a plugin `p` with this metadata and spec applies.
#[track_caller]
fn applies(metadata: &str, spec: &str, workload: &Workload, expected: bool) {
    let found = !names(&plugin("p", metadata, spec), workload).is_empty();
    assert_eq!(found, expected, "{metadata} {spec} for {}", workload.kind.word());
}

const ROOT: &str = "namespace: istio-system";
const OTHER: &str = "namespace: other";

#[test]
fn namespaces() {
    applies("", "", &inbound(), true);
    applies(ROOT, "", &inbound(), true);
    applies(OTHER, "", &inbound(), false);
    assert!(why(&plugin("p", OTHER, ""), &inbound(), "p").contains("in the namespace other"));
    let own_root = Workload { root_namespace: "other".to_owned(), ..inbound() };
    applies(OTHER, "", &own_root, true);
    applies(ROOT, "", &own_root, false);
    let no_root = Workload { root_namespace: String::new(), ..inbound() };
    applies(ROOT, "", &no_root, false);
}

#[test]
fn selectors() {
    for workload in [inbound(), workload(Gateway), gateway_api(Gateway)] {
        applies("", "selector: {}", &workload, true);
        applies("", "selector: {matchLabels: {}}", &workload, true);
        applies("", "selector: {matchLabels: {app: httpbin}}", &workload, true);
        applies("", "selector: {matchLabels: {app: httpbin, version: v1}}", &workload, true);
        applies("", "selector: {matchLabels: {app: httpbin, version: v2}}", &workload, false);
        applies("", "selector: {matchLabels: {tier: web}}", &workload, false);
        applies(ROOT, "selector: {matchLabels: {app: httpbin}}", &workload, true);
        applies(ROOT, "selector: {matchLabels: {app: other}}", &workload, false);
    }
    let said = why(&plugin("p", "", "selector: {matchLabels: {version: v2}}"), &inbound(), "p");
    assert_eq!(said, "it selects version=v2, and the workload has version=v1");
    let told = Workload { selectors_mean_gateways: false, ..gateway_api(Gateway) };
    applies("", "selector: {matchLabels: {app: httpbin}}", &told, false);
    applies("", "", &told, false);
    applies("", "", &Workload { selectors_mean_gateways: false, ..workload(Gateway) }, true);
}

/// A reference of a kind, by the groups that are written for it.
fn target(kind: &str, name: &str) -> String {
    let group = match kind {
        "Service" => "\"\"",
        "ServiceEntry" => "networking.istio.io",
        _ => "gateway.networking.k8s.io",
    };
    format!("targetRefs: [{{group: {group}, kind: {kind}, name: {name}}}]")
}

#[test]
fn target_references_of_sidecars_and_classic_gateways_are_ignored() {
    for workload in [inbound(), workload(SidecarOutbound), workload(Gateway)] {
        for kind in ["Gateway", "GatewayClass", "Service", "ServiceEntry"] {
            applies("", &target(kind, "gw"), &workload, false);
        }
    }
}

#[test]
fn target_references_of_gateways() {
    let gateway = gateway_api(Gateway);
    applies("", &target("Gateway", "gw"), &gateway, true);
    applies("", &target("Gateway", "other"), &gateway, false);
    applies(ROOT, &target("Gateway", "gw"), &gateway, false);
    applies("", &target("Service", "gw"), &gateway, false);
    applies(ROOT, &target("GatewayClass", "istio-waypoint"), &gateway, false);
    let two = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: x}, \
               {group: gateway.networking.k8s.io, kind: Gateway, name: gw}]";
    applies("", two, &gateway, true);
    // The singular form counts when the other is empty.
    applies("", "targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: gw}", &gateway, true);
    applies("", "targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: x}", &gateway, false);
}

#[test]
fn a_waypoint_takes_nothing_without_a_reference() {
    let waypoint = Workload {
        service: Some("shop/cart".to_owned()),
        service_entry: Some("ext".to_owned()),
        ..gateway_api(Waypoint)
    };
    applies("", "", &waypoint, false);
    applies("", "selector: {matchLabels: {app: httpbin}}", &waypoint, false);
    applies(ROOT, "", &waypoint, false);
    applies("", &target("Gateway", "gw"), &waypoint, true);
    applies("", &target("Gateway", "other"), &waypoint, false);
    // In the namespace of the service, not in that of the waypoint.
    applies("namespace: shop", &target("Service", "cart"), &waypoint, true);
    applies("namespace: shop", "targetRefs: [{group: core, kind: Service, name: cart}]", &waypoint, true);
    applies("namespace: shop", &target("Service", "other"), &waypoint, false);
    applies("", &target("Service", "cart"), &waypoint, false);
    applies("", &target("ServiceEntry", "ext"), &waypoint, true);
    applies("", &target("ServiceEntry", "cart"), &waypoint, false);
    applies(ROOT, &target("GatewayClass", "istio-waypoint"), &waypoint, true);
    applies("", &target("GatewayClass", "istio-waypoint"), &waypoint, false);
    applies(ROOT, &target("GatewayClass", "istio"), &waypoint, false);
    let said = why(&plugin("p", "", &target("Gateway", "x")), &waypoint, "p");
    assert_eq!(
        said,
        "no target is the gateway default/gw or the service shop/cart or the service entry default/ext"
    );
    // A waypoint is one even if its label is not given.
    applies("", "", &workload(Waypoint), false);
}

#[test]
fn the_mode_of_a_match() {
    for (mode, expected) in [
        ("UNDEFINED", [true, true, true, true]),
        ("CLIENT_AND_SERVER", [true, true, true, true]),
        ("SERVER", [true, false, false, true]),
        ("CLIENT", [false, true, true, false]),
    ] {
        for (kind, expected) in [SidecarInbound, SidecarOutbound, Gateway, Waypoint].into_iter().zip(expected)
        {
            let workload = gateway_api(kind);
            let spec = format!("{}, match: [{{mode: {mode}}}]", target("Gateway", "gw"));
            applies("", &spec, &workload, expected);
        }
    }
}

#[test]
fn the_ports_of_a_match() {
    let at = |port| Workload { port, ..inbound() };
    applies("", "match: []", &at(None), true);
    applies("", "match: [{}]", &at(None), true);
    applies("", "match: [{ports: []}]", &at(None), true);
    applies("", "match: [{ports: [{number: 80}]}]", &at(Some(80)), true);
    applies("", "match: [{ports: [{number: 80}]}]", &at(Some(8080)), false);
    applies("", "match: [{ports: [{number: 80}, {number: 8080}]}]", &at(Some(8080)), true);
    applies("", "match: [{ports: [{number: 80}]}]", &at(None), false);
    // An entry is mode and ports; one entry is enough.
    applies("", "match: [{mode: CLIENT, ports: [{number: 80}]}]", &at(Some(80)), false);
    applies("", "match: [{mode: CLIENT}, {ports: [{number: 80}]}]", &at(Some(80)), true);
    let said = why(&plugin("p", "", "match: [{mode: CLIENT}, {ports: [{number: 80}]}]"), &at(Some(1)), "p");
    assert_eq!(
        said,
        "its match is for clients, and this is sidecar-inbound; its match is for port 80, and this is 1"
    );
}

#[test]
fn the_port_is_unknown_in_the_http_chain_of_a_waypoint() {
    let waypoint = Workload { port: Some(80), ..gateway_api(Waypoint) };
    let of = |spec: &str| plugin("p", "", &format!("{}, {spec}", target("Gateway", "gw")));
    assert_eq!(names(&of("match: [{ports: [{number: 80}]}]"), &waypoint), [""; 0]);
    assert_eq!(names(&of("match: [{mode: SERVER}]"), &waypoint), ["p"]);
    // Its network chain has the port of the service.
    let tcp = Workload { traffic: Traffic::Tcp, ..waypoint };
    let resolved = resolve(&of("type: NETWORK, match: [{ports: [{number: 80}]}]"), &tcp);
    assert_eq!(resolved.network_plugins().count(), 1);
}

#[test]
fn the_type_decides_on_the_chain() {
    let yaml = plugin("h", "", "type: HTTP") + &plugin("net", "", "type: NETWORK");
    let resolved = resolve(&yaml, &inbound());
    assert_eq!(resolved.http_plugins().map(|link| &*link.name).collect::<Vec<_>>(), ["default/h"]);
    assert_eq!(resolved.network_plugins().map(|link| &*link.name).collect::<Vec<_>>(), ["default/net"]);
    let yaml = plugin("net", "", &format!("type: NETWORK, {}", target("Gateway", "gw")));
    assert!(why(&yaml, &gateway_api(Waypoint), "net").contains("of type NETWORK"));
}

#[test]
fn an_url_that_is_dropped_leaves_no_plugin() {
    let yaml = plugin("p", "", "").replace("file:///p.wasm", "10.0.0.1:5000/x:1");
    let resolved = resolve(&yaml, &inbound());
    assert_eq!(resolved.http_plugins().count(), 0);
    assert!(resolved.skipped[0].why.contains("cannot be used"));
    assert!(resolved.warnings[0].to_string().contains("spec.url: istiod drops it"));
}

#[test]
fn other_resources_are_told() {
    let yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {anything: goes}\n";
    let resolved = resolve(yaml, &inbound());
    assert_eq!(resolved.skipped[0].origin.resource, "Deployment shop");
    assert_eq!(resolved.skipped[0].why, "it puts no plugin into a chain");
}
