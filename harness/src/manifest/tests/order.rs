//! The order of a chain: the facts on the sort, the phases, and Istio's own filters between them.

use super::{gateway_api, inbound, names, plugin, resolve, short, workload};
use crate::scenario::{Traffic, Workload, WorkloadKind};

/// Plugins by name, metadata and spec; what comes out, at Istio 1.29 and at the newest.
#[track_caller]
fn ordered(what: &str, plugins: &[(&str, &str, &str)], older: &str, newer: &str) {
    let yaml: String = plugins.iter().map(|(name, metadata, spec)| plugin(name, metadata, spec)).collect();
    // The order of the files changes nothing.
    let mirrored: String =
        plugins.iter().rev().map(|(name, metadata, spec)| plugin(name, metadata, spec)).collect();
    for (istio, expected) in [(Some("1.29".to_owned()), older), (None, newer)] {
        let workload = Workload { istio, ..inbound() };
        assert_eq!(names(&yaml, &workload).join(" "), expected, "{what}, {:?}", workload.istio);
        assert_eq!(names(&mirrored, &workload).join(" "), expected, "{what}, mirrored");
    }
}

#[track_caller]
fn same(what: &str, plugins: &[(&str, &str, &str)], expected: &str) {
    ordered(what, plugins, expected, expected);
}

const ROOT: &str = "namespace: istio-system";

#[test]
fn plugins_of_a_phase_are_sorted() {
    same("no timestamps: by name", &[("b", "", ""), ("a", "", ""), ("c", "", "")], "a b c");
    same("highest priority first", &[("a", "", "priority: 10"), ("b", "", "priority: 20")], "b a");
    same(
        "a missing priority is after 0 and after every negative one",
        &[
            ("a", "", ""),
            ("b", "", "priority: 0"),
            ("c", "", "priority: -2147483647"),
            ("d", "", "priority: 1"),
        ],
        "d b c a",
    );
    same(
        "the smallest number is a missing one's",
        &[("a", "", ""), ("b", "", "priority: -2147483648")],
        "a b",
    );
    same(
        "the older first",
        &[
            ("a", "creationTimestamp: 2024-05-02T00:00:01Z", ""),
            ("b", "creationTimestamp: 2024-05-02T00:00:00Z", ""),
        ],
        "b a",
    );
    same(
        "within a second by name",
        &[
            ("a", "creationTimestamp: 2024-05-02T00:00:00.9Z", ""),
            ("b", "creationTimestamp: 2024-05-02T00:00:00.1Z", ""),
        ],
        "a b",
    );
    same(
        "own namespace before the root one, whatever the age",
        &[
            ("a", "namespace: istio-system, creationTimestamp: 2020-01-01T00:00:00Z", ""),
            ("b", "creationTimestamp: 2024-01-01T00:00:00Z", ""),
        ],
        "b istio-system/a",
    );
    same("priority goes before namespace", &[("a", ROOT, "priority: 1"), ("b", "", "")], "istio-system/a b");
    ordered("names with the suffix sort differently", &[("a", "", ""), ("a-b", "", "")], "a a-b", "a-b a");
}

#[test]
fn a_workload_in_the_root_namespace_gets_each_plugin_once() {
    let yaml = plugin("a", ROOT, "");
    let workload = Workload { namespace: "istio-system".to_owned(), ..inbound() };
    assert_eq!(names(&yaml, &workload), ["istio-system/a"]);
}

#[test]
fn a_resource_without_namespace_is_in_the_workload_s() {
    let yaml = plugin("a", "", "").replace("namespace: default, ", "");
    let workload = Workload { namespace: "shop".to_owned(), ..inbound() };
    assert_eq!(names(&yaml, &workload), ["shop/a"]);
}

#[test]
fn the_namespaces_of_a_waypoint_s_services_come_last() {
    let target = "targetRefs: [{kind: Service, name: cart}]";
    let class = "targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}]";
    let gateway = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]";
    let yaml = plugin("a", "namespace: shop, creationTimestamp: 2020-01-01T00:00:00Z", target)
        + &plugin("b", ROOT, class)
        + &plugin("c", "", gateway)
        + &plugin("d", "namespace: shop", &format!("{target}, priority: 1"));
    let waypoint = Workload {
        service: Some("shop/cart".to_owned()),
        service_entry: Some("shop/ext".to_owned()),
        ..gateway_api(WorkloadKind::Waypoint)
    };
    assert_eq!(names(&yaml, &waypoint), ["shop/d", "c", "istio-system/b", "shop/a"]);
}

