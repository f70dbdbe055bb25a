//! The chain under test: plugins one by one, or the manifests that they are deployed with.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::document::declare::{choices, document};
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape};
use super::document::source::{Entry, Node, Span, Value};
use super::istio_json;
use super::value::json::AnyJson;
use crate::state::Duration;

/// Where the chain comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Chain {
    /// These plugins, in request order. `configs` of the scenario are applied.
    Plugins(Vec<PluginSpec>),
    /// What manifests resolve to. `configs` are still to be applied.
    Manifests(Box<Manifests>),
}

/// One plugin of the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginSpec {
    /// Where it is written.
    pub span: Span,
    /// Its name, unique in the chain.
    pub name: String,
    /// The root id that the plugin sees.
    pub root_id: String,
    /// Its module.
    pub source: PluginSource,
    /// Its configuration; zero bytes when it has none.
    pub config: Vec<u8>,
    /// What becomes of streams when it fails.
    pub failure_policy: FailurePolicy,
    /// Its VM.
    pub vm: VmSpec,
    /// What only Envoy's own configuration can say.
    pub envoy: EnvoySpec,
}

/// Where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginSource {
    /// A file.
    Path(PathBuf),
    /// Built from a package.
    Cargo(CargoPackage),
    /// These bytes, which came out of an archive or a manifest. No file can say this.
    Bytes(Arc<[u8]>),
}

document! {
    /// A package that is built for the wasm target.
    #[derive(Eq)]
    pub struct CargoPackage {
        /// The package's name.
        pub cargo: String,
        /// The profile it is built with.
        pub profile: String = "release".to_owned(),
    }
}

choices! {
    /// What becomes of streams when the plugin fails.
    pub enum FailurePolicy = Closed {
        /// They fail.
        Closed = "closed",
        /// They pass the plugin by.
        Open = "open",
        /// The plugin gets a new VM.
        Reload = "reload",
    }
}

document! {
    /// The VM of a plugin. Plugins with the same id, module, configuration and environment share one.
    #[derive(Default)]
    pub struct VmSpec {
        /// The `vm_id`.
        pub id: String = String::new(),
        /// The configuration of the VM; left out, zero bytes.
        pub config: Config = Config::default(),
        /// The environment that WASI shows.
        pub env: IndexMap<String, String> = IndexMap::new(),
    }
}

document! {
    /// What only Envoy's own configuration can say of a plugin.
    #[derive(Default)]
    pub struct EnvoySpec {
        /// The name that it reads as the property `plugin_name`; left out, its own.
        pub plugin_name: Option<String>,
        /// Envoy's deprecated `fail_open`: the stream that it fails in goes on as well.
        pub fail_open: bool = false,
        /// Whether StopIteration from a headers callback lets body callbacks run; left out, what the host says.
        pub allow_on_headers_stop_iteration: Option<bool>,
        /// How long Envoy waits before a second reload; left out, 1 s.
        pub reload_backoff: Option<Duration>,
        /// The only hostcalls and callbacks that it may use; left out, all.
        pub allowed_capabilities: Option<Vec<String>>,
    }
}

/// A configuration: a map or a list becomes the JSON text that Istio would send, anything else is bytes as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config(pub Vec<u8>);

impl Shape for Config {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let is_form = || {
            node.entries().is_some_and(|entries| match entries {
                [one] => ["text", "base64", "hex", "file", "json"].contains(&one.key.as_str()),
                [a, b] => matches!((a.key.as_str(), b.key.as_str()), ("fill", "size") | ("size", "fill")),
                _ => false,
            })
        };
        match &node.value {
            Value::Scalar { .. } => Vec::read(node, reader).map(Self),
            Value::Mapping(_) if is_form() => Vec::read(node, reader).map(Self),
            _ => AnyJson::read(node, reader).map(|AnyJson(json)| Self(istio_json::plugin_config(&json))),
        }
    }

    /// As a map or a list where that gives the same bytes.
    fn write(&self) -> Node {
        if let Ok(json @ (Json::Object(_) | Json::Array(_))) = serde_json::from_slice(&self.0) {
            let node = super::value::json::to_node(&json);
            if Self::read(&node, &mut Reader::default()).as_ref() == Some(self) {
                return node;
            }
        }
        self.0.write()
    }

    fn schema(_: &mut Defs) -> Json {
        json!({})
    }
}

document! {
    /// The manifests that a chain is resolved from.
    #[derive(Default)]
    pub struct Manifests {
        /// Istio or Envoy manifests, `*` in their paths allowed.
        pub manifests: Vec<PathBuf>,
        /// The workload that they are resolved for.
        pub workload: Option<Workload>,
        /// Local modules in place of urls that must not be fetched.
        pub modules: IndexMap<String, PathBuf> = IndexMap::new(),
        /// The names that the chain must resolve to, in order.
        pub chain: Option<Vec<String>>,
    }
}

