//! An Envoy configuration for a batch of scenarios: one listener for each, and clusters that all lead to us.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use proxy_wasm_harness::scenario::{FailurePolicy, HostOptions, PluginSpec};
use proxy_wasm_harness::state::Protocol;
use serde_json::{Value as Json, json};

/// The cluster that streams go to.
pub(super) const UPSTREAM: &str = "upstream";

/// The listener without plugins, which tells that the worker has caught up.
pub(super) const PING: &str = "ping";

/// The listener without plugins that leads to the upstream.
pub(super) const WARM: &str = "warm";

/// A scenario's listener.
pub(super) struct Listener<'a> {
    pub(super) name: String,
    pub(super) host: &'a HostOptions,
    pub(super) chain: Vec<Filter<'a>>,
    /// It passes connections on, not requests.
    pub(super) tcp: bool,
}

/// A filter of a chain.
pub(super) enum Filter<'a> {
    /// A plugin, with the file of its module.
    Plugin(&'a PluginSpec, PathBuf),
    /// A plugin whose configuration is in a file that Envoy watches.
    Discovered(&'a PluginSpec, PathBuf),
    /// What refuses everything.
    Rbac,
}

impl Filter<'_> {
    /// Of HTTP streams (`http`) or connections (`network`).
    fn config(&self, kind: &str, host: &HostOptions) -> Json {
        match self {
            Self::Plugin(plugin, file) => wasm_filter(kind, plugin, file, host),
            Self::Discovered(plugin, file) => json!({
                "name": plugin.name,
                "config_discovery": {
                    "config_source": {"path_config_source": {"path": file}, "resource_api_version": "V3"},
                    "type_urls": [type_url(kind)],
                },
            }),
            Self::Rbac => {
                let mut config = json!({
                    "@type": format!("type.googleapis.com/envoy.extensions.filters.{kind}.rbac.v3.RBAC"),
                    "rules": {},
                });
                if kind == "network" {
                    config["stat_prefix"] = "parity".into();
                }
                json!({"name": format!("envoy.filters.{kind}.rbac"), "typed_config": config})
            }
        }
    }
}

/// A cluster, and the port of ours that answers for it.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
}

/// The whole configuration. With `warm`, a request can go before each stream over the connection that the stream uses.
pub(super) fn bootstrap(listeners: &[Listener<'_>], clusters: &[Cluster], warm: bool) -> Json {
    let trailers = listeners.iter().any(|listener| listener.host.enable_trailers == Some(true));
    let mut all: Vec<Json> = listeners.iter().map(listener).collect();
    all.push(plain(PING, json!({"match": {"prefix": "/"}, "direct_response": {"status": 204}})));
    if warm {
        all.push(plain(WARM, json!({"match": {"prefix": "/"}, "route": {"cluster": UPSTREAM}})));
    }
    let requests = if warm { 2 } else { 1 };
    let metadata = listeners.iter().any(|listener| listener.host.allow_metadata);
    let clusters: Vec<Json> = clusters.iter().map(|of| cluster(of, trailers, metadata, requests)).collect();
    let mut bootstrap = json!({
        "admin": {"address": loopback(0)},
        "static_resources": {"listeners": all, "clusters": clusters},
    });
    // A plugin can read this: it is there only where Envoy does not start without.
    let discovers = |listener: &Listener<'_>| {
        listener.chain.iter().any(|filter| matches!(filter, Filter::Discovered(..)))
    };
    if listeners.iter().any(discovers) {
        bootstrap["node"] = json!({"id": "parity", "cluster": "parity"});
    }
    bootstrap
}

fn loopback(port: u16) -> Json {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

fn listener(listener: &Listener<'_>) -> Json {
    let host = listener.host;
    if listener.tcp {
        return tcp_listener(listener);
    }
    let mut filters: Vec<Json> = listener.chain.iter().map(|filter| filter.config("http", host)).collect();
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    }));
    let timeout = format!("{}.{:09}s", host.route_timeout.as_secs(), host.route_timeout.subsec_nanos());
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": UPSTREAM, "timeout": timeout}});
    // No prefix matches what has no path.
    let connect =
        json!({"match": {"connect_matcher": {}}, "route": {"cluster": UPSTREAM, "timeout": timeout}});
    let mut manager = http_manager(vec![connect, route], &filters, host.enable_trailers == Some(true));
    manager["typed_config"]["http2_protocol_options"] = json!({"allow_metadata": host.allow_metadata});
    let upgrades: Vec<Json> = host.upgrades.iter().map(|to| json!({"upgrade_type": to})).collect();
    manager["typed_config"]["upgrade_configs"] = upgrades.into();
    json!({
        "name": listener.name,
        "address": loopback(0),
        "per_connection_buffer_limit_bytes": host.buffer_limit.0,
        "filter_chains": [{"filters": [manager]}],
    })
}

