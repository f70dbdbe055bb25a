//! The forms of images, and what they are compared with.

use serde_json::json;

use crate::manifests::{files, get, link, refused};
use crate::pack::{MODULE, gzip, module, tar};
use crate::server::{DOCKER, DOCKER_LAYER, OCI, OCI_INDEX, OCI_LAYER, Server, WASM_CONFIG, WASM_LAYER};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("every form that Istio takes", forms),
    ("forms that it does not take", no_forms),
    ("by tag, by digest, by neither", names),
    ("an index means linux/amd64", index),
    ("checksums are those of manifests", checksums),
    ("archives that climb or burst", archives),
    ("what is not there", not_there),
];

fn forms() {
    let server = Server::open();
    let other = gzip(&tar(&[("plugin.wasm", &module("another"))]));
    let layer = gzip(&tar(&[("etc/x", b"1"), ("deep/er/plugin.wasm", MODULE)]));
    for (name, kind, layers) in [
        ("docker:v1", DOCKER, vec![(DOCKER_LAYER, layer.as_slice())]),
        ("docker-two:v1", DOCKER, vec![(DOCKER_LAYER, &other), (DOCKER_LAYER, &layer)]),
        ("oci:v1", OCI, vec![(OCI_LAYER, &layer)]),
        ("oci-two:v1", OCI, vec![(OCI_LAYER, &other), (OCI_LAYER, &layer)]),
        ("artifact:v1", OCI, vec![(WASM_LAYER, MODULE), (WASM_CONFIG, b"{}")]),
        ("nested/deep/artifact:v1", OCI, vec![(WASM_CONFIG, b"{}"), (WASM_LAYER, MODULE)]),
    ] {
        let digest = server.image(name, kind, &layers);
        let cache = tempfile::tempdir().expect("a folder");
        let got = get(&link(&server.url(name), "", "", ""), cache.path()).expect(name);
        assert_eq!((got.module.as_slice(), got.checksum, got.cached), (MODULE, digest, false), "{name}");
        assert_eq!(files(cache.path()), 3, "{name}");
    }
}

fn no_forms() {
    let server = Server::open();
    let layer = gzip(&tar(&[("plugin.wasm", MODULE)]));
    for (name, kind, layers, why) in [
        ("one:v1", OCI, vec![(WASM_LAYER, MODULE)], "has 1 layers, not 2"),
        (
            "type:v1",
            OCI,
            vec![("application/wasm", MODULE), (WASM_CONFIG, b"{}".as_slice())],
            "no layer of type",
        ),
        ("docker:v1", DOCKER, vec![(OCI_LAYER, &layer)], "its last layer is of type"),
        ("packed:v1", OCI, vec![(WASM_LAYER, &layer), (WASM_CONFIG, b"{}")], "is no wasm module"),
        (
            "empty:v1",
            OCI,
            vec![(OCI_LAYER, &gzip(&tar(&[("module.wasm", MODULE)])))],
            "holds no file plugin.wasm",
        ),
        ("torn:v1", OCI, vec![(OCI_LAYER, &layer[..20])], "cannot be unpacked"),
    ] {
        server.image(name, kind, &layers);
        refused(&link(&server.url(name), "", "", ""), why);
    }
}

fn names() {
    let server = Server::open();
    let digest = server.artifact("p:v1", &module("one"));
    server.artifact("p:latest", &module("latest"));
    let cache = tempfile::tempdir().expect("a folder");
    for (name, expected) in [
        ("p:v1".to_owned(), "one"),
        (format!("p@sha256:{digest}"), "one"),
        (format!("p:latest@sha256:{digest}"), "one"),
        ("p".to_owned(), "latest"),
        ("p:latest".to_owned(), "latest"),
    ] {
        let got = get(&link(&server.url(&name), "", "", ""), cache.path()).expect(&name);
        assert_eq!(got.module, module(expected), "{name}");
    }
}

