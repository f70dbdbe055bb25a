//! What manifests come to for one workload.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::document::error::ScenarioError;
use crate::document::source::Span;
use crate::manifest::istio::url::ModuleUrl;
use crate::scenario::FailurePolicy;
use crate::state::Duration;

/// The chains of a workload's proxy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    /// The filters of HTTP streams, in request order; empty for TCP traffic.
    pub http: Vec<Filter>,
    /// The filters of the connection: before the HTTP connection manager, or those of TCP traffic.
    pub network: Vec<Filter>,
    /// The resources that do not apply, in the order in which they were read.
    pub skipped: Vec<Skipped>,
    /// What deserves a look, and changes nothing.
    pub warnings: Vec<ScenarioError>,
}

impl Resolved {
    /// The plugins of the HTTP chain, in request order.
    pub fn http_plugins(&self) -> impl Iterator<Item = &Link> {
        self.http.iter().filter_map(Filter::plugin)
    }

    /// Gives plugins that share a name one of their own: the second is `NAME#2`.
    pub(crate) fn name_apart(&mut self) {
        let mut taken: Vec<String> = Vec::new();
        for filter in self.network.iter_mut().chain(&mut self.http) {
            let Filter::Plugin(link) = filter else { continue };
            let mut name = link.name.clone();
            let mut number = 1;
            while taken.contains(&name) {
                number += 1;
                name = format!("{}#{number}", link.name);
            }
            taken.push(name.clone());
            link.name = name;
        }
    }

    /// The plugins of the network chain, in order.
    pub fn network_plugins(&self) -> impl Iterator<Item = &Link> {
        self.network.iter().filter_map(Filter::plugin)
    }
}

/// A filter of a chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// A plugin.
    Plugin(Box<Link>),
    /// Any other filter: what the proxy has by itself, or what manifests add that is no plugin.
    Marker(Marker),
}

impl Filter {
    /// The plugin, if it is one.
    #[must_use]
    pub fn plugin(&self) -> Option<&Link> {
        match self {
            Self::Plugin(link) => Some(link),
            Self::Marker(_) => None,
        }
    }

    /// The filter's name in Envoy.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Plugin(link) => &link.filter_name,
            Self::Marker(marker) => &marker.name,
        }
    }
}

/// A filter that is no plugin, and shows where plugins stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Its name in Envoy.
    pub name: String,
    /// What it is.
    pub what: String,
    /// What has to be there for it to be there; nothing: it is there.
    pub when: Option<String>,
    /// The resource that adds it; nothing: the proxy has it by itself.
    pub origin: Option<Origin>,
}

/// Where something of a chain comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The resource: `WasmPlugin default/limiter`, or the file of an Envoy configuration.
    pub resource: String,
    /// Where it is written.
    pub span: Span,
}

/// A plugin in its place in a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The name that scenarios call it by: `default/limiter` for a resource, else the plugin's or filter's own.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The filter's name in Envoy.
    pub filter_name: String,
    /// The name in its configuration, which the plugin can read as the property `plugin_name`.
    pub plugin_name: String,
    /// Its phase; only Istio's own resources have one.
    pub phase: Option<Phase>,
    /// Its priority, if one is given.
    pub priority: Option<i32>,
    /// Its module.
    pub module: ModuleRef,
    /// Its root id.
    pub root_id: String,
    /// The bytes of its configuration.
    pub config: Vec<u8>,
    /// The id of its VM.
    pub vm_id: String,
    /// The bytes of its VM's configuration.
    pub vm_config: Vec<u8>,
    /// The environment that it sees.
    pub env: IndexMap<String, String>,
    /// What becomes of streams when it fails.
    pub failure: FailurePolicy,
    /// Envoy's deprecated `fail_open`: the stream that it fails in goes on as well.
    pub fail_open: bool,
    /// How long Envoy waits before a second reload; nothing: its default, 1 s.
    pub reload_backoff: Option<Duration>,
    /// Whether a StopIteration from a headers callback lets body callbacks run.
    pub allow_on_headers_stop_iteration: bool,
    /// The only hostcalls and callbacks that it may use; nothing: all.
    pub capabilities: Option<Vec<String>>,
    /// What is not as it looks, for people.
    pub notes: Vec<String>,
}

impl Link {
    /// How the proxy's log marks what it says in a stream: `wasm log default.limiter my-root`. Name, root id and VM id follow,
    /// as far as they are set; lines of the start and of ticks leave the name out (Envoy 1.40, observed).
    #[must_use]
    pub fn log_prefix(&self) -> String {
        let parts = [&self.plugin_name, &self.root_id, &self.vm_id];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.fold("wasm log".to_owned(), |prefix, part| prefix + " " + part)
    }
}

/// Where a module comes from, and how it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleRef {
    /// Where that is written.
    pub span: Span,
    /// As written: an url, a path, or what stands in its place.
    pub written: String,
    /// Its kind.
    pub source: ModuleSource,
    /// The checksum that it must have.
    pub sha256: Option<String>,
    /// When it is pulled again.
    pub pull_policy: PullPolicy,
    /// The credentials: the text of a Docker configuration. An empty one stands for a secret that is not there.
    pub pull_secret: Option<PullSecret>,
    /// Istio's agent fetches it, and puts another filter in the plugin's place when it cannot.
    pub by_agent: bool,
    /// The version of the resource, which decides with [`PullPolicy::Always`].
    pub resource_version: String,
}

/// Where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleSource {
    /// An url, as Istio gives it to its agent.
    Url(ModuleUrl),
    /// A file that Envoy reads.
    Path(PathBuf),
    /// The configuration holds it.
    Inline(Vec<u8>),
    /// Nothing that can be had here, and why.
    Unknown(String),
}

/// Credentials for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullSecret {
    /// The secret's name.
    pub name: String,
    /// The text of `.dockerconfigjson`, empty when there is no such secret.
    pub docker_config: String,
}

/// When a module is pulled that is in the cache already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Not stated.
    #[default]
    Unspecified,
    /// Never.
    IfNotPresent,
    /// When the resource has changed.
    Always,
}

impl PullPolicy {
    /// As resources write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "UNSPECIFIED_POLICY",
            Self::IfNotPresent => "IfNotPresent",
            Self::Always => "Always",
        }
    }
}

/// The part of Istio's chain that a plugin runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before authentication.
    Authn,
    /// Before authorization.
    Authz,
    /// After authorization.
    Stats,
    /// After those: the default.
    Unspecified,
}

impl Phase {
    /// As resources write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Authn => "AUTHN",
            Self::Authz => "AUTHZ",
            Self::Stats => "STATS",
            Self::Unspecified => "UNSPECIFIED_PHASE",
        }
    }
}

/// A resource that does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The resource.
    pub origin: Origin,
    /// Why.
    pub why: String,
}
