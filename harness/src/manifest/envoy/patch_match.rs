//! Where a patch of an `EnvoyFilter` applies: `configPatches[].match`.
//!
//! Source: Istio 1.32-dev, `pilot/pkg/networking/core/envoyfilter/listener_patch.go`, `pkg/config/validation/envoyfilter`.

use regex::Regex;

use super::config::HCM;
use super::envoy_filter::ApplyTo;
use crate::manifest::istio::proxy::Proxy;
use crate::manifest::read::Reading;
use crate::manifest::read::field::{Field, Message};
use crate::scenario::WorkloadKind;

/// What has to be so for a patch to apply.
#[derive(Clone, Debug, Default)]
pub(crate) struct PatchMatch {
    /// Nothing: any.
    context: Option<WorkloadKind>,
    version: Option<Regex>,
    metadata: Vec<String>,
    port: Option<u16>,
    listener: Option<String>,
    destination_port: Option<u16>,
    /// The network filter.
    filter: Option<String>,
    /// The HTTP filter in it.
    pub(crate) sub_filter: Option<String>,
    /// Conditions that nobody can judge here.
    pub(crate) assumed: Vec<String>,
}

const CONTEXTS: [(&str, Option<WorkloadKind>); 5] = [
    ("ANY", None),
    ("SIDECAR_INBOUND", Some(WorkloadKind::SidecarInbound)),
    ("SIDECAR_OUTBOUND", Some(WorkloadKind::SidecarOutbound)),
    ("GATEWAY", Some(WorkloadKind::Gateway)),
    ("WAYPOINT", Some(WorkloadKind::Waypoint)),
];

impl PatchMatch {
    pub(crate) fn read(field: &Field<'_>, apply_to: ApplyTo, reading: &mut Reading) -> Option<Self> {
        let mut message = field.message(reading)?;
        let mut found = Self::default();
        if let Some(context) = message.field("context") {
            found.context = context.word(&CONTEXTS, reading)?;
        }
        if let Some(proxy) = message.field("proxy") {
            found.proxy(&proxy, reading)?;
        }
        let others = ["routeConfiguration", "cluster"].map(|name| message.field(name));
        if let Some(other) = others.into_iter().flatten().next().filter(|_| apply_to.is_listener()) {
            other.wrong(
                format_args!("a patch of {} matches a listener, and nothing else", apply_to.word()),
                reading,
            );
            return None;
        }
        if message.field("waypoint").is_some() {
            found.assumed.push("its `waypoint` match".to_owned());
        }
        if let Some(listener) = message.field("listener") {
            found.listener(&listener, apply_to, reading)?;
        }
        message.close(reading);
        Some(found)
    }

    fn proxy(&mut self, field: &Field<'_>, reading: &mut Reading) -> Option<()> {
        let mut message = field.message(reading)?;
        if let Some(version) = message.field("proxyVersion") {
            let text = version.text(reading)?;
            match Regex::new(&text) {
                Ok(regex) => self.version = Some(regex).filter(|_| !text.is_empty()),
                Err(error) => {
                    version.wrong(format_args!("is no regular expression: {error}"), reading);
                    return None;
                }
            }
        }
        if let Some(metadata) = message.field("metadata") {
            let texts = metadata.texts(reading)?;
            self.metadata = texts.iter().map(|(key, value)| format!("{key}={value}")).collect();
        }
        message.close(reading);
        Some(())
    }

    fn listener(&mut self, field: &Field<'_>, apply_to: ApplyTo, reading: &mut Reading) -> Option<()> {
        let mut message = field.message(reading)?;
        self.port = port(&mut message, "portNumber", reading);
        self.listener = filled(&mut message, "name", reading);
        message.ignore(&["portName", "listenerFilter"]);
        if let Some(chain) = message.field("filterChain") {
            self.filter_chain(&chain, apply_to, reading)?;
        }
        message.close(reading);
        Some(())
    }

    fn filter_chain(&mut self, field: &Field<'_>, apply_to: ApplyTo, reading: &mut Reading) -> Option<()> {
        let mut message = field.message(reading)?;
        for (name, what) in [
            ("name", "the filter chain's name"),
            ("sni", "the SNI"),
            ("transportProtocol", "the transport protocol"),
            ("applicationProtocols", "the application protocols"),
        ] {
            if let Some(text) = filled(&mut message, name, reading) {
                self.assumed.push(format!("{what} {text}"));
            }
        }
        self.destination_port = port(&mut message, "destinationPort", reading);
        if let Some(filter) = message.field("filter") {
            self.filter(&filter, apply_to, reading)?;
        }
        message.close(reading);
        Some(())
    }

