//! An OCI image layout: a folder, or the entries of an archive, with `index.json` and `blobs/`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use super::checksum;
use super::image::{Manifest, Store};
use super::{FetchError, Fetched, LARGEST};

/// The annotation that holds a tag or a whole name.
const NAME: &str = "org.opencontainers.image.ref.name";
/// The one that `ctr` and Docker write the whole name to.
const FULL_NAME: &str = "io.containerd.image.name";

/// Where the files of a layout are.
pub(crate) enum Files<'f> {
    Folder(&'f Path),
    /// By their paths.
    Entries(&'f BTreeMap<String, Vec<u8>>),
}

impl Files<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(path);
                let fail = |error| FetchError::new(format!("{}: cannot be read: {error}", path.display()));
                let size = std::fs::metadata(&path).map_err(fail)?.len();
                if size > LARGEST {
                    return Err(FetchError::new(format!(
                        "{}: has {size} bytes, {LARGEST} at most",
                        path.display()
                    )));
                }
                std::fs::read(&path).map_err(fail)
            }
            Self::Entries(entries) => {
                entries.get(path).cloned().ok_or_else(|| FetchError::new(format!("there is no {path} in it")))
            }
        }
    }
}

impl Store for Files<'_> {
    fn manifest(&self, digest: &str) -> Result<Vec<u8>, FetchError> {
        self.blob(digest)
    }

    fn blob(&self, digest: &str) -> Result<Vec<u8>, FetchError> {
        let hex = digest
            .strip_prefix("sha256:")
            .filter(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(hex) = hex else {
            return Err(FetchError::new(format!("`{digest}` is no digest of SHA-256")));
        };
        self.read(&format!("blobs/sha256/{hex}"))
    }
}

/// Whether a folder is a layout.
pub(crate) fn is_layout(folder: &Path) -> bool {
    folder.join("index.json").is_file()
}

/// The module of the image that `url` means: by its digest, by its tag or whole name, or the only one.
pub(crate) fn fetch(files: &Files<'_>, url: &str) -> Result<Fetched, FetchError> {
    let index = files.read("index.json")?;
    let index: Json = serde_json::from_slice(&index)
        .map_err(|error| FetchError::new(format!("its index.json is no JSON: {error}")))?;
    let all = index["manifests"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reference = url.strip_prefix("oci://").unwrap_or(url);
    let entry = match checksum::digest(url) {
        Some(digest) => all.iter().find(|entry| entry["digest"] == format!("sha256:{digest}").as_str()),
        None => named(all, reference).or(match all {
            [one] => Some(one),
            _ => None,
        }),
    };
    let Some(entry) = entry else {
        let names: Vec<&str> = all.iter().flat_map(names).collect();
        return Err(FetchError::new(format!("no image in it is {reference}")).hint(format!(
            "it holds {} images: {}",
            all.len(),
            names.join(", ")
        )));
    };
    let digest = entry["digest"].as_str().unwrap_or_default();
    let bytes = files.blob(digest)?;
    if checksum::of(&bytes) != digest.trim_start_matches("sha256:") {
        return Err(FetchError::new(format!("what is stored as {digest} has another digest")));
    }
    Manifest::read(&bytes, entry["mediaType"].as_str().unwrap_or_default(), files)?.module(files)
}

fn names(entry: &Json) -> impl Iterator<Item = &str> {
    [NAME, FULL_NAME].into_iter().filter_map(|key| entry["annotations"][key].as_str())
}

fn named<'j>(all: &'j [Json], reference: &str) -> Option<&'j Json> {
    let tag =
        reference.rsplit('/').next().and_then(|last| last.split_once(':')).map_or("latest", |(_, tag)| tag);
    let is = |wanted: &str| all.iter().find(|entry| names(entry).any(|name| name == wanted));
    is(reference).or_else(|| is(tag))
}
