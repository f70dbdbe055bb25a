//! What is measured of a scenario.

use std::collections::BTreeMap;

use super::interval::Interval;

/// A scenario, measured.
#[derive(Debug)]
pub(super) struct Figures {
    /// The trial's name.
    pub(super) name: String,
    /// Exchanges that the scenario opens.
    pub(super) exchanges: usize,
    /// Fuel of all exchanges together.
    pub(super) fuel: u64,
    /// Fuel of everything else: the start, ticks.
    pub(super) fuel_outside: u64,
    /// Nanoseconds per exchange.
    pub(super) time: Interval,
    /// Callbacks, those that use most fuel first.
    pub(super) callbacks: Vec<Callback>,
    /// What the plugins asked of the host, over the whole scenario but its start.
    pub(super) asked: Asked,
    /// Bytes of linear memory in all VMs: when started, and after so many exchanges.
    pub(super) memory: Memory,
    /// Nanoseconds from a loaded module to a configured host.
    pub(super) start: Interval,
    /// Nanoseconds that compiling takes, without a cache, by plugin.
    pub(super) compile: Vec<(String, u64)>,
}

/// One callback of one VM.
#[derive(Debug)]
pub(super) struct Callback {
    /// The plugins of the VM.
    pub(super) plugin: String,
    /// Its name in the ABI.
    pub(super) name: &'static str,
    /// How often the scenario calls it, its start not counted.
    pub(super) calls: u64,
    /// Fuel of all calls.
    pub(super) fuel: u64,
    /// Nanoseconds per call.
    pub(super) time: Option<Interval>,
}

/// What plugins asked of the host.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Hostcalls by name.
    pub(super) hostcalls: BTreeMap<&'static str, u64>,
    /// Bytes that the host copied out of plugins' memories.
    pub(super) bytes_from_plugins: u64,
    /// Bytes that it copied into them.
    pub(super) bytes_to_plugins: u64,
    /// Lines logged.
    pub(super) log_lines: u64,
    /// Their bytes.
    pub(super) log_bytes: u64,
}

/// Bytes of linear memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    pub(super) started: u64,
    pub(super) after: u64,
    /// How many exchanges it is after.
    pub(super) exchanges: usize,
}

impl Figures {
    /// Fuel per exchange.
    pub(super) fn fuel_each(&self) -> f64 {
        self.fuel as f64 / self.exchanges.max(1) as f64
    }
}