/// One plugin of each phase, and of each type.
fn all_phases(of: &str) -> String {
    [("a", "AUTHN"), ("z", "AUTHZ"), ("s", "STATS"), ("u", "UNSPECIFIED_PHASE")]
        .iter()
        .map(|(name, phase)| plugin(name, "", &format!("phase: {phase}, type: {of}")))
        .collect()
}

#[test]
fn phases_stand_between_istio_s_own_filters() {
    let yaml = all_phases("HTTP");
    let authorized = "ext_authz? A jwt_authn? Z rbac?";
    for (kind, expected) in [
        (
            WorkloadKind::SidecarInbound,
            format!("metadata_exchange {authorized} S U grpc_web? grpc_stats fault cors stats router"),
        ),
        (
            WorkloadKind::SidecarOutbound,
            format!(
                "metadata_exchange {authorized} S U ext_proc? grpc_web? grpc_stats alpn fault cors stats \
                 stateful_session? router"
            ),
        ),
        (
            WorkloadKind::Gateway,
            format!(
                "metadata_exchange {authorized} S U ext_proc? grpc_web? grpc_stats alpn fault cors stats \
                 stateful_session? router"
            ),
        ),
    ] {
        assert_eq!(short(&resolve(&yaml, &workload(kind)).http), expected, "{}", kind.word());
    }
    // A waypoint has what is after authorization after fault and CORS, and takes plugins by reference only.
    let yaml = yaml.replace("type:", "targetRefs: [{kind: Service, name: shop}], type:");
    let waypoint = Workload { service: Some("shop".to_owned()), ..workload(WorkloadKind::Waypoint) };
    assert_eq!(
        short(&resolve(&yaml, &waypoint).http),
        format!(
            "waypoint_forward_client_cert? {authorized} grpc_web? grpc_stats fault cors S U waypoint_upstream_peer_metadata stats router"
        )
    );
}

#[test]
fn an_unset_phase_and_type_are_unspecified_and_http() {
    let yaml = plugin("u", "", "") + &plugin("s", "", "phase: STATS");
    assert_eq!(names(&yaml, &inbound()), ["s", "u"]);
    let yaml = plugin("u", "", "type: UNSPECIFIED_PLUGIN_TYPE");
    assert_eq!(names(&yaml, &inbound()), ["u"]);
}

#[test]
fn network_plugins_stand_before_http_or_the_tcp_proxy() {
    let yaml = all_phases("NETWORK");
    for (kind, expected) in [
        (WorkloadKind::SidecarInbound, "metadata_exchange A Z S U http_connection_manager"),
        (WorkloadKind::SidecarOutbound, "A Z S U http_connection_manager"),
        (WorkloadKind::Gateway, "A Z S U http_connection_manager"),
    ] {
        let resolved = resolve(&yaml, &workload(kind));
        assert_eq!(short(&resolved.network), expected, "{}", kind.word());
        assert_eq!(resolved.http_plugins().count(), 0);
        let noted = resolved
            .network_plugins()
            .all(|link| link.notes.iter().any(|note| note.contains("first of them")));
        assert_eq!(noted, kind != WorkloadKind::SidecarInbound, "{}", kind.word());
    }
    for kind in [WorkloadKind::SidecarInbound, WorkloadKind::SidecarOutbound, WorkloadKind::Gateway] {
        let tcp = Workload { traffic: Traffic::Tcp, ..workload(kind) };
        let resolved = resolve(&(yaml.clone() + &plugin("h", "", "")), &tcp);
        assert_eq!(short(&resolved.network), "metadata_exchange ext_authz? A Z rbac? S U stats tcp_proxy");
        assert_eq!(resolved.http, []);
        assert!(resolved.skipped[0].why.contains("of type HTTP"));
    }
}
