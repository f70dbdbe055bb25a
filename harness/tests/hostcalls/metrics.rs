//! Metrics: ids, types, and what each operation answers.

use proxy_wasm_harness::host::Host;

use crate::probe::{Far, FarText, N, O, Probe, T};

const DEFINE: &str = "proxy_define_metric";
const ADD: &str = "proxy_increment_metric";
const RECORD: &str = "proxy_record_metric";
const GET: &str = "proxy_get_metric";

fn probe() -> Probe {
    Probe::on_start("proxy_on_configure")
}

#[test]
fn ids_count_by_type() {
    probe()
        .call(DEFINE, &[N(0), T(b"hits"), O(0)], "Ok 4")
        .call(DEFINE, &[N(1), T(b"hits"), O(0)], "Ok 5")
        .call(DEFINE, &[N(2), T(b"hits"), O(0)], "Ok 6")
        .call(DEFINE, &[N(0), T(b""), O(0)], "Ok 8")
        .call(DEFINE, &[N(0), T(b"hits"), O(0)], "Ok 12")
        .call(DEFINE, &[N(3), T(b"hits"), O(0)], "BadArgument")
        .call(DEFINE, &[N(99), FarText, O(0)], "InvalidMemoryAccess")
        .call(DEFINE, &[N(0), T(b"lost"), Far], "InvalidMemoryAccess 16")
        .call(DEFINE, &[N(0), T(b"next"), O(0)], "Ok 20")
        .call(ADD, &[N(4), N(2)], "Ok")
        .call(GET, &[N(12), O(0)], "Ok 2")
        .start();
}

#[test]
fn counters() {
    probe()
        .call(DEFINE, &[N(0), T(b"c"), O(0)], "Ok 4")
        .call(ADD, &[N(4), N(7)], "Ok")
        .call(ADD, &[N(4), N(0)], "BadArgument")
        .call(ADD, &[N(4), N(-1)], "BadArgument")
        .call(RECORD, &[N(4), N(3)], "Ok")
        .call(RECORD, &[N(4), N(-1)], "Ok")
        .call(GET, &[N(4), O(0)], "Ok 9")
        .shows(0, &[9, 0, 0, 0, 0, 0, 0, 0])
        .call(GET, &[N(4), Far], "InvalidMemoryAccess 9")
        .start();
}

#[test]
fn gauges() {
    probe()
        .call(DEFINE, &[N(1), T(b"g"), O(0)], "Ok 5")
        .call(ADD, &[N(5), N(-3)], "Ok")
        .call(GET, &[N(5), O(0)], "Ok 18446744073709551613")
        .call(RECORD, &[N(5), N(10)], "Ok")
        .call(ADD, &[N(5), N(0)], "Ok")
        .call(GET, &[N(5), O(0)], "Ok 10")
        .start();
}

#[test]
fn histograms() {
    probe()
        .call(DEFINE, &[N(2), T(b"h"), O(0)], "Ok 6")
        .call(RECORD, &[N(6), N(10)], "Ok")
        .call(ADD, &[N(6), N(1)], "BadArgument")
        .call(GET, &[N(6), Far], "BadArgument")
        .start();
}

#[test]
fn unknown_ids_answer_by_their_type() {
    let mut probe = probe();
    for id in [0, 1, 2, 3, 4, 5, 6, 7, -4, -1] {
        let want = if id & 3 < 2 { "NotFound" } else { "BadArgument" };
        probe = probe.call(ADD, &[N(id), N(1)], want).call(GET, &[N(id), Far], want);
        probe = probe.call(RECORD, &[N(id), N(1)], "NotFound");
    }
    probe.start();
}

#[test]
fn vms_count_together() {
    let one = probe().call(DEFINE, &[N(0), T(b"c"), O(0)], "Ok 4").call(ADD, &[N(4), N(2)], "Ok");
    let two = probe()
        .call(DEFINE, &[N(0), T(b"own"), O(0)], "Ok 4")
        .call(DEFINE, &[N(0), T(b"c"), O(0)], "Ok 8")
        .call(GET, &[N(8), O(0)], "Ok 2");
    let host =
        Host::builder().plugin(one.plugin("one")).plugin(two.plugin("two").config("x")).build().unwrap();
    one.check(&host, "one");
    two.check(&host, "two");
}
