//! Shared queues: statuses, and who hears of a message, when.

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::state::Request;

use crate::probe::{Far, FarText, N, O, Probe, T, alone, runs};

const REGISTER: &str = "proxy_register_shared_queue";
const RESOLVE: &str = "proxy_resolve_shared_queue";
const ENQUEUE: &str = "proxy_enqueue_shared_queue";
const DEQUEUE: &str = "proxy_dequeue_shared_queue";

fn probe() -> Probe {
    Probe::on_start("proxy_on_configure")
}

#[test]
fn statuses() {
    probe()
        .call(RESOLVE, &[T(b""), T(b"q"), Far], "NotFound")
        .call(REGISTER, &[T(b"q"), O(0)], "Ok 1")
        .call(REGISTER, &[T(b"q"), O(0)], "Ok 1")
        .call(REGISTER, &[T(b""), O(0)], "Ok 2")
        .call(REGISTER, &[FarText, O(0)], "InvalidMemoryAccess")
        .call(REGISTER, &[T(b"lost"), Far], "InvalidMemoryAccess 3")
        .call(RESOLVE, &[T(b""), T(b"lost"), O(0)], "Ok 3")
        .call(RESOLVE, &[T(b"here"), T(b"q"), O(0)], "Ok 1")
        .call(RESOLVE, &[T(b"elsewhere"), T(b"q"), O(0)], "NotFound")
        .call(RESOLVE, &[FarText, T(b"q"), O(0)], "InvalidMemoryAccess")
        .call(RESOLVE, &[T(b""), FarText, O(0)], "InvalidMemoryAccess")
        .call(RESOLVE, &[T(b""), T(b"q"), Far], "InvalidMemoryAccess 1")
        .call(DEQUEUE, &[N(0), Far, Far], "NotFound")
        .call(DEQUEUE, &[N(9), O(0), O(1)], "NotFound")
        .call(DEQUEUE, &[N(1), Far, Far], "Empty")
        .call(ENQUEUE, &[N(9), FarText], "InvalidMemoryAccess")
        .call(ENQUEUE, &[N(9), T(b"m")], "NotFound")
        .call(ENQUEUE, &[N(1), T(b"one")], "Ok")
        .call(ENQUEUE, &[N(1), T(b"")], "Ok")
        .call(ENQUEUE, &[N(1), T(b"three")], "Ok")
        .call(ENQUEUE, &[N(1), T(b"four")], "Ok")
        .call(DEQUEUE, &[N(1), O(0), O(1)], "Ok \"one\"")
        .call(DEQUEUE, &[N(1), O(2), O(3)], "Ok \"\"")
        .shows(2, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .call(DEQUEUE, &[N(1), Far, O(3)], "InvalidMemoryAccess \"three\"")
        .call(DEQUEUE, &[N(1), O(0), O(1)], "Ok \"four\"")
        .call(DEQUEUE, &[N(1), O(0), O(1)], "Empty")
        .run(|setup| alone(setup.vm_id("here")), |_| {});
}

/// The arguments of each `proxy_on_queue_ready`, by plugin, and what it answered.
fn ready(host: &Host, plugin: &str) -> usize {
    runs(host)
        .iter()
        .filter(|(name, callback, _)| name == plugin && *callback == "proxy_on_queue_ready")
        .count()
}

#[test]
fn each_message_is_announced_after_the_event_even_if_it_is_gone() {
    let probe = probe()
        .call(REGISTER, &[T(b"q"), O(0)], "Ok 1")
        .on("proxy_on_request_headers")
        .call(ENQUEUE, &[N(1), T(b"one")], "Ok")
        .call(ENQUEUE, &[N(1), T(b"two")], "Ok")
        .call(DEQUEUE, &[N(1), O(0), O(1)], "Ok \"one\"")
        .call(DEQUEUE, &[N(1), O(0), O(1)], "Ok \"two\"")
        .on("proxy_on_queue_ready")
        .call(DEQUEUE, &[N(1), O(0), O(1)], "Empty");
    let host = probe.run(alone, |host| {
        assert_eq!(host.send(Request::get("/")).response().status(), 200);
    });
    assert_eq!(ready(&host, "probe"), 2);
    let text = host.transcript().abi();
    let (request, queue, response) = (
        text.find("proxy_on_request_headers").unwrap(),
        text.find("proxy_on_queue_ready(1, queue_id=1)").unwrap(),
        text.find("proxy_on_response_headers").unwrap_or(text.len()),
    );
    assert!(request < queue && queue < response, "{text}");
}

#[test]
fn the_last_to_register_hears_even_of_a_stream() {
    let first = probe().call(REGISTER, &[T(b"q"), O(0)], "Ok 1").on("proxy_on_queue_ready");
    let second = Probe::on_start("proxy_on_request_headers")
        .call(ENQUEUE, &[N(1), T(b"for the first")], "Ok")
        .call(REGISTER, &[T(b"q"), O(0)], "Ok 1")
        .call(ENQUEUE, &[N(1), T(b"for the second")], "Ok")
        .on("proxy_on_queue_ready")
        .call(DEQUEUE, &[N(1), O(0), O(1)], "Ok \"for the first\"");
    let mut host =
        Host::builder().plugin(first.plugin("first")).plugin(second.plugin("second")).build().unwrap();
    let _ = host.send(Request::get("/")).response();
    assert_eq!((ready(&host, "first"), ready(&host, "second")), (1, 1));
    second.check(&host, "second");
    assert!(host.transcript().abi().contains("second proxy_on_queue_ready(1, queue_id=1)"));
}
