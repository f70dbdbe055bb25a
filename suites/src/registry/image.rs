//! Images in registries.
//!
//! The manifest is asked for first, and when the cache holds the module that it leads to, nothing else is. A registry is
//! asked over TLS; when it turns out not to speak it, in clear, but credentials go unencrypted to this machine and to
//! registries that are trusted without proof only. An answer of a TLS registry that leads to a place without encryption
//! is refused. Source: Istio 1.32-dev, `pkg/wasm/imagefetcher.go`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest;
use oci_client::secrets::RegistryAuth;
use proxy_wasm_harness::manifest::artifact::{Fetched, LARGEST, Manifest, Store};
use proxy_wasm_harness::manifest::{FetchError, Link};
use reqwest::Url;
use tokio::io::AsyncWrite;

use super::credentials::DockerConfig;
use super::policy::{self, Wanted};
use super::{Registry, http, trouble};

/// The manifests that are asked for.
const ACCEPTED: [&str; 4] = [
    manifest::IMAGE_MANIFEST_MEDIA_TYPE,
    manifest::IMAGE_MANIFEST_LIST_MEDIA_TYPE,
    manifest::OCI_IMAGE_MEDIA_TYPE,
    manifest::OCI_IMAGE_INDEX_MEDIA_TYPE,
];

/// The module of the image that is wanted, and whether the cache had it.
pub(super) fn pull(
    registry: &Registry,
    link: &Link,
    wanted: &Wanted<'_>,
) -> Result<(Fetched, bool), FetchError> {
    let text = wanted.url.strip_prefix("oci://").unwrap_or(wanted.url);
    let reference: Reference = text
        .parse()
        .map_err(|error| FetchError::new(format!("{} is no reference to an image: {error}", wanted.url)))?;
    let (auth, credentials) = who(registry, link, reference.registry())?;
    let host = reference.resolve_registry().to_owned();
    if let Some(why) = Url::parse(&format!("https://{host}/")).ok().and_then(|url| http::off_limits(&url)) {
        return Err(FetchError::new(format!("{} is not fetched: {why}", wanted.url)));
    }
    let mut remote = Remote { registry, host, reference, auth, credentials, client: None, encrypted: true };
    let bytes = remote.first()?;
    let image = Manifest::read(&bytes, "", &remote)?;
    let known = registry.cache.as_ref().and_then(|cache| policy::known(wanted, image.checksum(), cache));
    match known {
        Some(fetched) => Ok((fetched, true)),
        None => Ok((image.module(&remote)?, false)),
    }
}

/// Who one is to a registry, and how that is known.
fn who(registry: &Registry, link: &Link, host: &str) -> Result<(RegistryAuth, String), FetchError> {
    let (config, from) = match &link.module.pull_secret {
        Some(secret) if secret.docker_config.is_empty() => {
            let message = format!(
                "no Secret {} of type kubernetes.io/dockerconfigjson is among the manifests",
                secret.name
            );
            return Err(FetchError::unreachable(message));
        }
        Some(secret) => {
            let config = DockerConfig::read(&secret.docker_config).map_err(|error| FetchError {
                message: format!("the Secret {}: {}", secret.name, error.message),
                ..error
            })?;
            (Some(config), format!("the Secret {}", secret.name))
        }
        None => (registry.docker_config.clone(), "the Docker configuration".to_owned()),
    };
    let auth = config.map_or(RegistryAuth::Anonymous, |config| config.of(host));
    let known = match auth {
        RegistryAuth::Anonymous if link.module.pull_secret.is_some() => format!("{from} has nothing for it"),
        RegistryAuth::Anonymous => "asked without credentials".to_owned(),
        _ => format!("with the credentials of {from}"),
    };
    Ok((auth, known))
}

/// A registry that an image is pulled from.
struct Remote<'r> {
    registry: &'r Registry,
    host: String,
    reference: Reference,
    auth: RegistryAuth,
    /// Where the credentials come from.
    credentials: String,
    client: Option<Client>,
    /// It is asked over TLS.
    encrypted: bool,
}

