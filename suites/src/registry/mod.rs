//! Modules from web servers and registries, as Istio's agent fetches them, over a cache on the disk.
//!
//! In reading order: `policy` (when the cache is enough), `cache`, `credentials`, `http`, `image`, `trouble` (errors of
//! clients in our words). What a module is, what it is packed in and what its checksum is compared with, the harness
//! knows (`manifest::artifact`).
//!
//! Nothing is downloaded unless somebody makes a [`Registry`] and gives it to whoever asks: scenarios of `cargo test`
//! stay offline. Source: Istio 1.32-dev, `pkg/wasm`.

mod cache;
mod credentials;
mod http;
mod image;
mod policy;
mod trouble;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use proxy_wasm_harness::manifest::artifact::{self, Fetched};
use proxy_wasm_harness::manifest::{Fetch, FetchError, Link};
use tokio::runtime::Runtime;

use cache::Cache;
use credentials::DockerConfig;
use policy::Wanted;

/// How modules are fetched.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder that modules are kept in; nothing: they are kept as long as the process lives.
    pub cache: Option<PathBuf>,
    /// The text of a Docker configuration, for resources that name no `imagePullSecret`.
    pub docker_config: Option<String>,
    /// Hosts, with their port if it is not the usual one, whose certificates are not checked, and which may be given
    /// credentials without encryption; `*` means every host.
    pub insecure: Vec<String>,
    /// How often a download is tried again after a connection that failed or an answer 5xx.
    pub retries: u32,
    /// The pause before the first of these; each later one is twice as long.
    pub backoff: Duration,
    /// How long one request, or the wait for more of an image, may take.
    pub timeout: Duration,
}

impl Default for Options {
    /// As Istio's agent: 4 retries, 0.5 s before the first, 15 s for a request. No cache and no credentials.
    fn default() -> Self {
        Self {
            cache: None,
            docker_config: None,
            insecure: Vec::new(),
            retries: 4,
            backoff: Duration::from_millis(500),
            timeout: Duration::from_secs(15),
        }
    }
}

/// A module that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// The module.
    pub module: Vec<u8>,
    /// What its checksum is compared with: its own SHA-256, or that of the image's manifest.
    pub checksum: String,
    /// The cache had it. Whether a registry was asked for the image's manifest first depends on the pull policy.
    pub cached: bool,
}

/// Fetches modules, each at most once for every resource that names it.
pub struct Registry {
    options: Options,
    docker_config: Option<DockerConfig>,
    cache: Option<Cache>,
    runtime: Runtime,
    /// What was fetched in this process, by resource, version, url and checksum. Held while something is fetched: what
    /// many scenarios need is downloaded once.
    known: Mutex<BTreeMap<[String; 4], Result<Got, FetchError>>>,
}

impl Registry {
    /// Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// When the Docker configuration of the options is none, or when the system has no means to wait for a network.
    pub fn new(options: Options) -> Result<Self, FetchError> {
        let docker_config = options.docker_config.as_deref().map(DockerConfig::read).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error: io::Error| {
            FetchError::unreachable(format!("the network cannot be used: {error}"))
        })?;
        // Where a program has chosen another provider, that one is taken.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            docker_config,
            cache: options.cache.clone().map(Cache::new),
            runtime,
            known: Mutex::default(),
            options,
        })
    }

    /// The module of a link, from the cache or from where `url` leads.
    ///
    /// # Errors
    ///
    /// When it cannot be had, or is not what the manifest wants.
    pub fn get(&self, link: &Link, url: &str) -> Result<Got, FetchError> {
        let module = &link.module;
        let sha256 = module.sha256.clone().unwrap_or_default();
        let key = [link.name.clone(), module.resource_version.clone(), url.to_owned(), sha256];
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(got) = known.get(&key) {
            return got.clone();
        }
        let got = self.fetch_anew(link, url);
        known.insert(key, got.clone());
        got
    }

    fn fetch_anew(&self, link: &Link, url: &str) -> Result<Got, FetchError> {
        let sha256 = link.module.sha256.as_deref();
        if !link.module.by_agent {
            return self.as_envoy(url, sha256);
        }
        let wanted = Wanted::of(link, url);
        if let Some(got) = self.cache.as_ref().and_then(|cache| policy::from_cache(&wanted, cache)) {
            return Ok(got);
        }
        let (fetched, cached) = match url.starts_with("oci://") {
            true => image::pull(self, link, &wanted)?,
            false => (artifact::downloaded(http::download(self, url)?), false),
        };
        let checksum = fetched.checksum.clone().unwrap_or_default();
        let module = artifact::verified(fetched, url, sha256)?;
        let got = Got { module, checksum, cached };
        if let Some(cache) = &self.cache {
            cache.keep(&wanted, &got)?;
        }
        Ok(got)
    }

    /// As Envoy itself fetches what a filter of its own configuration names: nothing is unpacked, the checksum is that
    /// of the body, and there has to be one.
    fn as_envoy(&self, url: &str, sha256: Option<&str>) -> Result<Got, FetchError> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(FetchError::new(format!(
                "Envoy itself fetches {url}, and knows http and https only"
            )));
        }
        let Some(sha256) = sha256 else {
            let message = format!("Envoy itself fetches {url}, and wants its `sha256`");
            return Err(FetchError::new(message).hint("`sha256` stands beside `http_uri`"));
        };
        let module = http::download(self, url)?;
        let checksum = artifact::sha256(&module);
        let fetched = Fetched { module, checksum: Some(checksum.clone()) };
        let module = artifact::verified(fetched, url, Some(sha256))?;
        Ok(Got { module, checksum, cached: false })
    }

    /// Whether a host, with its port if it is not the usual one, is one that is trusted without proof.
    fn trusts(&self, host: &str) -> bool {
        let bare = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.options.insecure.iter().any(|one| one == "*" || one == host || one == bare)
    }
}

impl Fetch for Registry {
    fn fetch(&self, link: &Link, url: &str) -> Result<Vec<u8>, FetchError> {
        self.get(link, url).map(|got| got.module)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the options: they hold credentials.
        f.debug_struct("Registry").field("cache", &self.options.cache).finish_non_exhaustive()
    }
}
