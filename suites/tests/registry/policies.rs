//! When a registry is asked again: every call here is a process of its own over one cache.

use crate::manifests::{get, link};
use crate::pack::module;
use crate::server::Server;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("IfNotPresent keeps the first module of an url", if_not_present),
    ("Always pulls when the resource has changed", always),
    ("unspecified is Always for latest only", unspecified),
    ("a known digest needs no registry", offline),
    ("one module under two tags is stored once", shared),
];

/// The name of the module that came, and whether the cache had it.
#[track_caller]
fn came(server: &Server, name: &str, version: &str, spec: &str, cache: &std::path::Path) -> (Vec<u8>, bool) {
    let metadata = if version.is_empty() { String::new() } else { format!("resourceVersion: '{version}'") };
    let got = get(&link(&server.url(name), &metadata, spec, ""), cache).expect(name);
    (got.module, got.cached)
}

fn if_not_present() {
    let (server, cache) = (Server::open(), tempfile::tempdir().expect("a folder"));
    let spec = "imagePullPolicy: IfNotPresent";
    server.artifact("p:latest", &module("old"));
    assert_eq!(came(&server, "p:latest", "1", spec, cache.path()), (module("old"), false));
    server.artifact("p:latest", &module("new"));
    for version in ["1", "2", ""] {
        assert_eq!(
            came(&server, "p:latest", version, spec, cache.path()),
            (module("old"), true),
            "{version}"
        );
    }
}

fn always() {
    let (server, cache) = (Server::open(), tempfile::tempdir().expect("a folder"));
    let spec = "imagePullPolicy: Always";
    server.artifact("p:v1", &module("old"));
    assert_eq!(came(&server, "p:v1", "1", spec, cache.path()), (module("old"), false));
    server.artifact("p:v1", &module("new"));
    assert_eq!(came(&server, "p:v1", "1", spec, cache.path()), (module("old"), true), "nothing has changed");
    assert_eq!(came(&server, "p:v1", "2", spec, cache.path()), (module("new"), false));
    // Asked again, with the same answer: the manifest is enough.
    assert_eq!(came(&server, "p:v1", "3", spec, cache.path()), (module("new"), true));
    // A file without a version counts as just applied.
    server.artifact("p:v1", &module("newest"));
    assert_eq!(came(&server, "p:v1", "", spec, cache.path()), (module("newest"), false));
}

fn unspecified() {
    let (server, cache) = (Server::open(), tempfile::tempdir().expect("a folder"));
    for (name, again) in [("p:latest", true), ("p:v1", false), ("p", false)] {
        let full = if name == "p" { "p:latest" } else { name };
        server.artifact(full, &module("old"));
        let cache = cache.path().join(name.replace(':', "-"));
        std::fs::create_dir(&cache).expect("made");
        assert_eq!(came(&server, name, "1", "", &cache), (module("old"), false), "{name}");
        server.artifact(full, &module("new"));
        let expected = if again { (module("new"), false) } else { (module("old"), true) };
        assert_eq!(came(&server, name, "2", "", &cache), expected, "{name}");
    }
}

fn offline() {
    let (server, cache) = (Server::open(), tempfile::tempdir().expect("a folder"));
    let digest = server.artifact("p:v1", &module("old"));
    let by_digest = link(&server.url(&format!("p@sha256:{digest}")), "", "imagePullPolicy: Always", "");
    let by_field = link(&server.url("p:v1"), "", &format!("imagePullPolicy: Always, sha256: '{digest}'"), "");
    let unpinned = link(&server.url("p:v1"), "", "imagePullPolicy: Always", "");
    assert!(!get(&by_digest, cache.path()).expect("pulled").cached);
    drop(server);
    for known in [by_digest, by_field] {
        assert_eq!(get(&known, cache.path()).map(|got| got.cached), Ok(true));
    }
    assert!(get(&unpinned, cache.path()).expect_err("nobody is there").contains("cannot be reached"));
}

fn shared() {
    let (server, cache) = (Server::open(), tempfile::tempdir().expect("a folder"));
    server.artifact("p:v1", &module("same"));
    server.artifact("p:v2", &module("same"));
    assert_eq!(came(&server, "p:v1", "", "", cache.path()), (module("same"), false));
    assert_eq!(came(&server, "p:v2", "", "", cache.path()), (module("same"), true));
}
