//! Which part of an image is the module.
//!
//! | manifest | the module |
//! |---|---|
//! | Docker, schema 2 | `plugin.wasm` in the last layer, which is a `tar.gzip` of Docker's |
//! | any other, first try | the same in the last layer, which is a `tar+gzip` of OCI's |
//! | any other, second try | of exactly two layers the one that is a module |
//!
//! Source: Istio 1.32-dev, `pkg/wasm/imagefetcher.go`. Of an index, the image for linux/amd64 is taken.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::Value as Json;

use super::checksum;
use super::{FetchError, Fetched, LARGEST};

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const WASM_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
/// The name of the module in a layer, in whatever folder.
pub(crate) const MODULE: &str = "plugin.wasm";

/// Where the manifests and blobs of an image are.
pub trait Store {
    /// A manifest by its digest, `sha256:...`. It is compared with its digest by who asks for it.
    ///
    /// # Errors
    ///
    /// When there is none, or none that can be had.
    fn manifest(&self, digest: &str) -> Result<Vec<u8>, FetchError>;

    /// A blob by its digest, at most [`LARGEST`] bytes.
    ///
    /// # Errors
    ///
    /// When there is none, or none that can be had.
    fn blob(&self, digest: &str) -> Result<Vec<u8>, FetchError>;
}

/// The manifest of an image: which layers there are.
#[derive(Clone, Debug)]
pub struct Manifest {
    digest: String,
    media_type: String,
    layers: Vec<(String, String)>,
}

impl Manifest {
    /// Reads a manifest; of an index, the image for linux/amd64. `media_type`: what whoever gave it says that it is, empty
    /// when it is not known.
    ///
    /// # Errors
    ///
    /// When it is no manifest, or an index without linux/amd64.
    pub fn read(bytes: &[u8], media_type: &str, store: &dyn Store) -> Result<Self, FetchError> {
        let json: Json = serde_json::from_slice(bytes)
            .map_err(|error| FetchError::new(format!("the image's manifest is no JSON: {error}")))?;
        let own = json["mediaType"].as_str().unwrap_or_default();
        let media_type = if own.is_empty() { media_type } else { own };
        if INDEXES.contains(&media_type) || (media_type.is_empty() && json["manifests"].is_array()) {
            let child = json["manifests"].as_array().into_iter().flatten().find(|child| {
                let platform = &child["platform"];
                platform["os"] == "linux" && platform["architecture"] == "amd64"
            });
            let Some(child) = child else {
                return Err(FetchError::new(
                    "the image has no part for linux/amd64, which is the one that is taken",
                )
                .hint("an index of wasi/wasm images alone cannot be used"));
            };
            let digest = text(child, "digest")?;
            let bytes = store.manifest(digest)?;
            verified(&bytes, digest)?;
            return Self::read(&bytes, child["mediaType"].as_str().unwrap_or_default(), store);
        }
        let layers = json["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let layers = layers
            .iter()
            .map(|layer| Ok((text(layer, "mediaType")?.to_owned(), text(layer, "digest")?.to_owned())))
            .collect::<Result<Vec<_>, FetchError>>()?;
        Ok(Self { digest: checksum::of(bytes), media_type: media_type.to_owned(), layers })
    }

    /// The SHA-256 of the manifest, which is the checksum of the image.
    #[must_use]
    pub fn checksum(&self) -> &str {
        &self.digest
    }

    /// The module in the image.
    ///
    /// # Errors
    ///
    /// When the image is of none of the forms that Istio knows, or when its layers cannot be had.
    pub fn module(&self, store: &dyn Store) -> Result<Fetched, FetchError> {
        let module = if self.media_type == DOCKER_MANIFEST {
            self.in_layer(DOCKER_LAYER, store)
        } else {
            self.in_layer(OCI_LAYER, store).or_else(|compat| {
                if compat.unreachable {
                    return Err(compat);
                }
                self.artifact(store).map_err(|artifact| {
                    if artifact.unreachable {
                        return artifact;
                    }
                    FetchError::new(format!(
                        "the image is of none of the forms that are known: {compat}; {artifact}"
                    ))
                    .hint("known are a layer with plugin.wasm, and an artifact of two layers with the module in one")
                })
            })
        };
        Ok(Fetched { module: module?, checksum: Some(self.digest.clone()) })
    }

    fn in_layer(&self, wanted: &str, store: &dyn Store) -> Result<Vec<u8>, FetchError> {
        let Some((kind, digest)) = self.layers.last() else {
            return Err(FetchError::new("the image has no layer"));
        };
        if kind != wanted {
            return Err(FetchError::new(format!("its last layer is of type {kind}, not {wanted}")));
        }
        let blob = blob(store, digest)?;
        in_tar(MultiGzDecoder::new(blob.as_slice()), LARGEST)
    }

    fn artifact(&self, store: &dyn Store) -> Result<Vec<u8>, FetchError> {
        if self.layers.len() != 2 {
            let message = format!("as an artifact it has {} layers, not 2", self.layers.len());
            return Err(FetchError::new(message));
        }
        match self.layers.iter().find(|(kind, _)| kind == WASM_LAYER) {
            Some((_, digest)) => blob(store, digest),
            None => Err(FetchError::new(format!("as an artifact it has no layer of type {WASM_LAYER}"))),
        }
    }
}

fn blob(store: &dyn Store, digest: &str) -> Result<Vec<u8>, FetchError> {
    let bytes = store.blob(digest)?;
    verified(&bytes, digest)?;
    Ok(bytes)
}

fn verified(bytes: &[u8], digest: &str) -> Result<(), FetchError> {
    let found = format!("sha256:{}", checksum::of(bytes));
    if digest == found {
        return Ok(());
    }
    Err(FetchError::new(format!("what is stored as {digest} has the digest {found}")))
}

fn text<'j>(json: &'j Json, key: &str) -> Result<&'j str, FetchError> {
    json[key]
        .as_str()
        .ok_or_else(|| FetchError::new(format!("the image's manifest has an entry without {key}")))
}

/// The first `plugin.wasm` in a tar of at most `limit` bytes, in whatever folder.
pub(crate) fn in_tar(stream: impl Read, limit: u64) -> Result<Vec<u8>, FetchError> {
    let broken = |error: std::io::Error| {
        FetchError::new(format!("a layer of the image cannot be unpacked: {error}"))
            .hint(format!("unpacked it may have {limit} bytes"))
    };
    let mut archive = tar::Archive::new(stream.take(limit));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path_bytes().into_owned();
        if name.rsplit(|b| *b == b'/').find(|part| !part.is_empty()) != Some(MODULE.as_bytes()) {
            continue;
        }
        let size = entry.size();
        let mut module = Vec::new();
        // A sparse file can be larger than the archive that holds it.
        (&mut entry).take(limit).read_to_end(&mut module).map_err(broken)?;
        if module.len() as u64 != size {
            return Err(FetchError::new(format!(
                "{MODULE} of the image is cut short: {} of {size} bytes",
                module.len()
            )));
        }
        return Ok(module);
    }
    Err(FetchError::new(format!("the image holds no file {MODULE}")))
}
