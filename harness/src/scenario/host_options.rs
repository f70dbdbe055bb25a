//! `host:`, the options of the simulated proxy.

use super::document::declare::{choices, document};
use super::document::source::Span;
use super::value::units::Size;
use crate::abi::LogLevel;
use crate::state::Duration;

document! {
    /// The options of the simulated proxy.
    pub struct HostOptions {
        /// The proxy that is simulated.
        pub profile: Profile = Profile::default(),
        /// How many workers it has: each has VMs of its own. At least 1.
        pub workers: u32 = 1,
        /// How the plugins are started.
        pub start: StartMode = StartMode::default(),
        /// The lowest level of log lines that are written.
        pub log_level: LogLevel = LogLevel::Info,
        /// How much of a body may be buffered.
        pub buffer_limit: Size = Size(1 << 20),
        /// Whether trailers pass over HTTP/1.1. To be stated when a message has some; Envoy's default drops them.
        pub enable_trailers: Option<bool>,
        /// Whether StopIteration from a headers callback lets body callbacks run.
        pub allow_on_headers_stop_iteration: bool = false,
        /// Protocols that HTTP/1.1 connections may be upgraded to, as `websocket`, or `CONNECT`; left out, none.
        pub upgrades: Vec<String> = Vec::new(),
        /// Whether METADATA frames of HTTP/2 pass; Envoy's default drops them.
        pub allow_metadata: bool = false,
        /// How long the upstream may take.
        pub route_timeout: Duration = Duration::from_secs(15),
        /// How much fuel a callback may use; left out, as much as it wants.
        pub max_fuel_per_callback: Option<u64>,
    }
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            span: Span::none(),
            profile: Profile::default(),
            workers: 1,
            start: StartMode::default(),
            log_level: LogLevel::Info,
            buffer_limit: Size(1 << 20),
            enable_trailers: None,
            allow_on_headers_stop_iteration: false,
            upgrades: Vec::new(),
            allow_metadata: false,
            route_timeout: Duration::from_secs(15),
            max_fuel_per_callback: None,
        }
    }
}

choices! {
    /// A proxy that can be simulated.
    pub enum Profile = Envoy140 {
        /// Envoy 1.40.
        Envoy140 = "envoy-1.40",
        /// Google's Service Extensions plugin tester, which is no proxy: one plugin, one callback at a time, a clock that
        /// stands still, few hostcalls.
        Google = "google",
    }
}

choices! {
    /// How plugins are started.
    pub enum StartMode = Single {
        /// One VM for each worker.
        Single = "single",
        /// As Envoy does: a base VM, a canary, the main thread's, and one for each worker. All of them count.
        Envoy = "envoy",
    }
}
