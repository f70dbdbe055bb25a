//! What a scenario may use up: the key `cost`, and the view `fuel`.
//!
//! Fuel counts the plugin's own instructions, so a figure is the same on every machine, as long as module and version of
//! wasmtime are the same; see `vm/fuel.rs`. Of an exchange are the callbacks of its stream contexts, from their creation
//! to their deletion; ticks, queues and whatever else concerns a plugin context are of none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::failure::Failure;
use super::model::{Scenario, View};
use super::run::Run;
use super::suites::Cost;
use super::value::units::Size;
use crate::host::Host;
use crate::proxy::{StreamId, VmIndex};
use crate::vm::{Spent, WASMTIME};

/// Callbacks that are named when an exchange costs too much.
const NAMED: usize = 5;

/// Whether the scenario says anything that fuel has to be counted for.
pub(super) fn counts(scenario: &Scenario) -> bool {
    let limited = scenario.cost.as_ref().is_some_and(|cost| cost.max_fuel.is_some());
    limited || scenario.snapshot.contains(&View::Fuel)
}

/// Fuel that each exchange used, by stream.
fn by_exchange(spent: &[Spent]) -> BTreeMap<StreamId, u64> {
    let mut sums = BTreeMap::new();
    for one in spent {
        if let Some(stream) = one.stream {
            *sums.entry(stream).or_default() += one.fuel;
        }
    }
    sums
}

/// What cost more than it may: the dearest of the exchanges, the largest of the VMs.
pub(super) fn judge(cost: &Cost, host: &Host, step: usize) -> impl Iterator<Item = Failure> {
    fuel(cost, host, step).into_iter().chain(memory(cost, host, step))
}

/// The largest VM, when it has more memory than it may.
fn memory(cost: &Cost, host: &Host, step: usize) -> Option<Failure> {
    let most = cost.max_memory?;
    let (vm, size) =
        host.memory_sizes().enumerate().max_by_key(|&(vm, size)| (size, std::cmp::Reverse(vm)))?;
    (size > most.0).then(|| Failure {
        span: cost.span.clone(),
        step,
        step_words: "the whole scenario".to_owned(),
        repetition: None,
        what: "cost.max_memory".to_owned(),
        expected: format!("a VM has at most {most} of memory at the end"),
        actual: format!("VM {} has {}", host.transcript().vm_name(VmIndex(vm)), Size(size)),
        diff: None,
        nearest: None,
        at: host.now(),
        events: 0..host.transcript().mark(),
        because: Vec::new(),
        backtrace: Vec::new(),
        again: 0,
    })
}

fn fuel(cost: &Cost, host: &Host, step: usize) -> Option<Failure> {
    let most = cost.max_fuel?;
    let sums = by_exchange(host.spent());
    let over = sums.values().filter(|&&fuel| fuel > most).count();
    let (&stream, &fuel) = sums.iter().max_by_key(|&(&stream, &fuel)| (fuel, std::cmp::Reverse(stream)))?;
    if fuel <= most {
        return None;
    }
    let mut callbacks: Vec<_> = host.spent().iter().filter(|one| one.stream == Some(stream)).collect();
    callbacks.sort_by_key(|one| std::cmp::Reverse(one.fuel));
    let name = |one: &Spent| one.plugin.and_then(|at| host.plugins().nth(at.0)).unwrap_or("?");
    let mut because: Vec<String> = callbacks
        .iter()
        .take(NAMED)
        .map(|one| format!("{} of plugin {}: {}", one.callback.name(), name(one), one.fuel))
        .collect();
    because.push(format!("counted by wasmtime {WASMTIME}"));
    Some(Failure {
        span: cost.span.clone(),
        step,
        step_words: "the whole scenario".to_owned(),
        repetition: None,
        what: "cost.max_fuel".to_owned(),
        expected: format!("an exchange uses at most {most} fuel"),
        actual: match over - 1 {
            0 => format!("exchange #{} used {fuel}", stream.0 + 1),
            more => format!("exchange #{} used {fuel}, and {more} more are over", stream.0 + 1),
        },
        diff: None,
        nearest: None,
        at: host.now(),
        events: 0..host.transcript().mark(),
        because,
        backtrace: Vec::new(),
        again: 0,
    })
}

/// The fuel of a run as text: exchange by exchange, callback by callback. The version stands first, for another one
/// gives other figures.
pub(super) fn view(run: &Run) -> String {
    let mut out = format!("wasmtime {WASMTIME}\n");
    let mut section = |title: &str, stream: Option<StreamId>| {
        let of: Vec<&Spent> = run.spent.iter().filter(|one| one.stream == stream).collect();
        if of.is_empty() {
            return;
        }
        let sum: u64 = of.iter().map(|one| one.fuel).sum();
        let _ = writeln!(out, "\n{title}: {sum}");
        for one in of {
            let plugin = one.plugin.and_then(|at| run.plugins.get(at.0));
            let name = plugin.map_or_else(|| run.transcript.vm_name(one.vm), String::as_str);
            let _ = writeln!(out, "  {name}  {}  {}", one.callback.name(), one.fuel);
        }
    };
    section("outside of exchanges", None);
    for stream in by_exchange(&run.spent).into_keys() {
        section(&format!("#{}", stream.0 + 1), Some(stream));
    }
    out
}
