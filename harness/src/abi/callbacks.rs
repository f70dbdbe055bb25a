//! The one table of what a module may export for the host: callbacks with exact types per version, allocators,
//! entry points.
//!
//! Holds rows and their lookup; when each is called is in `sections/`. A present export of another type is a load
//! failure. Serves: Proxy-Wasm ABI v0.2.1, "Functions implemented in the module"; types as Envoy 1.40 checks them
//! (observed).

use super::ValType::{self, I32};
use super::{AbiVersion, Section, Signature, Versions};

/// Whether a proxy ever calls an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// Envoy calls it.
    Yes,
    /// Envoy looks it up and checks its type, but was never seen to call it.
    Never,
}

/// One export that the host looks up, in the versions that give it this type.
#[derive(Debug, PartialEq, Eq)]
pub struct Callback {
    /// Which one: an index into arrays of resolved functions.
    pub id: CallbackId,
    /// The name to export.
    pub name: &'static str,
    /// Types of the parameters.
    pub params: &'static [ValType],
    /// Names of the parameters.
    pub names: &'static [&'static str],
    /// Type of the result, if any.
    pub results: &'static [ValType],
    /// The ABI versions that look it up with this type.
    pub versions: Versions,
    /// The section that it belongs to.
    pub section: Section,
    /// Whether Envoy ever calls it.
    pub called: Called,
}

impl Callback {
    /// The type, as Envoy prints it.
    #[must_use]
    pub const fn signature(&self) -> Signature {
        Signature { params: self.params, results: self.results }
    }
}

/// Writes the rows and the enum of their names. A row of two types gives the second after `|`.
macro_rules! callbacks {
    (@results) => { &[] };
    (@results i32) => { &[I32] };
    (@versions) => { Versions::ALL };
    (@versions $versions:ident) => { Versions::$versions };
    (@called) => { Called::Yes };
    (@called never) => { Called::Never };
    ($($section:ident {
        $($(#[$doc:meta])* $id:ident = $name:ident($($param:ident),*) $(-> $result:ident)? $([$versions:ident])? $($called:ident)?
          $(| ($($param2:ident),*) $(-> $result2:ident)? [$versions2:ident])?;)+
    })+) => {
        /// Names an export that the host looks up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum CallbackId { $($($(#[$doc])* $id,)+)+ }

        impl CallbackId {
            /// Every one, in the order of the table.
            pub const ALL: &[Self] = &[$($(Self::$id,)+)+];
            /// How many there are: the length of an array with one element for each.
            pub const COUNT: usize = Self::ALL.len();

            /// Its place in such an array.
            #[must_use]
            pub const fn index(self) -> usize { self as usize }

            /// The name of the export.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$id => stringify!($name),)+)+ }
            }
        }

        /// Every export that the host looks up, by section.
        pub static CALLBACKS: &[Callback] = &[$($(
            Callback {
                id: CallbackId::$id,
                name: stringify!($name),
                params: &[$(callbacks!(@i32 $param)),*],
                names: &[$(stringify!($param)),*],
                results: callbacks!(@results $($result)?),
                versions: callbacks!(@versions $($versions)?),
                section: Section::$section,
                called: callbacks!(@called $($called)?),
            },
            $(Callback {
                id: CallbackId::$id,
                name: stringify!($name),
                params: &[$(callbacks!(@i32 $param2)),*],
                names: &[$(stringify!($param2)),*],
                results: callbacks!(@results $($result2)?),
                versions: callbacks!(@versions $versions2),
                section: Section::$section,
                called: Called::Yes,
            },)?
        )+)+];
    };
    (@i32 $param:ident) => { I32 };
}

