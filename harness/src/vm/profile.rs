//! Where a guest spends its time, function by function: a profile that opens in the Firefox profiler.
//!
//! A sample is taken at each tick of the engine's epoch while wasm runs. Whoever profiles makes the ticks
//! ([`Profile::tick`], from a thread of its own), for this crate reads no clock; wasmtime's profiler reads one for the
//! times of its samples. Frames are named by the module's name section, demangled.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::{GuestProfiler, UpdateDeadline};

use super::engine::Engine;
use super::limits::HangGuard;
use super::vms::Vms;

/// A profile under way. Clones are the same profile.
#[derive(Clone)]
pub struct Profile {
    engine: &'static Engine,
    profiler: Arc<Mutex<Option<GuestProfiler>>>,
}

/// Why there is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no profile can be made: {0}")]
pub struct ProfileError(String);

impl Profile {
    /// A tick: each VM that runs wasm now gives a sample. While ticks come, the hang guards of this engine's other VMs
    /// run out sooner.
    pub fn tick(&self) {
        self.engine.wasmtime().increment_epoch();
    }

    /// Ends the profile and writes it, as JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or has been.
    pub fn finish(&self, out: impl Write) -> Result<(), ProfileError> {
        let profiler = self.profiler.lock().unwrap_or_else(PoisonError::into_inner).take();
        let profiler = profiler.ok_or_else(|| ProfileError("it has been written".to_owned()))?;
        profiler.finish(out).map_err(|error| ProfileError(format!("{error:#}")))
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").finish_non_exhaustive()
    }
}

impl Vms {
    /// Begins a profile of all VMs, which is called `name`; ticks are to come each `interval`. VMs of a second engine,
    /// which only modules have that no pool can hold, are not in it.
    pub(crate) fn profile(&mut self, name: &str, interval: Duration) -> Result<Profile, ProfileError> {
        let first =
            self.all.iter().flatten().next().ok_or_else(|| ProfileError("there is no plugin".to_owned()))?;
        let engine = first.program.engine();
        if !engine.settings().guard {
            return Err(ProfileError("the plugins are compiled without epoch checks".to_owned()));
        }
        let mut modules: Vec<(String, wasmtime::Module)> = Vec::new();
        for vm in self.all.iter().flatten().filter(|vm| std::ptr::eq(vm.program.engine(), engine)) {
            let module = vm.program.module();
            if !modules.iter().any(|(_, known)| wasmtime::Module::same(known, module)) {
                modules.push((module.name().unwrap_or("plugin").to_owned(), module.clone()));
            }
        }
        let profiler = GuestProfiler::new(engine.wasmtime(), name, interval, modules)
            .map_err(|error| ProfileError(format!("{error:#}")))?;
        let profiler = Arc::new(Mutex::new(Some(profiler)));
        for vm in self.all.iter_mut().flatten().filter(|vm| std::ptr::eq(vm.program.engine(), engine)) {
            let profiler = Arc::clone(&profiler);
            // The next tick is met; the guest goes on after it.
            vm.guard = HangGuard::new(Duration::ZERO);
            vm.store.epoch_deadline_callback(move |store| {
                if let Some(profiler) = &mut *profiler.lock().unwrap_or_else(PoisonError::into_inner) {
                    profiler.sample(&store, interval);
                }
                Ok(UpdateDeadline::Continue(1))
            });
        }
        Ok(Profile { engine, profiler })
    }
}
