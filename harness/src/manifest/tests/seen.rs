//! What the plugin sees: names, root id, configuration, environment, and what Envoy does when it fails.

use super::{inbound, plugin, read, resolve};
use crate::manifest::{Filter, Link, ModuleSource, ModuleUrl, Phase, PullPolicy};
use crate::scenario::{FailurePolicy, Workload};

#[track_caller]
fn link_for(yaml: &str, workload: &Workload) -> Link {
    let resolved = resolve(yaml, workload);
    let links: Vec<&Link> = resolved.http_plugins().collect();
    assert_eq!(links.len(), 1, "{yaml}");
    links[0].clone()
}

/// The plugin `p` with this spec.
#[track_caller]
fn link(spec: &str) -> Link {
    link_for(&plugin("p", "", spec), &inbound())
}

fn at(istio: &str) -> Workload {
    Workload { istio: Some(istio.to_owned()), ..inbound() }
}

const REMOTE: &str = "oci://registry/p:v1";

#[track_caller]
fn remote(spec: &str) -> Link {
    link_for(&plugin("p", "", spec).replace("file:///p.wasm", REMOTE), &inbound())
}

#[test]
fn names_have_a_suffix_from_1_30() {
    let yaml = plugin("p", "", "");
    let older = link_for(&yaml, &at("1.29"));
    assert_eq!(older.plugin_name, "default.p");
    assert_eq!(older.filter_name, "extensions.istio.io/wasmplugin/default.p");
    for newer in [at("1.30"), inbound()] {
        let newer = link_for(&yaml, &newer);
        assert_eq!(newer.plugin_name, "default.p~istio-translated-wasmplugin");
        assert_eq!(
            newer.filter_name,
            "extensions.istio.io/trafficextension/default.p~istio-translated-wasmplugin"
        );
        assert_eq!(newer.name, "default/p");
    }
}

const EXTENSION: &str = "apiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\n\
                         metadata: {name: t, namespace: default}\n";

