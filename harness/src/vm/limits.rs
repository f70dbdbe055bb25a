//! What a guest may use up: wall-clock time per call, memory, stack.
//!
//! The hang guard is the only thing in this crate that has to do with the wall clock, and it only sleeps: it reads no
//! clock, so nothing that it does can reach a transcript except the end of the scenario. Refuses to hold policy:
//! what an exceeded limit means is said by `trap` and judged above.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use wasmtime::{AsContextMut, ResourceLimiter};

/// Native stack that a call into the guest may use, in bytes. V8 in Envoy allows about as much (984 KiB); a test
/// thread of Rust has 2 MiB, which leaves the other half to the host.
pub const WASM_STACK: usize = 1 << 20;

/// Default of `--max-memory`, in bytes.
pub const MAX_MEMORY: u64 = 256 << 20;

/// Default of `--hang-timeout`.
pub const HANG_TIMEOUT: Duration = Duration::from_secs(10);

/// Elements that any table may grow to; V8 has the same limit.
pub const MAX_TABLE_ELEMENTS: usize = 10_000_000;

/// How often epochs move. Bounds how late the guard ends a call.
const TICK: Duration = Duration::from_millis(50);

/// Ends a call into the guest that takes longer than a timeout of wall-clock time.
///
/// Works on stores of engines made with `guard: true`; on others it does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HangGuard {
    ticks: u64,
}

impl HangGuard {
    /// A guard that lets each call run for at least `timeout`, and at most two ticks (100 ms) longer when the machine
    /// has time for its thread.
    #[must_use]
    pub const fn new(timeout: Duration) -> Self {
        // One more, because the running tick may be about to end.
        Self { ticks: (timeout.as_millis().div_ceil(TICK.as_millis()) as u64).saturating_add(1) }
    }

    /// Gives the next call on this store its whole time. Needed before instantiation and before each outermost call:
    /// a store that was never armed traps at once. Not before a call back into the guest from a host function
    /// (allocation), which would give the outer call its time anew.
    pub fn arm(self, mut store: impl AsContextMut) {
        start();
        store.as_context_mut().set_epoch_deadline(self.ticks);
    }
}

impl Default for HangGuard {
    fn default() -> Self {
        Self::new(HANG_TIMEOUT)
    }
}

/// The engines whose epochs move.
static WATCHED: Mutex<Vec<wasmtime::Engine>> = Mutex::new(Vec::new());

/// Adds an engine to those whose epochs move.
pub(super) fn watch(engine: &wasmtime::Engine) {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push(engine.clone());
}

/// Starts the thread that moves the epochs, once per process, when the first guarded call is made.
fn start() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        // Without a thread there is no guard, but a run that does not hang is still right.
        let _ = std::thread::Builder::new().name("hang-guard".to_owned()).spawn(move_epochs);
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "the hang guard measures wall-clock time; it ends runs, never shapes them"
)]
fn move_epochs() {
    loop {
        std::thread::sleep(TICK);
        for engine in WATCHED.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            engine.increment_epoch();
        }
    }
}

/// Refuses growth of a VM's memory above a cap, and remembers that it did. The guest sees `memory.grow` answer -1,
/// as it would on a real proxy that is out of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryCap {
    max: u64,
    refused: Option<u64>,
    told: bool,
}

impl MemoryCap {
    /// A cap of `max` bytes for each linear memory.
    #[must_use]
    pub const fn new(max: u64) -> Self {
        Self { max, refused: None, told: false }
    }

    /// The cap, in bytes.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The size in bytes that was first asked for and refused, if any was.
    #[must_use]
    pub const fn refused(&self) -> Option<u64> {
        self.refused
    }

    /// As [`Self::refused`], told once.
    pub(crate) fn take_refused(&mut self) -> Option<u64> {
        self.refused.filter(|_| !std::mem::replace(&mut self.told, true))
    }
}

impl Default for MemoryCap {
    fn default() -> Self {
        Self::new(MAX_MEMORY)
    }
}

impl ResourceLimiter for MemoryCap {
    fn memory_growing(
        &mut self,
        _now: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Beyond the maximum that the module itself states, the answer is -1 on every host: not our cap's doing.
        let own = maximum.is_some_and(|maximum| desired > maximum);
        let over = desired as u64 > self.max;
        if over && !own {
            self.refused.get_or_insert(desired as u64);
        }
        Ok(!over)
    }

    fn table_growing(
        &mut self,
        _now: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::engine::{Engine, EngineSettings};
    use crate::vm::trap::{Trap, TrapKind};
    use wasmtime::{Instance, Module, Store};

    /// Runs the export `run` of a module in a store limited by `cap`.
    fn run(wat: &str, cap: MemoryCap, timeout: Duration) -> (Result<(), Trap>, MemoryCap) {
        let engine = Engine::get(EngineSettings::default()).unwrap().wasmtime();
        let module = Module::new(engine, wat::parse_str(wat).unwrap()).unwrap();
        let mut store = Store::new(engine, cap);
        store.limiter(|cap| cap);
        HangGuard::new(timeout).arm(&mut store);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let done = run.call(&mut store, ()).map_err(|error| Trap::from_error(&error));
        (done, *store.data())
    }

    #[test]
    fn a_call_that_never_returns_is_ended() {
        let wat = r#"(module (func (export "run") (loop br 0)))"#;
        let (done, _) = run(wat, MemoryCap::default(), Duration::from_millis(100));
        assert_eq!(done.unwrap_err().kind, TrapKind::Hang);
    }

    #[test]
    fn recursion_without_end_is_a_trap_on_a_test_thread() {
        let wat = r#"(module (func $f (export "run") (call $f)))"#;
        let (done, _) = run(wat, MemoryCap::default(), HANG_TIMEOUT);
        assert_eq!(done.unwrap_err().kind, TrapKind::StackOverflow);
    }

    #[test]
    fn memory_grows_to_its_cap_and_the_guest_sees_minus_one() {
        let wat = r#"(module (memory 1) (func (export "run")
            (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
            (if (i32.ne (memory.size) (i32.const 16)) (then unreachable))))"#;
        let (done, cap) = run(wat, MemoryCap::new(16 << 16), HANG_TIMEOUT);
        assert_eq!(done, Ok(()));
        assert_eq!(cap.refused(), Some(17 << 16));
    }

    #[test]
    fn the_modules_own_maximum_is_not_our_cap() {
        let wat = r#"(module (memory 1 2) (func (export "run") (drop (memory.grow (i32.const 5)))))"#;
        assert_eq!(run(wat, MemoryCap::new(4 << 16), HANG_TIMEOUT).1.refused(), None);
    }

    #[test]
    fn a_guard_is_never_early() {
        assert_eq!(HangGuard::new(Duration::from_millis(1)).ticks, 2);
        assert_eq!(HangGuard::new(Duration::from_secs(10)).ticks, 201);
    }
}