document! {
    /// The workload whose proxy the chain runs in.
    pub struct Workload {
        /// Its namespace.
        pub namespace: String = "default".to_owned(),
        /// Its labels.
        pub labels: IndexMap<String, String> = IndexMap::new(),
        /// The kind of its proxy, and the direction of the traffic.
        pub kind: WorkloadKind = WorkloadKind::default(),
        /// What the traffic is.
        pub traffic: Traffic = Traffic::default(),
        /// The port that the traffic comes to: of the container for HTTP to a sidecar, of the service or gateway else.
        pub port: Option<u16>,
        /// The environment of its proxy, for values that manifests take from the HOST.
        pub env: IndexMap<String, String> = IndexMap::new(),
        /// The namespace whose resources apply everywhere.
        pub root_namespace: String = "istio-system".to_owned(),
        /// The version of Istio, for example `1.29`; left out, the newest that is known.
        pub istio: Option<String>,
        /// The service that a waypoint stands for, `NAMESPACE/NAME` or a name in the waypoint's namespace.
        pub service: Option<String>,
        /// The service entry that a waypoint stands for.
        pub service_entry: Option<String>,
        /// Whether selectors mean Gateway API gateways too (istiod's ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY).
        pub selectors_mean_gateways: bool = true,
    }
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            span: Span::none(),
            namespace: "default".to_owned(),
            labels: IndexMap::new(),
            kind: WorkloadKind::default(),
            traffic: Traffic::default(),
            port: None,
            env: IndexMap::new(),
            root_namespace: "istio-system".to_owned(),
            istio: None,
            service: None,
            service_entry: None,
            selectors_mean_gateways: true,
        }
    }
}

choices! {
    /// What the traffic of a workload is.
    pub enum Traffic = Http {
        /// HTTP, of any version.
        Http = "http",
        /// Anything else over TCP.
        Tcp = "tcp",
    }
}

choices! {
    /// The kind of a proxy, and the direction of the traffic.
    pub enum WorkloadKind = SidecarInbound {
        /// Traffic that comes to a workload's sidecar.
        SidecarInbound = "sidecar-inbound",
        /// Traffic that leaves a workload through its sidecar.
        SidecarOutbound = "sidecar-outbound",
        /// A gateway.
        Gateway = "gateway",
        /// A waypoint of an ambient mesh.
        Waypoint = "waypoint",
    }
}

document! {
    /// One plugin of the chain.
    pub(crate) struct Plugin {
        /// Its name, unique; left out, the stem of its file or its package's name.
        pub(crate) name: Option<String>,
        /// Its module: a path, or a package to build.
        pub(crate) wasm: PluginSource,
        /// The root id that the plugin sees; left out, none.
        pub(crate) root_id: String = String::new(),
        /// Its configuration: a map or a list gives the JSON text that Istio would send, text is taken as it is.
        pub(crate) config: Config = Config::default(),
        /// What becomes of streams when it fails.
        pub(crate) failure_policy: FailurePolicy = FailurePolicy::default(),
        /// Its VM.
        pub(crate) vm: VmSpec = VmSpec::default(),
        /// What only Envoy's own configuration can say.
        pub(crate) envoy: EnvoySpec = EnvoySpec::default(),
    }
}

impl Shape for PluginSource {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.value {
            Value::Mapping(_) => CargoPackage::read(node, reader).map(Self::Cargo),
            _ => PathBuf::read(node, reader).map(Self::Path),
        }
    }

    fn write(&self) -> Node {
        match self {
            Self::Path(path) => path.write(),
            Self::Cargo(package) => package.write(),
            Self::Bytes(_) => Node::text("(bytes)"),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [PathBuf::schema(defs), CargoPackage::schema(defs)]})
    }
}

impl PluginSource {
    /// The name of a plugin that has none of its own.
    fn name(&self) -> String {
        match self {
            Self::Path(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Cargo(package) => package.cargo.clone(),
            Self::Bytes(_) => String::new(),
        }
    }
}

impl Shape for PluginSpec {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let plugin = Plugin::read(node, reader)?;
        Some(Self {
            name: plugin.name.unwrap_or_else(|| plugin.wasm.name()),
            span: plugin.span,
            root_id: plugin.root_id,
            source: plugin.wasm,
            config: plugin.config.0,
            failure_policy: plugin.failure_policy,
            vm: plugin.vm,
            envoy: plugin.envoy,
        })
    }

    fn write(&self) -> Node {
        let plugin = Plugin {
            span: Span::none(),
            name: (self.name != self.source.name()).then(|| self.name.clone()),
            wasm: self.source.clone(),
            root_id: self.root_id.clone(),
            config: Config(self.config.clone()),
            failure_policy: self.failure_policy,
            vm: self.vm.clone(),
            envoy: self.envoy.clone(),
        };
        plugin.write()
    }

    fn schema(defs: &mut Defs) -> Json {
        Plugin::schema(defs)
    }
}

/// The configurations that a scenario gives to named plugins.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Configs(pub(crate) Vec<(Span, String, Vec<u8>)>);

impl Shape for Configs {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return reader.expected("a mapping of plugin names to configurations", node);
        };
        let read = |entry: &Entry| {
            Config::read(&entry.value, reader).map(|of| (entry.key_span.clone(), entry.key.clone(), of.0))
        };
        entries.iter().map(read).collect::<Option<_>>().map(Self)
    }

    fn write(&self) -> Node {
        let write = |(_, name, config): &(Span, String, Vec<u8>)| {
            Entry::new(name.clone(), Config(config.clone()).write())
        };
        Node::mapping(self.0.iter().map(write).collect())
    }

    fn schema(_: &mut Defs) -> Json {
        json!({"type": "object"})
    }
}
