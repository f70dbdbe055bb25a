//! What becomes of a chain when the patches of every `EnvoyFilter` that applies are done.
//!
//! Source: Istio 1.32-dev, `pilot/pkg/networking/core/envoyfilter/listener_patch.go`. The order is the opposite of that of
//! plugins, in priority and in namespace. `INSERT_BEFORE`, `INSERT_AFTER` and `REPLACE` act on the first filter of a
//! name, `REMOVE` and `MERGE` on all of it; `MERGE` comes after everything else.

use super::config::HCM;
use super::envoy_filter::{ApplyTo, EnvoyFilter, Operation, Patch, read_value};
use super::filter::{self, Fetcher, Layer, What};
use super::merge::merge_filter;
use crate::document::error::ScenarioError;
use crate::document::source::Node;
use crate::manifest::istio::proxy::Proxy;
use crate::manifest::read::Reading;
use crate::manifest::read::field::Field;
use crate::manifest::resolved::{Filter, Marker, Origin, Resolved, Skipped};
use crate::scenario::Traffic;

/// A filter while patches are done.
#[derive(Clone, Debug)]
enum Slot {
    /// As Istio made it.
    Made(Filter),
    /// As a patch wrote it.
    Written(Node, Origin),
}

impl Slot {
    fn name(&self) -> &str {
        match self {
            Self::Made(filter) => filter.name(),
            Self::Written(node, _) => node.get("name").and_then(Node::scalar).unwrap_or_default(),
        }
    }

    /// What has to be there for it to be there.
    fn when(&self) -> Option<&str> {
        match self {
            Self::Made(Filter::Marker(marker)) => marker.when.as_deref(),
            _ => None,
        }
    }
}

/// A patch with the resource that it belongs to.
struct Placed<'f> {
    origin: Origin,
    patch: &'f Patch,
    done: bool,
    why: Vec<String>,
}

/// Does the patches of `filters` to the chains of `resolved`.
///
/// # Errors
///
/// What the proxy would refuse.
pub(crate) fn apply(
    filters: &[EnvoyFilter],
    proxy: &Proxy,
    resolved: &mut Resolved,
) -> Result<(), Vec<ScenarioError>> {
    let mut placed: Vec<Placed<'_>> = Vec::new();
    for filter in ordered(filters, proxy) {
        let metadata = &filter.metadata;
        let resource = format!("EnvoyFilter {}", metadata.label(&proxy.namespace));
        if let Err(why) = applies(filter, proxy) {
            let origin = Origin { resource, span: metadata.span.clone() };
            resolved.skipped.push(Skipped { origin, why });
            continue;
        }
        placed.extend(filter.patches.iter().map(|patch| {
            let origin = Origin { resource: resource.clone(), span: patch.span.clone() };
            Placed { origin, patch, done: false, why: Vec::new() }
        }));
    }
    let slots = |filters: &mut Vec<Filter>| std::mem::take(filters).into_iter().map(Slot::Made).collect();
    let mut work = Work {
        network: slots(&mut resolved.network),
        http: slots(&mut resolved.http),
        proxy,
        warnings: Vec::new(),
    };
    work.all(&mut placed);
    let mut reading = Reading::kubernetes();
    let built = Built { placed: &placed, proxy };
    let (network, http) = (std::mem::take(&mut work.network), std::mem::take(&mut work.http));
    resolved.network = built.filters(network, Layer::Network, &mut resolved.warnings, &mut reading);
    resolved.http = built.filters(http, Layer::Http, &mut resolved.warnings, &mut reading);
    resolved.warnings.append(&mut work.warnings);
    for one in placed.into_iter().filter(|one| !one.done) {
        let mut why = one.why;
        why.dedup();
        resolved.skipped.push(Skipped { origin: one.origin, why: why.join("; ") });
    }
    if reading.errors.is_empty() { Ok(()) } else { Err(reading.errors) }
}

/// The resources in the order in which they are done: lower priority first, the root namespace before the own one, the
/// older before the newer, then by name and namespace.
fn ordered<'f>(filters: &'f [EnvoyFilter], proxy: &Proxy) -> Vec<&'f EnvoyFilter> {
    let mut sorted: Vec<&EnvoyFilter> = filters.iter().collect();
    sorted.sort_by_cached_key(|filter| {
        let metadata = &filter.metadata;
        let namespace = metadata.namespace(&proxy.namespace);
        let own = namespace != proxy.root_namespace;
        (filter.priority, own, metadata.created, format!("{}.{namespace}", metadata.name))
    });
    sorted
}