fn tcp_listener(listener: &Listener<'_>) -> Json {
    let host = listener.host;
    let mut filters: Vec<Json> = listener.chain.iter().map(|filter| filter.config("network", host)).collect();
    filters.push(json!({
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": "parity",
            "cluster": UPSTREAM,
        },
    }));
    json!({
        "name": listener.name,
        "address": loopback(0),
        "per_connection_buffer_limit_bytes": host.buffer_limit.0,
        "filter_chains": [{"filters": filters}],
    })
}

/// A listener without plugins.
fn plain(name: &str, route: Json) -> Json {
    let filters = [json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    })];
    json!({
        "name": name,
        "address": loopback(0),
        "filter_chains": [{"filters": [http_manager(vec![route], &filters, false)]}],
    })
}

fn http_manager(routes: Vec<Json>, filters: &[Json], trailers: bool) -> Json {
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "parity",
            "http_protocol_options": {"enable_trailers": trailers},
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            "http_filters": filters,
        },
    })
}

pub(super) fn wasm_filter(kind: &str, plugin: &PluginSpec, file: &Path, host: &HostOptions) -> Json {
    let mut config = json!({
        "name": own_name(plugin),
        "root_id": plugin.root_id,
        "failure_policy": match plugin.failure_policy {
            FailurePolicy::Closed => "FAIL_CLOSED",
            FailurePolicy::Open => "FAIL_OPEN",
            FailurePolicy::Reload => "FAIL_RELOAD",
        },
        "vm_config": {
            "vm_id": plugin.vm.id,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": file}},
        },
        "allow_on_headers_stop_iteration":
            plugin.envoy.allow_on_headers_stop_iteration.unwrap_or(host.allow_on_headers_stop_iteration),
    });
    if plugin.envoy.fail_open {
        // The deprecated field takes the place of the policy.
        config["fail_open"] = true.into();
        config.as_object_mut().map(|fields| fields.remove("failure_policy"));
    }
    if let Some(base) = plugin.envoy.reload_backoff {
        let base = format!("{}.{:09}s", base.as_secs(), base.subsec_nanos());
        config["reload_config"] = json!({"backoff": {"base_interval": base}});
    }
    if let Some(allowed) = &plugin.envoy.allowed_capabilities {
        let allowed: serde_json::Map<String, Json> =
            allowed.iter().map(|name| (name.clone(), json!({}))).collect();
        config["capability_restriction_config"] = json!({"allowed_capabilities": allowed});
    }
    if !plugin.config.is_empty() {
        config["configuration"] = bytes(&plugin.config);
    }
    if !plugin.vm.config.0.is_empty() {
        config["vm_config"]["configuration"] = bytes(&plugin.vm.config.0);
    }
    if !plugin.vm.env.is_empty() {
        config["vm_config"]["environment_variables"] = json!({"key_values": plugin.vm.env});
    }
    json!({
        "name": format!("envoy.filters.{kind}.wasm"),
        "typed_config": {"@type": type_url(kind), "config": config},
    })
}

fn type_url(kind: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.filters.{kind}.wasm.v3.Wasm")
}

/// What Envoy calls a plugin.
pub(super) fn own_name(plugin: &PluginSpec) -> &str {
    plugin.envoy.plugin_name.as_deref().unwrap_or(&plugin.name)
}

/// Bytes that reach the plugin as they are: any other message would be serialized.
pub(super) fn bytes(value: &[u8]) -> Json {
    json!({"@type": "type.googleapis.com/google.protobuf.BytesValue", "value": BASE64.encode(value)})
}

fn cluster(of: &Cluster, trailers: bool, metadata: bool, requests: u32) -> Json {
    let protocol = match of.protocol {
        Protocol::Http1 => json!({"http_protocol_options": {"enable_trailers": trailers}}),
        Protocol::Http2 => json!({"http2_protocol_options": {"allow_metadata": metadata}}),
    };
    let mut options = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": protocol,
    });
    if of.name == UPSTREAM {
        // A connection for each stream: what one leaves behind must not meet the next.
        options["common_http_protocol_options"] = json!({"max_requests_per_connection": requests});
    }
    json!({
        "name": of.name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": of.name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": loopback(of.port)}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options,
        },
    })
}
