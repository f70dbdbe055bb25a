//! What a hostcall may answer in place of OK.
//!
//! The menu of a hostcall is what Envoy 1.40 was observed to answer to some call of it, or what the ABI text allows a
//! host to; a plugin has to live with these. Everything else is `hostile`: no host may do it. `proxy_continue_stream` and
//! `proxy_set_effective_context` of a stream that lives always succeed: a plugin could do nothing about another answer.

use proxy_wasm_harness::abi::Status;
use proxy_wasm_harness::scenario::{Fault, Span, Step, StepKind};

use Status::{
    BadArgument, CasMismatch, Empty, InternalFailure, NotFound, ParseFailure, SerializationFailure,
    Unimplemented,
};

/// The statuses other than OK that a host may give to a call of `hostcall` that is well formed.
#[must_use]
pub fn menu(hostcall: &str) -> &'static [Status] {
    match hostcall {
        "proxy_get_header_map_value" | "proxy_get_buffer_bytes" => &[NotFound, BadArgument],
        "proxy_get_header_map_pairs" | "proxy_get_header_map_size" | "proxy_get_buffer_status" => {
            &[NotFound, BadArgument]
        }
        "proxy_add_header_map_value"
        | "proxy_replace_header_map_value"
        | "proxy_remove_header_map_value"
        | "proxy_set_header_map_pairs"
        | "proxy_set_buffer_bytes" => &[BadArgument],
        "proxy_get_property" => &[NotFound, SerializationFailure],
        "proxy_set_property" => &[NotFound, BadArgument],
        "proxy_http_call" => &[BadArgument, InternalFailure],
        "proxy_grpc_call" | "proxy_grpc_stream" => &[ParseFailure, InternalFailure],
        "proxy_grpc_send" | "proxy_grpc_close" | "proxy_grpc_cancel" => &[NotFound, BadArgument],
        "proxy_get_shared_data" => &[NotFound],
        "proxy_set_shared_data" => &[CasMismatch],
        "proxy_resolve_shared_queue" | "proxy_enqueue_shared_queue" => &[NotFound],
        "proxy_dequeue_shared_queue" => &[NotFound, Empty],
        "proxy_increment_metric" | "proxy_record_metric" | "proxy_get_metric" => &[NotFound, BadArgument],
        "proxy_define_metric" => &[BadArgument],
        "proxy_call_foreign_function" => &[NotFound, BadArgument, InternalFailure],
        "proxy_done" => &[NotFound],
        "proxy_get_log_level" | "proxy_get_status" => &[Unimplemented],
        _ => &[],
    }
}

/// The statuses that no host may give to a call of `hostcall`.
#[must_use]
pub fn hostile(hostcall: &str) -> Vec<Status> {
    let legal = menu(hostcall);
    Status::ALL.iter().copied().filter(|status| *status != Status::Ok && !legal.contains(status)).collect()
}

/// The step after which calls `nth` to `nth + count - 1` of `hostcall` answer `status`.
#[must_use]
pub fn fault(hostcall: &str, status: Status, nth: u32, count: u32) -> Step {
    let fault = Fault { span: Span::none(), hostcall: hostcall.to_owned(), status, plugin: None, nth, count };
    super::streams::step(StepKind::Fault(fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proxy_wasm_harness::abi::HOSTCALLS;

    #[test]
    fn menus_are_of_hostcalls_and_hold_no_ok() {
        for row in HOSTCALLS {
            assert!(!menu(row.name).contains(&Status::Ok), "{}", row.name);
            assert!(hostile(row.name).iter().all(|status| !menu(row.name).contains(status)));
        }
        let with_menu = HOSTCALLS.iter().filter(|row| !menu(row.name).is_empty()).count();
        assert!(with_menu >= 25, "{with_menu}");
        assert_eq!(menu("proxy_log"), []);
    }
}