fn applies(filter: &EnvoyFilter, proxy: &Proxy) -> Result<(), String> {
    let namespace = filter.metadata.namespace(&proxy.namespace);
    if !proxy.namespaces().contains(&namespace) {
        return Err(format!(
            "it is in the namespace {namespace}, and applies there only; the workload is in {}",
            proxy.namespace
        ));
    }
    filter.attachment.selects(namespace, proxy)
}

/// The chains while they are patched.
struct Work<'p> {
    network: Vec<Slot>,
    http: Vec<Slot>,
    proxy: &'p Proxy,
    warnings: Vec<ScenarioError>,
}

impl Work<'_> {
    fn all(&mut self, placed: &mut [Placed<'_>]) {
        for one in placed.iter_mut() {
            let fits = one.patch.matches.proxy_fits(self.proxy).and_then(|()| match one.patch.apply_to {
                ApplyTo::NetworkFilter | ApplyTo::HttpFilter => one.patch.matches.listener_fits(self.proxy),
                ApplyTo::ExtensionConfig => Ok(()),
                other => Err(beyond(other)),
            });
            match fits {
                Ok(()) => {
                    // Used when a filter asks for its name.
                    if one.patch.apply_to == ApplyTo::ExtensionConfig {
                        one.done = true;
                    }
                }
                Err(why) => one.why.push(why),
            }
        }
        for layer in [Layer::Network, Layer::Http] {
            self.layer(layer, placed, false);
            self.layer(layer, placed, true);
        }
    }

    fn layer(&mut self, layer: Layer, placed: &mut [Placed<'_>], merges: bool) {
        for one in
            placed.iter_mut().filter(|one| one.why.is_empty() && one.patch.apply_to.layer() == Some(layer))
        {
            if (one.patch.operation == Operation::Merge) != merges {
                continue;
            }
            if layer == Layer::Http {
                if self.proxy.traffic == Traffic::Tcp {
                    one.why.push("it patches HTTP filters, and the traffic is TCP".to_owned());
                    continue;
                }
                let hcm = self.network.iter().any(|slot| slot.name() == HCM);
                if !hcm || !one.patch.matches.filter_fits(HCM) {
                    one.why.push(one.patch.matches.no_filter());
                    continue;
                }
            }
            for what in &one.patch.matches.assumed {
                let message =
                    format!("{}: {what} is taken to match: it is not known here", one.origin.resource);
                self.warnings.push(ScenarioError::at(&one.patch.span, message));
            }
            let slots = if layer == Layer::Http { &mut self.http } else { &mut self.network };
            match done(slots, layer, one) {
                Ok(warning) => {
                    one.done = true;
                    self.warnings.extend(warning.map(|text| ScenarioError::at(&one.patch.span, text)));
                }
                Err(why) => one.why.push(why),
            }
        }
    }
}

fn beyond(apply_to: ApplyTo) -> String {
    match apply_to {
        ApplyTo::Listener | ApplyTo::FilterChain => format!(
            "it patches {}: resolve the listener's own configuration to see its plugins",
            apply_to.word()
        ),
        ApplyTo::Bootstrap => "it patches BOOTSTRAP: a wasm service handles no streams".to_owned(),
        other => format!("it patches {}, which holds no plugins", other.word()),
    }
}

/// Does one patch; gives what deserves a look. The error: why nothing happens.
fn done(slots: &mut Vec<Slot>, layer: Layer, placed: &Placed<'_>) -> Result<Option<String>, String> {
    let patch = placed.patch;
    let matches = &patch.matches;
    let anchored = match layer {
        Layer::Http => matches.sub_filter.is_some(),
        Layer::Network => matches.has_filter(),
    };
    let fits = |slot: &Slot| match layer {
        Layer::Http => matches.sub_filter.as_deref().is_none_or(|name| name == slot.name()),
        Layer::Network => matches.filter_fits(slot.name()),
    };
    let new = || Slot::Written(patch.value.clone().unwrap_or_else(|| Node::text("")), placed.origin.clone());
    let first = slots.iter().position(fits);
    let depends = first.filter(|_| anchored).and_then(|at| {
        let slot = &slots[at];
        let when = slot.when()?;
        Some(format!("{}: the filter {} is there only where {when}", placed.origin.resource, slot.name()))
    });
    match patch.operation {
        Operation::Add => slots.push(new()),
        Operation::InsertFirst => slots.insert(0, new()),
        Operation::InsertBefore if !anchored => slots.insert(0, new()),
        Operation::InsertAfter if !anchored => slots.push(new()),
        Operation::Replace | Operation::Remove if !anchored => {
            return Err("it names no filter, and nothing is replaced or removed without".to_owned());
        }
        operation => {
            let at = first.ok_or_else(|| matches.no_filter())?;
            match operation {
                Operation::InsertBefore => slots.insert(at, new()),
                Operation::InsertAfter => slots.insert(at + 1, new()),
                Operation::Replace => slots[at] = new(),
                Operation::Remove => slots.retain(|slot| !fits(slot)),
                _ => return merge(slots, fits, patch).map(|why| why.or(depends)),
            }
        }
    }
    if layer == Layer::Http && matches!(patch.operation, Operation::Add | Operation::InsertAfter) {
        let router = slots.iter().position(|slot| slot.name() == "envoy.filters.http.router");
        let last = slots.len() - 1;
        if router.is_some_and(|at| at < last) && matches!(slots[last], Slot::Written(..)) {
            let message = format!(
                "{}: the filter stands after the router, where nothing reaches it: Envoy refuses such a chain",
                placed.origin.resource
            );
            return Ok(Some(message));
        }
    }
    Ok(depends)
}

fn merge(slots: &mut [Slot], fits: impl Fn(&Slot) -> bool, patch: &Patch) -> Result<Option<String>, String> {
    let mut told = None;
    let mut any = false;
    for slot in slots.iter_mut().filter(|slot| fits(slot)) {
        let Some(value) = &patch.value else { continue };
        match slot {
            Slot::Written(node, _) => {
                let (merged, why) = merge_filter(node, value);
                *node = merged;
                told = told.or(why);
                any = true;
            }
            Slot::Made(Filter::Marker(Marker { name, .. })) => {
                if let Some(new) = value.get("name").and_then(Node::scalar).filter(|name| !name.is_empty()) {
                    new.clone_into(name);
                }
                any = true;
            }
            // Its configuration is sent under its name, and there is nothing to merge with.
            Slot::Made(Filter::Plugin(_)) => {}
        }
    }
    if any {
        Ok(told)
    } else {
        Err("the filter's configuration is sent under its name: nothing is merged".to_owned())
    }
}

/// From patched lists to filters.
struct Built<'b> {
    placed: &'b [Placed<'b>],
    proxy: &'b Proxy,
}

