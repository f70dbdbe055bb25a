//! The one table of host functions in module `env`, with exact types, parameter names and versions.
//!
//! Holds rows and their lookup; what each call does is in `sections/`, one file per section.
//! Serves: Proxy-Wasm ABI v0.2.1, "Functions implemented in the host", and the functions of 0.1.0 that later
//! versions dropped. Which function exists in which version, and which may be called while the module starts,
//! is as Envoy 1.40 was observed to do.

use super::ValType::{self, I32, I64};
use super::{AbiVersion, Section, Signature, Versions};

/// One function that the host offers for import.
#[derive(Debug, PartialEq, Eq)]
pub struct Hostcall {
    /// The module to import it from. For WASI the first of the two names; see [`super::WASI_MODULES`].
    pub module: &'static str,
    /// The name to import.
    pub name: &'static str,
    /// Types of the parameters.
    pub params: &'static [ValType],
    /// Names of the parameters, as many as there are types. `return_*` are pointers that the host writes through.
    pub names: &'static [&'static str],
    /// Type of the result: a status, an errno, or nothing.
    pub results: &'static [ValType],
    /// The ABI versions in which it can be imported.
    pub versions: Versions,
    /// The section that it belongs to.
    pub section: Section,
    /// Whether it may be called while `_initialize`, `main` or `_start` run; any other call traps then.
    pub while_starting: bool,
}

impl Hostcall {
    /// The type, as Envoy prints it.
    #[must_use]
    pub const fn signature(&self) -> Signature {
        Signature { params: self.params, results: self.results }
    }
}

/// Writes the rows: `name(parameter, parameter: i64)`, then what differs from a status in every version.
macro_rules! rows {
    (@type) => { I32 };
    (@type i64) => { I64 };
    (@results) => { &[I32] };
    (@results void) => { &[] };
    (@versions) => { Versions::ALL };
    (@versions $versions:ident) => { Versions::$versions };
    (@starting) => { false };
    (@starting starting) => { true };
    ($module:expr; $($section:ident {
        $($name:ident($($param:ident $(: $type:ident)?),*) $(-> $result:ident)? $([$versions:ident])? $($starting:ident)?;)+
    })+) => {
        &[$($(Hostcall {
            module: $module,
            name: stringify!($name),
            params: &[$(rows!(@type $($type)?)),*],
            names: &[$(stringify!($param)),*],
            results: rows!(@results $($result)?),
            versions: rows!(@versions $($versions)?),
            section: Section::$section,
            while_starting: rows!(@starting $($starting)?),
        },)+)+]
    };
}
pub(super) use rows;

/// Every function of module `env`, by section.
pub static HOSTCALLS: &[Hostcall] = rows! { "env";
    Integration {
        pthread_equal(left, right);
        emscripten_notify_memory_growth(memory_index) -> void starting;
        envoy_resolve_dns(name_data, name_size, return_token);
    }
    ContextLifecycle {
        proxy_set_effective_context(context_id);
        proxy_done();
    }
    Configuration {
        proxy_get_configuration(return_configuration_data, return_configuration_size) [ONLY_0_1_0];
    }
    Logging {
        proxy_log(log_level, message_data, message_size) starting;
        proxy_get_log_level(return_log_level) [SINCE_0_2_1];
    }
    Clocks {
        proxy_get_current_time_nanoseconds(return_time);
    }
    Timers {
        proxy_set_tick_period_milliseconds(tick_period);
    }
    Buffers {
        proxy_get_buffer_status(buffer_type, return_buffer_size, return_flags);
        proxy_get_buffer_bytes(buffer_type, offset, max_size, return_buffer_data, return_buffer_size);
        proxy_set_buffer_bytes(buffer_type, offset, size, buffer_data, buffer_size);
    }
    HttpFields {
        proxy_get_header_map_size(map_type, return_map_size);
        proxy_get_header_map_pairs(map_type, return_map_data, return_map_size);
        proxy_set_header_map_pairs(map_type, map_data, map_size);
        proxy_get_header_map_value(map_type, key_data, key_size, return_value_data, return_value_size);
        proxy_add_header_map_value(map_type, key_data, key_size, value_data, value_size);
        proxy_replace_header_map_value(map_type, key_data, key_size, value_data, value_size);
        proxy_remove_header_map_value(map_type, key_data, key_size);
    }
    StreamOperations {
        proxy_continue_stream(stream_type) [SINCE_0_2_0];
        proxy_close_stream(stream_type) [SINCE_0_2_0];
    }
    HttpStreams {
        proxy_continue_request() [ONLY_0_1_0];
        proxy_continue_response() [ONLY_0_1_0];
        proxy_clear_route_cache() [ONLY_0_1_0];
        proxy_send_local_response(
            status_code, status_code_details_data, status_code_details_size, body_data, body_size,
            headers_map_data, headers_map_size, grpc_status);
    }
    HttpCalls {
        proxy_http_call(
            upstream_name_data, upstream_name_size, headers_map_data, headers_map_size, body_data, body_size,
            trailers_map_data, trailers_map_size, timeout_milliseconds, return_call_id);
    }
    GrpcCalls {
        proxy_grpc_call(
            upstream_name_data, upstream_name_size, service_name_data, service_name_size, method_name_data,
            method_name_size, initial_metadata_map_data, initial_metadata_map_size, message_data, message_size,
            timeout_milliseconds, return_call_id);
        proxy_grpc_stream(
            upstream_name_data, upstream_name_size, service_name_data, service_name_size, method_name_data,
            method_name_size, initial_metadata_map_data, initial_metadata_map_size, return_stream_id);
        proxy_grpc_send(stream_id, message_data, message_size, end_of_stream);
        proxy_grpc_cancel(call_or_stream_id);
        proxy_grpc_close(call_or_stream_id);
        proxy_get_status(return_status_code, return_status_message_data, return_status_message_size);
    }
    SharedKeyValueStore {
        proxy_get_shared_data(key_data, key_size, return_value_data, return_value_size, return_cas);
        proxy_set_shared_data(key_data, key_size, value_data, value_size, cas);
    }
    SharedQueues {
        proxy_register_shared_queue(queue_name_data, queue_name_size, return_queue_id);
        proxy_resolve_shared_queue(vm_id_data, vm_id_size, queue_name_data, queue_name_size, return_queue_id);
        proxy_enqueue_shared_queue(queue_id, value_data, value_size);
        proxy_dequeue_shared_queue(queue_id, return_value_data, return_value_size);
    }
    Metrics {
        proxy_define_metric(metric_type, metric_name_data, metric_name_size, return_metric_id);
        proxy_record_metric(metric_id, value: i64);
        proxy_increment_metric(metric_id, offset: i64);
        proxy_get_metric(metric_id, return_value);
    }
    Properties {
        proxy_get_property(path_data, path_size, return_value_data, return_value_size);
        proxy_set_property(path_data, path_size, value_data, value_size);
    }
    ForeignFunctions {
        proxy_call_foreign_function(
            function_name_data, function_name_size, arguments_data, arguments_size, return_results_data,
            return_results_size);
    }
};

