//! One header-only exchange of the Rust rate limiter: what a test pays for each request, at each detail of the record.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use proxy_wasm_benches::guests::ALL;
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::state::{Answer, Duration, Request};
use proxy_wasm_harness::vm::EngineSettings;

/// Exchanges on one host before it is replaced, so that what it records does not grow without end.
const EXCHANGES: u64 = 500;

fn exchange(c: &mut Criterion) {
    let limiter =
        ALL.iter().find(|workload| workload.name == "rate_limiting_rust").expect("it is one of them");
    let mut group = c.benchmark_group("exchange/rate_limiting_rust");
    group.throughput(criterion::Throughput::Elements(EXCHANGES));
    for (name, detail) in [("off", Detail::Off), ("http", Detail::Http), ("abi", Detail::Abi)] {
        let builder = Host::builder()
            .plugin(limiter.plugin(EngineSettings::default()))
            .upstream(Answer::ok())
            .record(detail);
        let request =
            Request::get("http://httpbin:8000/headers").header("user-agent", "bench").header("accept", "*/*");
        let request = Arc::new(request);
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || builder.clone().build().expect("the limiter starts"),
                |host| {
                    for _ in 0..EXCHANGES {
                        // Two seconds apart: each is admitted.
                        host.advance(Duration::from_secs(2));
                        std::hint::black_box(host.send(Arc::clone(&request)));
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, exchange);
criterion_main!(benches);
