//! Many documents in many files, sorted by what they are.

use std::path::{Path, PathBuf};

use super::envoy::config::{EnvoyConfig, is_envoy};
use super::envoy::envoy_filter::EnvoyFilter;
use super::envoy::patches;
use super::error::ManifestErrors;
use super::istio::extension::Extension;
use super::istio::proxy::Proxy;
use super::object::{Metadata, Object};
use super::paths;
use super::read::Reading;
use super::read::field::is_null;
use super::resolved::{Origin, Resolved, Skipped};
use super::secret::{Secret, Secrets};
use crate::document::error::{FileErrors, ScenarioError, nearest};
use crate::document::parse::{Dialect, parse_all, read_text};
use crate::document::source::{Node, Value};
use crate::scenario::Workload;

/// Manifests, read and checked, for no workload yet.
#[derive(Debug, Default)]
pub struct ManifestSet {
    extensions: Vec<Extension>,
    envoy_filters: Vec<EnvoyFilter>,
    secrets: Secrets,
    /// Configurations of Envoy itself.
    envoy: Vec<EnvoyConfig>,
    /// What puts no plugin into any chain.
    others: Vec<Origin>,
    warnings: Vec<ScenarioError>,
}

/// A kind that is read: its group, its version, its name.
const KINDS: [(&str, &str, &str); 4] = [
    ("extensions.istio.io", "v1alpha1", "WasmPlugin"),
    ("extensions.istio.io", "v1alpha1", "TrafficExtension"),
    ("networking.istio.io", "v1alpha3", "EnvoyFilter"),
    ("", "v1", "Secret"),
];

impl ManifestSet {
    /// Reads files, folders and patterns.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of the files.
    pub fn read<P: AsRef<Path>>(paths: &[P]) -> Result<Self, ManifestErrors> {
        let mut files: Vec<PathBuf> = Vec::new();
        let mut errors = Vec::new();
        for path in paths {
            match paths::expand(path.as_ref()) {
                Ok(found) => files.extend(found),
                Err(error) => errors.push(error),
            }
        }
        let mut texts = Vec::new();
        let mut seen: Vec<&PathBuf> = Vec::new();
        for file in &files {
            if seen.contains(&file) {
                continue;
            }
            seen.push(file);
            match read_text(file) {
                Ok(text) => texts.push((file.clone(), text)),
                Err(FileErrors { errors: all, .. }) => errors.extend(all),
            }
        }
        let set = Self::from_texts(texts);
        match set {
            Ok(set) if errors.is_empty() => Ok(set),
            Ok(_) => Err(ManifestErrors(errors)),
            Err(more) => Err(ManifestErrors(errors.into_iter().chain(more.0).collect())),
        }
    }

