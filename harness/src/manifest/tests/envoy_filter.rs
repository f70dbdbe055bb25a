//! `EnvoyFilter`: operations, their order, what they match, what is refused.

use super::{inbound, plugin, resolve, short, workload, wrong};
use crate::manifest::Link;
use crate::scenario::{Traffic, Workload, WorkloadKind};

/// An `EnvoyFilter` with these patches, and these other fields of its metadata and spec.
fn filter(name: &str, metadata: &str, spec: &str, patches: &[String]) -> String {
    let namespace = if metadata.contains("namespace:") { "" } else { "namespace: default, " };
    format!(
        "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{name: {name}, {namespace}{metadata}}}\n\
         spec: {{{spec} configPatches: [{}]}}\n---\n",
        patches.join(", ")
    )
}

const WASM: &str = "\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

fn value(name: &str) -> String {
    format!(
        "{{name: {name}, typed_config: {{{WASM}, config: {{name: {name}, vm_config: {{code: {{local: {{filename: \
         /{name}.wasm}}}}}}}}}}}}"
    )
}

/// A patch of HTTP filters that names this filter, or none.
fn patch(operation: &str, anchor: &str, value: &str) -> String {
    let sub = if anchor.is_empty() { String::new() } else { format!(", subFilter: {{name: {anchor}}}") };
    let value = if value.is_empty() { String::new() } else { format!(", value: {value}") };
    format!(
        "{{applyTo: HTTP_FILTER, match: {{listener: {{filterChain: {{filter: {{name: \
         envoy.filters.network.http_connection_manager{sub}}}}}}}}}, patch: {{operation: {operation}{value}}}}}"
    )
}

const ROUTER: &str = "envoy.filters.http.router";

/// The chain that patches come to, its own filters before grpc_stats left out.
#[track_caller]
fn chain(patches: &[String]) -> String {
    chain_of(&filter("f", "", "", patches), &inbound())
}

#[track_caller]
fn chain_of(yaml: &str, workload: &Workload) -> String {
    short(&resolve(yaml, workload).http)
        .replace("metadata_exchange ext_authz? jwt_authn? rbac? grpc_web? grpc_stats fault cors stats", "..")
}

#[test]
fn operations_with_and_without_a_filter_to_hold_on_to() {
    for (operation, anchored, without) in [
        ("ADD", ".. router A", ".. router A"),
        ("INSERT_FIRST", "A .. router", "A .. router"),
        ("INSERT_BEFORE", ".. A router", "A .. router"),
        ("INSERT_AFTER", ".. router A", ".. router A"),
        ("REPLACE", ".. A", ".. router"),
        ("REMOVE", "..", ".. router"),
    ] {
        assert_eq!(chain(&[patch(operation, ROUTER, &value("a"))]), anchored, "{operation}");
        assert_eq!(chain(&[patch(operation, "", &value("a"))]), without, "{operation}, no sub filter");
    }
    for (operation, unmet) in [
        ("INSERT_BEFORE", ".. router"),
        ("INSERT_AFTER", ".. router"),
        ("REPLACE", ".. router"),
        ("REMOVE", ".. router"),
    ] {
        let yaml = filter("f", "", "", &[patch(operation, "none", &value("a"))]);
        assert_eq!(chain_of(&yaml, &inbound()), unmet, "{operation}");
        let resolved = resolve(&yaml, &inbound());
        assert_eq!(resolved.skipped[0].why, "there is no filter none");
        assert_eq!(resolved.skipped[0].origin.resource, "EnvoyFilter default/f");
    }
}

#[test]
fn two_of_the_same_kind() {
    let two = |operation: &str, anchor: &str| {
        chain(&[patch(operation, anchor, &value("a")), patch(operation, anchor, &value("b"))])
    };
    assert_eq!(two("INSERT_BEFORE", ROUTER), ".. A B router");
    assert_eq!(two("INSERT_FIRST", ROUTER), "B A .. router");
    assert_eq!(two("INSERT_BEFORE", ""), "B A .. router");
    assert_eq!(two("INSERT_AFTER", "istio.stats"), ".. B A router");
    assert_eq!(two("ADD", ""), ".. router A B");
}

