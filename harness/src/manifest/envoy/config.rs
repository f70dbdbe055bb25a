//! Where filters stand in a configuration of Envoy: a list of HTTP filters, a listener, a file of listeners, a whole
//! bootstrap.
//!
//! Only what leads to wasm filters is looked at: the rest may hold whatever Envoy knows.

use super::filter::{self, Fetcher, FilterConfig, Layer};
use crate::document::error::ScenarioError;
use crate::document::source::{Node, Span, Value};
use crate::manifest::istio::proxy::Proxy;
use crate::manifest::read::field::{Field, Message, is_null};
use crate::manifest::read::scalar::Yaml;
use crate::manifest::read::{Names, Reading};
use crate::manifest::resolved::{Filter, Marker, Origin, Resolved, Skipped};
use crate::scenario::Traffic;

/// The filter that holds HTTP filters.
pub(crate) const HCM: &str = "envoy.filters.network.http_connection_manager";
const HCM_TYPE: &str = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/// A configuration of Envoy.
#[derive(Clone, Debug)]
pub(crate) struct EnvoyConfig {
    pub(crate) span: Span,
    chains: Vec<Chain>,
}

/// One way through a listener.
#[derive(Clone, Debug)]
struct Chain {
    span: Span,
    /// `listener NAME, filter chain NAME`.
    what: String,
    port: Option<u16>,
    network: Vec<(Span, FilterConfig)>,
    /// Nothing: what comes is TCP.
    http: Option<Vec<(Span, FilterConfig)>>,
}

/// Whether a document looks like a configuration of Envoy.
pub(crate) fn is_envoy(root: &Node) -> bool {
    const KEYS: [&str; 10] = [
        "static_resources",
        "staticResources",
        "listeners",
        "resources",
        "http_filters",
        "httpFilters",
        "filter_chains",
        "filterChains",
        "filters",
        "typed_config",
    ];
    match &root.value {
        Value::Mapping(entries) => entries.iter().any(|entry| KEYS.contains(&entry.key.as_str())),
        Value::Sequence(items) => items.iter().any(|item| {
            ["typed_config", "typedConfig", "filter_chains", "filterChains", "config_discovery"]
                .iter()
                .any(|key| item.get(key).is_some())
        }),
        Value::Scalar { .. } => false,
    }
}

impl EnvoyConfig {
    pub(crate) fn read(root: &Node, reading: &mut Reading) -> Self {
        let mut config = Self { span: root.span.clone(), chains: Vec::new() };
        reading.within(Yaml::Envoy, Names::SnakeOrCamel, false, |reading| config.root(root, reading));
        config
    }

    fn root(&mut self, root: &Node, reading: &mut Reading) {
        let field = Field { node: root, path: String::new() };
        if matches!(root.value, Value::Sequence(_)) {
            let items = field.items(reading).unwrap_or_default();
            if items
                .iter()
                .any(|item| item.node.get("filter_chains").or(item.node.get("filterChains")).is_some())
            {
                items.iter().for_each(|item| self.listener(item, reading));
            } else {
                self.lone(&field, reading);
            }
            return;
        }
        let Some(mut message) = Message::open(root, "", reading) else { return };
        if let Some(resources) = message.field("static_resources") {
            if let Some(mut resources) = resources.message(reading)
                && let Some(listeners) = resources.field("listeners")
            {
                self.listeners(&listeners, reading);
            }
            return;
        }
        if let Some(listeners) = message.one_of(&["listeners", "resources"]) {
            self.listeners(&listeners, reading);
        } else if message.field("filter_chains").is_some() {
            self.listener(&field, reading);
        } else if let Some(filters) = message.field("http_filters") {
            let items = filters.items(reading).unwrap_or_default();
            self.http_filters(&items, reading);
        } else if let Some(filters) = message.field("filters") {
            self.lone(&filters, reading);
        } else if message.field("typed_config").is_some() {
            self.lone_filters(vec![field], reading);
        }
    }

    /// A list of filters without a listener.
    fn lone(&mut self, filters: &Field<'_>, reading: &mut Reading) {
        let items = filters.items(reading).unwrap_or_default();
        self.lone_filters(items, reading);
    }

