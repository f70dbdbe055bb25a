//! Which workloads a resource applies to: `selector`, `targetRef`, `targetRefs`.
//!
//! Source: Istio 1.32-dev, `pilot/pkg/model/policyattachment.go`, and the checks of `pkg/config/validation`.

use indexmap::IndexMap;

use super::proxy::Proxy;
use crate::manifest::read::Reading;
use crate::manifest::read::field::{Field, Message};

/// What a resource attaches to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// Labels that a workload must have; nothing: it has no selector.
    pub(crate) selector: Option<IndexMap<String, String>>,
    pub(crate) target_refs: Vec<TargetRef>,
}

/// A reference to what a resource is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetRef {
    pub(crate) target: Target,
    pub(crate) name: String,
}

/// The kinds that can be referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Gateway,
    GatewayClass,
    Service,
    ServiceEntry,
}

/// The class that every waypoint has.
const WAYPOINT_CLASS: &str = "istio-waypoint";

impl Attachment {
    /// Reads the fields of a spec. `singular`: the kind has `targetRef` too.
    pub(crate) fn read(spec: &mut Message<'_>, singular: bool, reading: &mut Reading) -> Self {
        let selector = spec.field("selector");
        let single = if singular { spec.field("targetRef") } else { None };
        let several = spec.field("targetRefs");
        let given: Vec<&str> = [("selector", &selector), ("targetRef", &single), ("targetRefs", &several)]
            .iter()
            .filter(|(_, field)| field.is_some())
            .map(|(name, _)| *name)
            .collect();
        if given.len() > 1 {
            let message = format!("only one of {} can be set", given.join(" and "));
            reading.error(spec.span(), format!("spec: {message}"));
        }
        let mut target_refs = Vec::new();
        if let Some(items) = several.as_ref().and_then(|field| field.items(reading)) {
            if items.len() > 16 {
                reading.error(spec.span(), format!("spec.targetRefs: has {} items, 16 at most", items.len()));
            }
            target_refs.extend(items.iter().filter_map(|item| TargetRef::read(item, reading)));
        }
        if target_refs.is_empty() {
            target_refs.extend(single.and_then(|field| TargetRef::read(&field, reading)));
        }
        Self { selector: selector.and_then(|field| labels(&field, "matchLabels", reading)), target_refs }
    }

    /// Reads `targetRefs` alone.
    pub(crate) fn targets(spec: &mut Message<'_>, reading: &mut Reading) -> Self {
        let items = spec.field("targetRefs").and_then(|field| field.items(reading)).unwrap_or_default();
        let target_refs = items.iter().filter_map(|item| TargetRef::read(item, reading)).collect();
        Self { selector: None, target_refs }
    }

    /// Whether an `EnvoyFilter` in `namespace` applies to the proxy, or why not: unlike a plugin it needs no reference
    /// to apply to a waypoint.
    pub(crate) fn selects(&self, namespace: &str, proxy: &Proxy) -> Result<(), String> {
        if self.target_refs.is_empty() {
            return selected(self.selector.as_ref(), proxy);
        }
        self.attaches(namespace, proxy)
    }

    /// Whether a policy in `namespace` attaches to the proxy, or why not.
    pub(crate) fn attaches(&self, namespace: &str, proxy: &Proxy) -> Result<(), String> {
        if !self.target_refs.is_empty() {
            if !proxy.is_gateway_api() {
                return Err(
                    "it has targetRefs, which mean Gateway API gateways and waypoints; the workload has no \
                     label gateway.networking.k8s.io/gateway-name"
                        .to_owned(),
                );
            }
            return match self.target_refs.iter().any(|target| target.is(namespace, proxy)) {
                true => Ok(()),
                false => Err(format!("no target is {}", proxy.described())),
            };
        }
        if proxy.waypoint {
            return Err("it has no targetRefs, and a waypoint takes nothing without them".to_owned());
        }
        if proxy.is_gateway_api() && !proxy.selectors_mean_gateways {
            return Err(
                "it has no targetRefs, and istiod is told that selectors do not mean gateways".to_owned()
            );
        }
        selected(self.selector.as_ref(), proxy)
    }
}

/// Whether every label of a selector is the workload's.
pub(crate) fn selected(selector: Option<&IndexMap<String, String>>, proxy: &Proxy) -> Result<(), String> {
    let missing = selector.into_iter().flatten().find(|(key, value)| proxy.labels.get(*key) != Some(*value));
    match missing {
        None => Ok(()),
        Some((key, value)) => Err(match proxy.labels.get(key) {
            Some(other) => format!("it selects {key}={value}, and the workload has {key}={other}"),
            None => format!("it selects {key}={value}, and the workload has no label {key}"),
        }),
    }
}

/// The labels of a selector, under `key`.
pub(crate) fn labels(
    field: &Field<'_>,
    key: &'static str,
    reading: &mut Reading,
) -> Option<IndexMap<String, String>> {
    let mut message = field.message(reading)?;
    let labels = message.field(key);
    message.close(reading);
    let texts = match &labels {
        Some(labels) => labels.texts(reading)?,
        None => IndexMap::new(),
    };
    if texts.is_empty() {
        reading
            .warn(field.span(), format!("{}: selects by no label, which means every workload", field.path));
    }
    for (name, value) in &texts {
        let place = labels.as_ref().unwrap_or(field);
        if name.is_empty() {
            place.wrong("a label has no key", reading);
        }
        if name.contains('*') || value.contains('*') {
            place.wrong(
                format_args!("`{name}: {value}`: there are no wildcards in labels; leave the selector out"),
                reading,
            );
        }
    }
    Some(texts)
}

impl TargetRef {
    fn read(field: &Field<'_>, reading: &mut Reading) -> Option<Self> {
        let mut message = field.message(reading)?;
        let mut text = |name: &'static str, reading: &mut Reading| {
            message.field(name).and_then(|field| field.text(reading)).unwrap_or_default()
        };
        let (group, kind, name, namespace) = (
            text("group", reading),
            text("kind", reading),
            text("name", reading),
            text("namespace", reading),
        );
        message.close(reading);
        if name.is_empty() {
            field.wrong("has no name", reading);
        }
        if !namespace.is_empty() {
            field.wrong("has a namespace: only targets in the resource's own namespace are allowed", reading);
        }
        let target = match (group.as_str(), kind.as_str()) {
            ("" | "core", "Service") => Target::Service,
            ("networking.istio.io", "ServiceEntry") => Target::ServiceEntry,
            ("gateway.networking.k8s.io", "Gateway") => Target::Gateway,
            ("gateway.networking.k8s.io", "GatewayClass") => Target::GatewayClass,
            _ => {
                let message = format!(
                    "{}: the kind `{kind}` of group `{group}` is no target: it is Service (core), ServiceEntry \
                     (networking.istio.io), Gateway or GatewayClass (gateway.networking.k8s.io)",
                    field.path
                );
                reading.error(field.span(), message);
                return None;
            }
        };
        Some(Self { target, name })
    }

    fn is(&self, namespace: &str, proxy: &Proxy) -> bool {
        let attached = |to: &Option<(String, String)>| {
            proxy.waypoint && to.as_ref().is_some_and(|(ns, name)| ns == namespace && *name == self.name)
        };
        match self.target {
            Target::Service => attached(&proxy.service),
            Target::ServiceEntry => attached(&proxy.service_entry),
            Target::GatewayClass => {
                proxy.waypoint && namespace == proxy.root_namespace && self.name == WAYPOINT_CLASS
            }
            Target::Gateway => {
                namespace == proxy.namespace && proxy.gateway_name() == Some(self.name.as_str())
            }
        }
    }
}
