//! Statuses of the hostcalls that have no file of their own here: good calls, each bad argument, a plugin context in place
//! of a stream, pointers and sizes up to the last. What is judged before what is told by calls that are wrong twice.

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::state::Request;

use crate::probe::{Far, FarText, N, O, Probe, T, alone};

const OUT_OF_BOUNDS: &str = "InvalidMemoryAccess";
const BAD: &str = "BadArgument";
/// The largest 32-bit number.
const MOST: i64 = -1;

fn root() -> Probe {
    Probe::on_start("proxy_on_configure")
}

fn stream() -> Probe {
    Probe::on_start("proxy_on_request_headers")
}

fn get(host: &mut Host) {
    let _ = host.send(Request::get("/path").header("x-key", "value"));
}

#[test]
fn logging() {
    let probe =
        (0..=5).fold(root(), |probe, level| probe.call("proxy_log", &[N(level.max(1)), T(b"line")], "Ok"));
    probe
        .call("proxy_log", &[N(6), T(b"line")], BAD)
        .call("proxy_log", &[N(99), FarText], BAD)
        .call("proxy_log", &[N(MOST), T(b"")], BAD)
        .call("proxy_log", &[N(2), FarText], OUT_OF_BOUNDS)
        .call("proxy_log", &[N(2), Far, N(0)], OUT_OF_BOUNDS)
        .call("proxy_log", &[N(2), N(0), N(MOST)], OUT_OF_BOUNDS)
        .call("proxy_log", &[N(2), N(0), N(0)], "Ok")
        .call("proxy_get_log_level", &[O(0)], "Ok 2")
        .call("proxy_get_log_level", &[Far], "InvalidMemoryAccess 2")
        .start();
}

#[test]
fn clocks_and_timers() {
    root()
        .call("proxy_get_current_time_nanoseconds", &[O(0)], "Ok 1704067200000000000")
        .call("proxy_get_current_time_nanoseconds", &[Far], "InvalidMemoryAccess 1704067200000000000")
        .call("proxy_set_tick_period_milliseconds", &[N(1)], "Ok")
        .call("proxy_set_tick_period_milliseconds", &[N(MOST)], "Ok")
        .call("proxy_set_tick_period_milliseconds", &[N(0)], "Ok")
        .start();
}

#[test]
fn contexts() {
    root()
        .call("proxy_set_effective_context", &[N(1)], "Ok")
        .call("proxy_set_effective_context", &[N(0)], "Ok")
        .call("proxy_set_effective_context", &[N(2)], BAD)
        .call("proxy_set_effective_context", &[N(MOST)], BAD)
        .call("proxy_done", &[], "NotFound")
        .on("proxy_on_request_headers")
        .call("proxy_set_effective_context", &[N(2)], "Ok")
        .call("proxy_done", &[], "NotFound")
        .run(alone, get);
}

#[test]
fn stream_operations_of_a_plugin_context_do_nothing() {
    let probe = (0..=2).fold(root(), |probe, kind| probe.call("proxy_continue_stream", &[N(kind)], "Ok"));
    let probe = (0..=3).fold(probe, |probe, kind| probe.call("proxy_close_stream", &[N(kind)], "Ok"));
    probe
        .call("proxy_continue_stream", &[N(3)], "Unimplemented")
        .call("proxy_continue_stream", &[N(4)], BAD)
        .call("proxy_continue_stream", &[N(MOST)], BAD)
        .call("proxy_close_stream", &[N(4)], BAD)
        .call("proxy_close_stream", &[N(MOST)], BAD)
        .call("proxy_send_local_response", &[N(403), T(b"d"), T(b"b"), T(b""), N(-1)], "Ok")
        .run(alone, |host| {
            let exchange = host.send(Request::get("/"));
            assert_eq!(exchange.response().status(), 200);
        });
}

#[test]
fn a_local_response_reads_all_that_it_is_given() {
    const SEND: &str = "proxy_send_local_response";
    stream()
        .call(SEND, &[N(403), FarText, T(b"b"), T(b""), N(-1)], OUT_OF_BOUNDS)
        .call(SEND, &[N(403), T(b"d"), FarText, T(b""), N(-1)], OUT_OF_BOUNDS)
        .call(SEND, &[N(403), T(b"d"), T(b"b"), FarText, N(-1)], OUT_OF_BOUNDS)
        .call(SEND, &[N(403), T(b"d"), N(0), N(MOST), T(b""), N(-1)], OUT_OF_BOUNDS)
        .run(alone, |host| {
            let exchange = host.send(Request::get("/"));
            assert_eq!(exchange.response().status(), 200);
        });
}

