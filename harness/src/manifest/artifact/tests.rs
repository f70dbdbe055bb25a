//! Modules in every wrapping that Istio knows, and in those that it does not.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::place::{Module, remote};
use super::{checksum, unpack};

/// The smallest module there is.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        // Names that climb are written as they are: that is what an attack does.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).expect("in memory");
    }
    builder.into_inner().expect("in memory")
}

/// What a file with these bytes gives in the place of `url`.
fn file(bytes: &[u8], url: &str, sha256: Option<&str>) -> Result<Module, String> {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("artifact");
    std::fs::write(&path, bytes).expect("written");
    given(&path, url, sha256)
}

fn given(path: &Path, url: &str, sha256: Option<&str>) -> Result<Module, String> {
    remote(path, url, sha256).map_err(|error| match error.hint {
        Some(hint) => format!("{} / {hint}", error.message),
        None => error.message,
    })
}

#[track_caller]
fn is_module(found: Result<Module, String>) {
    match found.expect("a module") {
        Module::Bytes(bytes) => assert_eq!(bytes, MODULE),
        Module::File(path) => assert!(path.ends_with("artifact")),
    }
}

#[track_caller]
fn refused(found: Result<Module, String>, why: &str) {
    let said = found.expect_err("no module");
    assert!(said.contains(why), "{said}");
}

const HTTP: &str = "https://example.org/p.wasm";

#[test]
fn a_download_is_unpacked_as_long_as_it_is_packed() {
    for packed in [
        MODULE.to_vec(),
        gzip(MODULE),
        gzip(&gzip(MODULE)),
        tar(&[("any/name", MODULE), ("plugin.wasm", b"another")]),
        gzip(&tar(&[("x", MODULE)])),
        tar(&[("x", &gzip(MODULE))]),
        tar(&[("../../../etc/passwd", MODULE)]),
    ] {
        is_module(file(&packed, HTTP, None));
        // The checksum is that of the module, not of what was downloaded.
        is_module(file(&packed, HTTP, Some(&checksum::of(MODULE))));
        refused(file(&packed, HTTP, Some(&"0".repeat(64))), "has the checksum");
    }
    refused(file(&gzip(MODULE), HTTP, Some(&checksum::of(&gzip(MODULE)))), "after it is unpacked");
}

#[test]
fn what_cannot_be_unpacked_stays_and_is_no_module() {
    refused(file(&gzip(MODULE)[..10], HTTP, None), "is no wasm module");
    refused(file(&tar(&[]), HTTP, None), "is no wasm module");
    refused(file(b"<html>not found</html>", HTTP, None), "is no wasm module");
    refused(file(b"\0asm\x01", HTTP, None), "is no wasm module");
    // The version is not looked at.
    let folder = file(b"\0asm\x0d\0\x01\0", HTTP, None);
    assert!(folder.is_ok());
}

#[test]
fn what_is_too_large_is_cut() {
    let many = gzip(&vec![7; 100_000]);
    assert_eq!(unpack::unpacked(many.clone(), 1000).len(), 1000);
    assert_eq!(unpack::unpacked(tar(&[("x", &[7; 5000])]), 3000).len(), 2488);
    assert_eq!(unpack::unpacked(vec![7; 5000], 3000).len(), 3000);
    // An archive that packs itself over and over ends.
    let mut bomb = vec![0; 10_000];
    for _ in 0..40 {
        bomb = gzip(&bomb);
    }
    assert!(!unpack::unpacked(bomb, 1 << 20).is_empty());
}

const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const WASM_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image layout on the disk.
struct Layout {
    folder: TempDir,
    manifests: Vec<Json>,
}

