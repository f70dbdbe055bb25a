//! The filters that Istio itself puts into a chain, and where the phases of plugins stand between them.
//!
//! Source: Istio 1.32-dev, `pilot/pkg/networking/core`: `listener_builder.go`, `listener_waypoint.go`, `networkfilter.go`,
//! `listener_inbound.go`, `listener.go`, `gateway.go`. `UNSPECIFIED` is directly after `STATS`, not before the router.

use super::proxy::Proxy;
use crate::manifest::resolved::{Marker, Phase};
use crate::scenario::{Traffic, WorkloadKind};

/// A place in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Own(Own),
    Phase(Phase),
}

/// One of Istio's own filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    /// The filter's name in Envoy.
    name: &'static str,
    what: &'static str,
    /// What has to be there for it to be there; nothing: it always is.
    when: Option<&'static str>,
}

impl Own {
    pub(crate) fn marker(self) -> Marker {
        Marker {
            name: self.name.to_owned(),
            what: self.what.to_owned(),
            when: self.when.map(str::to_owned),
            origin: None,
        }
    }
}

const fn own(name: &'static str, what: &'static str) -> Place {
    Place::Own(Own { name, what, when: None })
}

const fn with(name: &'static str, what: &'static str, when: &'static str) -> Place {
    Place::Own(Own { name, what, when: Some(when) })
}

const AUTHN: Place = Place::Phase(Phase::Authn);
const AUTHZ: Place = Place::Phase(Phase::Authz);
const STATS: Place = Place::Phase(Phase::Stats);
const UNSPECIFIED: Place = Place::Phase(Phase::Unspecified);

const EXCHANGE: Place = own("istio.metadata_exchange", "metadata exchange");
const CUSTOM: Place = with(
    "envoy.filters.http.ext_authz",
    "CUSTOM authorization",
    "an AuthorizationPolicy with action CUSTOM applies",
);
const FORWARDED_CERTIFICATE: Place = with(
    "waypoint_forward_client_cert",
    "the client's certificate, forwarded",
    "the mesh forwards client certificates (XFCC)",
);
const JWT: Place =
    with("envoy.filters.http.jwt_authn", "JWT authentication", "a RequestAuthentication applies");
const RBAC: Place = with("envoy.filters.http.rbac", "authorization", "an AuthorizationPolicy applies");
const EXT_PROC: Place =
    with("envoy.filters.http.ext_proc", "inference extension", "an InferencePool is routed to");
const GRPC_WEB: Place = with("envoy.filters.http.grpc_web", "gRPC-Web", "the port's protocol is GRPCWeb");
const GRPC_STATS: Place = own("envoy.filters.http.grpc_stats", "gRPC statistics");
const ALPN: Place = own("istio.alpn", "ALPN of the upstream");
const FAULT: Place = own("envoy.filters.http.fault", "fault injection");
const CORS: Place = own("envoy.filters.http.cors", "CORS");
const TELEMETRY: Place = own("istio.stats", "telemetry");
const SESSION: Place =
    with("envoy.filters.http.stateful_session", "sticky sessions", "a service asks for them");
const ROUTER: Place = own("envoy.filters.http.router", "router");
const UPSTREAM_METADATA: Place = own("waypoint_upstream_peer_metadata", "metadata of the upstream");

const INBOUND: &[Place] = &[
    EXCHANGE,
    CUSTOM,
    AUTHN,
    JWT,
    AUTHZ,
    RBAC,
    STATS,
    UNSPECIFIED,
    GRPC_WEB,
    GRPC_STATS,
    FAULT,
    CORS,
    TELEMETRY,
    ROUTER,
];
const OUTBOUND: &[Place] = &[
    EXCHANGE,
    CUSTOM,
    AUTHN,
    JWT,
    AUTHZ,
    RBAC,
    STATS,
    UNSPECIFIED,
    EXT_PROC,
    GRPC_WEB,
    GRPC_STATS,
    ALPN,
    FAULT,
    CORS,
    TELEMETRY,
    SESSION,
    ROUTER,
];
const WAYPOINT: &[Place] = &[
    FORWARDED_CERTIFICATE,
    CUSTOM,
    AUTHN,
    JWT,
    AUTHZ,
    RBAC,
    GRPC_WEB,
    GRPC_STATS,
    FAULT,
    CORS,
    STATS,
    UNSPECIFIED,
    UPSTREAM_METADATA,
    TELEMETRY,
    ROUTER,
];

/// The HTTP chain of a proxy.
pub(crate) fn http(proxy: &Proxy) -> &'static [Place] {
    match proxy.kind {
        WorkloadKind::SidecarInbound => INBOUND,
        WorkloadKind::SidecarOutbound | WorkloadKind::Gateway => OUTBOUND,
        WorkloadKind::Waypoint => WAYPOINT,
    }
}

const HCM: Place = own("envoy.filters.network.http_connection_manager", "HTTP connection manager");

const TCP: &[Place] = &[
    EXCHANGE,
    with(
        "envoy.filters.network.ext_authz",
        "CUSTOM authorization",
        "an AuthorizationPolicy with action CUSTOM applies",
    ),
    AUTHN,
    AUTHZ,
    with("envoy.filters.network.rbac", "authorization", "an AuthorizationPolicy applies"),
    STATS,
    UNSPECIFIED,
    own("istio.stats", "telemetry"),
    own("envoy.filters.network.tcp_proxy", "TCP proxy"),
];
const BEFORE_HTTP_INBOUND: &[Place] = &[EXCHANGE, AUTHN, AUTHZ, STATS, UNSPECIFIED, HCM];
const BEFORE_HTTP_OUTBOUND: &[Place] = &[AUTHN, AUTHZ, STATS, UNSPECIFIED, HCM];
const BEFORE_HTTP_WAYPOINT: &[Place] = &[HCM];

/// The network chain of a proxy: what ends in its TCP proxy, or what stands before its HTTP connection manager.
pub(crate) fn network(proxy: &Proxy) -> &'static [Place] {
    match (proxy.traffic, proxy.kind) {
        (Traffic::Tcp, _) => TCP,
        (Traffic::Http, WorkloadKind::SidecarInbound) => BEFORE_HTTP_INBOUND,
        (Traffic::Http, WorkloadKind::SidecarOutbound | WorkloadKind::Gateway) => BEFORE_HTTP_OUTBOUND,
        (Traffic::Http, WorkloadKind::Waypoint) => BEFORE_HTTP_WAYPOINT,
    }
}
