//! Configurations of Envoy: where wasm filters are found, and what a plugin sees of its configuration.

use super::{inbound, read, resolve, short, wrong};
use crate::manifest::{Link, ModuleSource, ModuleUrl};
use crate::scenario::{FailurePolicy, Traffic, Workload};
use crate::state::Duration;

/// A wasm filter with this configuration, in flow style.
fn wasm(name: &str, config: &str) -> String {
    format!(
        "{{name: {name}, typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, \
         config: {{{config}}}}}}}"
    )
}

const CODE: &str = "vm_config: {code: {local: {filename: /p.wasm}}}";
const ROUTER: &str = "{name: envoy.filters.http.router, typed_config: {\"@type\": \
                      type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}";

#[track_caller]
fn link_of(yaml: &str, workload: &Workload) -> Link {
    let resolved = resolve(yaml, workload);
    let links: Vec<&Link> = resolved.http_plugins().collect();
    assert_eq!(links.len(), 1, "{yaml}");
    links[0].clone()
}

#[track_caller]
fn link(config: &str) -> Link {
    link_of(&format!("http_filters: [{}]", wasm("w", config)), &inbound())
}

#[track_caller]
fn config(any: &str) -> Vec<u8> {
    link(&format!("configuration: {any}, {CODE}")).config
}

