//! Shared data: compare-and-swap, who shares with whom, and what is written when a pointer is bad.

use proxy_wasm_harness::host::Host;

use crate::probe::{Far, FarText, N, O, Probe, T};

const SET: &str = "proxy_set_shared_data";
const GET: &str = "proxy_get_shared_data";

fn probe() -> Probe {
    Probe::on_start("proxy_on_configure")
}

#[test]
fn writes_are_numbered_and_compared() {
    probe()
        .call(GET, &[T(b"k"), O(0), O(1), O(2)], "NotFound")
        .call(GET, &[T(b"k"), Far, Far, Far], "NotFound")
        .call(SET, &[T(b"k"), T(b"v"), N(0)], "Ok")
        .call(GET, &[T(b"k"), O(0), O(1), O(2)], "Ok \"v\" 1")
        .call(SET, &[T(b"other"), T(b""), N(99)], "Ok")
        .call(GET, &[T(b"other"), O(3), O(4), O(2)], "Ok \"\" 2")
        .shows(3, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .shows(4, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .call(SET, &[T(b"k"), T(b"w"), N(2)], "CasMismatch")
        .call(SET, &[T(b"k"), T(b"w"), N(1)], "Ok")
        .call(SET, &[T(b"k"), T(b"x"), N(0)], "Ok")
        .call(GET, &[T(b"k"), O(0), O(1), O(2)], "Ok \"x\" 4")
        .call(SET, &[T(b""), T(b"\0"), N(0)], "Ok")
        .call(GET, &[T(b""), O(0), O(1), O(2)], "Ok \"\\x00\" 5")
        .call(GET, &[T(b"K"), O(0), O(1), O(2)], "NotFound")
        .start();
}

#[test]
fn bad_pointers() {
    probe()
        .call(SET, &[FarText, T(b"v"), N(0)], "InvalidMemoryAccess")
        .call(SET, &[T(b"k"), FarText, N(0)], "InvalidMemoryAccess")
        .call(SET, &[Far, N(0), T(b"v"), N(0)], "InvalidMemoryAccess")
        .call(SET, &[T(b"k"), T(b"v"), N(0)], "Ok")
        .call(GET, &[FarText, O(0), O(1), O(2)], "InvalidMemoryAccess")
        .call(GET, &[T(b"k"), O(0), O(1), Far], "InvalidMemoryAccess \"v\" 1")
        .shows(1, b"\x01\0\0\0\xaa\xaa\xaa\xaa")
        .call(GET, &[T(b"k"), Far, O(3), O(4)], "InvalidMemoryAccess \"v\"")
        .shows(4, &[0xaa; 8])
        .start();
}

#[test]
fn a_guest_without_memory_gets_no_value() {
    probe()
        .without_memory()
        .call(SET, &[T(b"k"), T(b"v"), N(0)], "Ok")
        .call(SET, &[T(b"empty"), T(b""), N(0)], "Ok")
        .call(GET, &[T(b"k"), O(0), O(1), O(2)], "InvalidMemoryAccess")
        .shows(2, &[0xaa; 8])
        .call(GET, &[T(b"empty"), O(0), O(1), O(2)], "Ok \"\" 2")
        .start();
}

#[test]
fn plugins_of_one_vm_id_share_and_others_do_not() {
    let writer = probe().call(SET, &[T(b"k"), T(b"v"), N(0)], "Ok");
    let reader = probe().call(GET, &[T(b"k"), O(0), O(1), O(2)], "Ok \"v\" 1");
    let stranger = probe()
        .call(GET, &[T(b"k"), O(0), O(1), O(2)], "NotFound")
        .call(SET, &[T(b"k"), T(b"mine"), N(0)], "Ok")
        .call(GET, &[T(b"k"), O(0), O(1), O(2)], "Ok \"mine\" 2");
    let host = Host::builder()
        .plugin(writer.plugin("writer").named("writer").vm_id("a"))
        .plugin(reader.plugin("reader").named("reader").vm_id("a"))
        .plugin(stranger.plugin("stranger").named("stranger"))
        .build()
        .unwrap();
    for (probe, name) in [(&writer, "writer"), (&reader, "reader"), (&stranger, "stranger")] {
        probe.check(&host, name);
    }
}
