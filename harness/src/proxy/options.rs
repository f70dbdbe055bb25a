//! How the simulated proxy is configured, with Envoy's defaults.

use crate::abi::LogLevel;
use crate::state::{Duration, Protocol};

/// How plugins are started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// One VM for each worker: nothing but what streams run through.
    #[default]
    Single,
    /// As Envoy does: a base VM and a canary before, one for the main thread beside. What they do counts: shared data,
    /// queues, metrics, calls.
    Envoy,
}

/// Options of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The lowest level of log lines that are kept (`wasm` component log level). Default: info, as a proxy starts.
    pub log_level: LogLevel,
    /// Bytes of body that a stopped iteration holds before it is an error, or back-pressure. Default: 1 MiB.
    pub buffer_limit: usize,
    /// HTTP/1.1 trailers are kept. Default: they are dropped, as Envoy's codec does.
    pub enable_trailers: bool,
    /// Time that the route allows for an answer, from the end of the request. Default: 15 s; zero: none.
    pub route_timeout: Duration,
    /// A Pause from a headers callback holds the headers only; body callbacks come. Default: it holds everything.
    pub allow_on_headers_stop_iteration: bool,
    /// HTTP/2 METADATA frames reach plugins. Default: they are dropped, as Envoy's codec does.
    pub allow_metadata: bool,
    /// Protocol spoken to the upstream.
    pub upstream_protocol: Protocol,
    /// Protocols that HTTP/1.1 connections may be upgraded to, as `websocket`; `CONNECT` allows that method. Default: none,
    /// and who asks gets 403.
    pub upgrades: Vec<String>,
    /// How plugins are started. Default: one VM for each worker.
    pub start: Start,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            log_level: LogLevel::Info,
            buffer_limit: 1 << 20,
            enable_trailers: false,
            route_timeout: Duration::from_secs(15),
            allow_on_headers_stop_iteration: false,
            allow_metadata: false,
            upstream_protocol: Protocol::Http1,
            upgrades: Vec::new(),
            start: Start::Single,
        }
    }
}