#[test]
fn buffers_by_number() {
    let (status, bytes, set) =
        ("proxy_get_buffer_status", "proxy_get_buffer_bytes", "proxy_set_buffer_bytes");
    let mut probe = root();
    for id in [9, 100, MOST] {
        probe = probe
            .call(status, &[N(id), Far, Far], BAD)
            .call(bytes, &[N(id), N(0), N(1), Far, Far], BAD)
            .call(set, &[N(id), N(0), N(0), FarText], BAD);
    }
    for id in [0, 1, 2, 3, 5] {
        probe = probe
            .call(status, &[N(id), O(0), O(1)], "Ok 0 0")
            .call(bytes, &[N(id), N(0), N(100), O(0), O(1)], "Ok \"\"")
            .call(set, &[N(id), N(0), N(0), FarText], OUT_OF_BOUNDS)
            .call(set, &[N(id), N(0), N(0), T(b"x")], BAD);
    }
    probe
        .call(status, &[N(4), O(0), O(1)], "NotFound")
        .call(bytes, &[N(4), N(0), N(1), O(0), O(1)], "NotFound")
        .call(set, &[N(4), N(0), N(0), T(b"x")], "NotFound")
        .call(status, &[N(7), O(0), O(1)], "Ok 6 0")
        .call(status, &[N(7), Far, O(1)], "InvalidMemoryAccess 6")
        .call(bytes, &[N(7), N(2), N(MOST), O(0), O(1)], "Ok \"nfig\"")
        .call(bytes, &[N(7), N(99), N(1), O(0), O(1)], "Ok \"\"")
        .call(bytes, &[N(7), N(MOST), N(MOST), O(0), O(1)], "Ok \"\"")
        .call(bytes, &[N(7), N(0), N(0), Far, O(1)], "InvalidMemoryAccess \"\"")
        .call(set, &[N(6), N(0), N(0), T(b"x")], BAD)
        .call(set, &[N(7), N(0), N(0), T(b"x")], BAD)
        .call(set, &[N(8), N(0), N(0), T(b"x")], BAD)
        .on("proxy_on_request_headers")
        .call(status, &[N(7), O(0), O(1)], "NotFound")
        .call(status, &[N(6), O(0), O(1)], "Ok 2 0")
        .run(|setup| alone(setup.config("config").vm_config("vm")), get);
}

#[test]
fn call_data_is_what_the_context_looked_at_last() {
    let bytes = "proxy_get_buffer_bytes";
    root()
        .call(bytes, &[N(8), N(0), N(9), O(0), O(1)], "Ok \"\"")
        .call(bytes, &[N(6), N(0), N(1), O(0), O(1)], "Ok \"v\"")
        .call(bytes, &[N(8), N(0), N(9), O(0), O(1)], "Ok \"vm\"")
        .call(bytes, &[N(0), N(0), N(9), O(0), O(1)], "Ok \"\"")
        .call(bytes, &[N(8), N(0), N(9), O(0), O(1)], "Ok \"\"")
        .on("proxy_on_request_headers")
        .call(bytes, &[N(8), N(0), N(9), O(0), O(1)], "Ok \"\"")
        .run(|setup| alone(setup.vm_config("vm")), get);
}

#[test]
fn maps_that_are_none_and_maps_that_are_not_there() {
    let mut probe = root();
    for map in [8, 100, MOST] {
        probe = probe
            .call("proxy_get_header_map_value", &[N(map), FarText, Far, Far], BAD)
            .call("proxy_get_header_map_size", &[N(map), Far], BAD)
            .call("proxy_get_header_map_pairs", &[N(map), Far, Far], BAD)
            .call("proxy_add_header_map_value", &[N(map), FarText, FarText], BAD)
            .call("proxy_replace_header_map_value", &[N(map), FarText, FarText], BAD)
            .call("proxy_remove_header_map_value", &[N(map), FarText], BAD)
            .call("proxy_set_header_map_pairs", &[N(map), FarText], BAD);
    }
    for map in 0..8 {
        probe = probe
            .call("proxy_get_header_map_value", &[N(map), T(b"x"), O(0), O(1)], BAD)
            .call("proxy_get_header_map_size", &[N(map), O(0)], BAD)
            .call("proxy_get_header_map_pairs", &[N(map), O(0), O(1)], "Ok \"\"")
            .call("proxy_add_header_map_value", &[N(map), T(b"x"), T(b"y")], BAD)
            .call("proxy_replace_header_map_value", &[N(map), T(b"x"), T(b"y")], BAD)
            .call("proxy_remove_header_map_value", &[N(map), T(b"x")], BAD)
            .call("proxy_set_header_map_pairs", &[N(map), T(b"\0\0\0\0")], BAD);
    }
    probe.start();
}

