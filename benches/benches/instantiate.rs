//! What a fresh host costs: its module compiled, taken from the cache, started, and from an image.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use proxy_wasm_benches::guests::{self, Workload};
use proxy_wasm_harness::host::Template;
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::vm::{ArtifactCache, EngineSettings, LoadOptions, Plugin};

fn template(workload: &Workload) -> Option<Template> {
    workload.builder(EngineSettings::default()).record(Detail::Off).template().ok()
}

fn fresh_hosts(c: &mut Criterion) {
    for workload in guests::ALL {
        let Some(template) = template(&workload) else { continue };
        let mut group = c.benchmark_group(format!("fresh/{}", workload.name));
        for way in ["start", "image"] {
            if way == "image" {
                template.image().expect("the plugin can be imaged");
            }
            group.bench_function(way, |b| b.iter(|| black_box(template.fresh())));
            group.bench_function(format!("{way} and one exchange"), |b| {
                b.iter(|| template.fresh().send(workload.request()));
            });
            group.bench_function(format!("{way}, two threads"), |b| {
                b.iter_custom(|times| on_two_threads(times, &|| drop(template.fresh())));
            });
        }
        group.finish();
    }
}

/// Time for `times` tasks shared by two threads.
fn on_two_threads(times: u64, task: &(dyn Fn() + Sync)) -> std::time::Duration {
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        for half in [times / 2, times - times / 2] {
            scope.spawn(move || (0..half).for_each(|_| task()));
        }
    });
    began.elapsed()
}

/// Loading a module: compiled, or mapped from the cache. A process does either only once for a module, so each round has
/// one with another custom section; what the cache has of them was put there before.
fn loading(c: &mut Criterion) {
    for workload in [guests::ALL[0], guests::ALL[2]] {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = ArtifactCache::new(dir.path().join("modules"));
        let wasm = workload.wasm();
        let mut group = c.benchmark_group(format!("load/{}", workload.name));
        let number = AtomicU32::new(0);
        let compile = |cache: Option<ArtifactCache>| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let options = LoadOptions { cache, ..LoadOptions::default() };
            let wasm = numbered(&wasm, number);
            move || Plugin::from_bytes("bench", &wasm, &options).expect("it loads")
        };
        group.sample_size(10);
        group.bench_function("compile", |b| {
            b.iter_batched(|| compile(None), |load| load(), criterion::BatchSize::PerIteration);
        });
        drop(compile(Some(cache))());
        group.finish();
    }
}

/// The module with a custom section that makes it another.
fn numbered(wasm: &[u8], number: u32) -> Vec<u8> {
    let mut out = wasm.to_vec();
    out.extend_from_slice(&[0, 6, 1, b'n']);
    out.extend_from_slice(&number.to_le_bytes());
    out
}

criterion_group!(benches, fresh_hosts, loading);
criterion_main!(benches);