#[test]
fn the_first_or_every_filter_of_a_name() {
    let before = || patch("INSERT_BEFORE", ROUTER, &value("a"));
    assert_eq!(chain(&[before(), before(), patch("REMOVE", "a", "")]), ".. router");
    assert_eq!(chain(&[before(), before(), patch("REPLACE", "a", &value("b"))]), ".. B A router");
    assert_eq!(chain(&[before(), before(), patch("INSERT_AFTER", "a", &value("b"))]), ".. A B A#2 router");
    // A patch can name what an earlier one brought.
    assert_eq!(chain(&[before(), patch("INSERT_BEFORE", "a", &value("b"))]), ".. B A router");
}

#[test]
fn after_the_router_deserves_a_look() {
    let resolved = resolve(&filter("f", "", "", &[patch("ADD", "", &value("a"))]), &inbound());
    assert!(resolved.warnings[0].message.contains("after the router"));
}

#[test]
fn plugins_of_istio_can_be_named() {
    let name = "\"extensions.istio.io/trafficextension/default.p~istio-translated-wasmplugin\"";
    let yaml =
        plugin("p", "", "phase: AUTHN") + &filter("f", "", "", &[patch("INSERT_BEFORE", name, &value("a"))]);
    assert!(short(&resolve(&yaml, &inbound()).http).contains("ext_authz? A P jwt_authn?"));
    let older = Workload { istio: Some("1.29".to_owned()), ..inbound() };
    assert!(!short(&resolve(&yaml, &older).http).contains('A'));
    let yaml = yaml.replace(name, "extensions.istio.io/wasmplugin/default.p");
    assert!(short(&resolve(&yaml, &older).http).contains("A P"));
}

#[test]
fn a_filter_that_may_not_be_there_deserves_a_look() {
    let yaml = filter("f", "", "", &[patch("INSERT_AFTER", "envoy.filters.http.jwt_authn", &value("a"))]);
    let resolved = resolve(&yaml, &inbound());
    assert!(short(&resolved.http).contains("jwt_authn? A"));
    assert!(resolved.warnings[0].message.contains("only where a RequestAuthentication applies"));
}

/// The names of what several filters insert before the router, each a name, a metadata, a spec.
#[track_caller]
fn order(filters: &[(&str, &str, &str)], expected: &str) {
    let one = |(name, metadata, spec): &(&str, &str, &str)| {
        filter(name, metadata, spec, &[patch("INSERT_BEFORE", ROUTER, &value(name))])
    };
    for yaml in [filters.iter().map(one).collect::<String>(), filters.iter().rev().map(one).collect()] {
        let found = chain_of(&yaml, &inbound());
        assert_eq!(found, format!(".. {expected} router"), "{filters:?}");
    }
}

#[test]
fn resources_are_in_the_opposite_order_of_plugins() {
    order(&[("b", "", ""), ("a", "", "")], "A B");
    order(&[("a", "", "priority: 1,"), ("b", "", "priority: -1,"), ("c", "", "")], "B C A");
    order(&[("a", "", ""), ("b", "namespace: istio-system", "")], "B A");
    order(
        &[
            ("a", "creationTimestamp: 2024-01-02T00:00:00Z", ""),
            ("b", "creationTimestamp: 2024-01-01T00:00:00Z", ""),
        ],
        "B A",
    );
    order(&[("a", "namespace: istio-system", "priority: 1,"), ("b", "", "priority: 0,")], "B A");
}

/// Whether a filter with this spec and this match applies, or why not.
#[track_caller]
fn skipped(metadata: &str, spec: &str, matches: &str, workload: &Workload) -> Option<String> {
    let patch =
        patch("INSERT_BEFORE", ROUTER, &value("a")).replacen("match: {", &format!("match: {{{matches} "), 1);
    let resolved = resolve(&filter("f", metadata, spec, &[patch]), workload);
    assert_eq!(resolved.http_plugins().count(), usize::from(resolved.skipped.is_empty()));
    resolved.skipped.first().map(|skipped| skipped.why.clone())
}

