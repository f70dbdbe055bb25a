//! Figures for programs. The same document is a baseline.

use proxy_wasm_harness::vm::WASMTIME;
use serde_json::{Value, json};

use super::baseline::{Grown, Verdict};
use super::figures::{Callback, Figures};
use super::interval::Interval;

/// The name and version of the document's form.
pub(super) const SCHEMA: &str = "proxy-wasm-test/bench/1";

/// The document. Times are in nanoseconds, sizes in bytes.
pub(super) fn document(figures: &[Figures], streams: u32, verdict: Option<&Verdict>) -> Value {
    let mut document = json!({
        "schema": SCHEMA,
        "summary": {
            "measured": figures.len(),
            "regressions": verdict.map_or(0, |verdict| verdict.regressions().count()),
        },
        "wasmtime": WASMTIME,
        "streams": streams,
        "scenarios": figures.iter().map(scenario).collect::<Vec<_>>(),
    });
    if let Some(verdict) = verdict {
        document["baseline"] = json!({
            "max_regression": verdict.allowed,
            "changes": verdict.changes.iter().map(change).collect::<Vec<_>>(),
            "missing": verdict.missing,
            "new": verdict.new,
        });
    }
    document
}

fn scenario(one: &Figures) -> Value {
    json!({
        "name": one.name,
        "exchanges": one.exchanges,
        "fuel": {"exchanges": one.fuel, "per_exchange": one.fuel_each(), "outside": one.fuel_outside},
        "time": interval(&one.time),
        "callbacks": one.callbacks.iter().map(callback).collect::<Vec<_>>(),
        "hostcalls": one.asked.hostcalls,
        "bytes": {"from_plugins": one.asked.bytes_from_plugins, "to_plugins": one.asked.bytes_to_plugins},
        "log": {"lines": one.asked.log_lines, "bytes": one.asked.log_bytes},
        "memory": {
            "started": one.memory.started,
            "after": one.memory.after,
            "after_exchanges": one.memory.exchanges,
        },
        "start": {
            "configured": interval(&one.start),
            "compile": one.compile.iter().map(|(plugin, nanos)| json!({"plugin": plugin, "time": nanos})).collect::<Vec<_>>(),
        },
    })
}

fn callback(one: &Callback) -> Value {
    json!({
        "plugin": one.plugin,
        "name": one.name,
        "calls": one.calls,
        "fuel": one.fuel,
        "time": one.time.as_ref().map(interval),
    })
}

fn interval(one: &Interval) -> Value {
    json!({"median": one.median, "low": one.low, "high": one.high, "samples": one.samples})
}

fn change(one: &Grown) -> Value {
    json!({
        "scenario": one.scenario,
        "of": one.of,
        "before": one.before,
        "now": one.now,
        "share": one.share(),
        "regression": one.regression,
    })
}
