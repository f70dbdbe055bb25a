//! Modules on the disk, and what each url led to last.
//!
//! ```text
//! modules/<sha256 of the url without tag and digest>/<checksum>.wasm
//! modules/<...>/<checksum>.sha256                 of the module itself: what is not whole counts as not there
//! urls/<sha256 of the url>.json                   its last checksum, and the versions of the resources that pulled it
//! ```
//!
//! Every file is written beside its place and renamed: none is ever there in part. No credentials are kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proxy_wasm_harness::manifest::FetchError;
use proxy_wasm_harness::manifest::artifact::sha256;
use serde_json::{Value as Json, json};

use super::Got;
use super::policy::Wanted;
use crate::write;

/// A folder of modules.
#[derive(Debug)]
pub(super) struct Cache(PathBuf);

/// What an url led to last.
#[derive(Debug, Default)]
pub(super) struct Last {
    pub(super) checksum: String,
    /// Versions by resource.
    pub(super) resources: BTreeMap<String, String>,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn module_path(&self, name: &str, checksum: &str, ending: &str) -> PathBuf {
        self.0.join("modules").join(sha256(name.as_bytes())).join(format!("{checksum}.{ending}"))
    }

    fn url_path(&self, url: &str) -> PathBuf {
        self.0.join("urls").join(format!("{}.json", sha256(url.as_bytes())))
    }

    /// The module of a name and checksum, if it is there and whole.
    pub(super) fn module(&self, name: &str, checksum: &str) -> Option<Vec<u8>> {
        // A checksum is part of a path: digits only.
        if checksum.is_empty() || !checksum.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let module = std::fs::read(self.module_path(name, checksum, "wasm")).ok()?;
        let own = std::fs::read_to_string(self.module_path(name, checksum, "sha256")).ok()?;
        (sha256(&module) == own.trim()).then_some(module)
    }

    /// What an url led to last.
    pub(super) fn last(&self, url: &str) -> Option<Last> {
        let text = std::fs::read(self.url_path(url)).ok()?;
        let json: Json = serde_json::from_slice(&text).ok()?;
        let resources = json["resources"].as_object().into_iter().flatten();
        let resources =
            resources.filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())));
        Some(Last { checksum: json["checksum"].as_str()?.to_owned(), resources: resources.collect() })
    }

    /// Keeps what was pulled.
    pub(super) fn keep(&self, wanted: &Wanted<'_>, got: &Got) -> Result<(), FetchError> {
        let module = self.module_path(wanted.name, &got.checksum, "wasm");
        let own = self.module_path(wanted.name, &got.checksum, "sha256");
        let url = self.url_path(wanted.url);
        let mut last = self.last(wanted.url).filter(|last| last.checksum == got.checksum).unwrap_or_default();
        last.resources.insert(wanted.resource.to_owned(), wanted.version.to_owned());
        let about = json!({"url": wanted.url, "checksum": got.checksum, "resources": last.resources});
        if !got.cached {
            whole(&module, &got.module)?;
            whole(&own, format!("{}\n", sha256(&got.module)).as_bytes())?;
        }
        whole(&url, format!("{about}\n").as_bytes())
    }
}

/// Writes a file, and the folders on its way.
fn whole(path: &Path, bytes: &[u8]) -> Result<(), FetchError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).and_then(|()| write::whole(path, bytes)).map_err(|error| {
        FetchError::unreachable(format!("{}: cannot be written: {error}", path.display()))
            .hint("modules that are downloaded are kept there; PROXY_WASM_TEST_CACHE names another folder")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proxy_wasm_harness::manifest::PullPolicy;

    fn wanted() -> Wanted<'static> {
        Wanted {
            url: "oci://r/p:v1",
            name: "oci://r/p",
            checksum: None,
            policy: PullPolicy::Always,
            resource: "ns/p",
            version: "1",
        }
    }

    fn got(checksum: &str) -> Got {
        Got { module: b"\0asm\x01\0\0\0".to_vec(), checksum: checksum.repeat(64), cached: false }
    }

    #[test]
    fn what_is_not_whole_is_not_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(dir.path().to_owned());
        cache.keep(&wanted(), &got("a")).expect("kept");
        let path = cache.module_path("oci://r/p", &"a".repeat(64), "wasm");
        assert!(cache.module("oci://r/p", &"a".repeat(64)).is_some());
        assert!(cache.module("oci://r/q", &"a".repeat(64)).is_none());
        std::fs::write(&path, b"\0asm").expect("cut");
        assert!(cache.module("oci://r/p", &"a".repeat(64)).is_none(), "it is cut");
        cache.keep(&wanted(), &got("a")).expect("kept");
        assert!(cache.module("oci://r/p", &"a".repeat(64)).is_some(), "it is mended");
        std::fs::remove_file(path.with_extension("sha256")).expect("removed");
        assert!(cache.module("oci://r/p", &"a".repeat(64)).is_none(), "nothing says that it is whole");
    }

    #[test]
    fn a_checksum_is_no_path() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(dir.path().join("cache"));
        std::fs::write(dir.path().join("x.wasm"), b"\0asm\x01\0\0\0").expect("written");
        assert!(cache.module("n", "../../../x").is_none());
        assert!(cache.module("n", "").is_none());
    }

    #[test]
    fn urls_forget_the_resources_of_another_module() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(dir.path().to_owned());
        cache.keep(&wanted(), &got("a")).expect("kept");
        cache.keep(&Wanted { resource: "ns/q", version: "7", ..wanted() }, &got("a")).expect("kept");
        let last = cache.last("oci://r/p:v1").expect("known");
        assert_eq!(last.resources.len(), 2);
        cache.keep(&Wanted { version: "2", ..wanted() }, &got("b")).expect("kept");
        let last = cache.last("oci://r/p:v1").expect("known");
        assert_eq!((last.checksum, last.resources.len()), ("b".repeat(64), 1));
        // Nothing is left beside the files.
        let count = |folder: &str| std::fs::read_dir(dir.path().join(folder)).expect("there").count();
        assert_eq!((count("modules"), count("urls")), (1, 1));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("file"), "").expect("written");
        let error = Cache::new(dir.path().join("file")).keep(&wanted(), &got("a")).expect_err("it is a file");
        assert!(error.message.contains("cannot be written") && error.unreachable, "{error:?}");
    }
}
