//! What comes of a hostcall that hands bytes over when the guest's allocator answers null, lies, traps or calls back: for
//! every hostcall that allocates.

use proxy_wasm_harness::abi::{HOSTCALLS, Status};
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::state::Request;

use crate::probe::{A, Allocator, N, O, Probe, T, alone};

/// Every hostcall that allocates, with arguments for which it has bytes to give in `proxy_on_request_headers`. Those of
/// version 0.1.0 are not made by this probe; a message is taken from a queue that has one.
const GIVERS: &[(&str, &[A<'_>])] = &[
    ("proxy_get_buffer_bytes", &[N(6), N(0), N(100), O(0), O(1)]),
    ("proxy_get_header_map_pairs", &[N(0), O(0), O(1)]),
    ("proxy_get_header_map_value", &[N(0), T(b":path"), O(0), O(1)]),
    ("proxy_get_property", &[T(b"plugin_name"), O(0), O(1)]),
    ("proxy_get_shared_data", &[T(b"key"), O(0), O(1), O(2)]),
    ("proxy_dequeue_shared_queue", &[N(1), O(0), O(1)]),
];

/// A guest that makes a call once, in `proxy_on_request_headers`.
fn guest(allocator: Allocator, (name, arguments): (&'static str, &[A<'_>])) -> Host {
    let probe = Probe::on_start("proxy_on_configure")
        .allocating(allocator)
        .call("proxy_set_shared_data", &[T(b"key"), T(b"value"), N(0)], "Ok")
        .call("proxy_register_shared_queue", &[T(b"queue"), O(3)], "Ok 1")
        .call("proxy_enqueue_shared_queue", &[N(1), T(b"job")], "Ok")
        .on("proxy_on_request_headers")
        .call(name, arguments, "");
    let mut host = alone(probe.plugin("probe").named("probe").vm_config("configuration")).build().unwrap();
    let _ = host.send(Request::get("/path"));
    host
}

/// The status of the last call of this name.
fn status(host: &Host, name: &str) -> String {
    let runs = crate::probe::runs(host);
    let answers = runs.iter().flat_map(|(_, _, answers)| answers);
    let answer = answers.rev().find(|(call, _)| call == name).unwrap_or_else(|| panic!("no {name}"));
    answer.1.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn the_list_has_every_hostcall_that_allocates() {
    let gives = |names: &[&str]| {
        names.windows(2).any(|pair| {
            pair[0].ends_with("_data") && pair[0].starts_with("return_") && pair[1].ends_with("_size")
        })
    };
    for row in HOSTCALLS.iter().filter(|row| gives(row.names)) {
        let elsewhere = ["proxy_get_configuration", "proxy_get_status", "proxy_call_foreign_function"];
        let listed = GIVERS.iter().any(|(name, _)| *name == row.name);
        // One is of 0.1.0, one has a message only inside the callback of a failure, one has tests of its own.
        assert!(listed || elsewhere.contains(&row.name), "{} is not in the list", row.name);
    }
}

#[test]
fn an_honest_allocator_gets_the_bytes() {
    for giver in GIVERS {
        assert_eq!(status(&guest(Allocator::Honest, *giver), giver.0), Status::Ok.to_string(), "{}", giver.0);
    }
}

#[test]
fn without_memory_there_are_no_bytes() {
    for allocator in [Allocator::Null, Allocator::Beyond] {
        for giver in GIVERS {
            let host = guest(allocator, *giver);
            assert_eq!(
                status(&host, giver.0),
                Status::InvalidMemoryAccess.to_string(),
                "{} {allocator:?}",
                giver.0
            );
        }
    }
}

#[test]
fn an_allocator_that_traps_ends_its_vm() {
    for giver in GIVERS {
        let mut host = guest(Allocator::Traps, *giver);
        assert_eq!(status(&host, giver.0), Status::InvalidMemoryAccess.to_string(), "{}", giver.0);
        assert_eq!(host.traps().len(), 1, "{}", giver.0);
        host.allow("trap");
    }
}

#[test]
fn an_allocator_may_call_back() {
    for giver in GIVERS {
        let host = guest(Allocator::CallsBack, *giver);
        assert_eq!(status(&host, giver.0), Status::Ok.to_string(), "{}", giver.0);
        assert_eq!(host.transcript().log().lines().count(), 1, "{}: {}", giver.0, host.transcript().log());
    }
}
