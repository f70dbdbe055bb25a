//! What a plugin sees of the resource that deploys it: names, root id, configuration, environment.
//!
//! Source: Istio 1.32-dev, `pilot/pkg/model/extensions.go`, and the agent's `pkg/wasm/convert.go`.

use indexmap::IndexMap;

use super::extension::Extension;
use super::order::internal_name;
use super::proxy::Proxy;
use super::url::ModuleUrl;
use super::wasm::WasmSpec;
use crate::document::error::ScenarioError;
use crate::document::istio_json;
use crate::manifest::resolved::{Link, ModuleRef, ModuleSource, Origin, PullPolicy, PullSecret};
use crate::manifest::secret::Secrets;
use crate::scenario::{FailurePolicy, Traffic, WorkloadKind};

/// The beginning of the names that the agent takes away.
const INTERNAL: &str = "ISTIO_META_";

/// The origin of what a resource adds.
pub(super) fn origin(extension: &Extension, proxy: &Proxy) -> Origin {
    let metadata = &extension.metadata;
    Origin {
        resource: format!("{} {}", metadata.kind, metadata.label(&proxy.namespace)),
        span: metadata.span.clone(),
    }
}

/// The plugin of a resource. The second value is the error of a resource that Envoy would refuse.
pub(super) fn link(
    extension: &Extension,
    wasm: &WasmSpec,
    url: &ModuleUrl,
    proxy: &Proxy,
    secrets: &Secrets,
) -> (Link, Option<ScenarioError>) {
    let metadata = &extension.metadata;
    let namespace = metadata.namespace(&proxy.namespace);
    let plugin_name = format!("{namespace}.{}", internal_name(extension, proxy));
    let folder = if proxy.version.translates() { "trafficextension" } else { "wasmplugin" };
    let pull_secret = wasm.pull_secret.as_ref().map(|name| PullSecret {
        name: format!("{namespace}/{name}"),
        docker_config: secrets.docker_config(namespace, name, &proxy.namespace).unwrap_or_default(),
    });
    let mut notes = Vec::new();
    if let Some(secret) = pull_secret.as_ref().filter(|secret| secret.docker_config.is_empty()) {
        notes.push(format!(
            "no Secret {} of type kubernetes.io/dockerconfigjson is among the manifests: pulls fail",
            secret.name
        ));
    }
    let before_http = extension.is_network() && proxy.traffic == Traffic::Http;
    if before_http && matches!(proxy.kind, WorkloadKind::SidecarOutbound | WorkloadKind::Gateway) {
        notes.push(
            "where a listener has several HTTP chains, as with several HTTPS servers on a port, istiod puts it into the \
             first of them only"
                .to_owned(),
        );
    }
    let (env, error) = environment(extension, wasm, url, pull_secret.as_ref(), proxy, &mut notes);
    let fail_open = wasm.failure == FailurePolicy::Open && !proxy.version.names_policies();
    let link = Link {
        name: metadata.label(&proxy.namespace),
        origin: origin(extension, proxy),
        filter_name: format!("extensions.istio.io/{folder}/{plugin_name}"),
        plugin_name,
        phase: Some(extension.phase),
        priority: extension.priority,
        module: ModuleRef {
            span: wasm.url_span.clone(),
            written: wasm.url.clone(),
            source: ModuleSource::Url(url.clone()),
            sha256: wasm.sha256.clone(),
            pull_policy: wasm.pull_policy,
            pull_secret,
            by_agent: matches!(url, ModuleUrl::Remote(_)),
            resource_version: metadata.resource_version.clone(),
        },
        root_id: wasm.plugin_name.clone(),
        config: if proxy.version.has_short_escapes() {
            wasm.config.clone()
        } else {
            istio_json::without_short_escapes(&wasm.config)
        },
        vm_id: String::new(),
        vm_config: Vec::new(),
        env,
        failure: if fail_open { FailurePolicy::Closed } else { wasm.failure },
        fail_open,
        reload_backoff: None,
        allow_on_headers_stop_iteration: false,
        capabilities: None,
        notes,
    };
    (link, error)
}

/// The environment that the guest has in the end: what istiod adds is taken away again by the agent, but only when the
/// agent fetches the module. A local file keeps it.
fn environment(
    extension: &Extension,
    wasm: &WasmSpec,
    url: &ModuleUrl,
    secret: Option<&PullSecret>,
    proxy: &Proxy,
    notes: &mut Vec<String>,
) -> (IndexMap<String, String>, Option<ScenarioError>) {
    let mut values: IndexMap<String, String> = IndexMap::new();
    let internal = |name: &str| format!("{INTERNAL}WASM_{name}");
    if let Some(secret) = secret {
        values.insert(internal("IMAGE_PULL_SECRET"), secret.docker_config.clone());
    }
    if wasm.pull_policy != PullPolicy::Unspecified {
        values.insert(internal("IMAGE_PULL_POLICY"), wasm.pull_policy.word().to_owned());
    }
    let version = extension.metadata.resource_version.clone();
    values.insert(internal("PLUGIN_RESOURCE_VERSION"), version);
    for variable in &wasm.env {
        if let Some(value) = &variable.value {
            values.insert(variable.name.clone(), value.clone());
        }
    }
    if matches!(url, ModuleUrl::Remote(_)) {
        values.retain(|name, _| !name.starts_with(INTERNAL));
    }
    let mut error = None;
    for variable in wasm.env.iter().filter(|variable| variable.value.is_none()) {
        let name = &variable.name;
        if values.contains_key(name) {
            let message =
                format!("Envoy refuses a plugin whose variable `{name}` has two values: istiod sets it");
            error.get_or_insert(ScenarioError::at(&variable.span, message));
            continue;
        }
        match proxy.env.get(name) {
            Some(value) => {
                values.insert(name.clone(), value.clone());
            }
            None => notes.push(format!(
                "the variable {name} is taken from the proxy's environment, and the workload's `env` has no value: \
                 the plugin does not see it"
            )),
        }
    }
    (values, error)
}
