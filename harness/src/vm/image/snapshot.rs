//! What is kept of a VM: the pages of its memory that hold something, and its mutable globals.

use wasmtime::{Extern, Val};

use super::expose::exposed;
use crate::vm::machine::Vm;

/// Bytes that are looked at together: a run of data starts and ends at a multiple.
const PAGE: usize = 4096;

/// The state of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// Size of the memory in wasm pages.
    pub(super) pages: u64,
    /// Place and bytes of everything in the memory that is not zero.
    pub(super) runs: Vec<(u32, Vec<u8>)>,
    /// Mutable globals by index.
    pub(super) globals: Vec<(u32, Number)>,
}

/// The value of a global, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
}

impl Vm {
    /// The state of the instance now.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        let memory = self.store.data().memory;
        let pages = memory.map_or(0, |memory| memory.size(&self.store));
        let runs = memory.map_or_else(Vec::new, |memory| runs(memory.data(&self.store)));
        let module = self.program.module().clone();
        let mut globals: Vec<_> = module
            .exports()
            .filter_map(|export| Some((exposed(export.name())?, export.name())))
            .filter_map(|(index, name)| {
                let global = self.instance.get_export(&mut self.store, name).and_then(Extern::into_global)?;
                Some((index, Number::of(global.get(&mut self.store))?))
            })
            .collect();
        globals.sort_by_key(|(index, _)| *index);
        Snapshot { pages, runs, globals }
    }
}

impl Number {
    fn of(value: Val) -> Option<Self> {
        Some(match value {
            Val::I32(value) => Self::I32(value),
            Val::I64(value) => Self::I64(value),
            Val::F32(bits) => Self::F32(bits),
            Val::F64(bits) => Self::F64(bits),
            Val::V128(bits) => Self::V128(bits.as_u128()),
            _ => return None,
        })
    }
}

/// The runs of pages of `memory` that hold anything but zeros.
fn runs(memory: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut runs: Vec<(u32, Vec<u8>)> = Vec::new();
    for (at, page) in memory.chunks(PAGE).enumerate().map(|(index, page)| (index * PAGE, page)) {
        if is_zero(page) {
            continue;
        }
        match runs.last_mut() {
            Some((start, run)) if *start as usize + run.len() == at => run.extend_from_slice(page),
            _ => runs.push((at as u32, page.to_vec())),
        }
    }
    runs
}

fn is_zero(page: &[u8]) -> bool {
    // Compared by the system's routine, which is as fast in a debug build.
    static ZEROS: [u8; PAGE] = [0; PAGE];
    *page == ZEROS[..page.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_the_pages_that_hold_something() {
        let mut memory = vec![0; 6 * PAGE];
        assert_eq!(runs(&memory), []);
        memory[PAGE] = 1;
        memory[3 * PAGE - 1] = 2;
        memory[5 * PAGE + 7] = 3;
        let found = runs(&memory);
        let places: Vec<_> = found.iter().map(|(start, run)| (*start as usize, run.len())).collect();
        assert_eq!(places, [(PAGE, 2 * PAGE), (5 * PAGE, PAGE)]);
        assert_eq!(found[0].1[..], memory[PAGE..3 * PAGE]);
    }
}