#[test]
fn which_workloads() {
    let skipped = |metadata: &str, spec: &str| skipped(metadata, spec, "", &inbound());
    assert_eq!(skipped("", ""), None);
    assert_eq!(skipped("namespace: istio-system", ""), None);
    assert_eq!(skipped("", "workloadSelector: {labels: {app: httpbin}},"), None);
    let said = skipped("", "workloadSelector: {labels: {app: other}},").expect("it does not apply");
    assert_eq!(said, "it selects app=other, and the workload has app=httpbin");
    assert!(skipped("namespace: other", "").expect("it does not apply").contains("in the namespace other"));
    let target = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}],";
    assert!(skipped("", target).is_some());
    assert_eq!(super::gateway_api(WorkloadKind::Gateway).labels.len(), 3);
    assert_eq!(self::skipped("", target, "", &super::gateway_api(WorkloadKind::Gateway)), None);
    // A waypoint needs no reference here.
    assert_eq!(
        self::skipped("", "", "context: WAYPOINT,", &super::gateway_api(WorkloadKind::Waypoint)),
        None
    );
}

#[test]
fn which_proxies() {
    use WorkloadKind::{Gateway, SidecarInbound, SidecarOutbound, Waypoint};
    let kinds = [SidecarInbound, SidecarOutbound, Gateway, Waypoint];
    for (context, meant) in [
        ("ANY", kinds.to_vec()),
        ("SIDECAR_INBOUND", vec![SidecarInbound]),
        ("SIDECAR_OUTBOUND", vec![SidecarOutbound]),
        ("GATEWAY", vec![Gateway]),
        ("WAYPOINT", vec![Waypoint]),
    ] {
        for kind in kinds {
            let found = skipped("", "", &format!("context: {context},"), &workload(kind));
            assert_eq!(found.is_none(), meant.contains(&kind), "{context}, {}", kind.word());
        }
    }
    let at = Workload { istio: Some("1.29.2".to_owned()), ..inbound() };
    assert_eq!(skipped("", "", "proxy: {proxyVersion: '^1\\.29.*'},", &at), None);
    assert!(
        skipped("", "", "proxy: {proxyVersion: '^1\\.30.*'},", &at).expect("no").contains("this is 1.29.2")
    );
    assert!(skipped("", "", "proxy: {metadata: {A: b}},", &at).expect("no").contains("metadata A=b"));
}

/// Whether a listener match holds.
#[track_caller]
fn listener(matches: &str, workload: &Workload) -> bool {
    let patch = patch("INSERT_BEFORE", ROUTER, &value("a")).replacen(
        "listener: {",
        &format!("listener: {{{matches} "),
        1,
    );
    let resolved = resolve(&filter("f", "", "", &[patch]), workload);
    resolved.http_plugins().count() == 1
}

#[test]
fn which_listeners() {
    use WorkloadKind::{Gateway, SidecarInbound, SidecarOutbound};
    let at = |kind, port| Workload { port, ..workload(kind) };
    for kind in [SidecarInbound, SidecarOutbound, Gateway] {
        assert!(listener("portNumber: 8080,", &at(kind, Some(8080))));
        assert!(!listener("portNumber: 8080,", &at(kind, Some(80))));
        assert!(!listener("portNumber: 8080,", &at(kind, None)));
        assert!(listener("portNumber: 0, portName: ignored,", &at(kind, None)));
    }
    assert!(listener("name: virtualInbound,", &inbound()));
    assert!(!listener("name: virtualOutbound,", &inbound()));
    assert!(listener("name: 10.0.0.1_80,", &at(SidecarOutbound, Some(80))));
    assert!(!listener("name: 10.0.0.1_80,", &at(SidecarOutbound, Some(8080))));
    assert!(listener("name: 0.0.0.0_8080,", &at(Gateway, Some(8080))));
    let chain = |of: &str, workload: &Workload| {
        let patch = patch("INSERT_BEFORE", ROUTER, &value("a")).replacen(
            "filterChain: {",
            &format!("filterChain: {{{of} "),
            1,
        );
        resolve(&filter("f", "", "", &[patch]), workload)
    };
    assert_eq!(chain("destinationPort: 80,", &at(SidecarInbound, Some(80))).http_plugins().count(), 1);
    assert_eq!(chain("destinationPort: 80,", &at(SidecarInbound, Some(81))).http_plugins().count(), 0);
    let assumed = chain("sni: example.org,", &inbound());
    assert_eq!(assumed.http_plugins().count(), 1);
    assert!(assumed.warnings[0].message.contains("the SNI example.org is taken to match"));
}

