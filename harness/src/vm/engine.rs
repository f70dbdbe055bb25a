//! The engines: one wasmtime engine per combination of settings in a process, made when first asked for.
//!
//! Holds what makes a guest deterministic and what makes it fast. Refuses to hold anything about a module, a VM or
//! the clock. Serves promises 2 and 3: same transcript on every machine, and little cost beside the plugin's own.

use std::sync::OnceLock;

use wasmtime::{
    Config, Enabled, Inlining, InstanceAllocationStrategy, Memory, MemoryType, OptLevel,
    PoolingAllocationConfig, Store, Strategy, WasmBacktraceDetails, WasmFeatures,
};

use super::limits;

/// Which compiler turns wasm into machine code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compiler {
    /// Optimising: fast code, slow compilation.
    #[default]
    Cranelift,
    /// Single pass: compiles several times faster, code about half as fast. Lacks tail calls and relaxed SIMD.
    Winch,
}

/// What an engine is asked to do. Every combination is a separate engine and a separate compiled module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineSettings {
    /// Epoch checks at loops and calls, so that the hang guard can end a callback that never returns.
    pub guard: bool,
    /// The compiler.
    pub compiler: Compiler,
    /// Counts fuel: the same number for the same module and input on every machine.
    pub fuel: bool,
    /// Asks for memory from a pool, which makes fresh VMs cheap. See [`Allocation`] for what was given.
    pub pooling: bool,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { guard: true, compiler: Compiler::Cranelift, fuel: false, pooling: true }
    }
}

/// How many combinations of settings there are.
const COMBINATIONS: usize = 16;

impl EngineSettings {
    /// Its place among all combinations.
    const fn index(self) -> usize {
        self.guard as usize
            | (self.compiler as usize) << 1
            | (self.fuel as usize) << 2
            | (self.pooling as usize) << 3
    }
}

/// Where the memory of instances comes from: what the machine allowed, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// A pool of slots that stay mapped and resident between instances.
    Pooled {
        /// Instances that can live at once; one more fails to instantiate.
        slots: u32,
    },
    /// Mapped for each instance: 4 GiB of address space each, no pool.
    OnDemand,
    /// As on demand, but with explicit bounds checks in place of address space, where that is limited.
    Checked,
}

/// Nothing on this machine could make an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the WebAssembly engine cannot be made on this machine: {cause}")]
pub struct EngineError {
    /// What wasmtime says.
    pub cause: String,
}

/// An engine with the settings and the allocation that it was made with. Lives as long as the process.
#[derive(Debug)]
pub struct Engine {
    engine: wasmtime::Engine,
    settings: EngineSettings,
    allocation: Allocation,
}

impl Engine {
    /// The process's engine for these settings.
    ///
    /// # Errors
    ///
    /// When wasmtime cannot compile for this machine, or not a single memory can be mapped.
    pub fn get(settings: EngineSettings) -> Result<&'static Self, EngineError> {
        static ENGINES: [OnceLock<Result<Engine, EngineError>>; COMBINATIONS] =
            [const { OnceLock::new() }; COMBINATIONS];
        ENGINES[settings.index()].get_or_init(|| Self::make(settings)).as_ref().map_err(Clone::clone)
    }

    /// Tries the ways to allocate, best first, and keeps the first that works here.
    fn make(settings: EngineSettings) -> Result<Self, EngineError> {
        let pooled = POOL_SIZES.map(|slots| Allocation::Pooled { slots });
        let ladder =
            pooled.iter().filter(|_| settings.pooling).chain(&[Allocation::OnDemand, Allocation::Checked]);
        let mut cause = None;
        for &allocation in ladder {
            match wasmtime::Engine::new(&config(settings, allocation))
                .and_then(|engine| works(engine, allocation))
            {
                Ok(engine) => {
                    if settings.guard {
                        limits::watch(&engine);
                    }
                    return Ok(Self { engine, settings, allocation });
                }
                Err(error) => cause = Some(error),
            }
        }
        Err(EngineError { cause: cause.map(|error| format!("{error:#}")).unwrap_or_default() })
    }

    /// The engine itself.
    #[must_use]
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// What it was asked to do.
    #[must_use]
    pub fn settings(&self) -> EngineSettings {
        self.settings
    }

    /// Where its instances get memory.
    #[must_use]
    pub fn allocation(&self) -> Allocation {
        self.allocation
    }
}

/// An engine can be made where its memories cannot be mapped: with limited address space, say. A pool is mapped by
/// now; without one, as many memories are mapped as a run with long chains and several threads has at once.
fn works(engine: wasmtime::Engine, allocation: Allocation) -> wasmtime::Result<wasmtime::Engine> {
    let memories = match allocation {
        Allocation::Pooled { .. } => 0,
        Allocation::OnDemand => 32,
        Allocation::Checked => 1,
    };
    let mut store = Store::new(&engine, ());
    for _ in 0..memories {
        Memory::new(&mut store, MemoryType::new(1, None))?;
    }
    drop(store);
    Ok(engine)
}

