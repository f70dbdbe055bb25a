//! The workload whose chain is asked for, as options.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use proxy_wasm_harness::manifest::IstioVersion;
use proxy_wasm_harness::scenario::{Traffic, Workload, WorkloadKind};

use crate::values;

const KINDS: [WorkloadKind; 4] = [
    WorkloadKind::SidecarInbound,
    WorkloadKind::SidecarOutbound,
    WorkloadKind::Gateway,
    WorkloadKind::Waypoint,
];
const TRAFFIC: [Traffic; 2] = [Traffic::Http, Traffic::Tcp];

/// A workload, its proxy, and the traffic that is looked at.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Workload")]
pub(super) struct Of {
    /// Its namespace
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    namespace: String,

    /// Its labels, with commas between them or one by one
    #[arg(long, short, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = values::pair)]
    labels: Vec<(String, String)>,

    /// Its proxy, and the direction of the traffic
    #[arg(
        long,
        default_value = WorkloadKind::SidecarInbound.word(),
        value_parser = PossibleValuesParser::new(KINDS.map(WorkloadKind::word)).map(|text| kind(&text)),
    )]
    kind: WorkloadKind,

    /// What the traffic is
    #[arg(
        long,
        default_value = Traffic::Http.word(),
        value_parser = PossibleValuesParser::new(TRAFFIC.map(Traffic::word)).map(|text| traffic(&text)),
    )]
    traffic: Traffic,

    /// The port that it comes to: the container's for HTTP to a sidecar, else the service's or gateway's
    #[arg(long, short, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// A variable of its proxy's environment, for values that manifests take from the HOST
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = values::pair)]
    env: Vec<(String, String)>,

    /// The service that a waypoint stands for
    #[arg(long, value_name = "[NAMESPACE/]NAME")]
    service: Option<String>,

    /// The service entry that a waypoint stands for
    #[arg(long, value_name = "[NAMESPACE/]NAME")]
    service_entry: Option<String>,

    /// The namespace whose resources apply everywhere
    #[arg(long, value_name = "NAME", default_value = "istio-system", help_heading = "Istio")]
    root_namespace: String,

    /// The version of Istio, for example 1.29 [default: the newest that is known]
    #[arg(long, value_name = "VERSION", value_parser = version, help_heading = "Istio")]
    istio: Option<String>,

    /// Selectors do not mean Gateway API gateways (ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY=false)
    #[arg(long, help_heading = "Istio")]
    no_gateway_selectors: bool,
}

impl Of {
    /// The workload.
    pub(super) fn workload(&self) -> Workload {
        Workload {
            namespace: self.namespace.clone(),
            labels: self.labels.iter().cloned().collect(),
            kind: self.kind,
            traffic: self.traffic,
            port: self.port,
            env: self.env.iter().cloned().collect(),
            root_namespace: self.root_namespace.clone(),
            istio: self.istio.clone(),
            service: self.service.clone(),
            service_entry: self.service_entry.clone(),
            selectors_mean_gateways: !self.no_gateway_selectors,
            ..Workload::default()
        }
    }
}

/// `default, app=httpbin, sidecar-inbound, port 8080`.
pub(super) fn described(workload: &Workload) -> String {
    let mut parts = vec![workload.namespace.clone()];
    parts.extend(workload.labels.iter().map(|(key, value)| format!("{key}={value}")));
    parts.push(workload.kind.word().to_owned());
    if workload.traffic == Traffic::Tcp {
        parts.push("TCP".to_owned());
    }
    parts.extend(workload.port.map(|port| format!("port {port}")));
    parts.extend(workload.istio.iter().map(|version| format!("Istio {version}")));
    parts.join(", ")
}

fn version(text: &str) -> Result<String, String> {
    match IstioVersion::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("a version of Istio is written 1.29 or 1.29.2".to_owned()),
    }
}

/// The kind of a word that clap has let pass.
fn kind(text: &str) -> WorkloadKind {
    KINDS.into_iter().find(|kind| kind.word() == text).unwrap_or_default()
}

fn traffic(text: &str) -> Traffic {
    TRAFFIC.into_iter().find(|traffic| traffic.word() == text).unwrap_or_default()
}
