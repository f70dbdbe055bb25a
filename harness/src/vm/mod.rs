//! wasmtime: engine, plugins, virtual machines.

mod admission;
mod artifact;
mod compile;
mod declared;
mod engine;
mod export;
mod fuel;
pub(crate) mod gate;
mod hostcall;
mod image;
mod imageable;
mod inspect;
mod limits;
mod linked;
mod load_error;
mod machine;
pub(crate) mod memory;
mod plugin;
mod profile;
mod program;
mod quick;
mod recognise;
mod trap;
mod turns;
mod vms;
mod watch;

pub use artifact::{ArtifactCache, CacheProblem};
pub use declared::{
    Declared, EntryPoint, Export, Extern, FunctionType, Import, Language, MemoryPlace, ValueType,
};
pub use engine::{Allocation, Compiler, Engine, EngineError, EngineSettings};
pub use fuel::{Spent, WASMTIME};
pub(crate) use image::ImageModule;
pub use image::NoImage;
pub use imageable::ImageObstacle;
pub use inspect::{CallbackReport, ImportReport, Inspection, inspect};
pub use limits::{HANG_TIMEOUT, HangGuard, MAX_MEMORY, MAX_TABLE_ELEMENTS, MemoryCap, WASM_STACK};
pub use load_error::LoadError;
pub use machine::Trapped;
pub(crate) use machine::{Allowance, Vm, VmData};
pub use plugin::{LoadOptions, Plugin};
pub use profile::{Profile, ProfileError};
pub(crate) use program::Program;
pub use quick::finish_compiling;
pub use trap::{Frame, RestrictedCall, Trap, TrapKind};
pub(crate) use turns::{Pause, Returning, Turn, Turns};
pub(crate) use vms::{Recipe, Vms, VmsMark};
pub use watch::Watch;