/// Slots that a pool may have. 1000 slots are 4 TiB of address space, which costs nothing where there is that much;
/// 39-bit machines have 512 GiB.
const POOL_SIZES: [u32; 2] = [1000, 64];

// The figures below are what a VM from an image and its first exchange take, made and dropped, Rust / Go: 15 / 57 us as set.

/// Bytes of a slot that stay resident between instances; above, pages go back to the system. With none 28 / 205 us: each of
/// the 52 pages that a Go plugin writes is mapped anew. 256 KiB would do for these plugins.
const MEMORY_KEPT: usize = 16 << 20;
/// The same for tables. With none 21 / 73 us.
const TABLE_KEPT: usize = 1 << 20;
/// Slots kept warm for modules that have no instance now: bounds resident memory when many plugins run in turn. With one
/// 23 / 54 us, with a hundred as with these.
const WARM_SLOTS: u32 = 8;
/// Elements that a pooled table can grow to.
pub(super) const POOLED_TABLE_ELEMENTS: usize = 100_000;
/// Tables and memories that a pooled module can define.
pub(super) const POOLED_TABLES: u32 = 8;
/// See [`POOLED_TABLES`].
pub(super) const POOLED_MEMORIES: u32 = 4;

/// The configuration of one engine.
fn config(settings: EngineSettings, allocation: Allocation) -> Config {
    let mut config = Config::new();
    // Determinism: one NaN, one result of relaxed SIMD, and nothing taken from the environment.
    config.cranelift_nan_canonicalization(true).wasm_backtrace_details(WasmBacktraceDetails::Enable);
    if settings.compiler == Compiler::Cranelift {
        config.relaxed_simd_deterministic(true);
    }
    // Speed. No inlining: fuel would change with it, and compilation takes two to three times as long.
    config
        .strategy(match settings.compiler {
            Compiler::Cranelift => Strategy::Cranelift,
            Compiler::Winch => Strategy::Winch,
        })
        .cranelift_opt_level(OptLevel::Speed)
        .compiler_inlining(Inlining::No)
        .parallel_compilation(true)
        // For native debuggers only, but on Windows, which cannot do without: backtraces of wasm and panics of hostcalls need
        // none. Three percent of a compilation.
        .native_unwind_info(cfg!(windows))
        .memory_init_cow(true)
        .epoch_interruption(settings.guard)
        .consume_fuel(settings.fuel)
        .max_wasm_stack(limits::WASM_STACK);
    // What V8 in Envoy accepts and a Proxy-Wasm module can use: pointers are 32 bits wide, threads are not there.
    config
        .wasm_features(WasmFeatures::MEMORY64 | WasmFeatures::CUSTOM_PAGE_SIZES, false)
        .wasm_features(WasmFeatures::STACK_SWITCHING | WasmFeatures::WIDE_ARITHMETIC, false);
    match allocation {
        Allocation::Pooled { slots } => {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots)));
        }
        Allocation::OnDemand => {}
        Allocation::Checked => {
            config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(1 << 20);
            config.guard_before_linear_memory(false);
        }
    }
    config
}

/// A pool that keeps pages resident. The scan for dirty pages is used where the kernel has it (Linux 6.7): without it
/// 31 / 125 us, for everything that is kept is written anew.
fn pool(slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(slots)
        .total_memories(slots)
        .total_tables(slots * 2)
        // No call is asynchronous. Each stack of the pool would be mapped and guarded when the engine is made, at every start
        // of a process.
        .total_stacks(1)
        .max_memories_per_module(POOLED_MEMORIES)
        .max_tables_per_module(POOLED_TABLES)
        .table_elements(POOLED_TABLE_ELEMENTS)
        .max_core_instance_size(16 << 20)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLE_KEPT)
        .pagemap_scan(Enabled::Auto);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_its_place() {
        let mut seen = [false; COMBINATIONS];
        for guard in [false, true] {
            for compiler in [Compiler::Cranelift, Compiler::Winch] {
                for fuel in [false, true] {
                    for pooling in [false, true] {
                        seen[EngineSettings { guard, compiler, fuel, pooling }.index()] = true;
                    }
                }
            }
        }
        assert!(seen.iter().all(|&seen| seen));
    }

    #[test]
    fn engines_are_made_once() {
        let settings = EngineSettings { pooling: false, ..EngineSettings::default() };
        let (one, two) = (Engine::get(settings).unwrap(), Engine::get(settings).unwrap());
        assert!(std::ptr::eq(one, two));
        assert_ne!(one.allocation(), Allocation::Pooled { slots: 1000 });
        assert!(one.wasmtime().get_epoch_interruption());
    }

    #[test]
    fn the_last_rung_of_the_ladder_works_everywhere() {
        let config = config(EngineSettings::default(), Allocation::Checked);
        wasmtime::Engine::new(&config).and_then(|engine| works(engine, Allocation::Checked)).unwrap();
        assert!(Engine::get(EngineSettings::default()).is_ok());
    }
}
