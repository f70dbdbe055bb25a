//! The proxy that resources are resolved for.

use indexmap::IndexMap;

use super::version::IstioVersion;
use crate::document::error::ScenarioError;
use crate::scenario::{Traffic, Workload, WorkloadKind};

/// The label that makes a workload a Gateway API gateway or a waypoint.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// A workload's proxy, and the traffic that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub(crate) namespace: String,
    pub(crate) root_namespace: String,
    pub(crate) labels: IndexMap<String, String>,
    pub(crate) kind: WorkloadKind,
    pub(crate) waypoint: bool,
    pub(crate) traffic: Traffic,
    pub(crate) port: Option<u16>,
    pub(crate) env: IndexMap<String, String>,
    pub(crate) version: IstioVersion,
    /// Namespace and name of the service that a waypoint stands for.
    pub(crate) service: Option<(String, String)>,
    pub(crate) service_entry: Option<(String, String)>,
    /// Whether selectors mean Gateway API gateways.
    pub(crate) selectors_mean_gateways: bool,
}

impl Proxy {
    /// The proxy of `workload`.
    pub(crate) fn of(workload: &Workload) -> Result<Self, ScenarioError> {
        let version = match &workload.istio {
            None => IstioVersion::NEWEST,
            Some(text) => IstioVersion::parse(text).ok_or_else(|| {
                ScenarioError::at(&workload.span, format!("`{text}` is no version of Istio"))
                    .hint(Some("a version is written 1.29 or 1.29.2".to_owned()))
            })?,
        };
        let named = |reference: &Option<String>| {
            reference.as_ref().map(|text| match text.split_once('/') {
                Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
                None => (workload.namespace.clone(), text.clone()),
            })
        };
        Ok(Self {
            namespace: workload.namespace.clone(),
            root_namespace: workload.root_namespace.clone(),
            labels: workload.labels.clone(),
            kind: workload.kind,
            waypoint: workload.kind == WorkloadKind::Waypoint,
            traffic: workload.traffic,
            port: workload.port,
            env: workload.env.clone(),
            version,
            service: named(&workload.service),
            service_entry: named(&workload.service_entry),
            selectors_mean_gateways: workload.selectors_mean_gateways,
        })
    }

    pub(crate) fn gateway_name(&self) -> Option<&str> {
        self.labels.get(GATEWAY_NAME).map(String::as_str)
    }

    /// A waypoint is one even if its labels are not given.
    pub(crate) fn is_gateway_api(&self) -> bool {
        self.waypoint || self.gateway_name().is_some()
    }

    /// The namespaces whose resources can apply, in the order in which they do.
    pub(crate) fn namespaces(&self) -> Vec<&str> {
        let mut all = vec![self.namespace.as_str(), self.root_namespace.as_str()];
        if self.waypoint {
            all.extend(
                self.service.iter().chain(&self.service_entry).map(|(namespace, _)| namespace.as_str()),
            );
        }
        let mut once = Vec::new();
        for namespace in all {
            if !namespace.is_empty() && !once.contains(&namespace) {
                once.push(namespace);
            }
        }
        once
    }

    /// For a sentence about targets.
    pub(crate) fn described(&self) -> String {
        let mut names = vec![match self.gateway_name() {
            Some(name) => format!("the gateway {}/{name}", self.namespace),
            None => format!("this waypoint in {} (its label {GATEWAY_NAME} is not given)", self.namespace),
        }];
        if self.waypoint {
            let of = |what: &str, of: &Option<(String, String)>| {
                of.as_ref().map(|(namespace, name)| format!("the {what} {namespace}/{name}"))
            };
            names.extend(of("service", &self.service));
            names.extend(of("service entry", &self.service_entry));
        }
        names.join(" or ")
    }
}
