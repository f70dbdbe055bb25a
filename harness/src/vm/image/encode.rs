//! A module whose instances begin where a snapshot was taken.
//!
//! Types, imports, functions, tables, elements, code and custom sections stay as they are, byte for byte. The memory starts
//! as large as it had become, data segments are the snapshot's runs, mutable globals start with their saved values, and
//! there is no start section: what it did is in the snapshot. No code names a data segment (see `imageable`), so the
//! section that announces how many there are is left out.

use wasm_encoder::{
    ConstExpr, DataSection, Encode, GlobalSection, Ieee32, Ieee64, MemorySection, MemoryType, Module,
    RawSection, SectionId,
};
use wasmparser::{BinaryReaderError, GlobalSectionReader, MemorySectionReader, Parser, Payload, TypeRef};

use super::NoImage;
use super::snapshot::{Number, Snapshot};

/// The module `wasm`, which has at most one memory, as it was when `snapshot` was taken.
pub(super) fn encode(wasm: &[u8], snapshot: &Snapshot) -> Result<Vec<u8>, NoImage> {
    encoded(wasm, snapshot)
        .map_err(|error| NoImage::Unreadable(error.to_string()))?
        .ok_or_else(|| NoImage::Unreadable("a mutable global could not be read".to_owned()))
}

fn encoded(wasm: &[u8], snapshot: &Snapshot) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let mut out = Module::new();
    let mut imported = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        let same = RawSection { id, data: &wasm[range] };
        match payload {
            Payload::StartSection { .. } | Payload::DataCountSection { .. } | Payload::DataSection(_) => {}
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Global(_)));
                }
                out.section(&same);
            }
            Payload::MemorySection(section) => _ = out.section(&memories(section, snapshot)?),
            Payload::GlobalSection(section) => {
                let Some(globals) = globals(wasm, section, imported, snapshot)? else { return Ok(None) };
                out.section(&globals);
            }
            _ => _ = out.section(&same),
        }
        if id == u8::from(SectionId::Code) && !snapshot.runs.is_empty() {
            out.section(&data(snapshot));
        }
    }
    Ok(Some(out.finish()))
}

/// The memory, as large as it was.
fn memories(
    section: MemorySectionReader<'_>,
    snapshot: &Snapshot,
) -> Result<MemorySection, BinaryReaderError> {
    let mut out = MemorySection::new();
    for memory in section {
        let kind = memory?;
        out.memory(MemoryType {
            minimum: snapshot.pages,
            maximum: kind.maximum,
            memory64: kind.memory64,
            shared: kind.shared,
            page_size_log2: kind.page_size_log2,
        });
    }
    Ok(out)
}

/// The globals, mutable ones with their values in place of their initial ones. `None` when a value is missing.
fn globals(
    wasm: &[u8],
    section: GlobalSectionReader<'_>,
    imported: u32,
    snapshot: &Snapshot,
) -> Result<Option<GlobalSection>, BinaryReaderError> {
    let mut out = GlobalSection::new();
    for (index, global) in (imported..).zip(section.into_iter_with_offsets()) {
        let (start, global) = global?;
        let value = global.init_expr.get_binary_reader().range();
        let mut bytes = wasm[start..value.start].to_vec();
        if global.ty.mutable {
            let Some((_, saved)) = snapshot.globals.iter().find(|(of, _)| *of == index) else {
                return Ok(None);
            };
            constant(*saved).encode(&mut bytes);
        } else {
            bytes.extend_from_slice(&wasm[value]);
        }
        out.raw(&bytes);
    }
    Ok(Some(out))
}

fn constant(number: Number) -> ConstExpr {
    match number {
        Number::I32(value) => ConstExpr::i32_const(value),
        Number::I64(value) => ConstExpr::i64_const(value),
        Number::F32(bits) => ConstExpr::f32_const(Ieee32::new(bits)),
        Number::F64(bits) => ConstExpr::f64_const(Ieee64::new(bits)),
        Number::V128(bits) => ConstExpr::v128_const(bits as i128),
    }
}

fn data(snapshot: &Snapshot) -> DataSection {
    let mut out = DataSection::new();
    for (place, bytes) in &snapshot.runs {
        // As `DataSection::active` writes it, which takes byte after byte and is slow in a debug build.
        let mut segment = vec![0];
        ConstExpr::i32_const(*place as i32).encode(&mut segment);
        bytes.as_slice().encode(&mut segment);
        out.raw(&segment);
    }
    out
}