/// The row that an import of `name` from `env` or a WASI module means in a module of this version.
#[must_use]
pub fn hostcall(module: &str, name: &str, version: AbiVersion) -> Option<&'static Hostcall> {
    hostcall_in_any(module, name).filter(|row| row.versions.contains(version))
}

/// The same, whatever the version: what tells an import of another version from one that nobody knows.
#[must_use]
pub fn hostcall_in_any(module: &str, name: &str) -> Option<&'static Hostcall> {
    match module {
        "env" => HOSTCALLS.iter().find(|row| row.name == name),
        _ => super::wasi_function(module, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// How many functions whose name starts with `proxy_` a version has.
    fn proxy_functions(version: AbiVersion) -> usize {
        HOSTCALLS
            .iter()
            .filter(|row| row.name.starts_with("proxy_") && row.versions.contains(version))
            .count()
    }

    #[test]
    fn each_version_has_what_envoy_offers() {
        assert_eq!(proxy_functions(AbiVersion::V0_1_0), 36 + 4);
        assert_eq!(proxy_functions(AbiVersion::V0_2_0), 36 + 2);
        assert_eq!(proxy_functions(AbiVersion::V0_2_1), 36 + 3);
        assert_eq!(HOSTCALLS.iter().filter(|row| !row.name.starts_with("proxy_")).count(), 3);
    }

    #[test]
    fn names_are_unique_and_every_parameter_has_one() {
        let names: BTreeSet<_> = HOSTCALLS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), HOSTCALLS.len());
        for row in HOSTCALLS {
            assert_eq!(row.params.len(), row.names.len(), "{}", row.name);
        }
    }

    #[test]
    fn parameter_counts_are_as_observed() {
        for (name, count) in [
            ("proxy_log", 3),
            ("proxy_send_local_response", 8),
            ("proxy_get_shared_data", 5),
            ("proxy_http_call", 10),
            ("proxy_grpc_call", 12),
            ("proxy_grpc_stream", 9),
            ("proxy_grpc_send", 4),
            ("proxy_define_metric", 4),
            ("proxy_call_foreign_function", 6),
            ("proxy_done", 0),
            ("proxy_get_status", 3),
            ("proxy_get_header_map_size", 2),
            ("proxy_get_buffer_status", 3),
            ("proxy_set_buffer_bytes", 5),
            ("proxy_resolve_shared_queue", 5),
            ("proxy_get_property", 4),
            ("proxy_remove_header_map_value", 3),
        ] {
            assert_eq!(hostcall_in_any("env", name).unwrap().params.len(), count, "{name}");
        }
        assert_eq!(
            hostcall_in_any("env", "proxy_record_metric").unwrap().signature().to_string(),
            "i32 i64 -> i32"
        );
    }

    #[test]
    fn versions_bound_the_lookup() {
        assert!(hostcall("env", "proxy_get_log_level", AbiVersion::V0_2_0).is_none());
        assert!(hostcall("env", "proxy_get_log_level", AbiVersion::V0_2_1).is_some());
        assert!(hostcall("env", "proxy_continue_stream", AbiVersion::V0_1_0).is_none());
        assert!(hostcall("env", "proxy_clear_route_cache", AbiVersion::V0_1_0).is_some());
        assert!(hostcall("env", "proxy_nope", AbiVersion::V0_2_1).is_none());
        assert!(hostcall("wasi_unstable", "fd_write", AbiVersion::V0_1_0).is_some());
        assert!(hostcall("elsewhere", "proxy_log", AbiVersion::V0_2_1).is_none());
    }

    #[test]
    fn only_the_log_and_the_growth_notice_may_be_called_while_starting() {
        let open: Vec<_> = HOSTCALLS.iter().filter(|row| row.while_starting).map(|row| row.name).collect();
        assert_eq!(open, ["emscripten_notify_memory_growth", "proxy_log"]);
    }
}
