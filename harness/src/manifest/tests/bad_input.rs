//! What is no manifest, or not quite one: each with its place.

use std::path::{Path, PathBuf};

use super::{plugin, wrong};
use crate::manifest::ManifestSet;

#[track_caller]
fn says(yaml: &str, expected: &[&str]) {
    let said = wrong(yaml);
    for part in expected {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn not_yaml() {
    says("a: [1, 2\nb: }", &["m.yaml:2:"]);
    says("{{ .Values.x }}: {{- range }}", &["m.yaml:1:", "helm template"]);
    says("a: !vault x", &["the tag `!vault`"]);
}

#[test]
fn not_kubernetes() {
    says("just text", &["m.yaml:1:1", "neither a Kubernetes object", "`just text`"]);
    says("{a: 1}", &["neither a Kubernetes object"]);
    says("kind: WasmPlugin", &["has `apiVersion`, and this has none"]);
    says("apiVersion: v1", &["has `kind`, and this has none"]);
    says("apiVersion: 1\nkind: Pod", &["apiVersion: expected text, found the number 1", "quotes"]);
}

#[test]
fn wrong_kind_or_version() {
    let one = plugin("p", "", "");
    says(&one.replace("v1alpha1", "v1"), &["a WasmPlugin has the apiVersion extensions.istio.io/v1alpha1"]);
    says(&one.replace("extensions.istio.io", "istio.io"), &["a WasmPlugin has the apiVersion"]);
    says(
        &one.replace("WasmPlugin", "WasmPlugn"),
        &["m.yaml:2:7", "no kind `WasmPlugn`", "did you mean \"WasmPlugin\"?"],
    );
    says(&one.replace("WasmPlugin", "Telemetry"), &["no kind `Telemetry` in extensions.istio.io/v1alpha1"]);
}

#[test]
fn metadata() {
    says(
        &plugin("p", "", "").replace("name: p", "nam: p"),
        &["metadata.name: is missing", "did you mean \"name\"?"],
    );
    says(&plugin("P", "", ""), &["m.yaml:3:18", "metadata.name: a name has small letters"]);
    says(&plugin("p", "namespace: -x", ""), &["metadata.namespace: a name has"]);
    says(&plugin("p", "labels: {a: 1}", ""), &["metadata.labels.a: expected text, found the number 1"]);
    says(&plugin("p", "creationTimestamp: yesterday", ""), &["metadata.creationTimestamp: is no time like"]);
    says(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: p}",
        &["`spec` of this WasmPlugin"],
    );
    says(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nspec: {url: file:///a}",
        &["has `metadata`"],
    );
}

#[test]
fn unknown_and_double() {
    says(
        &(plugin("p", "", "") + &plugin("p", "", "")),
        &["m.yaml:6:1", "default/p is there twice", "first at m.yaml:1:1"],
    );
    says(&plugin("p", "", "url: x"), &["duplicate key `url`"]);
    says(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: p}\nspecs: {}",
        &["unknown field `specs`", "did you mean \"spec\"?"],
    );
}

#[test]
fn a_list_is_its_items() {
    let item =
        "{apiVersion: extensions.istio.io/v1alpha1, kind: WasmPlugin, metadata: {name: p}, spec: {url: 1}}";
    says(&format!("apiVersion: v1\nkind: List\nitems: [{item}]"), &["m.yaml:3:", "spec.url"]);
}

#[test]
fn every_file_is_told_about() {
    let texts = [("a.yaml", plugin("a", "", "sha256: x")), ("b.yaml", "nothing".to_owned())];
    let said = ManifestSet::from_texts(texts.map(|(path, text)| (PathBuf::from(path), text)));
    let said = said.expect_err("both are wrong").to_string();
    assert!(said.contains("a.yaml:4:") && said.contains("b.yaml:1:1"), "{said}");
    let said = ManifestSet::read(&[Path::new("/nonexistent/m.yaml")]).expect_err("there is none").to_string();
    assert!(said.contains("/nonexistent/m.yaml: cannot be opened"), "{said}");
}