impl Layout {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).expect("made");
        Self { folder, manifests: Vec::new() }
    }

    fn blob(&self, bytes: &[u8]) -> String {
        let digest = checksum::of(bytes);
        std::fs::write(self.folder.path().join("blobs/sha256").join(&digest), bytes).expect("written");
        format!("sha256:{digest}")
    }

    /// The digest of a manifest with these layers.
    fn manifest(&self, kind: &str, layers: &[(&str, &[u8])]) -> String {
        let layers: Vec<Json> = layers
            .iter()
            .map(|(kind, bytes)| json!({"mediaType": kind, "digest": self.blob(bytes), "size": bytes.len()}))
            .collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": layers});
        self.blob(manifest.to_string().as_bytes())
    }

    fn named(mut self, name: &str, kind: &str, digest: &str) -> Self {
        self.manifests.push(json!({
            "mediaType": kind, "digest": digest, "annotations": {"org.opencontainers.image.ref.name": name},
        }));
        let index = json!({"schemaVersion": 2, "manifests": self.manifests}).to_string();
        std::fs::write(self.folder.path().join("index.json"), index).expect("written");
        self
    }

    fn gives(&self, url: &str, sha256: Option<&str>) -> Result<Module, String> {
        given(self.folder.path(), url, sha256)
    }
}

/// The only image of a layout, of this kind and with these layers.
fn image(kind: &str, layers: &[(&str, &[u8])]) -> Result<Module, String> {
    let layout = Layout::new();
    let digest = layout.manifest(kind, layers);
    layout.named("v1", kind, &digest).gives("oci://registry/p:v1", None)
}

#[test]
fn the_forms_of_images() {
    let layer = gzip(&tar(&[("etc/x", b"1"), ("deep/er/plugin.wasm", MODULE)]));
    let other = gzip(&tar(&[("plugin.wasm", b"\0asm another one")]));
    is_module(image(DOCKER, &[(DOCKER_LAYER, &layer)]));
    is_module(image(DOCKER, &[(DOCKER_LAYER, &other), (DOCKER_LAYER, &layer)]));
    is_module(image(OCI, &[(OCI_LAYER, &layer)]));
    is_module(image(OCI, &[(OCI_LAYER, &other), (OCI_LAYER, &layer)]));
    is_module(image(OCI, &[(WASM_LAYER, MODULE), (WASM_CONFIG, b"{}")]));
    is_module(image(OCI, &[(WASM_CONFIG, b"{}"), (WASM_LAYER, MODULE)]));
}

#[test]
fn the_forms_that_are_none() {
    let layer = gzip(&tar(&[("plugin.wasm", MODULE)]));
    refused(image(DOCKER, &[(OCI_LAYER, &layer)]), "its last layer is of type");
    refused(image(DOCKER, &[]), "has no layer");
    refused(image(OCI, &[(DOCKER_LAYER, &layer)]), "of none of the forms");
    refused(image(OCI, &[(WASM_LAYER, MODULE)]), "has 1 layers, not 2");
    refused(image(OCI, &[("application/wasm", MODULE), (WASM_CONFIG, b"{}")]), "no layer of type");
    refused(image(OCI, &[("application/vnd.wasm.content.layer.v1+wasm", MODULE)]), "has 1 layers");
    refused(
        image(OCI, &[("application/vnd.oci.image.layer.v1.tar", &tar(&[("plugin.wasm", MODULE)]))]),
        "of none",
    );
    refused(image(OCI, &[("application/vnd.oci.image.layer.v1.tar+zstd", &layer)]), "of none");
    // A module in an artifact is not compressed.
    refused(image(OCI, &[(WASM_LAYER, &gzip(MODULE)), (WASM_CONFIG, b"{}")]), "is no wasm module");
    refused(image(OCI, &[(OCI_LAYER, &gzip(&tar(&[("module.wasm", MODULE)])))]), "holds no file plugin.wasm");
    refused(image(OCI, &[(OCI_LAYER, &gzip(&tar(&[("plugin.wasm/", b"")])))]), "is no wasm module");
    let cut = gzip(&tar(&[("plugin.wasm", &[7; 4000])])[..2000]);
    refused(image(OCI, &[(OCI_LAYER, &cut)]), "cut short: 1488 of 4000 bytes");
    refused(image(OCI, &[(OCI_LAYER, &layer[..20])]), "cannot be unpacked");
}

