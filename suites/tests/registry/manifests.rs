//! Links as manifests make them, and what comes of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proxy_wasm_suites::harness::manifest::{Link, ManifestSet, ModuleSource, ModuleUrl};
use proxy_wasm_suites::harness::scenario::Workload;
use proxy_wasm_suites::registry::{Got, Options, Registry};

/// The plugin of a manifest with this url and these other fields in its metadata and its spec. `more`: other documents.
pub(crate) fn link(url: &str, metadata: &str, spec: &str, more: &str) -> Link {
    let yaml = format!(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: p, namespace: default, {metadata}}}\n\
         spec: {{url: \"{url}\", {spec}}}\n---\n{more}"
    );
    let set = ManifestSet::from_texts([(PathBuf::from("m.yaml"), yaml)]).expect("a manifest");
    let resolved = set.resolve(&Workload::default()).expect("a chain");
    resolved.http_plugins().next().expect("a plugin").clone()
}

/// What the module of a link comes to, with a cache in this folder.
pub(crate) fn get(link: &Link, cache: &Path) -> Result<Got, String> {
    get_with(link, options(cache))
}

/// As in a process of its own.
pub(crate) fn get_with(link: &Link, options: Options) -> Result<Got, String> {
    let ModuleSource::Url(ModuleUrl::Remote(url)) = &link.module.source else { panic!("{link:?}") };
    let registry = Registry::new(options).expect("a means to wait");
    registry.get(link, url).map_err(|error| match error.hint {
        Some(hint) => format!("{} / {hint}", error.message),
        None => error.message,
    })
}

/// One retry, at once.
pub(crate) fn options(cache: &Path) -> Options {
    Options {
        cache: Some(cache.to_owned()),
        retries: 1,
        backoff: Duration::from_millis(1),
        ..Options::default()
    }
}

/// Checks that something is refused with these words, and that the cache holds no file then.
#[track_caller]
pub(crate) fn refused(link: &Link, why: &str) {
    let cache = tempfile::tempdir().expect("a folder");
    let said = get(link, cache.path()).expect_err(why);
    assert!(said.contains(why), "{said}");
    assert_eq!(files(cache.path()), 0, "something is left in the cache: {said}");
}

/// The number of files below a folder.
pub(crate) fn files(folder: &Path) -> usize {
    let count = |entry: fs::DirEntry| match entry.path() {
        path if path.is_dir() => files(&path),
        _ => 1,
    };
    fs::read_dir(folder).expect("a folder").map(|entry| count(entry.expect("an entry"))).sum()
}
