//! Trouble: hostcalls that fail in ways that the ABI lets them fail, for a while.
//!
//! Source of the menu: Proxy-Wasm ABI v0.2.1, the statuses that each function's text lists. A schedule has a random subset
//! of it (few kinds at a time meet in more ways than all at once), and heals then: what was decided meanwhile is not
//! judged, but nothing may trap, every stream has to end after the healing, and from there on the claim holds again.

use proxy_wasm_harness::abi::Status;
use proxy_wasm_harness::proxy::Injection;

/// Hostcalls, and a status that each may answer through no fault of the plugin.
pub(super) const MENU: [(&str, Status); 8] = [
    ("proxy_get_shared_data", Status::NotFound),
    ("proxy_get_header_map_value", Status::NotFound),
    ("proxy_get_property", Status::NotFound),
    ("proxy_http_call", Status::InternalFailure),
    ("proxy_grpc_call", Status::InternalFailure),
    ("proxy_enqueue_shared_queue", Status::NotFound),
    ("proxy_dequeue_shared_queue", Status::Empty),
    ("proxy_resolve_shared_queue", Status::NotFound),
];

/// A fault of the menu, so many times from now; no times: it is over.
pub(super) fn fault(kind: u8, times: u8) -> Injection {
    let (hostcall, status) = MENU[usize::from(kind) % MENU.len()];
    Injection { hostcall: hostcall.to_owned(), status, plugin: None, skip: 0, count: u32::from(times) }
}

/// Writes that come too late are no trouble: they are to be done again, and nobody is to notice.
pub(super) fn is_trouble(injection: &Injection) -> bool {
    injection.status != Status::CasMismatch
}