#[test]
fn merge_comes_last_and_joins_configurations() {
    let merge = "{name: b, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, \
                 config: {root_id: r, vm_config: {vm_id: v, code: {remote: {http_uri: {uri: 'http://h/x'}, sha256: s}}}, \
                 configuration: {\"@type\": x/google.protobuf.StringValue, value: new}}}}";
    let yaml =
        filter("f", "", "", &[patch("MERGE", "a", merge), patch("INSERT_BEFORE", ROUTER, &value("a"))]);
    let resolved = resolve(&yaml, &inbound());
    let link: &Link = resolved.http_plugins().next().expect("one");
    assert_eq!((link.filter_name.as_str(), link.plugin_name.as_str()), ("b", "a"));
    assert_eq!(
        (link.root_id.as_str(), link.vm_id.as_str(), link.config.as_slice()),
        ("r", "v", b"new".as_slice())
    );
    // One place of the code replaces the other.
    assert_eq!(link.module.written, "http://h/x");
    // What has another type is not merged.
    let other = "{typed_config: {\"@type\": x/other.Type, a: 1}}";
    let yaml =
        filter("f", "", "", &[patch("MERGE", "a", other), patch("INSERT_BEFORE", ROUTER, &value("a"))]);
    assert!(
        resolve(&yaml, &inbound()).warnings[0].message.contains("types of the two configurations differ")
    );
    let yaml = filter("f", "", "", &[patch("MERGE", "none", other)]);
    assert_eq!(resolve(&yaml, &inbound()).skipped[0].why, "there is no filter none");
}

#[test]
fn members_of_a_struct_are_replaced_whole() {
    let of = |config: &str| {
        format!(
            "{{name: a, typed_config: {{\"@type\": x/udpa.type.v1.TypedStruct, type_url: \
             x/envoy.extensions.filters.http.wasm.v3.Wasm, value: {{config: {{{config}}}}}}}}}"
        )
    };
    let code = "vm_config: {code: {local: {filename: /a}}}";
    let yaml = filter(
        "f",
        "",
        "",
        &[
            patch("INSERT_BEFORE", ROUTER, &of(&format!("root_id: old, name: old, {code}"))),
            patch("MERGE", "a", &of(&format!("root_id: new, {code}"))),
        ],
    );
    let resolved = resolve(&yaml, &inbound());
    let link = resolved.http_plugins().next().expect("one");
    assert_eq!((link.root_id.as_str(), link.plugin_name.as_str()), ("new", ""));
}

#[test]
fn a_configuration_that_is_sent_under_its_name() {
    let discovered = "{name: sent, config_discovery: {config_source: {ads: {}}, type_urls: [x]}}";
    let extension =
        format!("{{applyTo: EXTENSION_CONFIG, patch: {{operation: ADD, value: {}}}}}", value("sent"));
    let remote =
        extension.replace("local: {filename: /sent.wasm}", "remote: {http_uri: {uri: 'oci://r/x'}}").replace(
            "vm_config: {",
            "vm_config: {environment_variables: {key_values: {ISTIO_META_X: a, B: c}}, ",
        );
    let yaml = filter("f", "", "", &[patch("INSERT_BEFORE", ROUTER, discovered), remote]);
    let resolved = resolve(&yaml, &inbound());
    let link = resolved.http_plugins().next().expect("one");
    // The agent fetches it: no checksum is needed, and its own names are taken away.
    assert_eq!((link.name.as_str(), link.module.written.as_str()), ("sent", "oci://r/x"));
    assert_eq!(link.env.keys().collect::<Vec<_>>(), ["B"]);
    let yaml = filter("f", "", "", &[patch("INSERT_BEFORE", ROUTER, discovered)]);
    let resolved = resolve(&yaml, &inbound());
    assert_eq!(resolved.http_plugins().count(), 0);
    assert!(resolved.warnings[0].message.contains("no EXTENSION_CONFIG patch has the name sent"));
    let said = wrong(&filter("f", "", "", &[extension.replace("ADD", "MERGE")]));
    assert!(said.contains("EXTENSION_CONFIG knows the operation ADD only"), "{said}");
}

