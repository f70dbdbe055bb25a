//! One filter of a list: its name, and what it is.

use indexmap::IndexMap;

use super::any::{TYPED_STRUCTS, type_name};
use super::plugin_config::PluginConfig;
use crate::manifest::istio::proxy::Proxy;
use crate::manifest::read::Reading;
use crate::manifest::read::field::{Field, Message};
use crate::manifest::resolved::{Filter, Link, Marker, ModuleRef, ModuleSource, Origin, PullPolicy};

/// The chain that a filter belongs into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Http,
    Network,
}

/// Who fetches a module that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetcher {
    /// Envoy itself.
    Envoy,
    /// Istio's agent, for what it is sent by name.
    Agent,
}

/// A filter.
#[derive(Clone, Debug)]
pub(crate) struct FilterConfig {
    pub(crate) name: String,
    pub(crate) what: What,
    /// It is in the list and off.
    pub(crate) disabled: bool,
}

/// What a filter is.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Plugin(Box<PluginConfig>, TypedStruct),
    /// Its configuration is sent under its name.
    Discovered,
    /// Another filter, with its type.
    Other(String),
}

/// Whether the type of a filter is written inside of a `TypedStruct`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypedStruct {
    None,
    Udpa,
    Xds,
}

impl Layer {
    const fn wasm(self) -> &'static str {
        match self {
            Self::Http => "envoy.extensions.filters.http.wasm.v3.Wasm",
            Self::Network => "envoy.extensions.filters.network.wasm.v3.Wasm",
        }
    }
}

/// Reads an `HttpFilter`, a network `Filter` or a `TypedExtensionConfig`. Nothing, without an error, when it is a wasm
/// filter of the other layer.
pub(crate) fn read(field: &Field<'_>, layer: Layer, reading: &mut Reading) -> Option<FilterConfig> {
    let mut message = field.message(reading)?;
    let name = message.field("name").and_then(|of| of.text(reading)).unwrap_or_default();
    let typed = message.field("typed_config");
    let discovered = message.field("config_discovery").is_some();
    let disabled = message.field("disabled").and_then(|of| of.boolean(reading)).unwrap_or_default();
    message.ignore(&["is_optional"]);
    message.close(reading);
    let what = match typed {
        Some(typed) => typed_config(&typed, layer, reading)?,
        None if discovered => What::Discovered,
        None => What::Other(String::new()),
    };
    Some(FilterConfig { name, what, disabled })
}

fn typed_config(field: &Field<'_>, layer: Layer, reading: &mut Reading) -> Option<What> {
    let mut message = field.message(reading)?;
    let Some(url) = message.field("@type") else {
        field.wrong("has no `@type`, which says what it is", reading);
        return None;
    };
    let url = url.text(reading)?;
    let mut name = type_name(&url).to_owned();
    let mut form = TypedStruct::None;
    let inner;
    if let Some(at) = TYPED_STRUCTS.iter().position(|known| *known == name) {
        form = if at == 0 { TypedStruct::Udpa } else { TypedStruct::Xds };
        let Some(url) = message.field("type_url") else {
            field.wrong("a TypedStruct has a type_url", reading);
            return None;
        };
        url.text(reading).map(|url| type_name(&url).clone_into(&mut name))?;
        let value = message.field("value");
        if name == layer.wasm() {
            message.close(reading);
        }
        inner = value;
        let Some(value) = &inner else { return wasm(&name, layer, None, field, form, reading) };
        message = value.message(reading)?;
    }
    wasm(&name, layer, Some(message), field, form, reading)
}