callbacks! {
    Integration {
        /// Entry point of a reactor; when it is there, `_start` is not called.
        Initialize = _initialize();
        /// Called after `_initialize`, with two zeros; its result is ignored.
        Main = main(argc, argv) -> i32;
        /// `main` without arguments, called in its place.
        MainVoid = __main_void() -> i32;
        /// Entry point of a command.
        Start = _start();
        /// Answer to `envoy_resolve_dns`.
        ResolveDns = envoy_on_resolve_dns(context_id, token, result_size);
        /// Statistics, for a sink that is a plugin; no HTTP or TCP plugin gets it.
        StatsUpdate = envoy_on_stats_update(context_id, result_size) never;
    }
    MemoryManagement {
        /// The allocator that is preferred.
        Malloc = malloc(memory_size) -> i32;
        /// The allocator that serves when there is no `malloc`.
        MemoryAllocate = proxy_on_memory_allocate(memory_size) -> i32;
    }
    ContextLifecycle {
        /// A context begins.
        ContextCreate = proxy_on_context_create(context_id, parent_context_id);
        /// A context is about to end.
        Done = proxy_on_done(context_id) -> i32;
        /// A stream is over and can be logged.
        Log = proxy_on_log(context_id);
        /// A context is gone.
        Delete = proxy_on_delete(context_id);
    }
    Configuration {
        /// The VM starts.
        VmStart = proxy_on_vm_start(context_id, vm_configuration_size) -> i32;
        /// The plugin gets its configuration.
        Configure = proxy_on_configure(context_id, plugin_configuration_size) -> i32;
        /// Would check a configuration.
        ValidateConfiguration = proxy_validate_configuration(context_id, configuration_size) -> i32 never;
    }
    Timers {
        /// The tick period went by.
        Tick = proxy_on_tick(context_id);
    }
    TcpStreams {
        /// A client connected.
        NewConnection = proxy_on_new_connection(context_id) -> i32;
        /// Bytes from the client.
        DownstreamData = proxy_on_downstream_data(context_id, data_size, end_of_stream) -> i32;
        /// The client's side is closed.
        DownstreamConnectionClose = proxy_on_downstream_connection_close(context_id, peer_type);
        /// Bytes from the server.
        UpstreamData = proxy_on_upstream_data(context_id, data_size, end_of_stream) -> i32;
        /// The server's side is closed.
        UpstreamConnectionClose = proxy_on_upstream_connection_close(context_id, peer_type);
    }
    HttpStreams {
        /// Request headers. Version 0.1.0 does not say whether they end the stream.
        RequestHeaders = proxy_on_request_headers(context_id, num_headers) -> i32 [ONLY_0_1_0]
            | (context_id, num_headers, end_of_stream) -> i32 [SINCE_0_2_0];
        /// A part of the request body.
        RequestBody = proxy_on_request_body(context_id, body_size, end_of_stream) -> i32;
        /// Request trailers.
        RequestTrailers = proxy_on_request_trailers(context_id, num_trailers) -> i32;
        /// HTTP/2 METADATA of the request. Envoy 1.40 calls it, with the number of entries, only where `allow_metadata` is set for
        /// HTTP/2 (observed); by default, and here, nothing does.
        RequestMetadata = proxy_on_request_metadata(context_id, num_elements) -> i32;
        /// Response headers. Version 0.1.0 does not say whether they end the stream.
        ResponseHeaders = proxy_on_response_headers(context_id, num_headers) -> i32 [ONLY_0_1_0]
            | (context_id, num_headers, end_of_stream) -> i32 [SINCE_0_2_0];
        /// A part of the response body.
        ResponseBody = proxy_on_response_body(context_id, body_size, end_of_stream) -> i32;
        /// Response trailers.
        ResponseTrailers = proxy_on_response_trailers(context_id, num_trailers) -> i32;
        /// HTTP/2 METADATA of the response. Envoy 1.40 calls it, with the number of entries, only where `allow_metadata` is set for
        /// HTTP/2 (observed); by default, and here, nothing does.
        ResponseMetadata = proxy_on_response_metadata(context_id, num_elements) -> i32;
    }
    HttpCalls {
        /// An HTTP call is answered or has failed.
        HttpCallResponse = proxy_on_http_call_response(context_id, call_id, num_headers, body_size, num_trailers);
    }
    GrpcCalls {
        /// A gRPC stream's initial metadata.
        GrpcReceiveInitialMetadata = proxy_on_grpc_receive_initial_metadata(context_id, stream_id, num_elements);
        /// A message.
        GrpcReceive = proxy_on_grpc_receive(context_id, call_or_stream_id, message_size);
        /// A gRPC stream's trailing metadata.
        GrpcReceiveTrailingMetadata = proxy_on_grpc_receive_trailing_metadata(context_id, stream_id, num_elements);
        /// A gRPC call or stream is over.
        GrpcClose = proxy_on_grpc_close(context_id, call_or_stream_id, status_code);
    }
    SharedQueues {
        /// A queue that this context registered got a message.
        QueueReady = proxy_on_queue_ready(context_id, queue_id);
    }
    ForeignFunctions {
        /// A call by name from the host. Version 0.1.0 does not look it up.
        ForeignFunction = proxy_on_foreign_function(context_id, function_id, arguments_size) [SINCE_0_2_0] never;
    }
}

/// The row of an export name in a module of this version, or nothing when the host does not look it up.
#[must_use]
pub fn callback(name: &str, version: AbiVersion) -> Option<&'static Callback> {
    CALLBACKS.iter().find(|row| row.name == name && row.versions.contains(version))
}

/// The row of an export in this version. Nothing only where the version does not look it up.
#[must_use]
pub fn callback_row(id: CallbackId, version: AbiVersion) -> Option<&'static Callback> {
    CALLBACKS.iter().find(|row| row.id == id && row.versions.contains(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_places_in_the_array() {
        for (place, id) in CallbackId::ALL.iter().enumerate() {
            assert_eq!(id.index(), place);
        }
        assert_eq!(CallbackId::COUNT, 36);
    }

    #[test]
    fn a_version_has_at_most_one_row_per_name() {
        for version in AbiVersion::ALL {
            for &id in CallbackId::ALL {
                let rows =
                    CALLBACKS.iter().filter(|row| row.id == id && row.versions.contains(version)).count();
                let looked_up = id != CallbackId::ForeignFunction || version > AbiVersion::V0_1_0;
                assert_eq!(rows, usize::from(looked_up), "{} {version}", id.name());
            }
        }
    }

    #[test]
    fn types_are_as_envoy_checks_them() {
        for (name, version, want) in [
            ("proxy_on_tick", AbiVersion::V0_2_1, "i32 -> void"),
            ("proxy_on_done", AbiVersion::V0_1_0, "i32 -> i32"),
            ("proxy_on_request_headers", AbiVersion::V0_1_0, "i32 i32 -> i32"),
            ("proxy_on_request_headers", AbiVersion::V0_2_0, "i32 i32 i32 -> i32"),
            ("proxy_on_response_headers", AbiVersion::V0_2_1, "i32 i32 i32 -> i32"),
            ("proxy_on_http_call_response", AbiVersion::V0_2_1, "i32 i32 i32 i32 i32 -> void"),
            ("proxy_on_queue_ready", AbiVersion::V0_2_1, "i32 i32 -> void"),
            ("malloc", AbiVersion::V0_2_1, "i32 -> i32"),
            ("_start", AbiVersion::V0_2_1, "void -> void"),
        ] {
            assert_eq!(callback(name, version).unwrap().signature().to_string(), want, "{name} {version}");
        }
    }
}