#[test]
fn a_traffic_extension_is_the_same_below_wasm() {
    let yaml = format!(
        "{EXTENSION}spec: {{phase: AUTHZ, priority: 7, wasm: {{url: file:///t.wasm, pluginName: root, \
         pluginConfig: {{a: 1}}, failStrategy: FAIL_OPEN, vmConfig: {{env: [{{name: A, value: b}}]}}}}}}"
    );
    let link = link_for(&yaml, &inbound());
    assert_eq!((link.phase, link.priority), (Some(Phase::Authz), Some(7)));
    assert_eq!(link.plugin_name, "default.t");
    assert_eq!(link.filter_name, "extensions.istio.io/trafficextension/default.t");
    assert_eq!((link.root_id.as_str(), link.config.as_slice()), ("root", br#"{"a":1}"#.as_slice()));
    assert_eq!(link.failure, FailurePolicy::Open);
    assert_eq!(link.env["A"], "b");
    let older = resolve(&yaml, &at("1.29"));
    assert_eq!(older.skipped[0].why, "Istio 1.29 has no TrafficExtension: it comes with 1.30");
}

#[test]
fn a_lua_script_is_shown_in_its_place_and_not_run() {
    let yaml = format!("{EXTENSION}spec: {{phase: AUTHN, lua: {{inlineCode: 'x = 1'}}}}")
        + "\n---\n"
        + &plugin("p", "", "");
    let resolved = resolve(&yaml, &inbound());
    assert_eq!(resolved.http_plugins().count(), 1);
    let lua = resolved.http.iter().find_map(|filter| match filter {
        Filter::Marker(marker) if marker.origin.is_some() => Some(marker),
        _ => None,
    });
    assert_eq!(
        lua.expect("it is shown").what,
        "the Lua script of TrafficExtension default/t, which is not run here"
    );
}

#[test]
fn the_root_id_is_the_plugin_name() {
    assert_eq!(link("pluginName: my-root").root_id, "my-root");
    assert_eq!(link("").root_id, "");
}

#[test]
fn the_proxy_s_log_names_it() {
    assert_eq!(
        link("pluginName: my-root").log_prefix(),
        "wasm log default.p~istio-translated-wasmplugin my-root"
    );
    assert_eq!(link_for(&plugin("p", "", ""), &at("1.29")).log_prefix(), "wasm log default.p");
    let all = Link { plugin_name: String::new(), vm_id: "vm".to_owned(), ..link("pluginName: r") };
    assert_eq!(all.log_prefix(), "wasm log r vm");
}

#[test]
fn controls_are_written_as_the_go_of_the_version_writes_them() {
    let yaml = plugin("p", "", r#"pluginConfig: {a: "\b\f\t"}"#);
    assert_eq!(link_for(&yaml, &at("1.22")).config, br#"{"a":"\b\f\t"}"#);
    assert_eq!(link_for(&yaml, &at("1.21")).config, br#"{"a":"\u0008\u000c\t"}"#);
}

#[test]
fn what_cannot_be_set_has_one_value() {
    let link = link("");
    assert_eq!((link.vm_id.as_str(), link.vm_config.as_slice()), ("", [].as_slice()));
    assert_eq!((link.capabilities, link.allow_on_headers_stop_iteration), (None, false));
    assert_eq!(link.reload_backoff, None);
}

#[test]
fn the_configuration_is_json_text() {
    for (written, expected) in [
        ("", ""),
        ("pluginConfig: {}", ""),
        ("pluginConfig: {a: {}}", r#"{"a":{}}"#),
        ("pluginConfig: {b: 1.0, a: [1, {z: 1, Z: 2}]}", r#"{"a":[1,{"Z":2,"z":1}],"b":1}"#),
        (
            "pluginConfig: {a: 0.000001, b: 1e-7, c: 1e20, d: 1e21, e: -0.0}",
            r#"{"a":0.000001,"b":1e-7,"c":100000000000000000000,"d":1e+21,"e":-0}"#,
        ),
        (
            "pluginConfig: {a: 9007199254740993, b: 12345678901234567890}",
            r#"{"a":9007199254740992,"b":12345678901234567000}"#,
        ),
        ("pluginConfig: {a: null, b: true, c: ~}", r#"{"a":null,"b":true,"c":null}"#),
        (
            "pluginConfig: {a: '<b>&', b: \"\\u2028/\\x7f\\b\\f\\n\\t\\\"\\\\\\x01\", ü: 雪}",
            "{\"a\":\"\\u003cb\\u003e\\u0026\",\"b\":\"\\u2028/\u{7f}\\b\\f\\n\\t\\\"\\\\\\u0001\",\"ü\":\"雪\"}",
        ),
        ("pluginConfig: {a: [], b: {}}", r#"{"a":[],"b":{}}"#),
        // kubectl reads YAML 1.1.
        (
            "pluginConfig: {a: yes, b: 'yes', c: 0777, d: 1_000, e: 2024-01-01, f: \"1.0\"}",
            r#"{"a":true,"b":"yes","c":511,"d":1000,"e":"2024-01-01","f":"1.0"}"#,
        ),
        ("pluginConfig: {1: a, 'yes': b, y: c}", r#"{"1":"a","true":"c","yes":"b"}"#),
    ] {
        let found = link(written);
        assert_eq!(String::from_utf8(found.config).expect("text"), expected, "{written}");
    }
}

#[test]
fn the_configuration_of_a_block_is_the_same_text() {
    let yaml = plugin("p", "", "").replace(
        "spec: {url: \"file:///p.wasm\", }",
        "spec:\n  url: file:///p.wasm\n  pluginConfig:\n    text: |\n      one\n      two\n    m: 3\n",
    );
    assert_eq!(link_for(&yaml, &inbound()).config, br#"{"m":3,"text":"one\ntwo\n"}"#);
}

#[test]
fn failure_strategies_become_policies() {
    for (written, policy) in [
        ("", FailurePolicy::Closed),
        ("failStrategy: FAIL_CLOSE", FailurePolicy::Closed),
        ("failStrategy: FAIL_OPEN", FailurePolicy::Open),
        ("failStrategy: FAIL_RELOAD", FailurePolicy::Reload),
    ] {
        let link = link(written);
        assert_eq!((link.failure, link.fail_open), (policy, false), "{written}");
    }
    // Up to 1.24 the old boolean was sent, which is open for the failing stream too.
    let open = plugin("p", "", "failStrategy: FAIL_OPEN");
    let (old, new) = (link_for(&open, &at("1.24")), link_for(&open, &at("1.25")));
    assert_eq!((old.failure, old.fail_open), (FailurePolicy::Closed, true));
    assert_eq!((new.failure, new.fail_open), (FailurePolicy::Open, false));
    let reload = plugin("p", "", "failStrategy: FAIL_RELOAD");
    assert!(resolve(&reload, &at("1.26")).skipped[0].why.contains("comes with 1.27"));
    assert_eq!(link_for(&reload, &at("1.27")).failure, FailurePolicy::Reload);
}

/// The environment as `NAME=VALUE`, in the order of the names.
fn env(link: &Link) -> Vec<String> {
    let mut all: Vec<String> = link.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    all.sort();
    all
}

#[test]
fn a_local_module_keeps_what_istiod_adds() {
    assert_eq!(env(&link("")), ["ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION="]);
    let versioned = link_for(&plugin("p", "resourceVersion: \"17\"", "imagePullPolicy: Always"), &inbound());
    assert_eq!(
        env(&versioned),
        ["ISTIO_META_WASM_IMAGE_PULL_POLICY=Always", "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION=17"]
    );
    let own = link("vmConfig: {env: [{name: ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION, value: mine}]}");
    assert_eq!(env(&own), ["ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION=mine"]);
}

#[test]
fn a_remote_module_loses_every_internal_name() {
    assert_eq!(env(&remote("imagePullPolicy: Always")), [""; 0]);
    let link = remote("vmConfig: {env: [{name: ISTIO_META_OWN, value: x}, {name: A, value: b}]}");
    assert_eq!(env(&link), ["A=b"]);
}

#[test]
fn values_of_the_host_come_from_the_workload_only() {
    let spec = "vmConfig: {env: [{name: POD_NAME, valueFrom: HOST}, {name: PATH, valueFrom: HOST}, \
                {name: TRUST_DOMAIN, value: cluster.local, valueFrom: INLINE}, {name: EMPTY}, \
                {name: ISTIO_META_HOST, valueFrom: HOST}]}";
    let mut workload = inbound();
    workload.env.insert("POD_NAME".to_owned(), "httpbin-0".to_owned());
    workload.env.insert("ISTIO_META_HOST".to_owned(), "kept".to_owned());
    let yaml = plugin("p", "", spec).replace("file:///p.wasm", REMOTE);
    let link = link_for(&yaml, &workload);
    assert_eq!(
        env(&link),
        ["EMPTY=", "ISTIO_META_HOST=kept", "POD_NAME=httpbin-0", "TRUST_DOMAIN=cluster.local"]
    );
    assert!(link.notes[0].contains("the variable PATH"), "{:?}", link.notes);
}

#[test]
fn a_name_with_two_values_is_refused_by_envoy() {
    let spec = "vmConfig: {env: [{name: ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION, valueFrom: HOST}]}";
    let set = read(&plugin("p", "", spec)).expect("Istio takes it");
    let said = set.resolve(&inbound()).expect_err("Envoy does not").to_string();
    assert!(said.contains("has two values"), "{said}");
    // The agent takes the other one away first.
    let mut workload = inbound();
    workload.env.insert("ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION".to_owned(), "host".to_owned());
    let link = link_for(&plugin("p", "", spec).replace("file:///p.wasm", REMOTE), &workload);
    assert_eq!(env(&link), ["ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION=host"]);
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: pull, namespace: default}\n\
                      type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: e30=}\n---\n";

#[test]
fn the_pull_secret_is_beside_the_resource() {
    let with = |secret: &str, spec: &str| {
        let yaml = secret.to_owned() + &plugin("p", "", spec);
        link_for(&yaml, &inbound())
    };
    let link = with(SECRET, "imagePullSecret: pull");
    let secret = link.module.pull_secret.expect("there is one");
    assert_eq!((secret.name.as_str(), secret.docker_config.as_str()), ("default/pull", "{}"));
    assert_eq!(link.env["ISTIO_META_WASM_IMAGE_PULL_SECRET"], "{}");
    let plain = SECRET.replace("data: {.dockerconfigjson: e30=}", "stringData: {.dockerconfigjson: '{ }'}");
    assert_eq!(with(&plain, "imagePullSecret: pull").module.pull_secret.expect("one").docker_config, "{ }");
    for other in [
        String::new(),
        SECRET.replace("namespace: default", "namespace: other"),
        SECRET.replace("type: kubernetes.io/dockerconfigjson", "type: Opaque"),
    ] {
        let link = with(&other, "imagePullSecret: pull");
        assert_eq!(link.module.pull_secret.expect("it is asked for").docker_config, "");
        assert!(link.notes[0].contains("pulls fail"), "{:?}", link.notes);
        assert_eq!(link.env["ISTIO_META_WASM_IMAGE_PULL_SECRET"], "");
    }
}

#[test]
fn how_a_module_is_fetched() {
    let sum = "a".repeat(64);
    let link = remote(&format!("sha256: {sum}, imagePullPolicy: IfNotPresent"));
    assert_eq!(link.module.source, ModuleSource::Url(ModuleUrl::Remote(REMOTE.to_owned())));
    assert_eq!(link.module.sha256.as_deref(), Some(sum.as_str()));
    assert_eq!(link.module.pull_policy, PullPolicy::IfNotPresent);
    assert_eq!(remote("sha256: ''").module.sha256, None);
    assert_eq!(remote("imagePullPolicy: UNSPECIFIED_POLICY").module.pull_policy, PullPolicy::Unspecified);
    assert_eq!(remote("").module.written, REMOTE);
    assert_eq!(remote("").origin.span.to_string(), "m.yaml:1:1");
}