fn wasm(
    name: &str,
    layer: Layer,
    message: Option<Message<'_>>,
    field: &Field<'_>,
    form: TypedStruct,
    reading: &mut Reading,
) -> Option<What> {
    let other = if layer == Layer::Http { Layer::Network } else { Layer::Http };
    if name == other.wasm() {
        field.wrong(format_args!("{name} does not belong into this list, {} does", layer.wasm()), reading);
        return None;
    }
    if name != layer.wasm() {
        if name.contains("filter") && name.contains(".wasm.") {
            let hint = Some(format!("the type is {}", layer.wasm()));
            reading.error_with(field.span(), format!("{}: there is no type {name}", field.path), hint);
            return None;
        }
        return Some(What::Other(name.to_owned()));
    }
    let config = message.and_then(|mut message| {
        let config = message.field("config");
        message.close(reading);
        config
    });
    let Some(config) = config else {
        field.wrong("has no config", reading);
        return None;
    };
    Some(What::Plugin(Box::new(PluginConfig::read(&config, reading)?), form))
}

/// The filter of a chain. The error: what Envoy refuses.
pub(crate) fn filter(
    filter: &FilterConfig,
    origin: &Origin,
    fetcher: Fetcher,
    proxy: &Proxy,
) -> Result<Filter, String> {
    let (config, form) = match &filter.what {
        What::Plugin(config, form) if !config.code.native => (config, *form),
        What::Plugin(config, _) => {
            return Ok(marker(filter, format!("`{}`, compiled into the proxy", config.code.written), origin));
        }
        What::Discovered => return Ok(marker(filter, "sent under its name".to_owned(), origin)),
        What::Other(kind) if kind.is_empty() => return Ok(marker(filter, "a filter".to_owned(), origin)),
        What::Other(kind) => return Ok(marker(filter, kind.clone(), origin)),
    };
    let mut notes = Vec::new();
    // The agent does not look into the newer of the two forms.
    let fetcher = if form == TypedStruct::Xds { Fetcher::Envoy } else { fetcher };
    if config.code.remote && fetcher == Fetcher::Envoy {
        if config.code.sha256.is_none() {
            return Err("Envoy fetches this module itself, and refuses one without sha256".to_owned());
        }
        notes.push("Envoy fetches it itself, from a cluster that has to exist".to_owned());
    }
    let mut env: IndexMap<String, String> = config.env.clone();
    if config.code.remote && fetcher == Fetcher::Agent {
        env.retain(|name, _| !name.starts_with("ISTIO_META_"));
    }
    for name in &config.host_env {
        match proxy.env.get(name) {
            Some(value) => {
                env.insert(name.clone(), value.clone());
            }
            None => notes.push(format!(
                "the variable {name} is taken from the proxy's environment, and the workload's `env` has no value: \
                 the plugin does not see it"
            )),
        }
    }
    if let ModuleSource::Unknown(why) = &config.code.source {
        notes.push(why.clone());
    }
    let name = [&config.name, &filter.name].into_iter().find(|name| !name.is_empty());
    Ok(Filter::Plugin(Box::new(Link {
        name: name.map_or_else(|| "wasm".to_owned(), Clone::clone),
        origin: origin.clone(),
        filter_name: filter.name.clone(),
        plugin_name: config.name.clone(),
        phase: None,
        priority: None,
        module: ModuleRef {
            span: config.code.span.clone(),
            written: config.code.written.clone(),
            source: config.code.source.clone(),
            sha256: config.code.sha256.clone(),
            pull_policy: PullPolicy::Unspecified,
            pull_secret: None,
            resource_version: String::new(),
        },
        root_id: config.root_id.clone(),
        config: config.config.clone(),
        vm_id: config.vm_id.clone(),
        vm_config: config.vm_config.clone(),
        env,
        failure: config.failure,
        fail_open: config.fail_open,
        reload_backoff: config.reload_backoff,
        allow_on_headers_stop_iteration: config.allow_on_headers_stop_iteration,
        capabilities: config.capabilities.clone(),
        notes,
    })))
}

fn marker(filter: &FilterConfig, what: String, origin: &Origin) -> Filter {
    Filter::Marker(Marker { name: filter.name.clone(), what, when: None, origin: Some(origin.clone()) })
}
