//! The checks of Istio's webhook and of the resource schema, one row each.

use super::{inbound, plugin, read, resolve, wrong};

/// A spec is refused with these words, and with the line of the field.
#[track_caller]
fn refused(spec: &str, why: &str) {
    let said = wrong(&plugin("p", "", spec));
    assert!(said.contains(why), "{spec}\n{said}");
    assert!(said.starts_with("m.yaml:4:"), "{said}");
}

#[track_caller]
fn fine(spec: &str) {
    if let Err(error) = read(&plugin("p", "", spec)) {
        panic!("{error}");
    }
}

const GATEWAY: &str = "group: gateway.networking.k8s.io, kind: Gateway";

#[test]
fn selectors_and_targets() {
    let target = format!("{{{GATEWAY}, name: g}}");
    refused(
        &format!("selector: {{}}, targetRefs: [{target}]"),
        "only one of selector and targetRefs can be set",
    );
    refused(&format!("selector: {{}}, targetRef: {target}"), "only one of selector and targetRef can be set");
    refused(&format!("targetRef: {target}, targetRefs: [{target}]"), "only one of targetRef and targetRefs");
    refused("selector: {matchLabels: {'': a}}", "spec.selector.matchLabels: a label has no key");
    refused("selector: {matchLabels: {a*: b}}", "no wildcards");
    refused("selector: {matchLabels: {a: '*'}}", "no wildcards");
    refused(
        "selector: {matchLabels: {a: 1}}",
        "spec.selector.matchLabels.a: expected text, found the number 1",
    );
    refused("selector: {matchlabels: {a: b}}", "did you mean \"matchLabels\"?");
    refused(&format!("targetRefs: [{{{GATEWAY}}}]"), "spec.targetRefs[0]: has no name");
    refused(&format!("targetRefs: [{{{GATEWAY}, name: g, namespace: other}}]"), "has a namespace");
    refused("targetRefs: [{kind: Pod, name: p}]", "the kind `Pod` of group `` is no target");
    refused("targetRefs: [{kind: Gateway, name: p}]", "is no target");
    fine("targetRefs: [{group: core, kind: Service, name: s}]");
    let many = vec![target; 17].join(", ");
    refused(&format!("targetRefs: [{many}]"), "17 items, 16 at most");
}

#[test]
fn a_selector_without_labels_is_only_strange() {
    for spec in ["selector: {}", "selector: {matchLabels: {}}"] {
        let resolved = resolve(&plugin("p", "", spec), &inbound());
        assert!(resolved.warnings[0].message.contains("selects by no label"), "{spec}");
    }
}

