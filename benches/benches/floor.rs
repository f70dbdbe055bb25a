//! How much of an exchange is the harness: each workload on bare wasmtime, and on the harness at each detail of the record.
//!
//! `cargo bench -p proxy-wasm-benches --bench floor [-- NAME]`

use proxy_wasm_benches::rounds::print;
use proxy_wasm_benches::{against, guests};
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::vm::EngineSettings;

const DETAILS: [(&str, Detail); 3] = [("off", Detail::Off), ("http", Detail::Http), ("abi", Detail::Abi)];

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    for workload in guests::ALL.into_iter().filter(|workload| workload.name.contains(&filter)) {
        for guard in [false, true] {
            let settings = EngineSettings { guard, ..EngineSettings::default() };
            if let Err(error) = workload.builder(settings).build() {
                let why = error.to_string();
                println!("{}: skipped, {}", workload.name, why.lines().next().unwrap_or_default());
                continue;
            }
            let title = format!("{}, {}", workload.name, if guard { "guarded" } else { "unguarded" });
            print(&title, &against::floor(&workload, settings, &DETAILS));
        }
    }
}