#[test]
fn network_filters() {
    let of = |operation: &str, anchor: &str| {
        let value = value("a").replace("filters.http.wasm", "filters.network.wasm");
        let anchor = if anchor.is_empty() { String::new() } else { format!("filter: {{name: {anchor}}}") };
        let patch = format!(
            "{{applyTo: NETWORK_FILTER, match: {{listener: {{filterChain: {{{anchor}}}}}}}, patch: {{operation: \
             {operation}, value: {value}}}}}"
        );
        let yaml = filter("f", "", "", &[patch]);
        let tcp = Workload { traffic: Traffic::Tcp, ..inbound() };
        (short(&resolve(&yaml, &inbound()).network), short(&resolve(&yaml, &tcp).network))
    };
    let (http, tcp) = of("INSERT_BEFORE", "envoy.filters.network.tcp_proxy");
    assert_eq!(http, "metadata_exchange http_connection_manager");
    assert_eq!(tcp, "metadata_exchange ext_authz? rbac? stats A tcp_proxy");
    let (http, _) = of("INSERT_FIRST", "");
    assert_eq!(http, "A metadata_exchange http_connection_manager");
    let (http, _) = of("INSERT_AFTER", "istio.metadata_exchange");
    assert_eq!(http, "metadata_exchange A http_connection_manager");
}

#[test]
fn what_holds_no_filters_is_told() {
    for (apply_to, why) in [
        ("CLUSTER", "holds no plugins"),
        ("BOOTSTRAP", "handles no streams"),
        ("LISTENER", "listener's own configuration"),
    ] {
        let patch = format!("{{applyTo: {apply_to}, patch: {{operation: ADD, value: {{name: x}}}}}}");
        let resolved = resolve(&filter("f", "", "", &[patch]), &inbound());
        assert!(resolved.skipped[0].why.contains(why), "{}", resolved.skipped[0].why);
    }
    let tcp = Workload { traffic: Traffic::Tcp, ..inbound() };
    let resolved = resolve(&filter("f", "", "", &[patch("ADD", "", &value("a"))]), &tcp);
    assert_eq!(resolved.skipped[0].why, "it patches HTTP filters, and the traffic is TCP");
}

#[test]
fn what_is_refused() {
    let good = patch("INSERT_BEFORE", ROUTER, &value("a"));
    for (wrong_patch, why) in [
        ("null".to_owned(), "spec.configPatches[0]: is null"),
        ("{patch: {operation: ADD, value: {}}}".to_owned(), "has no applyTo"),
        ("{applyTo: HTTP_FILTER}".to_owned(), "has no patch"),
        ("{applyTo: HTTP_FILTER, patch: {value: {}}}".to_owned(), "has no operation"),
        ("{applyTo: HTTP_FILTER, patch: {operation: ADD}}".to_owned(), "has no value"),
        (good.replace("HTTP_FILTER", "HTTP_FILTERS"), "did you mean \"HTTP_FILTER\"?"),
        (good.replace("INSERT_BEFORE", "INSERT"), "expected one of MERGE, ADD"),
        (good.replacen("listener:", "cluster:", 1), "matches a listener, and nothing else"),
        (good.replace("name: envoy.filters.network.http_connection_manager, ", ""), "has no name to match"),
        (
            good.replace("http_connection_manager", "tcp_proxy"),
            "needs the filter envoy.filters.network.http_connection_manager",
        ),
        (good.replace(&format!("name: {ROUTER}"), ""), "has no name to match"),
        (
            good.replace("HTTP_FILTER", "NETWORK_FILTER").replace("http.wasm", "network.wasm"),
            "belongs to patches of HTTP_FILTER only",
        ),
        (good.replacen("match: {", "match: {proxy: {proxyVersion: '('}, ", 1), "is no regular expression"),
        (good.replace("filters.http.wasm.v3", "filters.http.wasm.v2"), "there is no type"),
        (good.replace("filterChain", "filterchain"), "did you mean \"filterChain\"?"),
        (
            good.replace("\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm,", ""),
            "has no `@type`",
        ),
    ] {
        let said = wrong(&filter("f", "", "", std::slice::from_ref(&wrong_patch)));
        assert!(said.contains(why), "{wrong_patch}\n{said}");
    }
    // Unknown fields of a value are let pass.
    let resolved =
        resolve(&filter("f", "", "", &[good.replace("config: {", "config: {unknown: 1, ")]), &inbound());
    assert_eq!(resolved.http_plugins().count(), 1);
    assert!(resolved.warnings[0].message.contains("unknown field"));
}
