//! The sections of the ABI text, which divide the tables and `sections/` alike.
//!
//! Serves: the table of contents of Proxy-Wasm ABI v0.2.1.

use std::fmt;

/// Defines the sections: variant, slug (the file below `sections/`), title.
macro_rules! sections {
    ($($(#[$doc:meta])* $variant:ident = $slug:literal, $title:literal;)+) => {
        /// A section of the ABI text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Section { $($(#[$doc])* $variant,)+ }

        impl Section {
            /// Every section, in the order of the text.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Name of the file below `sections/`, of probe folders, and first part of check ids.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The heading of the text.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

sections! {
    /// Entry points, ABI marker, and what toolchains import beside the ABI.
    Integration = "integration", "Integration";
    /// How the host gets memory in the guest.
    MemoryManagement = "memory_management", "Memory management";
    /// Creation, completion and deletion of contexts.
    ContextLifecycle = "context_lifecycle", "Context lifecycle";
    /// Start of the VM and configuration of the plugin.
    Configuration = "configuration", "Configuration";
    /// Log lines and the log level.
    Logging = "logging", "Logging";
    /// What time it is.
    Clocks = "clocks", "Clocks";
    /// The tick.
    Timers = "timers", "Timers";
    /// Random bytes.
    Randomness = "randomness", "Randomness";
    /// Variables given to the VM.
    EnvironmentVariables = "environment_variables", "Environment variables";
    /// Bodies, TCP data, messages, configurations.
    Buffers = "buffers", "Buffers";
    /// Header maps.
    HttpFields = "http_fields", "HTTP fields";
    /// Continue and close.
    StreamOperations = "stream_operations", "Common stream operations";
    /// TCP connections.
    TcpStreams = "tcp_streams", "TCP streams";
    /// HTTP requests and responses.
    HttpStreams = "http_streams", "HTTP streams";
    /// HTTP calls made by the plugin.
    HttpCalls = "http_calls", "HTTP calls";
    /// gRPC calls and streams made by the plugin.
    GrpcCalls = "grpc_calls", "gRPC calls";
    /// Data shared between plugins and workers.
    SharedKeyValueStore = "shared_key_value_store", "Shared Key-Value Store";
    /// Queues shared between plugins and workers.
    SharedQueues = "shared_queues", "Shared Queues";
    /// Counters, gauges, histograms.
    Metrics = "metrics", "Metrics";
    /// Attributes of the proxy and of streams.
    Properties = "properties", "Properties";
    /// Functions of the host that the ABI does not name.
    ForeignFunctions = "foreign_functions", "Foreign function interface";
    /// WASI functions that serve none of the sections above: files, sockets, scheduling.
    Wasi = "wasi", "WASI functions";
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