impl Built<'_> {
    fn filters(
        &self,
        slots: Vec<Slot>,
        layer: Layer,
        warnings: &mut Vec<ScenarioError>,
        reading: &mut Reading,
    ) -> Vec<Filter> {
        let mut filters = Vec::new();
        for slot in slots {
            match slot {
                Slot::Made(filter) => filters.push(filter),
                Slot::Written(node, origin) => {
                    filters.extend(self.written(&node, &origin, layer, warnings, reading));
                }
            }
        }
        filters
    }

    fn written(
        &self,
        node: &Node,
        origin: &Origin,
        layer: Layer,
        warnings: &mut Vec<ScenarioError>,
        reading: &mut Reading,
    ) -> Option<Filter> {
        let field = Field { node, path: "value".to_owned() };
        let mut config = read_value(&field, layer, reading)?;
        warnings.append(&mut reading.warnings);
        let mut fetcher = Fetcher::Envoy;
        let mut origin = origin.clone();
        if matches!(config.what, What::Discovered) {
            let sent = self.placed.iter().find(|one| {
                one.done
                    && one.patch.apply_to == ApplyTo::ExtensionConfig
                    && one.patch.value.as_ref().and_then(|value| value.get("name")).and_then(Node::scalar)
                        == Some(config.name.as_str())
            });
            match sent.and_then(|one| Some((one, one.patch.value.as_ref()?))) {
                Some((one, value)) => {
                    let field = Field { node: value, path: "value".to_owned() };
                    config = read_value(&field, layer, reading)?;
                    warnings.append(&mut reading.warnings);
                    fetcher = Fetcher::Agent;
                    origin = one.origin.clone();
                }
                None => warnings.push(ScenarioError::at(
                    &node.span,
                    format!(
                        "no EXTENSION_CONFIG patch has the name {}: the listener waits for it without end",
                        config.name
                    ),
                )),
            }
        }
        match filter::filter(&config, &origin, fetcher, self.proxy) {
            Ok(filter) => Some(filter),
            Err(why) => {
                reading.error(&node.span, why);
                None
            }
        }
    }
}
