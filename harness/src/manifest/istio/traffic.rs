//! Which traffic of a workload passes a plugin: `match`.
//!
//! Source: Istio 1.32-dev, `pilot/pkg/model/extensions.go`.

use super::proxy::Proxy;
use crate::manifest::read::Reading;
use crate::manifest::read::field::{Field, is_null};
use crate::scenario::WorkloadKind;

/// One entry of `match`: its mode and its ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrafficSelector {
    pub(crate) mode: Mode,
    /// Empty: any.
    pub(crate) ports: Vec<u16>,
}

/// The side of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Both,
    Client,
    Server,
}

/// The port that ports are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// This one.
    Is(u16),
    /// The workload does not say.
    NotGiven,
    /// Istio itself does not know it here.
    Unknown,
}

const MODES: [(&str, Mode); 4] = [
    ("UNDEFINED", Mode::Both),
    ("CLIENT", Mode::Client),
    ("SERVER", Mode::Server),
    ("CLIENT_AND_SERVER", Mode::Both),
];

/// Reads `match`; of several problems the first is told.
pub(crate) fn read(field: &Field<'_>, reading: &mut Reading) -> Vec<TrafficSelector> {
    let before = reading.errors.len();
    let mut selectors = Vec::new();
    for item in field.items(reading).unwrap_or_default() {
        if reading.errors.len() > before {
            break;
        }
        if is_null(item.node) {
            item.wrong("is null", reading);
            break;
        }
        selectors.extend(selector(&item, reading));
    }
    selectors
}

fn selector(field: &Field<'_>, reading: &mut Reading) -> Option<TrafficSelector> {
    let mut message = field.message(reading)?;
    let mode = message.field("mode").map(|mode| mode.word(&MODES, reading));
    let mut ports: Vec<u16> = Vec::new();
    for item in message.field("ports").and_then(|ports| ports.items(reading)).unwrap_or_default() {
        if is_null(item.node) {
            item.wrong("is null", reading);
            return None;
        }
        let mut port = item.message(reading)?;
        let number = match port.field("number") {
            Some(number) => number.whole(1, 65535, reading)?,
            None => {
                item.wrong("has no number: a port is between 1 and 65535", reading);
                return None;
            }
        };
        port.close(reading);
        let number = u16::try_from(number).ok()?;
        if ports.contains(&number) {
            item.wrong(format_args!("the port {number} is there already"), reading);
            return None;
        }
        ports.push(number);
    }
    message.close(reading);
    Some(TrafficSelector { mode: mode.unwrap_or(Some(Mode::Both))?, ports })
}

/// Whether one of the entries is met, or why none is. No entries are met always.
pub(crate) fn met(selectors: &[TrafficSelector], proxy: &Proxy, port: Port) -> Result<(), String> {
    let mut why = Vec::new();
    for selector in selectors {
        match selector.met(proxy, port) {
            Ok(()) => return Ok(()),
            Err(reason) => why.push(reason),
        }
    }
    if why.is_empty() { Ok(()) } else { Err(why.join("; ")) }
}

impl TrafficSelector {
    fn met(&self, proxy: &Proxy, port: Port) -> Result<(), String> {
        use WorkloadKind::{Gateway, SidecarInbound, SidecarOutbound, Waypoint};
        match (self.mode, proxy.kind) {
            (Mode::Client, SidecarInbound | Waypoint) => {
                return Err(format!("its match is for clients, and this is {}", proxy.kind.word()));
            }
            (Mode::Server, SidecarOutbound | Gateway) => {
                return Err(format!("its match is for servers, and this is {}", proxy.kind.word()));
            }
            _ => {}
        }
        let listed = || self.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        match port {
            _ if self.ports.is_empty() => Ok(()),
            Port::Is(port) if self.ports.contains(&port) => Ok(()),
            Port::Is(port) => Err(format!("its match is for port {}, and this is {port}", listed())),
            Port::NotGiven => {
                Err(format!("its match is for port {}, and the workload's port is not given", listed()))
            }
            Port::Unknown => Err(format!(
                "its match is for port {}, and the port is unknown in a waypoint's HTTP chain: a match that names \
                 ports never holds there",
                listed()
            )),
        }
    }
}