impl Remote<'_> {
    /// The manifest of the reference itself, by TLS or, where there is none, in clear.
    fn first(&mut self) -> Result<Vec<u8>, FetchError> {
        self.connect(ClientProtocol::Https)?;
        let error = match self.ask(&self.reference) {
            Ok(bytes) => return Ok(bytes),
            Err(error) if trouble::is_clear(&error) => error,
            Err(error) => return Err(self.trouble(&error)),
        };
        if self.auth != RegistryAuth::Anonymous && !is_here(&self.host) && !self.registry.trusts(&self.host) {
            let message =
                format!("the registry {} does not speak TLS: credentials are not sent in clear", self.host);
            return Err(
                FetchError::unreachable(message).hint(format!("--insecure-registry {} allows it", self.host))
            );
        }
        drop(error);
        self.connect(ClientProtocol::Http)?;
        self.ask(&self.reference).map_err(|error| self.trouble(&error))
    }

    fn connect(&mut self, protocol: ClientProtocol) -> Result<(), FetchError> {
        let clear = matches!(protocol, ClientProtocol::Http);
        self.encrypted = !clear;
        let timeout = Some(self.registry.options.timeout);
        let config = ClientConfig {
            protocol,
            accept_invalid_certificates: self.registry.trusts(&self.host),
            read_timeout: timeout,
            connect_timeout: timeout,
            http_proxy: (!clear).then(|| format!("http://{}", trouble::NOWHERE)),
            https_proxy: if clear { None } else { proxy("HTTPS_PROXY") },
            no_proxy: proxy("NO_PROXY"),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| self.trouble(&error))?;
        self.client = Some(client);
        Ok(())
    }

    fn ask(&self, reference: &Reference) -> Result<Vec<u8>, OciDistributionError> {
        let client = self.client();
        let asked = client.pull_manifest_raw(reference, &self.auth, &ACCEPTED);
        self.registry.runtime.block_on(asked).map(|(bytes, _)| bytes.to_vec())
    }

    fn client(&self) -> Client {
        self.client.clone().unwrap_or_default()
    }

    fn trouble(&self, error: &OciDistributionError) -> FetchError {
        if self.encrypted && trouble::leads_into_the_clear(error) {
            let message = format!("the registry {} leads from https to http, which is refused", self.host);
            return FetchError::unreachable(message);
        }
        trouble::of_registry(&self.reference.whole(), &self.host, &self.credentials, error)
    }
}

impl Store for Remote<'_> {
    fn manifest(&self, digest: &str) -> Result<Vec<u8>, FetchError> {
        let reference = self.reference.clone_with_digest(digest.to_owned());
        self.ask(&reference).map_err(|error| self.trouble(&error))
    }

    fn blob(&self, digest: &str) -> Result<Vec<u8>, FetchError> {
        let mut blob = Limited(Vec::new());
        let client = self.client();
        let pulled = client.pull_blob(&self.reference, digest, &mut blob);
        self.registry.runtime.block_on(pulled).map_err(|error| self.trouble(&error))?;
        Ok(blob.0)
    }
}

/// Whether a registry is on this machine.
fn is_here(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The proxy, or the exceptions, that the environment names; only what is not empty counts.
fn proxy(name: &str) -> Option<String> {
    [name.to_owned(), name.to_lowercase()]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|value| !value.is_empty())
}

/// Takes what comes, as long as it is no more than a module may have.
struct Limited(Vec<u8>);

impl AsyncWrite for Limited {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if (self.0.len() + bytes.len()) as u64 > LARGEST {
            return Poll::Ready(Err(io::Error::other(format!("it has more than {LARGEST} bytes"))));
        }
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn registries_of_this_machine() {
        for (host, here) in [
            ("localhost:5000", true),
            ("localhost", true),
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("registry.example:5000", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_here(host), here, "{host}");
        }
    }
}