#[test]
fn an_index_means_linux_amd64() {
    let platform = |os: &str, arch: &str, digest: &str| json!({"mediaType": OCI, "digest": digest, "platform": {"os": os, "architecture": arch}});
    let build = |platforms: &[(&str, &str)]| {
        let layout = Layout::new();
        let good = layout.manifest(OCI, &[(OCI_LAYER, &gzip(&tar(&[("plugin.wasm", MODULE)])))]);
        let manifests: Vec<Json> = platforms.iter().map(|(os, arch)| platform(os, arch, &good)).collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string();
        let digest = layout.blob(index.as_bytes());
        (layout.named("v1", INDEX, &digest), digest, good)
    };
    let (layout, index, child) = build(&[("wasi", "wasm"), ("linux", "amd64")]);
    is_module(layout.gives("oci://r/p:v1", None));
    let (index, child) = (index.trim_start_matches("sha256:"), child.trim_start_matches("sha256:"));
    is_module(layout.gives("oci://r/p:v1", Some(child)));
    // What an index is named by is compared with the part that is taken from it.
    refused(layout.gives(&format!("oci://r/p@sha256:{index}"), None), "has the checksum");
    let (layout, ..) = build(&[("wasi", "wasm")]);
    refused(layout.gives("oci://r/p:v1", None), "no part for linux/amd64");
}

#[test]
fn the_checksum_of_an_image_is_the_digest_of_its_manifest() {
    let layout = Layout::new();
    let digest = layout.manifest(OCI, &[(WASM_LAYER, MODULE), (WASM_CONFIG, b"{}")]);
    let layout = layout.named("v1", OCI, &digest);
    let hex = digest.trim_start_matches("sha256:");
    is_module(layout.gives("oci://r/p:v1", Some(hex)));
    is_module(layout.gives(&format!("oci://r/p@sha256:{hex}"), None));
    is_module(layout.gives(&format!("oci://r/p@sha256:{hex}"), Some(hex)));
    is_module(layout.gives(&format!("oci://r/p@sha256:{hex}"), Some("")));
    is_module(layout.gives("oci://r/p:v1", Some("nil")));
    refused(layout.gives("oci://r/p:v1", Some(&checksum::of(MODULE))), "by the digest of its manifest");
    refused(layout.gives(&format!("oci://r/p@sha256:{hex}"), Some(&"0".repeat(64))), "it never matches");
    refused(layout.gives(&format!("oci://r/p@sha256:{}", "0".repeat(64)), None), "no image in it is");
}

#[test]
fn which_image_of_several() {
    let layout = Layout::new();
    let good = layout.manifest(OCI, &[(WASM_LAYER, MODULE), (WASM_CONFIG, b"{}")]);
    let bad = layout.manifest(OCI, &[(WASM_CONFIG, b"{}")]);
    let layout = layout.named("v1", OCI, &bad).named("r:5000/p:v2", OCI, &good).named("latest", OCI, &good);
    is_module(layout.gives("oci://r:5000/p:v2", None));
    is_module(layout.gives("oci://r:5000/p", None));
    refused(layout.gives("oci://r:5000/p:v1", None), "of none of the forms");
    refused(layout.gives("oci://r:5000/p:v3", None), "3 images: v1, r:5000/p:v2, latest");
}

