//! Functions of the guest, found when they are first called, by the types that callbacks have.

use wasmtime::{AsContextMut, Instance, Store, TypedFunc};

use super::machine::VmData;
use super::program::Program;
use crate::abi::CallbackId;

/// A function of the guest, by its type.
pub(super) enum Export {
    Void1(TypedFunc<u32, ()>),
    Value1(TypedFunc<u32, u32>),
    Void2(TypedFunc<(u32, u32), ()>),
    Value2(TypedFunc<(u32, u32), u32>),
    Void3(TypedFunc<(u32, u32, u32), ()>),
    Value3(TypedFunc<(u32, u32, u32), u32>),
    Void5(TypedFunc<(u32, u32, u32, u32, u32), ()>),
}

impl Export {
    /// What `program` exports for this callback, when it has one of the types that callbacks have.
    fn find(
        callback: CallbackId,
        program: &Program,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> Option<Self> {
        let place = program.export(callback)?;
        let function = instance.get_module_export(&mut store, place)?.into_func()?;
        let kind = function.ty(&store);
        let store = store.as_context_mut();
        match (kind.params().len(), kind.results().len()) {
            (1, 0) => function.typed(store).ok().map(Self::Void1),
            (1, 1) => function.typed(store).ok().map(Self::Value1),
            (2, 0) => function.typed(store).ok().map(Self::Void2),
            (2, 1) => function.typed(store).ok().map(Self::Value2),
            (3, 0) => function.typed(store).ok().map(Self::Void3),
            (3, 1) => function.typed(store).ok().map(Self::Value3),
            (5, 0) => function.typed(store).ok().map(Self::Void5),
            _ => None,
        }
    }

    /// Calls it with as many of `args` as it takes.
    #[inline]
    pub(super) fn call(
        &self,
        store: &mut Store<VmData>,
        &[a, b, c, d, e]: &[u32; 5],
    ) -> wasmtime::Result<Option<u32>> {
        match self {
            Self::Void1(function) => function.call(store, a).map(|()| None),
            Self::Value1(function) => function.call(store, a).map(Some),
            Self::Void2(function) => function.call(store, (a, b)).map(|()| None),
            Self::Value2(function) => function.call(store, (a, b)).map(Some),
            Self::Void3(function) => function.call(store, (a, b, c)).map(|()| None),
            Self::Value3(function) => function.call(store, (a, b, c)).map(Some),
            Self::Void5(function) => function.call(store, (a, b, c, d, e)).map(|()| None),
        }
    }
}

/// The functions that one instance exports for callbacks. A fresh VM is asked for few of them, and finding one costs
/// more than calling it: each is looked for once, and only when it is called.
pub(super) struct Exports {
    found: [Found; CallbackId::COUNT],
}

enum Found {
    NotLookedFor,
    Absent,
    Here(Export),
}

impl Exports {
    pub(super) const fn new() -> Self {
        Self { found: [const { Found::NotLookedFor }; CallbackId::COUNT] }
    }

    /// The function for `callback`.
    pub(super) fn get(
        &mut self,
        callback: CallbackId,
        program: &Program,
        instance: &Instance,
        store: &mut Store<VmData>,
    ) -> Option<&Export> {
        let found = &mut self.found[callback.index()];
        if let Found::NotLookedFor = found {
            *found = match Export::find(callback, program, instance, store) {
                Some(export) => Found::Here(export),
                None => Found::Absent,
            };
        }
        match found {
            Found::Here(export) => Some(export),
            Found::Absent | Found::NotLookedFor => None,
        }
    }
}

/// The guest's allocator: which function it is, for the record, and the function.
pub(crate) type Allocator = (CallbackId, TypedFunc<u32, u32>);

/// The allocator that `program` exports, when it has the right type.
pub(super) fn allocator(
    program: &Program,
    instance: &Instance,
    store: &mut Store<VmData>,
) -> Option<Allocator> {
    [CallbackId::Malloc, CallbackId::MemoryAllocate].into_iter().find_map(|callback| {
        match Export::find(callback, program, instance, &mut *store) {
            Some(Export::Value1(function)) => Some((callback, function)),
            _ => None,
        }
    })
}
