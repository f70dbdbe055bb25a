//! Who one is to a registry, by a Docker configuration: the text of a Kubernetes secret of type
//! `kubernetes.io/dockerconfigjson`, or a `config.json`.
//!
//! A registry is looked up by its host and port, as Docker does; Docker Hub stands under `https://index.docker.io/v1/`.
//! Without an entry one is anonymous. Helper programs (`credHelpers`, `credsStore`) are not run.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64;
use oci_client::secrets::RegistryAuth;
use proxy_wasm_harness::manifest::FetchError;
use serde_json::Value as Json;

/// Docker Hub's host in Docker configurations.
const HUB: &str = "index.docker.io";

/// Credentials by host.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct DockerConfig(BTreeMap<String, RegistryAuth>);

impl fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl DockerConfig {
    /// Reads `{"auths": {HOST: {"auth": base64 of USER:PASSWORD}}}`.
    pub(super) fn read(text: &str) -> Result<Self, FetchError> {
        let wrong = |what: &str| {
            FetchError::unreachable(format!("the Docker configuration {what}")).hint(
                "it is JSON like {\"auths\": {\"registry.example\": {\"auth\": \"dXNlcjpwYXNzd29yZA==\"}}}",
            )
        };
        let json: Json = serde_json::from_str(text).map_err(|_| wrong("is no JSON"))?;
        if !json.is_object() {
            return Err(wrong("is no object"));
        }
        let mut all = BTreeMap::new();
        for (server, entry) in json["auths"].as_object().into_iter().flatten() {
            if let Some(auth) = auth(entry).map_err(|why| wrong(&format!("{why} for {server}")))? {
                all.insert(host(server).to_owned(), auth);
            }
        }
        Ok(Self(all))
    }

    /// Who one is to a registry.
    pub(super) fn of(&self, registry: &str) -> RegistryAuth {
        let registry = if registry == "docker.io" { HUB } else { registry };
        self.0.get(registry).cloned().unwrap_or(RegistryAuth::Anonymous)
    }
}

/// The host, and the port if there is one, of what a server is called.
fn host(server: &str) -> &str {
    let server = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://")).unwrap_or(server);
    server.split('/').next().unwrap_or(server)
}

fn auth(entry: &Json) -> Result<Option<RegistryAuth>, String> {
    let text = |key: &str| entry[key].as_str().filter(|text| !text.is_empty());
    if let Some(token) = text("registrytoken") {
        return Ok(Some(RegistryAuth::Bearer(token.to_owned())));
    }
    if text("identitytoken").is_some() {
        return Err("has an identitytoken, which is not known here,".to_owned());
    }
    if let Some(encoded) = text("auth") {
        let decoded =
            BASE64.decode(encoded.trim().as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or("has an `auth` that is no base64 of text")?;
        let (user, password) = decoded.split_once(':').ok_or("has an `auth` without a colon in it")?;
        return Ok(Some(RegistryAuth::Basic(user.to_owned(), password.trim_end_matches('\0').to_owned())));
    }
    Ok(text("username")
        .map(|user| RegistryAuth::Basic(user.to_owned(), text("password").unwrap_or_default().to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> RegistryAuth {
        RegistryAuth::Basic(user.to_owned(), password.to_owned())
    }

    #[test]
    fn registries_are_found_by_their_hosts() {
        let config = DockerConfig::read(
            r#"{"auths": {
                "https://index.docker.io/v1/": {"auth": "aHViOnB3"},
                "registry.example:5000": {"auth": "dTpwOnc="},
                "https://other.example/v2/": {"username": "n", "password": "m"},
                "token.example": {"registrytoken": "t"},
                "empty.example": {}
            }, "credHelpers": {"x": "y"}}"#,
        )
        .expect("a configuration");
        for (registry, expected) in [
            ("docker.io", basic("hub", "pw")),
            ("index.docker.io", basic("hub", "pw")),
            ("registry.example:5000", basic("u", "p:w")),
            ("registry.example", RegistryAuth::Anonymous),
            ("other.example", basic("n", "m")),
            ("token.example", RegistryAuth::Bearer("t".to_owned())),
            ("empty.example", RegistryAuth::Anonymous),
        ] {
            assert_eq!(config.of(registry), expected, "{registry}");
        }
        assert_eq!(DockerConfig::read("{}").expect("none").of("r"), RegistryAuth::Anonymous);
    }

    #[test]
    fn what_is_no_configuration_is_refused_without_being_shown() {
        for (text, why) in [
            ("s3cr3t", "is no JSON"),
            ("[]", "is no object"),
            (r#"{"auths": {"h": {"auth": "s3cr3t!"}}}"#, "no base64 of text for h"),
            (r#"{"auths": {"h": {"auth": "czNjcjN0"}}}"#, "without a colon"),
            (r#"{"auths": {"h": {"identitytoken": "s3cr3t"}}}"#, "identitytoken"),
        ] {
            let error = DockerConfig::read(text).expect_err(text);
            assert!(error.message.contains(why) && !error.message.contains("cr3t"), "{error}");
        }
    }
}
