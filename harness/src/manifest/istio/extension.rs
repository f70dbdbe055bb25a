//! `WasmPlugin` and `TrafficExtension`: what they say, with the checks that Istio's webhook and the resource schema make.
//!
//! Source: Istio 1.32-dev, `pkg/config/validation`; `istio/api`, `extensions/v1alpha1`. The two kinds are one here, as they
//! are in istiod from 1.30: in a `TrafficExtension` what concerns the module stands below `wasm`.

use super::selector::Attachment;
use super::traffic::{self, TrafficSelector};
use super::wasm::{PluginType, WasmSpec};
use crate::manifest::object::{Metadata, Object};
use crate::manifest::read::Reading;
use crate::manifest::read::field::Message;
use crate::manifest::resolved::Phase;

/// A resource that puts a filter into chains.
#[derive(Clone, Debug)]
pub(crate) struct Extension {
    pub(crate) metadata: Metadata,
    /// It is a `WasmPlugin`, which newer versions translate.
    pub(crate) is_plugin: bool,
    pub(crate) attachment: Attachment,
    pub(crate) traffic: Vec<TrafficSelector>,
    pub(crate) phase: Phase,
    pub(crate) priority: Option<i32>,
    pub(crate) filter: Filter,
}

/// What it puts there.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    Wasm(Box<WasmSpec>),
    /// A Lua script, which nobody runs here.
    Lua,
}

const PHASES: [(&str, Phase); 4] = [
    ("UNSPECIFIED_PHASE", Phase::Unspecified),
    ("AUTHN", Phase::Authn),
    ("AUTHZ", Phase::Authz),
    ("STATS", Phase::Stats),
];

impl Extension {
    /// Reads one; problems with any of its fields do not hide those of others.
    pub(crate) fn read(object: &Object<'_>, is_plugin: bool, reading: &mut Reading) -> Option<Self> {
        let kind = if is_plugin { "WasmPlugin" } else { "TrafficExtension" };
        let before = reading.errors.len();
        let parts = object.parts(kind, reading);
        let (metadata, field) = parts?;
        let mut spec = field.message(reading)?;
        let attachment = Attachment::read(&mut spec, is_plugin, reading);
        let traffic = spec.field("match").map(|field| traffic::read(&field, reading)).unwrap_or_default();
        let phase = spec.field("phase").map(|field| field.word(&PHASES, reading));
        let priority = spec
            .field("priority")
            .and_then(|field| field.whole(i32::MIN.into(), i32::MAX.into(), reading))
            .and_then(|number| i32::try_from(number).ok());
        let filter = if is_plugin {
            WasmSpec::read(&mut spec, reading).map(|wasm| Filter::Wasm(Box::new(wasm)))
        } else {
            wasm_or_lua(&mut spec, reading)
        };
        spec.close(reading);
        if reading.errors.len() > before {
            return None;
        }
        let phase = phase.unwrap_or(Some(Phase::Unspecified))?;
        Some(Self { metadata, is_plugin, attachment, traffic, phase, priority, filter: filter? })
    }

    /// Whether it belongs into the network chain.
    pub(crate) fn is_network(&self) -> bool {
        matches!(&self.filter, Filter::Wasm(wasm) if wasm.plugin_type == PluginType::Network)
    }
}

fn wasm_or_lua(spec: &mut Message<'_>, reading: &mut Reading) -> Option<Filter> {
    /// Bytes of a script.
    const LONGEST: usize = 65536;
    match (spec.field("wasm"), spec.field("lua")) {
        (Some(wasm), None) => {
            let mut message = wasm.message(reading)?;
            let spec = WasmSpec::read(&mut message, reading);
            message.close(reading);
            Some(Filter::Wasm(Box::new(spec?)))
        }
        (None, Some(lua)) => {
            let mut message = lua.message(reading)?;
            let code = message.field("inlineCode");
            let size = code.and_then(|code| code.text(reading)).map_or(0, |text| text.len());
            if !(1..=LONGEST).contains(&size) {
                lua.wrong(format_args!("inlineCode has {size} bytes, 1 to {LONGEST} are allowed"), reading);
            }
            message.close(reading);
            Some(Filter::Lua)
        }
        (both, _) => {
            let which = if both.is_some() { "both are" } else { "neither is" };
            reading.error(
                spec.span(),
                format!("spec: exactly one of wasm and lua has to be set, and {which} there"),
            );
            None
        }
    }
}
