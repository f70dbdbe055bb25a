//! What a scenario costs when its modules are compiled: read, started, carried out, judged.

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use proxy_wasm_benches::guests;
use proxy_wasm_harness::scenario::{Replay, RunOptions, load, run};
use proxy_wasm_harness::vm::LoadOptions;
use proxy_wasm_suites::modules::ModuleSource;

fn scenarios(c: &mut Criterion) {
    let modules = ModuleSource::new(LoadOptions { cache: Some(guests::cache()), ..LoadOptions::default() });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suites/scenarios");
    let files = [
        "rate_limiting_rust/story",
        "rate_limiting_go/story",
        "http_headers_go/headers",
        "http_body_cpp/replace",
        "add_header_as/added",
    ];
    for name in files {
        let path = folder.join(name).with_extension("scenario.yaml");
        let mut group = c.benchmark_group(format!("scenario/{name}"));
        group.bench_function("read", |b| b.iter(|| load(&path).expect("it can be read")));
        let file = load(&path).expect("it can be read");
        let scenario = &file.scenarios[0];
        let options = RunOptions::default();
        let once = || run(scenario, &modules, &options).expect("it can be run");
        assert!(once().passed(), "{name}");
        group.bench_function("run", |b| b.iter(once));
        let replay = Replay::new(scenario, &modules, &options).expect("it starts");
        group.bench_function("steps only", |b| {
            b.iter_batched(|| replay.fresh(), |host| replay.play(host), criterion::BatchSize::PerIteration);
        });
        group.finish();
    }
}

criterion_group!(benches, scenarios);
criterion_main!(benches);
