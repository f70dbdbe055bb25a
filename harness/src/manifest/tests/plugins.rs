//! The plugins of a scenario that names manifests.

use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use tempfile::TempDir;

use super::plugin;
use crate::manifest::resolve;
use crate::scenario::{FailurePolicy, Manifests, PluginSource, PluginSpec, Workload};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A folder with a manifest and modules.
struct Folder(TempDir);

impl Folder {
    fn new(manifest: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("m.yaml"), manifest).expect("written");
        fs::write(folder.path().join("p.wasm"), MODULE).expect("written");
        fs::write(folder.path().join("broken.wasm"), "broken").expect("written");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn manifests(&self, modules: &[(&str, &str)]) -> Manifests {
        let modules: IndexMap<String, PathBuf> =
            modules.iter().map(|(url, file)| ((*url).to_owned(), self.path(file))).collect();
        Manifests { manifests: vec![self.path("*.yaml")], modules, ..Manifests::default() }
    }

    fn plugins(&self, modules: &[(&str, &str)]) -> Result<Vec<PluginSpec>, String> {
        resolve(&self.manifests(modules), None).map_err(|error| error.to_string())
    }
}

fn source(path: &Path) -> PluginSource {
    PluginSource::Path(path.to_path_buf())
}

const REMOTE: &str = "https://h/p.wasm";

/// A plugin whose module is remote.
fn remote(spec: &str) -> String {
    plugin("p", "", spec).replace("file:///p.wasm", REMOTE)
}

#[test]
fn a_plugin_of_a_scenario() {
    let folder = Folder::new(&remote(
        "pluginName: r, pluginConfig: {a: 1}, failStrategy: FAIL_OPEN, vmConfig: {env: [{name: A, value: b}]}",
    ));
    let plugins = folder.plugins(&[(REMOTE, "p.wasm")]).expect("right");
    let [one] = plugins.as_slice() else { panic!("{plugins:?}") };
    assert_eq!((one.name.as_str(), one.root_id.as_str()), ("default/p", "r"));
    assert_eq!((one.config.as_slice(), one.failure_policy), (br#"{"a":1}"#.as_slice(), FailurePolicy::Open));
    assert_eq!(one.envoy.plugin_name.as_deref(), Some("default.p~istio-translated-wasmplugin"));
    assert_eq!(one.vm.env["A"], "b");
    assert_eq!(one.source, source(&folder.path("p.wasm")));
    assert_eq!(one.span.line(), 1);
}

#[test]
fn where_modules_are() {
    // The path itself, when it is here; from the folder of the manifest when it is relative.
    let folder = Folder::new(&plugin("p", "", "").replace("file:///p.wasm", "file://p.wasm"));
    assert_eq!(folder.plugins(&[]).expect("right")[0].source, source(&folder.path("p.wasm")));
    let folder = Folder::new(&plugin("p", "", ""));
    let said = folder.plugins(&[]).expect_err("it is not here");
    assert!(said.contains("m.yaml:4:13: file:///p.wasm is a file in the proxy's container"), "{said}");
    assert!(said.contains("modules: {\"file:///p.wasm\": path/to/module.wasm}"), "{said}");
    assert!(folder.plugins(&[("file:///p.wasm", "p.wasm")]).is_ok());
    let folder = Folder::new(&remote(""));
    let said = folder.plugins(&[]).expect_err("nothing is downloaded");
    assert!(said.contains("https://h/p.wasm is not downloaded in a test"), "{said}");
    // A scheme that Istio adds can be left out on either side.
    let folder = Folder::new(&plugin("p", "", "").replace("file:///p.wasm", "r.io/p:v1"));
    assert!(folder.plugins(&[("oci://r.io/p:v1", "p.wasm")]).is_ok());
    assert!(folder.plugins(&[("r.io/p:v1", "p.wasm")]).is_ok());
    let said = folder.plugins(&[("r.io/p:v1", "p.wasm"), ("r.io/p:v2", "p.wasm")]).expect_err("too many");
    assert!(
        said.contains("no manifest has that url") && said.contains("did you mean \"r.io/p:v1\"?"),
        "{said}"
    );
}

#[test]
fn a_module_that_cannot_be_fetched_is_replaced_by_its_policy() {
    for (what, spec) in [("broken", String::new()), ("the wrong one", format!("sha256: {},", "a".repeat(64)))]
    {
        let file = if spec.is_empty() { "broken.wasm" } else { "p.wasm" };
        let with = |policy: &str| {
            let folder = Folder::new(&remote(&format!("{spec} failStrategy: {policy}")));
            folder.plugins(&[(REMOTE, file)]).expect("no error")
        };
        assert!(with("FAIL_OPEN").is_empty(), "{what}");
        for policy in ["FAIL_CLOSE", "FAIL_RELOAD"] {
            let plugins = with(policy);
            assert!(matches!(plugins[0].source, PluginSource::Bytes(_)), "{what}, {policy}");
        }
    }
    // Up to 1.24 the proxy refuses the update.
    let folder = Folder::new(&remote(""));
    let workload = Some(Workload { istio: Some("1.24".to_owned()), ..Workload::default() });
    let manifests = Manifests { workload, ..folder.manifests(&[(REMOTE, "broken.wasm")]) };
    let said = resolve(&manifests, None).expect_err("refused").to_string();
    assert!(said.contains("refuses the whole update"), "{said}");
    let folder = Folder::new(&remote("failStrategy: FAIL_OPEN"));
    let manifests =
        Manifests { workload: manifests.workload, ..folder.manifests(&[(REMOTE, "broken.wasm")]) };
    assert!(resolve(&manifests, None).expect("open").is_empty());
    // A local file is Envoy's business.
    let folder = Folder::new(&plugin("p", "", ""));
    assert_eq!(folder.plugins(&[("file:///p.wasm", "broken.wasm")]).expect("not looked at").len(), 1);
}

#[test]
fn the_chain_that_is_expected() {
    let folder = Folder::new(
        &(plugin("a", "", "") + &plugin("b", "", "priority: 1") + &plugin("c", "namespace: x", "")),
    );
    let modules = [("file:///a.wasm", "p.wasm"), ("file:///b.wasm", "p.wasm"), ("file:///c.wasm", "p.wasm")];
    let chain = |names: &[&str]| {
        let chain = Some(names.iter().map(|name| (*name).to_owned()).collect());
        resolve(&Manifests { chain, ..folder.manifests(&modules) }, None).map_err(|error| error.to_string())
    };
    assert!(chain(&["default/b", "default/a"]).is_ok());
    let said = chain(&["default/a", "x/c"]).expect_err("another");
    assert!(said.contains("come to the chain default/b, default/a, not default/a, x/c"), "{said}");
    assert!(said.contains("WasmPlugin x/c") && said.contains("in the namespace x"), "{said}");
    assert!(chain(&[]).is_err());
}
