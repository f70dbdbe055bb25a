//! What can be counted, and is the same each time: fuel, hostcalls, bytes, lines.

use std::collections::BTreeMap;

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::transcript::{Arg, Args, Kind};

use super::figures::{Asked, Callback};

/// Where the steps begin in what a host holds: what came before is the start, and the streams that were opened beside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    spent: usize,
    events: usize,
}

impl Mark {
    pub(super) fn of(host: &Host) -> Self {
        Self { spent: host.spent().len(), events: host.transcript().mark() }
    }
}

/// Fuel of exchanges, fuel of everything else, and the callbacks of the steps.
pub(super) fn fuel(host: &Host, since: Mark) -> (u64, u64, Vec<Callback>) {
    let (mut inside, mut outside) = (0, 0);
    let mut callbacks: BTreeMap<(usize, &str), (u64, u64)> = BTreeMap::new();
    for (at, one) in host.spent().iter().enumerate() {
        if one.stream.is_none() {
            outside += one.fuel;
        } else if at >= since.spent {
            inside += one.fuel;
        }
        if at >= since.spent {
            let (calls, fuel) = callbacks.entry((one.vm.0, one.callback.name())).or_default();
            *calls += 1;
            *fuel += one.fuel;
        }
    }
    let name = |vm| host.transcript().vm_name(proxy_wasm_harness::proxy::VmIndex(vm)).to_owned();
    let callbacks = callbacks.into_iter();
    let mut callbacks: Vec<Callback> = callbacks
        .map(|((vm, name_of), (calls, fuel))| Callback {
            plugin: name(vm),
            name: name_of,
            calls,
            fuel,
            time: None,
        })
        .collect();
    callbacks.sort_by_key(|callback| std::cmp::Reverse(callback.fuel));
    (inside, outside, callbacks)
}

/// What plugins asked of the host in the steps.
pub(super) fn asked(host: &Host, since: Mark) -> Asked {
    let transcript = host.transcript();
    let mut asked = Asked::default();
    for event in &transcript.events()[since.events..] {
        match event.kind {
            Kind::Hostcall { row, args, .. } => {
                *asked.hostcalls.entry(row.name).or_default() += 1;
                asked.bytes_from_plugins += copied(transcript.bytes(args));
            }
            Kind::Answered { results, .. } => asked.bytes_to_plugins += copied(transcript.bytes(results)),
            Kind::Log { message, .. } => {
                asked.log_lines += 1;
                asked.log_bytes += transcript.bytes(message).len() as u64;
            }
            _ => {}
        }
    }
    asked
}

/// Bytes among these arguments that were copied from memory to memory; numbers are not.
fn copied(encoded: &[u8]) -> u64 {
    let bytes = Args(encoded).map(|arg| match arg {
        Arg::Bytes(bytes) | Arg::Pairs(bytes) => bytes.len() as u64,
        _ => 0,
    });
    bytes.sum()
}