    fn lone_filters(&mut self, items: Vec<Field<'_>>, reading: &mut Reading) {
        if items.iter().any(is_network) {
            let span = self.span.clone();
            self.chain(&span, "the list of filters".to_owned(), None, &items, reading);
        } else {
            self.http_filters(&items, reading);
        }
    }

    fn http_filters(&mut self, items: &[Field<'_>], reading: &mut Reading) {
        let span = self.span.clone();
        let http = Some(read_all(items, Layer::Http, reading));
        let what = "the list of HTTP filters".to_owned();
        self.chains.push(Chain { span, what, port: None, network: Vec::new(), http });
    }

    fn listeners(&mut self, listeners: &Field<'_>, reading: &mut Reading) {
        for item in listeners.items(reading).unwrap_or_default() {
            // A file of resources may hold others, by their types.
            let kind = item.node.get("@type").and_then(Node::scalar);
            if kind.is_none_or(|kind| kind.ends_with(".Listener")) {
                self.listener(&item, reading);
            }
        }
    }

    fn listener(&mut self, field: &Field<'_>, reading: &mut Reading) {
        let Some(mut message) = field.message(reading) else { return };
        let name = message.field("name").and_then(|name| name.text(reading)).unwrap_or_default();
        let port = message.field("address").and_then(|address| port_of(&address, reading));
        let chains = message.field("filter_chains");
        let mut all = chains.map_or(Some(Vec::new()), |chains| chains.items(reading)).unwrap_or_default();
        all.extend(message.field("default_filter_chain"));
        for chain in all.iter().filter(|chain| !is_null(chain.node)) {
            let Some(mut message) = chain.message(reading) else { continue };
            let chain_name = message.field("name").and_then(|name| name.text(reading));
            let own_port = message
                .field("filter_chain_match")
                .and_then(|of| of.message(reading))
                .and_then(|mut of| of.field("destination_port"))
                .and_then(|of| of.whole(0, 65535, reading));
            let own_port = own_port.and_then(|port| u16::try_from(port).ok());
            let what = match chain_name {
                Some(chain_name) => format!("the filter chain {chain_name} of the listener {name}"),
                None => format!("the listener {name}"),
            };
            let filters = message.field("filters").and_then(|filters| filters.items(reading));
            self.chain(chain.span(), what, own_port.or(port), &filters.unwrap_or_default(), reading);
        }
    }

    fn chain(
        &mut self,
        span: &Span,
        what: String,
        port: Option<u16>,
        filters: &[Field<'_>],
        reading: &mut Reading,
    ) {
        let network = read_all(filters, Layer::Network, reading);
        let hcm = filters.iter().find(|filter| is_hcm(filter));
        let http = hcm.and_then(|hcm| {
            let mut message = hcm.message(reading)?;
            let mut typed = message.field("typed_config")?.message(reading)?;
            let filters = typed.field("http_filters");
            let items = filters.map_or(Some(Vec::new()), |filters| filters.items(reading))?;
            Some(read_all(&items, Layer::Http, reading))
        });
        self.chains.push(Chain { span: span.clone(), what, port, network, http });
    }

    /// The one chain that the traffic passes.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one with plugins.
    pub(crate) fn resolve(&self, proxy: &Proxy) -> Result<Resolved, ScenarioError> {
        let fits = |chain: &&Chain| {
            let http = (proxy.traffic == Traffic::Http) == chain.http.is_some();
            http && (proxy.port.is_none() || chain.port.is_none() || chain.port == proxy.port)
        };
        let has_plugins = |chain: &&Chain| {
            let mut all = chain.network.iter().chain(chain.http.iter().flatten());
            all.any(|(_, filter)| matches!(filter.what, filter::What::Plugin(..)))
        };
        let fitting: Vec<&Chain> = self.chains.iter().filter(fits).collect();
        let with_plugins: Vec<&Chain> = fitting.iter().copied().filter(|chain| has_plugins(chain)).collect();
        let chain = match (with_plugins.as_slice(), fitting.as_slice()) {
            ([one], _) | ([], [one, ..]) => *one,
            ([], []) => {
                let port = proxy.port.map(|port| format!(" on port {port}")).unwrap_or_default();
                let message = format!("no listener takes {} traffic{port}", proxy.traffic.word());
                return Err(ScenarioError::at(&self.span, message).hint(self.choices()));
            }
            (several, _) => {
                let names: Vec<&str> = several.iter().map(|chain| chain.what.as_str()).collect();
                let message = format!("several chains have plugins: {}", names.join(", "));
                let hint = "say which one by its port".to_owned();
                return Err(ScenarioError::at(&several[1].span, message).hint(Some(hint)));
            }
        };
        let mut resolved = Resolved::default();
        resolved.network = built(&chain.network, proxy, &mut resolved.skipped)?;
        resolved.http = built(chain.http.as_deref().unwrap_or_default(), proxy, &mut resolved.skipped)?;
        for other in self.chains.iter().filter(|other| has_plugins(other) && !std::ptr::eq(*other, chain)) {
            let origin = Origin { resource: other.what.clone(), span: other.span.clone() };
            let why = match other.http.is_some() == chain.http.is_some() {
                true => format!("the traffic passes {}", chain.what),
                false => format!("the traffic is {}", proxy.traffic.word()),
            };
            resolved.skipped.push(Skipped { origin, why });
        }
        Ok(resolved)
    }

    /// The urls and paths of modules in it.
    pub(crate) fn urls(&self) -> Vec<String> {
        let filters =
            self.chains.iter().flat_map(|chain| chain.network.iter().chain(chain.http.iter().flatten()));
        let written = filters.filter_map(|(_, filter)| match &filter.what {
            filter::What::Plugin(config, _) => Some(config.code.written.clone()),
            _ => None,
        });
        written.collect()
    }

    fn choices(&self) -> Option<String> {
        let one = |chain: &Chain| {
            let kind = if chain.http.is_some() { "HTTP" } else { "TCP" };
            let port = chain.port.map(|port| format!(" on port {port}")).unwrap_or_default();
            format!("{} ({kind}{port})", chain.what)
        };
        let all: Vec<String> = self.chains.iter().map(one).collect();
        (!all.is_empty()).then(|| format!("there is {}", all.join(", ")))
    }
}

/// The filters of a chain, those that are off set aside.
fn built(
    filters: &[(Span, FilterConfig)],
    proxy: &Proxy,
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<Filter>, ScenarioError> {
    let mut all = Vec::new();
    for (span, config) in filters {
        let origin = Origin { resource: format!("the filter {}", config.name), span: span.clone() };
        if config.disabled {
            let why =
                "it is disabled: Envoy starts it, and no stream passes it where no route switches it on"
                    .to_owned();
            skipped.push(Skipped { origin, why });
            continue;
        }
        let filter = filter::filter(config, &origin, Fetcher::Envoy, proxy)
            .map_err(|why| ScenarioError::at(span, why))?;
        all.push(match filter {
            // What the configuration writes needs no resource that adds it.
            Filter::Marker(marker) => Filter::Marker(Marker { origin: None, ..marker }),
            plugin @ Filter::Plugin(_) => plugin,
        });
    }
    Ok(all)
}

fn read_all(items: &[Field<'_>], layer: Layer, reading: &mut Reading) -> Vec<(Span, FilterConfig)> {
    items.iter().filter_map(|item| Some((item.span().clone(), filter::read(item, layer, reading)?))).collect()
}

fn type_of<'n>(filter: &Field<'n>) -> &'n str {
    let typed = filter.node.get("typed_config").or_else(|| filter.node.get("typedConfig"));
    typed.and_then(|typed| typed.get("@type")).and_then(Node::scalar).map_or("", super::any::type_name)
}

fn is_hcm(filter: &Field<'_>) -> bool {
    type_of(filter) == HCM_TYPE
}

fn is_network(filter: &Field<'_>) -> bool {
    let name = filter.node.get("name").and_then(Node::scalar).unwrap_or_default();
    type_of(filter).contains(".filters.network.") || name.starts_with("envoy.filters.network.")
}

fn port_of(address: &Field<'_>, reading: &mut Reading) -> Option<u16> {
    let socket = address.message(reading)?.field("socket_address")?;
    let port = socket.message(reading)?.field("port_value")?.whole(0, 65535, reading)?;
    u16::try_from(port).ok()
}