    /// Reads texts as if they were the contents of files.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn from_texts(texts: impl IntoIterator<Item = (PathBuf, String)>) -> Result<Self, ManifestErrors> {
        let mut set = Self::default();
        let mut reading = Reading::kubernetes();
        for (path, text) in texts {
            let templated = text.contains("{{");
            match parse_all(&path, text, Dialect::Foreign) {
                Ok(roots) => roots.iter().for_each(|root| set.document(root, &mut reading)),
                Err(FileErrors { errors, .. }) => reading.errors.extend(errors.into_iter().map(|error| {
                    let hint = "this looks like a template: render it first (`helm template`)".to_owned();
                    if templated { error.hint(Some(hint)) } else { error }
                })),
            }
        }
        set.unique(&mut reading);
        set.warnings = reading.warnings;
        if reading.errors.is_empty() { Ok(set) } else { Err(ManifestErrors(reading.errors)) }
    }

    /// The chains of a workload.
    ///
    /// # Errors
    ///
    /// What the workload's proxy would refuse.
    pub fn resolve(&self, workload: &Workload) -> Result<Resolved, ManifestErrors> {
        let proxy = Proxy::of(workload).map_err(|error| ManifestErrors(vec![error]))?;
        let mut resolved = match self.envoy.as_slice() {
            [] => super::istio::chain::resolve(&self.extensions, &self.secrets, &proxy)
                .map_err(ManifestErrors)?,
            [config, ..] => config.resolve(&proxy).map_err(|error| ManifestErrors(vec![error]))?,
        };
        patches::apply(&self.envoy_filters, &proxy, &mut resolved).map_err(ManifestErrors)?;
        resolved.name_apart();
        resolved.skipped.extend(self.others.iter().map(|origin| Skipped {
            origin: origin.clone(),
            why: "it puts no plugin into a chain".to_owned(),
        }));
        resolved.warnings.splice(0..0, self.warnings.iter().cloned());
        Ok(resolved)
    }

    fn document(&mut self, root: &Node, reading: &mut Reading) {
        if is_null(root) {
            return;
        }
        match &root.value {
            Value::Mapping(_) if root.get("apiVersion").is_some() || root.get("kind").is_some() => {
                if let Some(object) = Object::open(root, reading) {
                    self.object(&object, reading);
                }
            }
            _ if is_envoy(root) => self.envoy.push(EnvoyConfig::read(root, reading)),
            _ => {
                let message = format!(
                    "neither a Kubernetes object (with apiVersion and kind) nor a configuration of Envoy: found {}",
                    root.found()
                );
                reading.error(&root.span, message);
            }
        }
    }

    fn object(&mut self, object: &Object<'_>, reading: &mut Reading) {
        if let Some(items) = object.items(reading) {
            items.into_iter().for_each(|item| self.document(item, reading));
            return;
        }
        if !known(object, reading) {
            return;
        }
        match (object.group(), object.kind.as_str()) {
            ("extensions.istio.io", kind) => {
                self.extensions.extend(Extension::read(object, kind == "WasmPlugin", reading));
            }
            ("networking.istio.io", "EnvoyFilter") => {
                self.envoy_filters.extend(EnvoyFilter::read(object, reading));
            }
            ("", "Secret") => self.secrets.0.extend(Secret::read(object, reading)),
            _ => self.others.push(other(object)),
        }
    }

    /// Complains about resources that are there twice: the second would replace the first.
    fn unique(&self, reading: &mut Reading) {
        let all: Vec<&Metadata> = self
            .extensions
            .iter()
            .map(|extension| &extension.metadata)
            .chain(self.envoy_filters.iter().map(|filter| &filter.metadata))
            .chain(self.secrets.0.iter().map(|secret| &secret.metadata))
            .collect();
        if let [_, second, ..] = self.envoy.as_slice() {
            reading.error(&second.span, "a second configuration of Envoy: a proxy has one");
        }
        if let Some((config, _)) = self.envoy.first().zip(self.extensions.first()) {
            reading.error(
                &config.span,
                "a configuration of Envoy and resources of Istio, which makes Envoy's configuration itself",
            );
        }
        for (index, metadata) in all.iter().enumerate() {
            let same = |other: &&&Metadata| {
                (other.kind, &other.name, &other.namespace)
                    == (metadata.kind, &metadata.name, &metadata.namespace)
            };
            if let Some(first) = all[..index].iter().find(same) {
                reading.error(
                    &metadata.span.with_note("first at", &first.span),
                    format!("the {} {} is there twice", metadata.kind, metadata.label("")),
                );
            }
        }
    }
}

/// Whether an object has a kind and a version that go together; what is none of ours is let pass.
fn known(object: &Object<'_>, reading: &mut Reading) -> bool {
    let (group, kind) = (object.group(), object.kind.as_str());
    let full = |(group, version, _): &(&str, &str, &str)| match *group {
        "" => (*version).to_owned(),
        group => format!("{group}/{version}"),
    };
    let exact = KINDS.iter().find(|(of, _, name)| (*of, *name) == (group, kind));
    // A Secret of another group is somebody else's.
    let named = KINDS.iter().find(|(of, _, name)| *name == kind && !of.is_empty());
    if let Some(row) = exact.or(named) {
        let right = full(row) == object.api_version;
        if !right {
            let message = format!("a {kind} has the apiVersion {}, not {}", full(row), object.api_version);
            reading.error(&object.root.span, message);
        }
        return right;
    }
    let ours = || KINDS.iter().filter(|(of, ..)| !of.is_empty()).map(|(.., name)| *name);
    let meant = nearest(kind, ours()).filter(|hint| hint.starts_with("did"));
    if group == "extensions.istio.io" || meant.is_some() {
        let message = format!("there is no kind `{kind}` in {}", object.api_version);
        reading.error_with(&object.kind_span, message, meant.or_else(|| nearest(kind, ours())));
        return false;
    }
    true
}

fn other(object: &Object<'_>) -> Origin {
    let name = object.root.get("metadata").and_then(|metadata| metadata.get("name"));
    let name = name.and_then(Node::scalar).unwrap_or("(without a name)");
    Origin { resource: format!("{} {name}", object.kind), span: object.root.span.clone() }
}
