//! What one hostcall costs, for each family: a guest makes it [`CALLS`] times in `proxy_on_request_headers`, so that the
//! exchange around it hardly counts. Criterion's throughput is calls; one divided by it is the time of a call: processor
//! time, so that what else the machine does counts little. Nothing is recorded.

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use proxy_wasm_benches::rounds::processor_time;
use proxy_wasm_harness::abi::{AbiVersion, Hostcall, hostcall};
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::state::{Answer, Request};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

/// Calls in one callback, of which each callback makes as many.
const CALLS: u64 = 1000;

/// A family: its name, what comes before the calls, and the call: its name and its arguments in text form.
struct Family {
    name: &'static str,
    before: &'static [(&'static str, &'static [i64])],
    call: (&'static str, &'static [i64]),
}

const fn family(name: &'static str, call: (&'static str, &'static [i64])) -> Family {
    Family { name, before: &[], call }
}

/// Texts of the guest: `x-key` at 256, `value` at 272, `plugin_name` at 288, `compress` at 304, a piece of 5 bytes for
/// vectored writes at 320. Outputs go below them.
const DATA: &str = r#"
  (data (i32.const 256) "x-key") (data (i32.const 272) "value") (data (i32.const 288) "plugin_name")
  (data (i32.const 304) "compress") (data (i32.const 320) "\10\01\00\00\05\00\00\00")"#;

const FAMILIES: &[Family] = &[
    family("logging/proxy_log", ("proxy_log", &[2, 272, 5])),
    family("logging/proxy_log below the level", ("proxy_log", &[0, 272, 5])),
    family("logging/fd_write", ("fd_write", &[1, 320, 1, 16])),
    family("clocks/proxy_get_current_time_nanoseconds", ("proxy_get_current_time_nanoseconds", &[16])),
    family("clocks/clock_time_get", ("clock_time_get", &[0, 0, 16])),
    family("randomness/random_get", ("random_get", &[16, 16])),
    family("context_lifecycle/proxy_set_effective_context", ("proxy_set_effective_context", &[0])),
    family("timers/proxy_set_tick_period_milliseconds", ("proxy_set_tick_period_milliseconds", &[0])),
    family("buffers/proxy_get_buffer_bytes", ("proxy_get_buffer_bytes", &[6, 0, 100, 16, 20])),
    family("http_fields/proxy_get_header_map_value", ("proxy_get_header_map_value", &[0, 256, 5, 16, 20])),
    family("http_fields/proxy_get_header_map_pairs", ("proxy_get_header_map_pairs", &[0, 16, 20])),
    family(
        "http_fields/proxy_replace_header_map_value",
        ("proxy_replace_header_map_value", &[0, 256, 5, 272, 5]),
    ),
    family("stream_operations/proxy_continue_stream", ("proxy_continue_stream", &[3])),
    family("properties/proxy_get_property", ("proxy_get_property", &[288, 11, 16, 20])),
    family("properties/proxy_set_property", ("proxy_set_property", &[256, 5, 272, 5])),
    family("shared_key_value_store/proxy_set_shared_data", ("proxy_set_shared_data", &[256, 5, 272, 5, 0])),
    Family {
        name: "shared_key_value_store/proxy_get_shared_data",
        before: &[("proxy_set_shared_data", &[256, 5, 272, 5, 0])],
        call: ("proxy_get_shared_data", &[256, 5, 16, 20, 24]),
    },
    family("shared_queues/proxy_register_shared_queue", ("proxy_register_shared_queue", &[256, 5, 16])),
    Family {
        name: "metrics/proxy_increment_metric",
        before: &[("proxy_define_metric", &[0, 256, 5, 16])],
        call: ("proxy_increment_metric", &[4, 1]),
    },
    family("foreign_functions/compress", ("proxy_call_foreign_function", &[304, 8, 272, 5, 16, 20])),
    family("foreign_functions/unknown", ("proxy_call_foreign_function", &[256, 5, 272, 5, 16, 20])),
    family("grpc_calls/proxy_get_status", ("proxy_get_status", &[16, 20, 24])),
    family("http_calls/refused", ("proxy_http_call", &[256, 5, 0, 0, 0, 0, 0, 0, 0, 16])),
];

fn row(name: &str) -> &'static Hostcall {
    let known = |module| hostcall(module, name, AbiVersion::V0_2_1);
    known("env").or_else(|| known("wasi_snapshot_preview1")).unwrap_or_else(|| panic!("no hostcall {name}"))
}

fn call((name, arguments): (&str, &[i64])) -> String {
    let row = row(name);
    assert_eq!(row.params.len(), arguments.len(), "arguments of {name}");
    let arguments =
        row.params.iter().zip(arguments).map(|(kind, argument)| format!(" ({kind}.const {argument})"));
    format!("(drop (call ${name}{}))", arguments.collect::<String>())
}

/// The guest of a family. What is allocated is put in one place.
fn guest(family: &Family) -> Plugin {
    let mut names: Vec<_> = family.before.iter().map(|(name, _)| *name).chain([family.call.0]).collect();
    names.dedup();
    let import = |name: &str| {
        let row = row(name);
        let params: String = row.params.iter().map(|kind| format!(" {kind}")).collect();
        format!("(import \"{}\" \"{name}\" (func ${name} (param{params}) (result i32)))\n", row.module)
    };
    let wat = format!(
        r#"(module {}
  (memory (export "memory") 2) {DATA}
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 65536))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $left i32)
    {}
    (local.set $left (i32.const {CALLS}))
    (loop $more {}
      (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.const 0)))"#,
        names.iter().map(|name| import(name)).collect::<String>(),
        family.before.iter().map(|one| call(*one)).collect::<String>(),
        call(family.call),
    );
    Plugin::from_bytes(family.name, wat.as_bytes(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

fn hostcalls(c: &mut Criterion) {
    let mut group = c.benchmark_group("hostcall");
    group.throughput(Throughput::Elements(CALLS));
    let request = Arc::new(Request::get("http://httpbin:8000/headers").header("x-key", "value"));
    for family in FAMILIES {
        let setup = guest(family).named("guest").vm_config("a configuration of a VM");
        let template = Host::builder().plugin(setup).upstream(Answer::ok()).record(Detail::Off).template();
        let template = template.expect("the guest starts");
        group.bench_function(family.name, |b| {
            b.iter_custom(|times| {
                let mut took = Duration::ZERO;
                for _ in 0..times {
                    let mut host = template.fresh();
                    let began = processor_time();
                    drop(std::hint::black_box(host.send(Arc::clone(&request))));
                    took += processor_time() - began;
                }
                took
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hostcalls);
criterion_main!(benches);
