//! What instances are made from: a compiled module, where its exports are, and its imports resolved.
//!
//! A plugin has one; so has each image of a started plugin, which is the same code with other data.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wasmtime::{Linker, Module, ModuleExport};

use super::declared::{Declared, MemoryPlace};
use super::engine::{Engine, EngineSettings};
use super::linked::Linked;
use super::machine::VmData;
use crate::abi::{AbiVersion, CallbackId};

/// Makes a linker that offers everything to modules of a version. It is `sections::link`, which this layer cannot name.
pub(crate) type Link = fn(&wasmtime::Engine, AbiVersion) -> wasmtime::Result<Linker<VmData>>;

/// A compiled module with its exports found and its imports resolved, once.
pub(crate) struct Program {
    engine: &'static Engine,
    version: AbiVersion,
    module: Module,
    exports: [Option<ModuleExport>; CallbackId::COUNT],
    memory: Option<ModuleExport>,
    linked: OnceLock<Linked>,
}

impl Program {
    /// `module` was compiled from a module that declares `declared`.
    pub(super) fn new(
        module: Module,
        engine: &'static Engine,
        version: AbiVersion,
        declared: &Declared,
    ) -> Self {
        let exports = std::array::from_fn(|place| {
            let id = CallbackId::ALL[place];
            if declared.looks_up(id) { module.get_export_index(id.name()) } else { None }
        });
        let memory = match declared.memory() {
            MemoryPlace::Exported(name) => module.get_export_index(&name),
            MemoryPlace::Imported { .. } | MemoryPlace::None => None,
        };
        Self { engine, version, module, exports, memory, linked: OnceLock::new() }
    }

    pub(super) fn engine(&self) -> &'static Engine {
        self.engine
    }

    pub(super) fn module(&self) -> &Module {
        &self.module
    }

    /// Where the module exports this function, if it does and the host looks it up.
    pub(super) fn export(&self, id: CallbackId) -> Option<&ModuleExport> {
        self.exports[id.index()].as_ref()
    }

    /// Where it exports its memory.
    pub(super) fn memory(&self) -> Option<&ModuleExport> {
        self.memory.as_ref()
    }

    /// The module with its imports resolved.
    ///
    /// # Errors
    ///
    /// When `link` does not offer an import. Admission has checked that it does.
    pub(crate) fn linked(&self, link: Link) -> wasmtime::Result<&Linked> {
        if let Some(linked) = self.linked.get() {
            return Ok(linked);
        }
        let linked = Linked::new(linker(self.engine, self.version, link)?, &self.module)?;
        Ok(self.linked.get_or_init(|| linked))
    }
}

/// The process's linker for this engine and version: it has more than a hundred functions, so it is made once.
fn linker(engine: &Engine, version: AbiVersion, link: Link) -> wasmtime::Result<Arc<Linker<VmData>>> {
    type Made = BTreeMap<(EngineSettings, AbiVersion), Arc<Linker<VmData>>>;
    static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(linker) = made.get(&(engine.settings(), version)) {
        return Ok(Arc::clone(linker));
    }
    let linker = Arc::new(link(engine.wasmtime(), version)?);
    made.insert((engine.settings(), version), Arc::clone(&linker));
    Ok(linker)
}