#[test]
fn what_leaves_the_memory_in_calls_about_maps() {
    stream()
        .call("proxy_get_header_map_value", &[N(0), FarText, O(0), O(1)], OUT_OF_BOUNDS)
        .call("proxy_get_header_map_value", &[N(0), N(0), N(MOST), O(0), O(1)], OUT_OF_BOUNDS)
        .call("proxy_get_header_map_value", &[N(0), T(b"none"), Far, Far], "NotFound")
        .call("proxy_get_header_map_value", &[N(0), T(b""), O(0), O(1)], "NotFound")
        .call("proxy_get_header_map_value", &[N(0), T(b"X-KEY"), Far, O(1)], "InvalidMemoryAccess \"value\"")
        .call("proxy_get_header_map_pairs", &[N(1), Far, Far], "InvalidMemoryAccess \"\"")
        .call("proxy_add_header_map_value", &[N(0), FarText, T(b"v")], OUT_OF_BOUNDS)
        .call("proxy_add_header_map_value", &[N(0), T(b"n"), FarText], OUT_OF_BOUNDS)
        .call("proxy_replace_header_map_value", &[N(0), FarText, T(b"v")], OUT_OF_BOUNDS)
        .call("proxy_replace_header_map_value", &[N(0), T(b"n"), FarText], OUT_OF_BOUNDS)
        .call("proxy_remove_header_map_value", &[N(0), FarText], OUT_OF_BOUNDS)
        .call("proxy_remove_header_map_value", &[N(0), T(b"none")], "Ok")
        .call("proxy_set_header_map_pairs", &[N(0), FarText], OUT_OF_BOUNDS)
        .call("proxy_get_header_map_value", &[N(0), T(b"x-key"), O(0), O(1)], "Ok \"value\"")
        .run(alone, get);
}

#[test]
fn the_status_of_calls() {
    root()
        .call("proxy_get_status", &[O(0), O(1), O(2)], "Ok 0 \"\"")
        .call("proxy_get_status", &[Far, O(1), O(2)], "InvalidMemoryAccess 0")
        .call("proxy_get_status", &[O(0), Far, O(2)], "InvalidMemoryAccess 0 \"\"")
        .call("proxy_get_status", &[O(0), O(1), Far], "InvalidMemoryAccess 0 \"\"")
        .start();
}

#[test]
fn lookups_of_names() {
    let resolve = "envoy_resolve_dns";
    root()
        .call(resolve, &[T(b"1.2.3.4"), O(0)], "Ok 2")
        .call(resolve, &[FarText, O(0)], OUT_OF_BOUNDS)
        .call(resolve, &[T(b"known"), Far], "InvalidMemoryAccess 3")
        .call(resolve, &[T(b"known"), O(0)], "Ok 4")
        .call(resolve, &[T(b"unknown"), O(0)], "Ok 5")
        .run(|setup| alone(setup).resolves("known", [[10, 0, 0, 1].into(), [10, 0, 0, 2].into()]), |_| {});
    let answers = |name: &[u8], wanted: &str| {
        root()
            .call(resolve, &[T(name), O(0)], "Ok 2")
            .on("envoy_on_resolve_dns")
            .call("proxy_get_buffer_bytes", &[N(8), N(0), N(100), O(1), O(2)], wanted)
            .run(
                |setup| alone(setup).resolves("known", [[10, 0, 0, 1].into(), [10, 0, 0, 2].into()]),
                |_| {},
            );
    };
    answers(b"1.2.3.4", r#"Ok "\x01\x00\x00\x00\x00\x00\x00\x001.2.3.4:0\x00""#);
    answers(b"localhost", r#"Ok "\x01\x00\x00\x00\x00\x00\x00\x00[::1]:0\x00""#);
    answers(b"unknown", r#"Ok "\x00\x00\x00\x00""#);
    answers(b"known", r#"Ok "\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0010.0.0.1:0\x0010.0.0.2:0\x00""#);
}
