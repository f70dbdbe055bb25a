//! What a plugin's own code costs, as a number that is the same on every machine: fuel, one unit for each wasm
//! instruction that runs.
//!
//! Counted by engines made with `fuel: true`, which compile code of their own: that code is slower, so time and fuel are
//! measured in two passes. What the host does for a hostcall takes no fuel, and neither does the length of a bulk memory
//! operation. Refuses to hold limits of exchanges; those are judged above.

use wasmtime::Store;

use super::engine::Engine;
use super::machine::VmData;
use crate::abi::CallbackId;
use crate::proxy::{PluginIndex, StreamId, VmIndex};

/// The version of wasmtime that counts. Two versions may compile the same module to other instructions that count, so a
/// figure is compared only with figures of the same version.
pub const WASMTIME: &str = "48.0.8";

/// What one callback used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The VM that ran it.
    pub vm: VmIndex,
    /// The plugin whose context it was for; `None` for `_initialize`, `main` and `_start`.
    pub plugin: Option<PluginIndex>,
    /// The stream or connection whose context it was for; `None` for the plugin's own.
    pub stream: Option<StreamId>,
    /// The callback.
    pub callback: CallbackId,
    /// Fuel: wasm instructions, those of the allocator that hostcalls call among them.
    pub fuel: u64,
}

/// Counts what each call into a VM uses, and ends a call that uses more than it may.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    allowance: u64,
}

impl Meter {
    /// The meter of a VM of this engine; none when the engine does not count. A callback may use `allowance`.
    pub(super) fn of(engine: &Engine, allowance: Option<u64>) -> Option<Self> {
        engine.settings().fuel.then(|| Self { allowance: allowance.unwrap_or(u64::MAX) })
    }

    /// Gives the next callback its fuel.
    pub(super) fn fill(self, store: &mut Store<VmData>) {
        set(store, self.allowance);
    }

    /// What has been used since [`Self::fill`].
    pub(super) fn used(self, store: &Store<VmData>) -> u64 {
        self.allowance - left(store)
    }

    /// Gives what is no callback (the start section, `_initialize`, `main`) all the fuel there is: it runs as on a proxy.
    pub(super) fn fill_for_start(store: &mut Store<VmData>) {
        set(store, u64::MAX);
    }

    /// What has been used since [`Self::fill_for_start`].
    pub(super) fn used_by_start(store: &Store<VmData>) -> u64 {
        u64::MAX - left(store)
    }
}

fn set(store: &mut Store<VmData>, fuel: u64) {
    store.set_fuel(fuel).expect("the engine counts fuel");
}

fn left(store: &Store<VmData>) -> u64 {
    store.get_fuel().expect("the engine counts fuel")
}

#[cfg(test)]
mod tests {
    use super::WASMTIME;

    #[test]
    fn the_version_is_the_one_in_the_lock_file() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        let package = lock.split("[[package]]").find(|text| text.contains("name = \"wasmtime\"\n")).unwrap();
        assert!(package.contains(&format!("version = \"{WASMTIME}\"\n")), "{package}");
    }
}