#[test]
fn urls() {
    for (url, why) in [
        ("''", "spec.url: is empty"),
        ("'http://h/%zz'", "is no url"),
        ("ftp://h/x", "the scheme `ftp` is none of file, http, https, oci"),
        ("registry:5000/x", "needs an explicit `oci://`"),
        ("7", "expected text, found the number 7"),
        ("", "spec.url: is missing"),
    ] {
        let said = wrong(&plugin("p", "", "").replace("\"file:///p.wasm\"", url));
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn checksums() {
    refused("sha256: abc", "spec.sha256: has 3 characters, 64 are needed");
    refused(&format!("sha256: {}", "A".repeat(64)), "other characters than 0-9 and a-f");
    refused(&format!("sha256: '{}'", "0".repeat(65)), "has 65 characters");
    refused(&format!("sha256: {}", "1".repeat(64)), "expected text, found the number");
    fine("sha256: ''");
    fine(&format!("sha256: {}", "af09".repeat(16)));
}

#[test]
fn names() {
    refused(&format!("imagePullSecret: {}", "s".repeat(254)), "has 254 bytes, 253 at most");
    refused("imagePullSecret: ''", "spec.imagePullSecret: is empty");
    fine(&format!("imagePullSecret: {}", "s".repeat(253)));
    refused(&format!("pluginName: {}", "s".repeat(257)), "has 257 bytes, 256 at most");
    refused("pluginName: ''", "spec.pluginName: is empty");
    fine(&format!("pluginName: {}", "s".repeat(256)));
}

#[test]
fn environment() {
    let env = |items: &str| format!("vmConfig: {{env: [{items}]}}");
    refused(&env("{value: a}"), "spec.vmConfig.env[0]: the name is empty");
    refused(&env(&format!("{{name: {}}}", "n".repeat(257))), "the name has 257 bytes");
    refused(&env("{name: A}, {name: A}"), "spec.vmConfig.env[1]: the name `A` is there already");
    refused(&env("{name: A, valueFrom: HOST, value: b}"), "a value of HOST has no `value`");
    refused(&env("{name: A, valueFrom: SECRET}"), "expected one of INLINE, HOST, found `SECRET`");
    refused(
        &env(&format!("{{name: A, value: {}}}", "v".repeat(2049))),
        "the value has 2049 bytes, 2048 at most",
    );
    refused(&env("{name: A, value: yes}"), "found `yes`, which is the boolean true here");
    let many: Vec<String> = (0..257).map(|n| format!("{{name: A{n}}}")).collect();
    refused(&env(&many.join(", ")), "has 257 items, 256 at most");
    // Of several problems the first is told.
    let said = wrong(&plugin("p", "", &env("{value: a}, {name: B}, {name: B}")));
    assert_eq!(said.matches("spec.vmConfig").count(), 1, "{said}");
}

#[test]
fn matches() {
    refused("match: [null]", "spec.match[0]: is null");
    refused("match: [{ports: [null]}]", "spec.match[0].ports[0]: is null");
    refused("match: [{ports: [{number: 0}]}]", "0 is not between 1 and 65535");
    refused("match: [{ports: [{number: 65536}]}]", "65536 is not between 1 and 65535");
    refused("match: [{ports: [{}]}]", "has no number");
    refused("match: [{ports: [{number: http}]}]", "expected a whole number, found `http`");
    refused("match: [{ports: [{number: 80}, {number: 80}]}]", "the port 80 is there already");
    refused("match: [{mode: BOTH}]", "expected one of UNDEFINED, CLIENT, SERVER, CLIENT_AND_SERVER");
    fine("match: [{ports: [{number: 65535}]}]");
    let said = wrong(&plugin("p", "", "match: [null, {ports: [null]}]"));
    assert_eq!(said.matches("spec.match").count(), 1, "{said}");
}

#[test]
fn words() {
    for (spec, why) in [
        ("phase: AUTHENTICATION", "spec.phase: expected one of UNSPECIFIED_PHASE, AUTHN, AUTHZ, STATS"),
        ("phase: AUTN", "did you mean \"AUTHN\"?"),
        ("type: TCP", "expected one of UNSPECIFIED_PLUGIN_TYPE, HTTP, NETWORK"),
        ("failStrategy: FAIL_CLOSED", "did you mean \"FAIL_CLOSE\"?"),
        ("imagePullPolicy: Never", "expected one of UNSPECIFIED_POLICY, IfNotPresent, Always"),
        ("priority: high", "spec.priority: expected a whole number, found `high`"),
        ("priority: 2147483648", "is not between"),
        ("priority: 1.5", "expected a whole number"),
        ("pluginConfig: text", "spec.pluginConfig: expected a mapping, found `text`"),
        ("pluginConfig: [1]", "expected a mapping, found a list"),
        ("pluginConfig: {a: .nan}", "is no number that JSON can hold"),
        ("pluginconfig: {}", "unknown field `spec.pluginconfig`"),
        ("plugin_config: {}", "did you mean \"pluginConfig\"?"),
    ] {
        refused(spec, why);
    }
}

#[test]
fn traffic_extensions() {
    let of = |spec: &str| {
        format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\nmetadata: {{name: t}}\n\
             spec: {{{spec}}}\n"
        )
    };
    for (spec, why) in [
        ("phase: AUTHN", "exactly one of wasm and lua has to be set, and neither is there"),
        ("wasm: {url: file:///a}, lua: {inlineCode: a}", "and both are there"),
        ("lua: {inlineCode: ''}", "inlineCode has 0 bytes"),
        ("lua: {}", "inlineCode has 0 bytes"),
        ("wasm: {}", "spec.wasm.url: is missing"),
        ("url: file:///a", "unknown field `spec.url`"),
        ("wasm: {url: file:///a}, targetRef: {kind: Service, name: a}", "did you mean \"targetRefs\"?"),
    ] {
        let said = wrong(&of(spec));
        assert!(said.contains(why), "{said}");
    }
    let said = wrong(&of(&format!("lua: {{inlineCode: {}}}", "x".repeat(65537))));
    assert!(said.contains("65537 bytes, 1 to 65536"), "{said}");
    read(&of(&format!("lua: {{inlineCode: {}}}", "x".repeat(65536)))).expect("as long as allowed");
}

#[test]
fn a_key_that_nobody_verifies_is_told() {
    let resolved = resolve(&plugin("p", "", "verificationKey: k"), &inbound());
    assert!(resolved.warnings[0].message.contains("nothing is verified"));
}

#[test]
fn all_problems_are_told_together() {
    let said = wrong(&plugin(
        "p",
        "",
        "sha256: abc, phase: NONE, priority: x, match: [null], vmConfig: {env: [{}]}",
    ));
    for field in ["spec.sha256", "spec.phase", "spec.priority", "spec.match[0]", "spec.vmConfig.env[0]"] {
        assert!(said.contains(field), "{field}: {said}");
    }
}
