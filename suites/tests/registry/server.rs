//! A real registry on loopback.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use proxy_wasm_suites::harness::manifest::artifact::sha256;
use serde_json::json;
use tempfile::TempDir;

/// The user that private registries know, with the hash of the password that they keep.
pub(crate) const USER: (&str, &str) = ("reader", "example");
const HASH: &str = "$2b$05$abcdefghijklmnopqrstuuaoH1ZVCCUEbGJ2BeqagpRkjZ3JngHRW";

pub(crate) const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
pub(crate) const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const WASM_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
pub(crate) const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";

/// The registry's program, or why there is none.
pub(crate) fn program() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("DOCKER_REGISTRY").filter(|named| !named.is_empty()) {
        return Ok(PathBuf::from(named));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .map(|folder| folder.join("docker-registry"))
        .find(|path| path.is_file());
    found.ok_or_else(|| "docker-registry is not installed".to_owned())
}

/// How a registry is to be.
#[derive(Clone, Copy, Default)]
pub(crate) struct Kind<'k> {
    /// It wants credentials.
    pub(crate) private: bool,
    /// Certificate and key.
    pub(crate) tls: Option<(&'k Path, &'k Path)>,
    /// Where it sends who asks for blobs.
    pub(crate) redirect: Option<&'k str>,
}

/// A registry that ends with its test.
pub(crate) struct Server {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    kind: (bool, bool),
    _home: TempDir,
}

impl Server {
    pub(crate) fn open() -> Self {
        Self::start(Kind::default())
    }

    pub(crate) fn start(kind: Kind<'_>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let path = |name: &str| home.path().join(name);
        let mut config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp:\n  addr: 127.0.0.1:0\n",
            path("data").display()
        );
        if let Some((certificate, key)) = kind.tls {
            let _ =
                writeln!(config, "  tls: {{certificate: {}, key: {}}}", certificate.display(), key.display());
        }
        if kind.private {
            std::fs::write(path("users"), format!("{}:{HASH}\n", USER.0)).expect("written");
            let _ = writeln!(config, "auth:\n  htpasswd: {{realm: test, path: {}}}", path("users").display());
        }
        if let Some(base) = kind.redirect {
            let _ = writeln!(
                config,
                "middleware:\n  storage:\n    - name: redirect\n      options: {{baseurl: \"{base}\"}}"
            );
        }
        std::fs::write(path("config.yml"), config).expect("written");
        let mut process = Command::new(program().expect("asked before"))
            .arg("serve")
            .arg(path("config.yml"))
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the registry starts");
        let mut log = BufReader::new(process.stderr.take().expect("it is piped"));
        let mut said = String::new();
        let host = loop {
            let mut line = String::new();
            if log.read_line(&mut line).expect("it can be read") == 0 {
                panic!("the registry ended:\n{said}");
            }
            said.push_str(&line);
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split([',', '"', ' ']).next().unwrap_or_default().trim().to_owned();
            }
        };
        // Who does not read makes it stop at a full pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { process, host, kind: (kind.private, kind.tls.is_some()), _home: home }
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("oci://{}/{name}", self.host)
    }

    fn reference(&self, name: &str) -> Reference {
        format!("{}/{name}", self.host).parse().expect("a reference")
    }

    /// Stores something under a name and a tag; its digest.
    pub(crate) fn push(&self, name: &str, media_type: &str, blobs: &[&[u8]], manifest: &str) -> String {
        let reference = self.reference(name);
        let (private, tls) = self.kind;
        let protocol = if tls { ClientProtocol::Https } else { ClientProtocol::Http };
        let config = ClientConfig { protocol, accept_invalid_certificates: true, ..ClientConfig::default() };
        let auth = if private {
            RegistryAuth::Basic(USER.0.to_owned(), USER.1.to_owned())
        } else {
            RegistryAuth::Anonymous
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::try_from(config).expect("a client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            client.auth(&reference, &auth, RegistryOperation::Push).await.expect("permission");
            for blob in blobs {
                let digest = format!("sha256:{}", sha256(blob));
                client.push_blob(&reference, blob.to_vec(), &digest).await.expect("a blob is taken");
            }
            let body = manifest.as_bytes().to_vec();
            let kind = media_type.parse().expect("a header");
            client.push_manifest_raw(&reference, body, kind).await.expect("a manifest is taken");
        });
        sha256(manifest.as_bytes())
    }

    /// Stores an image of this kind with these layers; the digest of its manifest.
    pub(crate) fn image(&self, name: &str, kind: &str, layers: &[(&str, &[u8])]) -> String {
        let config: &[u8] = b"{}";
        let of = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": format!("sha256:{}", sha256(bytes)), "size": bytes.len()});
        let config_kind = if kind == DOCKER {
            "application/vnd.docker.container.image.v1+json"
        } else {
            "application/vnd.oci.image.config.v1+json"
        };
        let all: Vec<_> = layers.iter().map(|(kind, bytes)| of(kind, bytes)).collect();
        let manifest =
            json!({"schemaVersion": 2, "mediaType": kind, "config": of(config_kind, config), "layers": all});
        let blobs: Vec<&[u8]> = layers.iter().map(|(_, bytes)| *bytes).chain([config]).collect();
        self.push(name, kind, &blobs, &manifest.to_string())
    }

    /// Stores an artifact with a module; the digest of its manifest.
    pub(crate) fn artifact(&self, name: &str, module: &[u8]) -> String {
        self.image(name, OCI, &[(WASM_LAYER, module), (WASM_CONFIG, b"{}")])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
