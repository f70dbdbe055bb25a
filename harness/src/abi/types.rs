//! The enumerations of the ABI text, with the numbers that cross the boundary.
//!
//! Serves: Proxy-Wasm ABI v0.2.1, "Types". Values that Envoy accepts beyond the text are named as such.

use std::fmt;

/// Defines an ABI enumeration: its variants, their numbers, and both directions of the conversion.
macro_rules! abi_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum $name { $($(#[$vdoc])* $variant = $value,)+ }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The value with this number, or nothing when the ABI names none.
            #[must_use]
            pub const fn from_abi(number: u32) -> Option<Self> {
                match number { $($value => Some(Self::$variant),)+ _ => None }
            }

            /// The number that crosses the boundary.
            #[must_use]
            pub const fn to_abi(self) -> u32 { self as u32 }

            /// The name as this crate spells it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.name()) }
        }
    };
}

abi_enum! {
    /// What a hostcall answers (`proxy_status_t`).
    Status {
        /// The call did what it says.
        Ok = 0,
        /// The thing asked for does not exist.
        NotFound = 1,
        /// An argument is out of its range, or not allowed now.
        BadArgument = 2,
        /// A value cannot be serialized.
        SerializationFailure = 3,
        /// A value cannot be parsed.
        ParseFailure = 4,
        /// A pointer and its length leave the guest's memory (named by the host, not by the text).
        InvalidMemoryAccess = 6,
        /// A queue holds no message.
        Empty = 7,
        /// The compare-and-swap number does not match.
        CasMismatch = 8,
        /// The host failed.
        InternalFailure = 10,
        /// A connection broke (seen only as a gRPC status by Envoy).
        BrokenConnection = 11,
        /// The host does not offer this call.
        Unimplemented = 12,
    }
}

abi_enum! {
    /// Severity of a log line (`proxy_log_level_t`).
    LogLevel {
        /// Finest detail.
        Trace = 0,
        /// For debugging.
        Debug = 1,
        /// Normal operation.
        Info = 2,
        /// Something unusual.
        Warn = 3,
        /// Something failed.
        Error = 4,
        /// The highest level there is.
        Critical = 5,
    }
}

abi_enum! {
    /// A header map (`proxy_header_map_type_t`).
    MapType {
        /// Request headers of an HTTP stream.
        RequestHeaders = 0,
        /// Request trailers of an HTTP stream.
        RequestTrailers = 1,
        /// Response headers of an HTTP stream.
        ResponseHeaders = 2,
        /// Response trailers of an HTTP stream.
        ResponseTrailers = 3,
        /// Initial metadata received on a gRPC stream.
        GrpcCallInitialMetadata = 4,
        /// Trailing metadata received on a gRPC stream.
        GrpcCallTrailingMetadata = 5,
        /// Headers of the answer to an HTTP call.
        HttpCallResponseHeaders = 6,
        /// Trailers of the answer to an HTTP call.
        HttpCallResponseTrailers = 7,
    }
}

abi_enum! {
    /// A buffer (`proxy_buffer_type_t`).
    BufferType {
        /// Body of the request.
        HttpRequestBody = 0,
        /// Body of the response.
        HttpResponseBody = 1,
        /// Bytes from the client of a TCP connection.
        DownstreamData = 2,
        /// Bytes from the server of a TCP connection.
        UpstreamData = 3,
        /// Body of the answer to an HTTP call.
        HttpCallResponseBody = 4,
        /// A message received by a gRPC call.
        GrpcCallMessage = 5,
        /// Configuration of the VM.
        VmConfiguration = 6,
        /// Configuration of the plugin.
        PluginConfiguration = 7,
        /// Argument of a foreign function.
        CallData = 8,
    }
}

abi_enum! {
    /// A direction of a stream (`proxy_stream_type_t`).
    StreamType {
        /// HTTP request.
        HttpRequest = 0,
        /// HTTP response.
        HttpResponse = 1,
        /// Bytes from the client.
        Downstream = 2,
        /// Bytes from the server.
        Upstream = 3,
    }
}

abi_enum! {
    /// Who closed a connection (`proxy_peer_type_t`).
    PeerType {
        /// Not known.
        Unknown = 0,
        /// The proxy.
        Local = 1,
        /// The other side.
        Remote = 2,
    }
}

abi_enum! {
    /// Kind of a metric (`proxy_metric_type_t`).
    MetricType {
        /// Only grows.
        Counter = 0,
        /// Goes both ways.
        Gauge = 1,
        /// A distribution.
        Histogram = 2,
    }
}
