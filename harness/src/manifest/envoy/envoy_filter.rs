//! `EnvoyFilter`: what it says, with the checks of Istio's webhook.
//!
//! Source: Istio 1.32-dev, `pkg/config/validation/envoyfilter`; `istio/api`, `networking/v1alpha3/envoy_filter.proto`.

use super::filter::{self, FilterConfig, Layer};
use super::patch_match::PatchMatch;
use crate::document::source::{Node, Span};
use crate::manifest::istio::selector::{Attachment, labels};
use crate::manifest::object::{Metadata, Object};
use crate::manifest::read::field::{Field, is_null};
use crate::manifest::read::scalar::Yaml;
use crate::manifest::read::{Names, Reading};

/// One resource.
#[derive(Clone, Debug)]
pub(crate) struct EnvoyFilter {
    pub(crate) metadata: Metadata,
    pub(crate) attachment: Attachment,
    /// Lower first.
    pub(crate) priority: i32,
    pub(crate) patches: Vec<Patch>,
}

/// One of its patches.
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    pub(crate) span: Span,
    pub(crate) apply_to: ApplyTo,
    pub(crate) matches: PatchMatch,
    pub(crate) operation: Operation,
    /// What is added or merged, as it is written.
    pub(crate) value: Option<Node>,
}

/// What is patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplyTo {
    Listener,
    FilterChain,
    NetworkFilter,
    HttpFilter,
    ExtensionConfig,
    Bootstrap,
    /// What holds no filters.
    Other(&'static str),
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Merge,
    Add,
    Remove,
    InsertBefore,
    InsertAfter,
    InsertFirst,
    Replace,
}

const APPLY_TO: [(&str, ApplyTo); 11] = [
    ("LISTENER", ApplyTo::Listener),
    ("FILTER_CHAIN", ApplyTo::FilterChain),
    ("NETWORK_FILTER", ApplyTo::NetworkFilter),
    ("HTTP_FILTER", ApplyTo::HttpFilter),
    ("EXTENSION_CONFIG", ApplyTo::ExtensionConfig),
    ("BOOTSTRAP", ApplyTo::Bootstrap),
    ("LISTENER_FILTER", ApplyTo::Other("LISTENER_FILTER")),
    ("ROUTE_CONFIGURATION", ApplyTo::Other("ROUTE_CONFIGURATION")),
    ("VIRTUAL_HOST", ApplyTo::Other("VIRTUAL_HOST")),
    ("HTTP_ROUTE", ApplyTo::Other("HTTP_ROUTE")),
    ("CLUSTER", ApplyTo::Other("CLUSTER")),
];

const OPERATIONS: [(&str, Operation); 7] = [
    ("MERGE", Operation::Merge),
    ("ADD", Operation::Add),
    ("REMOVE", Operation::Remove),
    ("INSERT_BEFORE", Operation::InsertBefore),
    ("INSERT_AFTER", Operation::InsertAfter),
    ("INSERT_FIRST", Operation::InsertFirst),
    ("REPLACE", Operation::Replace),
];

impl ApplyTo {
    pub(crate) fn word(self) -> &'static str {
        APPLY_TO.iter().find(|(_, of)| *of == self).map_or("", |(word, _)| word)
    }

    pub(crate) fn is_listener(self) -> bool {
        matches!(self, Self::Listener | Self::FilterChain | Self::NetworkFilter | Self::HttpFilter)
    }

    /// The list that its filters belong into.
    pub(crate) fn layer(self) -> Option<Layer> {
        match self {
            Self::HttpFilter => Some(Layer::Http),
            Self::NetworkFilter => Some(Layer::Network),
            _ => None,
        }
    }
}

impl EnvoyFilter {
    pub(crate) fn read(object: &Object<'_>, reading: &mut Reading) -> Option<Self> {
        let before = reading.errors.len();
        let (metadata, field) = object.parts("EnvoyFilter", reading)?;
        let mut spec = field.message(reading)?;
        let selector = spec.field("workloadSelector").and_then(|field| labels(&field, "labels", reading));
        let mut attachment = Attachment::targets(&mut spec, reading);
        attachment.selector = selector;
        let priority = spec
            .field("priority")
            .and_then(|field| field.whole(i32::MIN.into(), i32::MAX.into(), reading))
            .and_then(|number| i32::try_from(number).ok());
        let items = spec.field("configPatches").and_then(|field| field.items(reading)).unwrap_or_default();
        let patches = items.iter().filter_map(|item| Patch::read(item, reading)).collect();
        spec.close(reading);
        (reading.errors.len() == before).then(|| Self {
            metadata,
            attachment,
            priority: priority.unwrap_or_default(),
            patches,
        })
    }
}

impl Patch {
    fn read(field: &Field<'_>, reading: &mut Reading) -> Option<Self> {
        if is_null(field.node) {
            field.wrong("is null", reading);
            return None;
        }
        let mut message = field.message(reading)?;
        let apply_to = match message.field("applyTo") {
            Some(of) => of.word(&APPLY_TO, reading),
            None => {
                field.wrong("has no applyTo", reading);
                None
            }
        };
        let matches = message.field("match");
        let patch = message.field("patch");
        message.close(reading);
        let Some(patch) = patch else {
            field.wrong("has no patch", reading);
            return None;
        };
        let apply_to = apply_to?;
        let matches = match matches {
            Some(matches) => PatchMatch::read(&matches, apply_to, reading)?,
            None => PatchMatch::default(),
        };
        let mut inner = patch.message(reading)?;
        let operation = match inner.field("operation") {
            Some(of) => of.word(&OPERATIONS, reading),
            None => {
                patch.wrong("has no operation", reading);
                None
            }
        };
        let value = inner.field("value");
        // Documented, and read by nobody.
        inner.ignore(&["filterClass"]);
        inner.close(reading);
        let operation = operation?;
        if operation != Operation::Remove && value.is_none() {
            patch.wrong("has no value, which every operation but REMOVE needs", reading);
            return None;
        }
        if apply_to == ApplyTo::ExtensionConfig && operation != Operation::Add {
            patch.wrong("EXTENSION_CONFIG knows the operation ADD only", reading);
            return None;
        }
        if let Some(value) = value.as_ref().filter(|_| operation != Operation::Merge) {
            // Read once for its errors; what is merged is not whole.
            let layer = apply_to.layer();
            if let Some(layer) = layer {
                read_value(value, layer, reading)?;
            }
        }
        Some(Self {
            span: field.span().clone(),
            apply_to,
            matches,
            operation,
            value: value.map(|value| value.node.clone()),
        })
    }
}

/// The filter that a value is. Unknown fields are let pass with a warning.
pub(crate) fn read_value(value: &Field<'_>, layer: Layer, reading: &mut Reading) -> Option<FilterConfig> {
    reading.within(Yaml::Kubectl, Names::SnakeOrCamel, true, |reading| filter::read(value, layer, reading))
}
