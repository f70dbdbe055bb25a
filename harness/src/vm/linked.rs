//! A module with its imports resolved: what fresh instances come from.
//!
//! Functions are resolved once. Memories and tables that a module imports belong to one store, so they are made anew
//! for each instance, as Envoy's V8 does.

use std::sync::Arc;

use wasmtime::{ExternType, Instance, InstancePre, Linker, Memory, Module, Ref, Store, Table};

use super::machine::VmData;

/// A module with its imports resolved.
pub(crate) enum Linked {
    /// It imports functions only.
    Once(InstancePre<VmData>),
    /// It imports a memory or a table as well.
    Anew { linker: Arc<Linker<VmData>>, module: Module },
}

impl Linked {
    pub(crate) fn new(linker: Arc<Linker<VmData>>, module: &Module) -> wasmtime::Result<Self> {
        if module.imports().all(|import| matches!(import.ty(), ExternType::Func(_))) {
            return linker.instantiate_pre(module).map(Self::Once);
        }
        Ok(Self::Anew { linker, module: module.clone() })
    }

    /// A fresh instance, and the memory that was made for it if it imports one.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<VmData>,
    ) -> wasmtime::Result<(Instance, Option<Memory>)> {
        let (linker, module) = match self {
            Self::Once(pre) => return Ok((pre.instantiate(store)?, None)),
            Self::Anew { linker, module } => (linker, module),
        };
        let mut linker = Linker::clone(linker);
        let mut made = None;
        for import in module.imports() {
            match import.ty() {
                ExternType::Memory(kind) => {
                    let memory = Memory::new(&mut *store, kind)?;
                    linker.define(&mut *store, import.module(), import.name(), memory)?;
                    made.get_or_insert(memory);
                }
                ExternType::Table(kind) => {
                    let nothing = Ref::null(kind.element().heap_type());
                    let table = Table::new(&mut *store, kind, nothing)?;
                    linker.define(&mut *store, import.module(), import.name(), table)?;
                }
                _ => {}
            }
        }
        Ok((linker.instantiate(store, module)?, made))
    }
}