#[track_caller]
fn refused(config: &str, why: &str) {
    let said = wrong(&format!("http_filters: [{}]", wasm("w", config)));
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_list_of_filters() {
    let filters = format!("[{}, {ROUTER}]", wasm("w", &format!("name: auth, {CODE}")));
    for yaml in [
        filters.clone(),
        format!("http_filters: {filters}"),
        format!("httpFilters: {}", filters.replace("typed_config", "typedConfig")),
    ] {
        assert_eq!(short(&resolve(&yaml, &inbound()).http), "AUTH router", "{yaml}");
    }
}

/// A listener on this port.
fn listener(name: &str, port: u16, filters: &str) -> String {
    format!(
        "{{name: {name}, address: {{socket_address: {{address: 0.0.0.0, port_value: {port}}}}}, filter_chains: \
         [{{filters: [{{name: hcm, typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.network.\
         http_connection_manager.v3.HttpConnectionManager, stat_prefix: x, http_filters: [{filters}]}}}}]}}]}}"
    )
}

#[test]
fn a_listener_or_a_bootstrap() {
    let auth = wasm("w", &format!("name: auth, {CODE}"));
    let one = listener("one", 8080, &format!("{auth}, {ROUTER}"));
    let typed = one.replacen('{', "{\"@type\": type.googleapis.com/envoy.config.listener.v3.Listener, ", 1);
    for yaml in [
        one.clone(),
        format!("[{one}]"),
        format!("listeners: [{one}]"),
        format!("resources: [{typed}, {{\"@type\": type.googleapis.com/envoy.config.cluster.v3.Cluster}}]"),
        format!(
            "admin: {{}}\nstatic_resources: {{clusters: [{{name: c}}], listeners: [{one}]}}\nnode: {{id: a}}"
        ),
    ] {
        assert_eq!(short(&resolve(&yaml, &inbound()).http), "AUTH router", "{yaml}");
    }
}

#[test]
fn the_port_says_which_listener() {
    let of = |name: &str| wasm("w", &format!("name: {name}, {CODE}"));
    let yaml = format!(
        "listeners: [{}, {}, {}]",
        listener("one", 8080, &of("a")),
        listener("two", 8081, &of("b")),
        listener("three", 8082, ROUTER)
    );
    let at = |port| Workload { port, ..inbound() };
    assert_eq!(short(&resolve(&yaml, &at(Some(8081))).http), "B");
    assert_eq!(short(&resolve(&yaml, &at(Some(8082))).http), "router");
    let resolved = resolve(&yaml, &at(Some(8080)));
    assert_eq!(resolved.skipped[0].why, "the traffic passes the listener one");
    let set = read(&yaml).expect("readable");
    let said = set.resolve(&at(None)).expect_err("two have plugins").to_string();
    assert!(said.contains("several chains have plugins: the listener one, the listener two"), "{said}");
    let said = set.resolve(&at(Some(1))).expect_err("none").to_string();
    assert!(
        said.contains("no listener takes http traffic on port 1")
            && said.contains("the listener three (HTTP on port 8082)"),
        "{said}"
    );
}

#[test]
fn network_filters_stand_before_the_connection_manager() {
    let network =
        wasm("n", &format!("name: net, {CODE}")).replace("filters.http.wasm", "filters.network.wasm");
    let one = listener("one", 8080, ROUTER).replacen("filters: [", &format!("filters: [{network}, "), 1);
    let resolved = resolve(&one, &inbound());
    assert_eq!(short(&resolved.network), "NET hcm");
    let proxy = "{name: envoy.filters.network.tcp_proxy, typed_config: {\"@type\": x/envoy.extensions.filters.network.\
                 tcp_proxy.v3.TcpProxy}}";
    let yaml = format!("filters: [{network}, {proxy}]");
    let tcp = Workload { traffic: Traffic::Tcp, ..inbound() };
    assert_eq!(short(&resolve(&yaml, &tcp).network), "NET tcp_proxy");
    let said = read(&yaml).expect("readable").resolve(&inbound()).expect_err("TCP").to_string();
    assert!(said.contains("no listener takes http traffic"), "{said}");
    let said = wrong(&format!("http_filters: [{network}, {ROUTER}]"));
    assert!(said.contains("does not belong into this list"), "{said}");
}

#[test]
fn typed_structs_hold_the_same() {
    for name in ["udpa.type.v1.TypedStruct", "xds.type.v3.TypedStruct"] {
        let yaml = format!(
            "http_filters: [{{name: w, typed_config: {{\"@type\": type.googleapis.com/{name}, type_url: \
             type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, value: {{config: {{rootId: r, {CODE}}}}}}}}}]"
        );
        assert_eq!(link_of(&yaml, &inbound()).root_id, "r", "{name}");
    }
}

#[test]
fn names_of_plugins() {
    let unnamed = link(CODE);
    assert_eq!((unnamed.name.as_str(), unnamed.plugin_name.as_str()), ("w", ""));
    let named = link(&format!("name: auth, root_id: r, {CODE}"));
    assert_eq!((named.name.as_str(), named.plugin_name.as_str()), ("auth", "auth"));
    assert_eq!((named.filter_name.as_str(), named.root_id.as_str()), ("w", "r"));
    let twice = format!(
        "http_filters: [{}, {}]",
        wasm("a", &format!("name: x, {CODE}")),
        wasm("b", &format!("name: x, {CODE}"))
    );
    let resolved = resolve(&twice, &inbound());
    assert_eq!(resolved.http_plugins().map(|link| &*link.name).collect::<Vec<_>>(), ["x", "x#2"]);
}

#[test]
fn a_configuration_is_the_text_of_a_string_value() {
    let of = |name: &str, value: &str| {
        config(&format!("{{\"@type\": type.googleapis.com/google.protobuf.{name}, value: {value}}}"))
    };
    assert_eq!(of("StringValue", "'{\"a\": 1}'"), b"{\"a\": 1}");
    assert_eq!(of("StringValue", "''"), b"");
    assert_eq!(of("BytesValue", "aGk="), b"hi");
    assert_eq!(of("BytesValue", "-_8"), [0xfb, 0xff]);
    assert_eq!(of("BoolValue", "true"), [8, 1]);
    assert_eq!(of("Int32Value", "300"), [8, 0xac, 2]);
    assert_eq!(of("Int32Value", "'300'"), [8, 0xac, 2]);
    assert_eq!(of("DoubleValue", "1.5"), [9, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]);
    assert_eq!(of("Empty", "{}"), b"");
    assert_eq!(config("{}"), b"");
    assert_eq!(link(CODE).config, b"");
}

#[test]
fn a_block_keeps_its_last_newline() {
    let yaml = "http_filters:\n- name: w\n  typed_config:\n    \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n    config:\n      configuration:\n        \"@type\": type.googleapis.com/google.protobuf.StringValue\n        value: |\n          {\"a\": 1}\n      vm_config: {code: {local: {filename: /p.wasm}}}\n";
    assert_eq!(link_of(yaml, &inbound()).config, b"{\"a\": 1}\n");
}

#[test]
fn a_struct_is_a_protobuf_message_and_deserves_a_look() {
    let yaml = format!(
        "http_filters: [{}]",
        wasm(
            "w",
            &format!(
                "configuration: {{\"@type\": x/google.protobuf.Struct, value: {{a: x, b: 1.5}}}}, {CODE}"
            )
        )
    );
    let resolved = resolve(&yaml, &inbound());
    let link = resolved.http_plugins().next().expect("one");
    // In a file of Envoy's, a number with a fraction is text.
    let expected = [
        &[0x0a, 0x08, 0x0a, 0x01, b'a', 0x12, 0x03, 0x1a, 0x01, b'x'][..],
        &[0x0a, 0x0a, 0x0a, 0x01, b'b', 0x12, 0x05, 0x1a, 0x03, b'1', b'.', b'5'],
    ];
    assert_eq!(link.config, expected.concat());
    assert!(resolved.warnings[0].message.contains("serialized protobuf message, not JSON"));
    refused(
        &format!("configuration: {{\"@type\": x/google.protobuf.Struct, value: text}}, {CODE}"),
        "has a mapping as its `value`",
    );
    refused(
        &format!("configuration: {{\"@type\": x/my.own.Type, a: 1}}, {CODE}"),
        "a configuration of type my.own.Type",
    );
    refused(&format!("configuration: {{value: 1}}, {CODE}"), "has no `@type`");
    refused(
        &format!("configuration: {{\"@type\": x/google.protobuf.StringValue, value: 5}}, {CODE}"),
        "expected text, found the number 5",
    );
}

#[test]
fn failure_policies() {
    for (written, policy, open) in [
        ("", FailurePolicy::Closed, false),
        ("failure_policy: UNSPECIFIED,", FailurePolicy::Closed, false),
        ("failure_policy: FAIL_CLOSED,", FailurePolicy::Closed, false),
        ("failurePolicy: FAIL_OPEN,", FailurePolicy::Open, false),
        ("failure_policy: FAIL_RELOAD,", FailurePolicy::Reload, false),
        ("fail_open: true,", FailurePolicy::Closed, true),
        ("fail_open: false,", FailurePolicy::Closed, false),
    ] {
        let link = link(&format!("{written} {CODE}"));
        assert_eq!((link.failure, link.fail_open), (policy, open), "{written}");
    }
    refused(&format!("fail_open: true, failure_policy: FAIL_OPEN, {CODE}"), "exclude each other");
    refused(&format!("failure_policy: FAIL_OPENED, {CODE}"), "did you mean \"FAIL_OPEN\"?");
}

#[test]
fn the_rest_of_a_plugin() {
    let link = link(
        "reload_config: {backoff: {base_interval: 0.25s}}, allow_on_headers_stop_iteration: true, \
         capability_restriction_config: {allowed_capabilities: {proxy_log: {}, proxy_on_vm_start: {}}}, \
         vm_config: {vm_id: vm, runtime: envoy.wasm.runtime.v8, allow_precompiled: true, configuration: {\"@type\": \
         x/google.protobuf.StringValue, value: vm text}, environment_variables: {key_values: {A: b}, host_env_keys: \
         [POD, NONE]}, code: {local: {filename: /p.wasm}}}",
    );
    assert_eq!(link.reload_backoff, Some(Duration::from_millis(250)));
    assert!(link.allow_on_headers_stop_iteration);
    assert_eq!(link.capabilities.expect("some"), ["proxy_log", "proxy_on_vm_start"]);
    assert_eq!((link.vm_id.as_str(), link.vm_config.as_slice()), ("vm", b"vm text".as_slice()));
    assert_eq!(link.env.into_iter().collect::<Vec<_>>(), [("A".to_owned(), "b".to_owned())]);
    assert_eq!(link.notes.len(), 2, "{:?}", link.notes);
    refused(
        "vm_config: {environment_variables: {key_values: {A: b}, host_env_keys: [A]}, code: {local: {filename: /p}}}",
        "Envoy refuses a name with two values",
    );
    refused(&format!("{CODE}, reload_config: {{backoff: {{base_interval: 1}}}}"), "expected text");
    refused(&format!("{CODE}, reload_config: {{backoff: {{base_interval: 1m}}}}"), "no duration like 1.5s");
    refused(&format!("{CODE}, root: x"), "unknown field `http_filters[0].typed_config.config.root`");
}

#[test]
fn where_the_code_is() {
    let code = |code: &str| link(&format!("vm_config: {{code: {{{code}}}}}")).module;
    assert_eq!(code("local: {filename: /p.wasm}").source, ModuleSource::Path("/p.wasm".into()));
    assert_eq!(code("local: {inline_bytes: AGFzbQ==}").source, ModuleSource::Inline(b"\0asm".to_vec()));
    assert_eq!(code("local: {inline_string: (module)}").source, ModuleSource::Inline(b"(module)".to_vec()));
    assert!(matches!(code("local: {environment_variable: CODE}").source, ModuleSource::Unknown(_)));
    let sum = "ab".repeat(32);
    let remote = code(&format!(
        "remote: {{http_uri: {{uri: 'https://h/p.wasm', cluster: c, timeout: 5s}}, sha256: {sum}}}"
    ));
    assert_eq!(remote.source, ModuleSource::Url(ModuleUrl::Remote("https://h/p.wasm".to_owned())));
    assert_eq!(remote.sha256, Some(sum));
    refused("vm_config: {code: {}}", "exactly one of local and remote");
    refused("vm_config: {code: {local: {filename: a, inline_string: b}}}", "exactly one of filename");
    refused("vm_config: {runtime: v8}", "has no code");
    refused("name: a", "has no vm_config");
    let said = read(&format!(
        "http_filters: [{}]",
        wasm("w", "vm_config: {code: {remote: {http_uri: {uri: 'http://h/p'}}}}")
    ));
    let said = said.expect("readable").resolve(&inbound()).expect_err("refused").to_string();
    assert!(said.contains("refuses one without sha256"), "{said}");
}

#[test]
fn what_is_no_plugin() {
    let native = "name: mx, vm_config: {runtime: envoy.wasm.runtime.null, code: {local: {inline_string: envoy.wasm.mx}}}";
    let off = wasm("w", CODE).replacen("name: w,", "name: w, disabled: true,", 1);
    let sent = "{name: sent, config_discovery: {type_urls: [x]}}";
    let yaml = format!("http_filters: [{}, {off}, {sent}, {ROUTER}]", wasm("mx", native));
    let resolved = resolve(&yaml, &inbound());
    assert_eq!(short(&resolved.http), "mx sent router");
    assert!(resolved.skipped[0].why.contains("disabled"));
    let said = wrong(&format!("http_filters: [{}]", wasm("w", CODE).replace("wasm.v3.Wasm", "wasm.v2.Wasm")));
    assert!(
        said.contains("there is no type") && said.contains("envoy.extensions.filters.http.wasm.v3.Wasm"),
        "{said}"
    );
}

#[test]
fn one_proxy_has_one_configuration() {
    let one = format!("http_filters: [{ROUTER}]");
    let said = wrong(&format!("{one}\n---\n{one}"));
    assert!(said.contains("m.yaml:3:1: a second configuration of Envoy"), "{said}");
    let said = wrong(&format!("{one}\n---\n{}", super::plugin("p", "", "")));
    assert!(said.contains("makes Envoy's configuration itself"), "{said}");
}