#[test]
fn what_is_stored_under_a_wrong_digest_is_refused() {
    let layout = Layout::new();
    let digest = layout.manifest(OCI, &[(WASM_LAYER, MODULE), (WASM_CONFIG, b"{}")]);
    let blob = layout.folder.path().join("blobs/sha256").join(checksum::of(MODULE));
    std::fs::write(&blob, b"\0asm\x01\0\0\0evil").expect("written");
    refused(layout.named("v1", OCI, &digest).gives("oci://r/p:v1", None), "has the digest");
    let layout = Layout::new().named("v1", OCI, "sha256:../../../../etc/passwd");
    refused(layout.gives("oci://r/p:v1", None), "is no digest of SHA-256");
    let layout = Layout::new().named("v1", OCI, &format!("sha256:{}", "0".repeat(64)));
    refused(layout.gives("oci://r/p:v1", None), "cannot be read");
}

#[test]
fn what_docker_saves() {
    let layer = tar(&[("plugin.wasm", MODULE)]);
    let manifest =
        json!([{"Config": "c.json", "RepoTags": ["r/p:v1"], "Layers": ["a/layer.tar", "b/layer.tar"]}]);
    let save = |manifest: &Json| {
        tar(&[
            ("a/layer.tar", &tar(&[("plugin.wasm", b"older")])),
            ("b/layer.tar", &layer),
            ("manifest.json", manifest.to_string().as_bytes()),
        ])
    };
    is_module(file(&save(&manifest), "oci://r/p:v1", None));
    // The digest of the image is not in it: nothing can be compared.
    is_module(file(&save(&manifest), "oci://r/p:v1", Some(&"0".repeat(64))));
    let two = json!([manifest[0], {"RepoTags": ["r/q:v1"], "Layers": []}]);
    is_module(file(&save(&two), "oci://r/p:v1", None));
    refused(file(&save(&two), "oci://r/x:v1", None), "it holds r/p:v1, r/q:v1");
    refused(file(&save(&two), "oci://r/q:v1", None), "has no layer");
}

#[test]
fn an_archive_of_a_layout() {
    let layout = Layout::new();
    let digest = layout.manifest(OCI, &[(WASM_LAYER, MODULE), (WASM_CONFIG, b"{}")]);
    let layout = layout.named("v1", OCI, &digest);
    let mut entries: Vec<(String, Vec<u8>)> = vec![(
        "./index.json".to_owned(),
        std::fs::read(layout.folder.path().join("index.json")).expect("there"),
    )];
    for blob in std::fs::read_dir(layout.folder.path().join("blobs/sha256")).expect("there") {
        let path = blob.expect("one").path();
        let name = format!("blobs/sha256/{}", path.file_name().expect("a name").to_string_lossy());
        entries.push((name, std::fs::read(path).expect("there")));
    }
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    is_module(file(&tar(&entries), "oci://r/p:v1", Some(digest.trim_start_matches("sha256:"))));
}

#[test]
fn a_bare_module_stands_for_an_image_whose_digest_is_not_known() {
    is_module(file(MODULE, "oci://r/p:v1", None));
    is_module(file(MODULE, "oci://r/p:v1", Some(&"0".repeat(64))));
    refused(file(b"no module", "oci://r/p:v1", None), "is no wasm module");
}

#[test]
fn a_module_in_text_form_stands_for_its_binary_form() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("p.wat");
    std::fs::write(&path, "(module)").expect("written");
    for (url, sha256) in [(HTTP, None), ("oci://r/p:v1", None), (HTTP, Some(checksum::of(MODULE)))] {
        let found = given(&path, url, sha256.as_deref()).expect("a module");
        assert_eq!(found, Module::File(path.clone()), "{url}");
    }
    refused(given(&path, HTTP, Some(&"0".repeat(64))), "has the checksum");
    std::fs::write(&path, "(modul)").expect("written");
    refused(given(&path, HTTP, None), "is no module in text form");
}

#[test]
fn what_is_not_there() {
    refused(given(Path::new("/nonexistent"), HTTP, None), "/nonexistent: cannot be opened");
    let folder = TempDir::new().expect("a folder");
    refused(given(folder.path(), "oci://r/p", None), "is no OCI image layout");
}
