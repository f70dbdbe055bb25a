//! Makes the mutable globals of a module readable from outside, by exporting them.
//!
//! Compilers export none of them, and a snapshot has to hold them all. The exports are added before a module is compiled,
//! so that any VM can be imaged without compiling it twice. Neither code nor indices change, and the guest sees nothing.

use std::borrow::Cow;

use wasm_encoder::{Encode, ExportKind, Module, RawSection};
use wasmparser::{BinaryReaderError, Parser, Payload, TypeRef};

/// Name under which the mutable global `index` is exported. No toolchain makes names with control characters.
fn exported_name(index: u32) -> String {
    format!("\u{1}mutable global {index}")
}

/// The global that [`expose_globals`] has exported under `name`.
pub(super) fn exposed(name: &str) -> Option<u32> {
    name.strip_prefix("\u{1}mutable global ")?.parse().ok()
}

/// The module with an export added for every mutable global of a number type. A module that cannot be read, or that has
/// such exports of its own, stays as it is.
pub(in crate::vm) fn expose_globals(wasm: &[u8]) -> Cow<'_, [u8]> {
    exposing(wasm).ok().flatten().map_or(Cow::Borrowed(wasm), Cow::Owned)
}

fn exposing(wasm: &[u8]) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let mut out = Module::new();
    let mut imported = 0;
    let mut mutable = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        let mut data = Cow::Borrowed(&wasm[range]);
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Global(_)));
                }
            }
            Payload::GlobalSection(section) => {
                for (index, global) in (imported..).zip(section) {
                    let kind = global?.ty;
                    if kind.mutable && !kind.content_type.is_reference_type() {
                        mutable.push(index);
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    if exposed(export?.name).is_some() {
                        return Ok(None);
                    }
                }
                let old = &wasm[section.original_position()..section.range().end];
                data = Cow::Owned(with_exports(section.count(), old, &mutable));
            }
            _ => {}
        }
        out.section(&RawSection { id, data: &data });
    }
    Ok((!mutable.is_empty()).then(|| out.finish()))
}

/// An export section of the `count` exports `old` and of the globals.
fn with_exports(count: u32, old: &[u8], globals: &[u32]) -> Vec<u8> {
    let mut data = Vec::with_capacity(old.len() + 32 * globals.len());
    (count + globals.len() as u32).encode(&mut data);
    data.extend_from_slice(old);
    for index in globals {
        exported_name(*index).as_str().encode(&mut data);
        ExportKind::Global.encode(&mut data);
        index.encode(&mut data);
    }
    data
}
