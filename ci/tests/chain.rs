//! `chain`: the chain that manifests come to, for people and for programs.

mod playground;

use playground::Playground;
use serde_json::Value;

const AUTH: &str = "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: auth, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  url: oci://registry.example/auth:v1
  imagePullPolicy: Always
  phase: AUTHN
  priority: 10
  pluginName: auth-root
  pluginConfig: {realm: shop, limit: 2.0}
  failStrategy: FAIL_OPEN
  vmConfig: {env: [{name: POD_NAME, valueFrom: HOST}, {name: MODE, value: strict}]}
";

/// Two plugins of the workload, one of another.
fn shop() -> Playground {
    let play = Playground::new();
    let other =
        AUTH.replace("name: auth,", "name: later,").replace("AUTHN", "STATS").replace("  priority: 10\n", "");
    play.write("deploy/auth.yaml", AUTH)
        .write(
            "deploy/b/later.yml",
            format!(
                "# first a comment\n{other}---\n{}",
                AUTH.replace("app: cart", "app: till").replace("name: auth,", "name: till,")
            ),
        )
        .write("deploy/t.scenario.yaml", "no manifest");
    play
}

const CART: [&str; 6] = ["chain", "deploy", "--namespace", "shop", "--labels", "app=cart"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    CART.iter().chain(more).copied().collect()
}

