//! wasmtime: engine, plugins, virtual machines.

mod admission;
mod artifact;
mod declared;
mod engine;
mod inspect;
mod limits;
mod load_error;
mod plugin;
mod trap;

pub use artifact::{ArtifactCache, CacheProblem};
pub use declared::{
    Declared, EntryPoint, Export, Extern, FunctionType, Import, Language, MemoryPlace, ValueType,
};
pub use engine::{Allocation, Compiler, Engine, EngineError, EngineSettings};
pub use inspect::{CallbackReport, ImageObstacle, ImportReport, Inspection, inspect};
pub use limits::{HANG_TIMEOUT, HangGuard, MAX_MEMORY, MAX_TABLE_ELEMENTS, MemoryCap, WASM_STACK};
pub use load_error::LoadError;
pub use plugin::{LoadOptions, Plugin};
pub use trap::{Frame, RestrictedCall, Trap, TrapKind};
