//! The harness against the floor: the same exchange on bare wasmtime and on the harness, in turn.

use std::sync::Arc;

use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::state::Duration;
use proxy_wasm_harness::vm::EngineSettings;

use crate::floor::Floor;
use crate::guests::Workload;
use crate::rounds::{Figure, Variant, measure};

/// Rounds that are measured.
const ROUNDS: usize = 15;

/// The figures of an exchange: on bare wasmtime first, then on the harness at each of these details.
#[must_use]
pub fn floor(workload: &Workload, settings: EngineSettings, details: &[(&str, Detail)]) -> Vec<Figure> {
    let plugin = workload.plugin(settings);
    let mut variants = vec![Variant::new("bare wasmtime", || Floor::new(workload, &plugin), Floor::exchange)];
    for (name, detail) in details {
        let builder = workload.builder(settings).record(*detail);
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
    measure(&mut variants, ROUNDS, times)
}
