//! From a resolved chain to the plugins of a scenario: each with a module that can be loaded here.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::artifact::place::{self, Module};
use super::artifact::{Fetch, FetchError};
use super::denied::DENY;
use super::error::ManifestErrors;
use super::istio::url::ModuleUrl;
use super::istio::version::IstioVersion;
use super::resolved::{Link, ModuleSource, Resolved};
use super::set::ManifestSet;
use crate::document::error::{ScenarioError, nearest};
use crate::scenario::{
    Config, EnvoySpec, FailurePolicy, Manifests, PluginSource, PluginSpec, Span, Traffic, VmSpec, Workload,
};

/// The plugins that a scenario's manifests come to, in request order.
///
/// Modules come from `modules`: a module, packed or not, an OCI image layout, or what `docker save` writes, in the place
/// of an url. What is not there is taken from the path of a `file://` url, or asked of `fetch`; without it, nothing is
/// downloaded. For HTTP traffic the plugins of the HTTP chain are given, for TCP those of the network chain.
///
/// # Errors
///
/// Everything that is wrong with the manifests, a chain that is not the one of `chain`, a module that is not there.
pub fn resolve(manifests: &Manifests, fetch: Option<&dyn Fetch>) -> Result<Vec<PluginSpec>, ManifestErrors> {
    let set = ManifestSet::read(&manifests.manifests)?;
    let workload = manifests.workload.clone().unwrap_or_default();
    let resolved = set.resolve(&workload)?;
    let mut errors = Vec::new();
    let links: Vec<&Link> = match workload.traffic {
        Traffic::Http => resolved.http_plugins().collect(),
        Traffic::Tcp => resolved.network_plugins().collect(),
    };
    expected(manifests, &links, &resolved, &mut errors);
    used(manifests, &set, &mut errors);
    let mut plugins = Vec::new();
    for link in links {
        match plugin(link, &manifests.modules, fetch, &workload) {
            Ok(plugin) => plugins.extend(plugin),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(plugins) } else { Err(ManifestErrors(errors)) }
}

/// Whether the chain is the one that the scenario names.
fn expected(manifests: &Manifests, links: &[&Link], resolved: &Resolved, errors: &mut Vec<ScenarioError>) {
    let Some(expected) = &manifests.chain else { return };
    let found: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
    if expected.iter().map(String::as_str).eq(found.iter().copied()) {
        return;
    }
    let listed = |names: &[&str]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let wanted: Vec<&str> = expected.iter().map(String::as_str).collect();
    let mut error = ScenarioError::at(
        &manifests.span,
        format!("the manifests come to the chain {}, not {}", listed(&found), listed(&wanted)),
    );
    let missing = resolved
        .skipped
        .iter()
        .filter(|skipped| wanted.iter().any(|name| skipped.origin.resource.rsplit(' ').next() == Some(name)));
    error.notes = missing
        .map(|skipped| format!("{} ({}): {}", skipped.origin.resource, skipped.origin.span, skipped.why))
        .collect();
    errors.push(error);
}

/// Complains about modules for urls that no manifest has.
fn used(manifests: &Manifests, set: &ManifestSet, errors: &mut Vec<ScenarioError>) {
    let urls = set.urls();
    for url in manifests.modules.keys().filter(|url| !urls.iter().any(|of| same(of, url))) {
        let message = format!("`modules` has a module for {url}, and no manifest has that url");
        let hint = nearest(url, urls.iter().map(String::as_str));
        errors.push(ScenarioError::at(&manifests.span, message).hint(hint));
    }
}

/// Whether two urls are one: a scheme may be left out where Istio adds it.
fn same(a: &str, b: &str) -> bool {
    let plain = |url: &'_ str| url.strip_prefix("oci://").unwrap_or(url).to_owned();
    plain(a) == plain(b)
}

/// The plugin of a link. Nothing, when its module cannot be fetched and streams pass it by.
fn plugin(
    link: &Link,
    modules: &IndexMap<String, PathBuf>,
    fetch: Option<&dyn Fetch>,
    workload: &Workload,
) -> Result<Option<PluginSpec>, ScenarioError> {
    let mapped = modules.iter().find(|(url, _)| same(url, &link.module.written)).map(|(_, path)| path);
    let at = |message: String, hint: Option<String>| ScenarioError::at(&link.module.span, message).hint(hint);
    let source = match (&link.module.source, mapped) {
        (ModuleSource::Url(ModuleUrl::Remote(url)), _) => {
            let Some(got) = remote(link, url, mapped, fetch) else {
                let message = format!("{url} is not downloaded in a test");
                let hint = format!("{}, or give `run` the option --fetch", where_it_is(link));
                return Err(at(message, Some(hint)));
            };
            match got {
                Ok(module) => source_of(module),
                Err(error) if error.unreachable || !link.module.by_agent => {
                    return Err(at(error.message, error.hint));
                }
                Err(error) => match (link.failure, old(workload)) {
                    (FailurePolicy::Open, _) => return Ok(None),
                    _ if link.fail_open => return Ok(None),
                    (_, true) => {
                        let message =
                            format!("{}: this version of Istio refuses the whole update", error.message);
                        return Err(at(message, error.hint));
                    }
                    (_, false) => PluginSource::Bytes(DENY.as_bytes().into()),
                },
            }
        }
        (_, Some(path)) => PluginSource::Path(path.clone()),
        (ModuleSource::Inline(bytes), None) => PluginSource::Bytes(bytes.as_slice().into()),
        (ModuleSource::Url(ModuleUrl::File(file)), None) => local(link, Path::new(file)).map_err(|hint| {
            at(format!("{} is a file in the proxy's container", link.module.written), Some(hint))
        })?,
        (ModuleSource::Path(path), None) => local(link, path).map_err(|hint| {
            at(format!("{} is a file in the proxy's container", link.module.written), Some(hint))
        })?,
        (ModuleSource::Unknown(why), None) => return Err(at(why.clone(), Some(where_it_is(link)))),
    };
    Ok(Some(spec(link, source)))
}

/// What is behind a remote url, here or wherever `fetch` gets it from; nothing, when nobody can say.
fn remote(
    link: &Link,
    url: &str,
    mapped: Option<&PathBuf>,
    fetch: Option<&dyn Fetch>,
) -> Option<Result<Module, FetchError>> {
    match (mapped, fetch) {
        (Some(path), _) => Some(place::remote(path, url, link.module.sha256.as_deref())),
        (None, Some(fetch)) => Some(fetch.fetch(link, url).map(Module::Bytes)),
        (None, None) => None,
    }
}

/// Up to 1.24 a module that cannot be fetched stops the update.
fn old(workload: &Workload) -> bool {
    workload.istio.as_deref().and_then(IstioVersion::parse).is_some_and(|version| !version.replaces_failed())
}

fn where_it_is(link: &Link) -> String {
    format!("say where it is here: `modules: {{\"{}\": path/to/module.wasm}}`", link.module.written)
}

/// A file that the proxy would read, if it is here: an absolute path, or one from the folder of the manifest.
fn local(link: &Link, file: &Path) -> Result<PluginSource, String> {
    let path = link.module.span.folder().join(file);
    if path.is_file() { Ok(PluginSource::Path(path)) } else { Err(where_it_is(link)) }
}

fn source_of(module: Module) -> PluginSource {
    match module {
        Module::File(path) => PluginSource::Path(path),
        Module::Bytes(bytes) => PluginSource::Bytes(bytes.into()),
    }
}

fn spec(link: &Link, source: PluginSource) -> PluginSpec {
    PluginSpec {
        span: link.origin.span.clone(),
        name: link.name.clone(),
        root_id: link.root_id.clone(),
        source,
        config: link.config.clone(),
        failure_policy: link.failure,
        vm: VmSpec {
            span: Span::none(),
            id: link.vm_id.clone(),
            config: Config(link.vm_config.clone()),
            env: link.env.clone(),
        },
        envoy: EnvoySpec {
            span: Span::none(),
            plugin_name: Some(link.plugin_name.clone()),
            fail_open: link.fail_open,
            // The manifests decide, whatever the scenario's host would do.
            allow_on_headers_stop_iteration: Some(link.allow_on_headers_stop_iteration),
            reload_backoff: link.reload_backoff,
            allowed_capabilities: link.capabilities.clone(),
        },
    }
}
