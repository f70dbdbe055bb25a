//! Downloads: options of every command that can fetch the modules that manifests name. Without `--fetch` nothing is.

use std::path::PathBuf;

use proxy_wasm_suites::cache;
use proxy_wasm_suites::registry::{Options, Registry};

use crate::error::Error;

/// Whether and how modules are downloaded.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Downloads")]
pub(crate) struct Fetching {
    /// Download the modules that manifests name by url (http, https, oci), as Istio's agent does
    #[arg(long)]
    pub(crate) fetch: bool,

    /// Credentials for registries, where a manifest names no imagePullSecret: a Docker configuration
    /// [default: config.json in $DOCKER_CONFIG]
    #[arg(long, value_name = "FILE", requires = "fetch")]
    docker_config: Option<PathBuf>,

    /// Do not check the certificate of this registry or server; `*` means all
    #[arg(long, value_name = "HOST[:PORT]", requires = "fetch")]
    insecure_registry: Vec<String>,

    /// How often a download over http or https that fails is tried again [default: 4]
    #[arg(long, value_name = "N", requires = "fetch")]
    fetch_retries: Option<u32>,

    /// Where downloaded modules are kept [default: the user's cache]
    #[arg(long, value_name = "FOLDER", requires = "fetch")]
    fetch_cache: Option<PathBuf>,
}

impl Fetching {
    /// Who downloads; nobody, unless that was asked for.
    ///
    /// # Errors
    /// When the credentials cannot be read.
    pub(crate) fn registry(&self) -> Result<Option<Registry>, Error> {
        if !self.fetch {
            return Ok(None);
        }
        let defaults = Options::default();
        let options = Options {
            cache: self.fetch_cache.clone().or_else(cache::downloads),
            docker_config: self.docker_config()?,
            insecure: self.insecure_registry.clone(),
            retries: self.fetch_retries.unwrap_or(defaults.retries),
            ..defaults
        };
        let registry = Registry::new(options).map_err(|error| Error::usage(error.message, error.hint))?;
        Ok(Some(registry))
    }

    /// The options as they were typed.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.fetch {
            words.push("--fetch".to_owned());
        }
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        if let Some(path) = &self.docker_config {
            option("--docker-config", path.display().to_string());
        }
        for host in &self.insecure_registry {
            option("--insecure-registry", host.clone());
        }
        if let Some(retries) = self.fetch_retries {
            option("--fetch-retries", retries.to_string());
        }
        if let Some(folder) = &self.fetch_cache {
            option("--fetch-cache", folder.display().to_string());
        }
        words
    }

    /// The text of the Docker configuration that was named, or of the one that the environment names, if it is there.
    fn docker_config(&self) -> Result<Option<String>, Error> {
        if let Some(path) = &self.docker_config {
            return std::fs::read_to_string(path).map(Some).map_err(Error::reading(path));
        }
        let folder = std::env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty());
        let Some(path) =
            folder.map(|folder| PathBuf::from(folder).join("config.json")).filter(|path| path.is_file())
        else {
            return Ok(None);
        };
        std::fs::read_to_string(&path).map(Some).map_err(Error::reading(&path))
    }
}
