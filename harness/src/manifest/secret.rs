//! Kubernetes secrets that hold credentials for registries.

use data_encoding::BASE64;

use super::object::{Metadata, Object};
use super::read::Reading;

/// The type of a secret with credentials.
const TYPE: &str = "kubernetes.io/dockerconfigjson";
/// Its key.
const KEY: &str = ".dockerconfigjson";

/// A secret of the right type.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    pub(crate) metadata: Metadata,
    /// Nothing: it is of another type.
    docker_config: Option<String>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(pub(crate) Vec<Secret>);

impl Secrets {
    /// The credentials in the secret `name`, when the current namespace is `current`.
    pub(crate) fn docker_config(&self, namespace: &str, name: &str, current: &str) -> Option<String> {
        // What stands before a slash or a scheme is overwritten: the secret is beside the resource.
        let name = name.rsplit('/').next().unwrap_or(name);
        let is = |secret: &&Secret| {
            secret.metadata.name == name && secret.metadata.namespace(current) == namespace
        };
        self.0.iter().find(is)?.docker_config.clone()
    }
}

impl Secret {
    /// Reads one. Those of other types are kept: they are there, and of no use.
    pub(crate) fn read(object: &Object<'_>, reading: &mut Reading) -> Option<Self> {
        let mut message = super::read::field::Message::open(object.root, "", reading)?;
        let metadata = message.field("metadata");
        let metadata = object.metadata("Secret", &metadata?, reading)?;
        let kind = message.field("type").and_then(|field| field.text(reading));
        if kind.as_deref() != Some(TYPE) {
            return Some(Self { metadata, docker_config: None });
        }
        let plain = message.field("stringData").and_then(|field| field.texts(reading));
        let encoded = message.field("data").and_then(|field| field.texts(reading));
        let docker_config = match (plain.and_then(|map| map.get(KEY).cloned()), encoded) {
            (Some(text), _) => Some(text),
            (None, Some(map)) => {
                let bytes = map.get(KEY).and_then(|text| BASE64.decode(text.trim().as_bytes()).ok());
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                if text.is_none() {
                    reading
                        .error(&object.root.span, format!("data.{KEY}: is not there, or no base64 of text"));
                }
                text
            }
            (None, None) => {
                reading.error(&object.root.span, format!("a Secret of type {TYPE} has the key {KEY}"));
                None
            }
        };
        Some(Self { metadata, docker_config })
    }
}