#[test]
fn for_people() {
    let play = shop();
    let ran = play.run(&with(&["--env", "POD_NAME=cart-0", "--port", "8080"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let expected = "\
shop, app=cart, sidecar-inbound, port 8080

requests, from the top down; responses from the bottom up
     istio.metadata_exchange        metadata exchange
     envoy.filters.http.ext_authz   CUSTOM authorization, if an AuthorizationPolicy with action CUSTOM applies
   1 shop/auth                      AUTHN, priority 10, WasmPlugin shop/auth (deploy/auth.yaml:1)
                                    module  oci://registry.example/auth:v1, pulled Always
                                    root id auth-root
                                    config  {\"limit\":2,\"realm\":\"shop\"} (26 bytes)
                                    env     MODE=strict POD_NAME=cart-0
                                    logs as wasm log shop.auth~istio-translated-wasmplugin auth-root
                                    failing streams pass it by (FAIL_OPEN)
     envoy.filters.http.jwt_authn   JWT authentication, if a RequestAuthentication applies
     envoy.filters.http.rbac        authorization, if an AuthorizationPolicy applies
   2 shop/later                     STATS, no priority, WasmPlugin shop/later (deploy/b/later.yml:2)
";
    assert!(ran.stdout.starts_with(expected), "{}", ran.stdout);
    let end = "
does not apply
     WasmPlugin shop/till (deploy/b/later.yml:15): it selects app=till, and the workload has app=cart
";
    assert!(ran.stdout.ends_with(end), "{}", ran.stdout);
}

#[test]
fn for_programs() {
    let ran = shop().run(&with(&["--format", "json"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let found: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(found["schema"], "proxy-wasm-test/chain/1");
    assert_eq!(found["summary"], serde_json::json!({"plugins": 2, "skipped": 1, "warnings": 0}));
    let filters: Vec<&Value> = found["http"].as_array().expect("a list").iter().collect();
    let auth = filters.iter().find(|filter| filter["plugin"]["name"] == "shop/auth").expect("it is there");
    let auth = &auth["plugin"];
    assert_eq!((&auth["phase"], &auth["priority"]), (&"AUTHN".into(), &10.into()));
    assert_eq!(auth["config"]["text"], r#"{"limit":2,"realm":"shop"}"#);
    assert_eq!(auth["env"], serde_json::json!({"MODE": "strict"}));
    assert!(auth["notes"][0].as_str().expect("a note").contains("the variable POD_NAME"));
    let place = serde_json::json!({"file": "deploy/auth.yaml", "line": 1, "column": 1, "resource": "WasmPlugin shop/auth"});
    assert_eq!(auth["origin"], place);
    assert_eq!(found["skipped"][0]["origin"]["line"], 15);
    let last = filters.last().expect("one");
    assert_eq!((&last["filter"], &last["when"]), (&"envoy.filters.http.router".into(), &Value::Null));
}

#[test]
fn the_workload_decides() {
    let play = shop();
    for (more, expected) in [
        (&["--labels", "app=till"][..], "shop/till"),
        (&["--labels", "app=cart,version=v2"], "shop/auth,shop/later"),
        (&["-l", "app=cart", "-l", "version=v2", "--kind", "gateway"], "shop/auth,shop/later"),
        (&["-l", "app=cart", "--kind", "waypoint"], ""),
        (&["-l", "app=cart", "--traffic", "tcp"], ""),
        (&["-l", "app=cart", "--istio", "1.20"], "shop/auth,shop/later"),
        (&[], ""),
    ] {
        let arguments = [&["chain", "deploy", "-n", "shop", "--expect", expected], more].concat();
        let ran = play.run(&arguments);
        assert_eq!(ran.code, 0, "{more:?}: {ran:?}");
    }
    // The last of several labels of one name counts, as in kubectl.
    let ran = play.run(&with(&["--labels", "app=till", "--expect", "shop/till"]));
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn an_unexpected_chain_is_a_failure_and_is_shown() {
    let ran = shop().run(&with(&["--expect", "shop/later, shop/auth"]));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("1 shop/auth"), "{ran:?}");
    assert_eq!(
        ran.stderr,
        "error: the manifests come to the chain shop/auth, shop/later, not shop/later, shop/auth\n"
    );
}

#[test]
fn a_configuration_of_envoy() {
    let play = Playground::new();
    let filter = "{name: w, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, \
                  config: {name: own, configuration: {\"@type\": x/google.protobuf.BytesValue, value: /w==}, \
                  vm_config: {vm_id: v, code: {local: {inline_bytes: AAAA}}}}}}";
    play.write("envoy.yaml", format!("http_filters: [{filter}, {{name: envoy.filters.http.router}}]"));
    let ran = play.run(&["chain", "envoy.yaml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for text in ["1 own ", "3 bytes in the configuration", "config  1 bytes, which are no text", "VM id   v"]
    {
        assert!(ran.stdout.contains(text), "{text}: {ran:?}");
    }
    let ran = play.run(&["chain", "envoy.yaml", "--format", "json"]);
    let found: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(found["http"][0]["plugin"]["config"]["hex"], "ff");
}

#[test]
fn credentials_are_not_shown() {
    let play = Playground::new();
    let local = AUTH.replace("oci://registry.example/auth:v1", "file:///auth.wasm\n  imagePullSecret: pull");
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: pull, namespace: shop}\n\
                  type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: s3cr3t}\n";
    play.write("deploy/all.yaml", format!("{local}{secret}"));
    for format in ["pretty", "json"] {
        let ran = play.run(&with(&["--format", format]));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains("the text of the secret") && !ran.stdout.contains("s3cr3t"), "{ran:?}");
    }
}

/// Everything that is wrong with the input is told with its place, and the exit code is 2.
#[test]
fn bad_input() {
    let play = shop();
    play.write("bad/not.yaml", "a: [1, 2\nb: }")
        .write("bad/text.yaml", "just text")
        .write("bad/kind.yaml", AUTH.replace("WasmPlugin", "WasmPlugn"))
        .write("bad/version.yaml", AUTH.replace("v1alpha1", "v1"))
        .write("bad/field.yaml", AUTH.replace("pluginConfig", "pluginconfig"))
        .write("bad/value.yaml", AUTH.replace("AUTHN", "AUTHENTICATION"))
        .write("empty/readme.txt", "");
    for (arguments, wanted) in [
        (&["chain"][..], "<MANIFEST>"),
        (&["chain", "nowhere"], "error: nowhere: cannot be opened"),
        (&["chain", "empty"], "error: empty: the folder holds no manifest"),
        (&["chain", "*.yaml"], "error: *.yaml: no file matches"),
        (&["chain", "bad/not.yaml"], "error: bad/not.yaml:2:"),
        (&["chain", "bad/text.yaml"], "error: bad/text.yaml:1:1: neither a Kubernetes object"),
        (&["chain", "bad/kind.yaml"], "help: did you mean \"WasmPlugin\"?"),
        (&["chain", "bad/version.yaml"], "error: bad/version.yaml:1:1: a WasmPlugin has the apiVersion"),
        (&["chain", "bad/field.yaml"], "error: bad/field.yaml:11:3: unknown field `spec.pluginconfig`"),
        (&["chain", "bad/value.yaml"], "error: bad/value.yaml:8:10: spec.phase: expected one of"),
        (&["chain", "deploy", "--istio", "latest"], "a version of Istio is written 1.29"),
        (&["chain", "deploy", "--kind", "sidecar"], "sidecar-inbound"),
        (&["chain", "deploy", "--labels", "app"], "expected NAME=VALUE"),
        (&["chain", "deploy", "--port", "0"], "--port"),
    ] {
        let ran = play.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(wanted), "{arguments:?}: {ran:?}");
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "{arguments:?}: {ran:?}");
        assert_eq!(ran.stdout, "", "{ran:?}");
    }
}

#[test]
fn help_has_examples() {
    let ran = Playground::new().run(&["chain", "--help"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("Examples:\n  proxy-wasm-test chain deploy/")
            && ran.stdout.contains("Exit codes:")
    );
}
