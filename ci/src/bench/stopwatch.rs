//! Times callbacks one by one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proxy_wasm_harness::abi::CallbackId;
use proxy_wasm_harness::proxy::VmIndex;
use proxy_wasm_harness::vm::Watch;

/// Time and number of calls, by VM and callback.
pub(super) type Times = BTreeMap<(usize, &'static str), (Duration, u32)>;

/// Adds up how long callbacks take. Clones are the same watch.
#[derive(Clone, Debug, Default)]
pub(super) struct Stopwatch(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    running: Option<((usize, &'static str), Instant)>,
    times: Times,
}

impl Stopwatch {
    /// What was added up since the last time.
    pub(super) fn take(&self) -> Times {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).times)
    }
}

impl Watch for Stopwatch {
    fn enter(&mut self, vm: VmIndex, callback: CallbackId) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.running = Some(((vm.0, callback.name()), Instant::now()));
    }

    fn leave(&mut self, ran: bool) {
        let now = Instant::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((key, began)) = state.running.take()
            && ran
        {
            let (took, calls) = state.times.entry(key).or_default();
            *took += now - began;
            *calls += 1;
        }
    }
}
