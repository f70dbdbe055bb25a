//! How much of an exchange is the harness: each workload on bare wasmtime, and on the harness at each detail of the record.
//!
//! `cargo bench -p proxy-wasm-benches --bench floor [-- NAME]`

use std::sync::Arc;

use proxy_wasm_benches::floor::Floor;
use proxy_wasm_benches::guests::{self, Workload};
use proxy_wasm_benches::rounds::{Variant, measure, print};
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::state::Duration;
use proxy_wasm_harness::vm::EngineSettings;

const ROUNDS: usize = 15;

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    for workload in guests::ALL.into_iter().filter(|workload| workload.name.contains(&filter)) {
        for guard in [false, true] {
            let settings = EngineSettings { guard, ..EngineSettings::default() };
            compare(&workload, settings);
        }
    }
}

fn compare(workload: &Workload, settings: EngineSettings) {
    let plugin = workload.plugin(settings);
    if let Err(error) = workload.builder(settings).build() {
        println!("{}: skipped, {}", workload.name, error.to_string().lines().next().unwrap_or_default());
        return;
    }
    let mut variants = vec![Variant::new("bare wasmtime", || Floor::new(workload, &plugin), Floor::exchange)];
    for (name, detail) in [("off", Detail::Off), ("http", Detail::Http), ("abi", Detail::Abi)] {
        let builder = workload.builder(settings).record(detail);
        let request = Arc::new(workload.request());
        variants.push(Variant::new(
            format!("harness, recording {name}"),
            move || builder.clone().build().expect("it starts"),
            move |host| {
                // A rate limiter admits each.
                host.advance(Duration::from_secs(2));
                drop(host.send(Arc::clone(&request)));
            },
        ));
    }
    let times = if workload.body || workload.module.contains("go") { 500 } else { 2000 };
    let guard = if settings.guard { "guarded" } else { "unguarded" };
    print(&format!("{}, {guard}", workload.name), &measure(&mut variants, ROUNDS, times));
}