fn index() {
    let server = Server::open();
    let child = server.artifact("p:child", MODULE);
    let size = |digest: &str| {
        let manifest = server.url(&format!("p@sha256:{digest}"));
        let got = get(&link(&manifest, "", "", ""), tempfile::tempdir().expect("a folder").path());
        assert!(got.is_ok(), "{got:?}");
    };
    size(&child);
    let entry = |os: &str, arch: &str| json!({"mediaType": OCI, "digest": format!("sha256:{child}"), "size": 1, "platform": {"os": os, "architecture": arch}});
    let push = |name: &str, entries: Vec<serde_json::Value>| {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).to_string();
        server.push(name, OCI_INDEX, &[], &index)
    };
    let digest = push("p:index", vec![entry("linux", "arm64"), entry("linux", "amd64")]);
    let cache = tempfile::tempdir().expect("a folder");
    let got = get(&link(&server.url("p:index"), "", "", ""), cache.path()).expect("a module");
    assert_eq!((got.module.as_slice(), got.checksum.as_str()), (MODULE, child.as_str()));
    // An index by its digest is compared with the manifest in it: it never matches.
    refused(&link(&server.url(&format!("p@sha256:{digest}")), "", "", ""), "has the checksum");
    push("p:wasi", vec![entry("wasi", "wasm")]);
    refused(&link(&server.url("p:wasi"), "", "", ""), "no part for linux/amd64");
}

fn checksums() {
    let server = Server::open();
    let digest = server.artifact("p:v1", MODULE);
    let with = |name: &str, sha256: &str| link(&server.url(name), "", &format!("sha256: '{sha256}'"), "");
    let cache = tempfile::tempdir().expect("a folder");
    assert!(get(&with("p:v1", &digest), cache.path()).is_ok());
    assert!(get(&with(&format!("p@sha256:{digest}"), &digest), cache.path()).is_ok());
    assert!(get(&with("p:v1", ""), cache.path()).is_ok());
    refused(&with("p:v1", &"0".repeat(64)), "by the digest of its manifest, not by its module");
    refused(&with(&format!("p@sha256:{digest}"), &"0".repeat(64)), "it never matches");
    refused(&link(&server.url(&format!("p@sha256:{}", "0".repeat(64))), "", "", ""), "has no image");
    // What the cache holds under the name and the checksum is taken, whatever the url's own digest.
    let other = server.artifact("p:v2", &module("two"));
    assert!(get(&with("p:v2", &other), cache.path()).is_ok());
    let got = get(&with(&format!("p@sha256:{digest}"), &other), cache.path()).expect("the cache has it");
    assert_eq!((got.module, got.cached), (module("two"), true));
}

fn archives() {
    let server = Server::open();
    let home = tempfile::tempdir().expect("a folder");
    // Nothing is unpacked onto the disk: a name that climbs leads nowhere.
    let climbing = gzip(&tar(&[("../../../../tmp/evil", b"x"), ("../plugin.wasm", MODULE)]));
    server.image("climbs:v1", OCI, &[(OCI_LAYER, &climbing)]);
    let got = get(&link(&server.url("climbs:v1"), "", "", ""), home.path()).expect("the module in it");
    assert_eq!((got.module.as_slice(), files(home.path())), (MODULE, 3));
    // More than a module may have, in a small file.
    let huge = vec![0; (256 << 20) + 1];
    let bomb = gzip(&tar(&[("plugin.wasm", &huge)]));
    assert!(bomb.len() < 4 << 20);
    server.image("bursts:v1", OCI, &[(OCI_LAYER, &bomb)]);
    refused(&link(&server.url("bursts:v1"), "", "", ""), "cut short");
}

fn not_there() {
    let server = Server::open();
    refused(&link(&server.url("p:v1"), "", "", ""), "has no image");
    let digest = server.artifact("p:v1", MODULE);
    refused(&link(&server.url("p:v2"), "", "", ""), "has no image");
    assert!(!digest.is_empty());
    let host = server.host.clone();
    drop(server);
    refused(
        &link(&format!("oci://{host}/p:v1"), "", "", ""),
        &format!("the registry {host} cannot be reached"),
    );
    refused(&link("oci://169.254.169.254/p:v1", "", "", ""), "link-local");
}