    fn filter(&mut self, field: &Field<'_>, apply_to: ApplyTo, reading: &mut Reading) -> Option<()> {
        let mut message = field.message(reading)?;
        if matches!(apply_to, ApplyTo::Listener | ApplyTo::FilterChain) {
            reading.warn(field.span(), format!("{}: has no effect with {}", field.path, apply_to.word()));
        }
        self.filter = filled(&mut message, "name", reading);
        let sub = message.field("subFilter");
        message.close(reading);
        let Some(name) = &self.filter else {
            field.wrong("has no name to match", reading);
            return None;
        };
        let Some(sub) = sub else { return Some(()) };
        if apply_to != ApplyTo::HttpFilter {
            sub.wrong("belongs to patches of HTTP_FILTER only", reading);
            return None;
        }
        if name != HCM && name != "envoy.http_connection_manager" {
            sub.wrong(format_args!("needs the filter {HCM} around it"), reading);
            return None;
        }
        let mut message = sub.message(reading)?;
        self.sub_filter = filled(&mut message, "name", reading);
        message.close(reading);
        if self.sub_filter.is_none() {
            sub.wrong("has no name to match", reading);
            return None;
        }
        Some(())
    }

    /// Whether a proxy is meant at all, or why not.
    pub(crate) fn proxy_fits(&self, proxy: &Proxy) -> Result<(), String> {
        if let Some(context) = self.context.filter(|context| *context != proxy.kind) {
            return Err(format!("its context is {}, and this is {}", context.word(), proxy.kind.word()));
        }
        let version = proxy.version.full();
        if let Some(regex) = self.version.as_ref().filter(|regex| !regex.is_match(&version)) {
            return Err(format!("it is for proxies of version {regex}, and this is {version}"));
        }
        match self.metadata.as_slice() {
            [] => Ok(()),
            all => Err(format!("it is for proxies with the metadata {}, and none is known", all.join(", "))),
        }
    }

    /// Whether the listener of the traffic is meant, or why not.
    pub(crate) fn listener_fits(&self, proxy: &Proxy) -> Result<(), String> {
        if let Some(wanted) = &self.listener {
            let name = listener_name(proxy);
            let fits = match name.strip_prefix('*') {
                Some(ending) => wanted.ends_with(ending),
                None => *wanted == name,
            };
            if !fits {
                return Err(format!("it is for the listener {wanted}, and this is {name}"));
            }
        }
        for (wanted, actual, what) in [
            (self.port, proxy.port, "port"),
            (
                self.destination_port,
                // Only the one listener of a sidecar's inbound traffic tells ports apart by its chains.
                proxy.port.filter(|_| proxy.kind == WorkloadKind::SidecarInbound),
                "destination port",
            ),
        ] {
            match (wanted, actual) {
                (Some(wanted), Some(actual)) if wanted != actual => {
                    return Err(format!("it is for {what} {wanted}, and this is {actual}"));
                }
                (Some(wanted), None) => {
                    return Err(format!("it is for {what} {wanted}, and the workload's port is not given"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a network filter is meant.
    pub(crate) fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    pub(crate) fn filter_fits(&self, name: &str) -> bool {
        self.filter.as_deref().is_none_or(|wanted| wanted == name)
    }

    /// Why no filter is met.
    pub(crate) fn no_filter(&self) -> String {
        let name = self.sub_filter.as_deref().or(self.filter.as_deref()).unwrap_or_default();
        format!("there is no filter {name}")
    }
}

/// What Istio calls the listener of the traffic; `*` stands for an address.
fn listener_name(proxy: &Proxy) -> String {
    let port = proxy.port.map(|port| port.to_string()).unwrap_or_default();
    match proxy.kind {
        WorkloadKind::SidecarInbound => "virtualInbound".to_owned(),
        WorkloadKind::SidecarOutbound => format!("*_{port}"),
        WorkloadKind::Gateway => format!("0.0.0.0_{port}"),
        WorkloadKind::Waypoint => "main_internal".to_owned(),
    }
}

fn port(message: &mut Message<'_>, name: &'static str, reading: &mut Reading) -> Option<u16> {
    let number = message.field(name)?.whole(0, 65535, reading)?;
    // Zero is what is not set.
    u16::try_from(number).ok().filter(|port| *port != 0)
}

fn filled(message: &mut Message<'_>, name: &'static str, reading: &mut Reading) -> Option<String> {
    message.field(name)?.text(reading).filter(|text| !text.is_empty())
}
