//! What can be said about a module without running it, as plain data for `inspect`.
//!
//! Holds facts and verdicts, no text layout and no compiled code. Serves: the command `inspect`.

use wasmparser::{DataKind, ElementKind, Operator, Parser, Payload};

use crate::abi::{self, AbiVersion, CALLBACKS, CallbackId, Called, Section, Versions};

use super::admission;
use super::declared::{Declared, EntryPoint, Extern, Import, Language, MemoryPlace};
use super::load_error::LoadError;
use super::plugin;

/// Everything known about a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Bytes of the binary form.
    pub size: usize,
    /// What the module declares.
    pub declared: Declared,
    /// The ABI version, when a host knows it.
    pub abi_version: Option<AbiVersion>,
    /// What the host calls first.
    pub entry_point: EntryPoint,
    /// The allocator that the host calls.
    pub allocator: Option<CallbackId>,
    /// Where its memory is.
    pub memory: MemoryPlace,
    /// The source language, guessed.
    pub language: Language,
    /// Each import and whether it can be met.
    pub imports: Vec<ImportReport>,
    /// Each export that hosts look up.
    pub callbacks: Vec<CallbackReport>,
    /// Why Envoy 1.40 would refuse it; empty when it loads.
    pub envoy: Vec<LoadError>,
    /// Why it cannot be imaged after its start; empty when it can.
    pub image_obstacles: Vec<ImageObstacle>,
}

/// An import and whether it can be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// What is imported.
    pub import: Import,
    /// The section of the ABI that it belongs to, when it is known at all.
    pub section: Option<Section>,
    /// The versions of the ABI that have it.
    pub versions: Option<Versions>,
    /// Why it cannot be met, if it cannot.
    pub objection: Option<LoadError>,
}

/// An export that hosts look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackReport {
    /// Which one.
    pub id: CallbackId,
    /// The section of the ABI that it belongs to.
    pub section: Section,
    /// Whether Envoy ever calls it.
    pub called: Called,
    /// Whether another export takes its place, so that it is never called here: `_start` beside `_initialize`.
    pub overridden: bool,
}

/// Why a module's state after its start cannot be kept as an image of memory and globals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageObstacle {
    /// It imports a memory or a table, which the image would have to replace.
    ImportedMemoryOrTable,
    /// It has more than one memory.
    SeveralMemories,
    /// Code writes, grows or initialises a table.
    WritesTables,
    /// It has passive segments, or code drops segments: an image cannot say which are left.
    PassiveSegments,
    /// A mutable global holds a reference.
    ReferenceGlobal,
}

impl ImageObstacle {
    /// In words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ImportedMemoryOrTable => "imports a memory or a table",
            Self::SeveralMemories => "has more than one memory",
            Self::WritesTables => "writes to tables",
            Self::PassiveSegments => "has passive segments",
            Self::ReferenceGlobal => "keeps a reference in a mutable global",
        }
    }
}

/// Inspects a module in binary or text form.
///
/// # Errors
///
/// When the bytes are no valid module at all. A module that hosts would refuse is inspected; see
/// [`Inspection::envoy`].
pub fn inspect(place: &str, bytes: &[u8]) -> Result<Inspection, LoadError> {
    let wasm = plugin::recognise(place, bytes)?;
    let declared = plugin::read(place, &wasm)?;
    wasmparser::Validator::new()
        .validate_all(&wasm)
        .map_err(|error| plugin::corrupt(place, &wasm, &error))?;
    let version = declared.abi_version();
    let imports = declared.imports.iter().map(|import| {
        let row = abi::hostcall_in_any(&import.module, &import.name)
            .filter(|_| matches!(import.what, Extern::Function(_)));
        ImportReport {
            import: import.clone(),
            section: row.map(|row| row.section),
            versions: row.map(|row| row.versions),
            objection: version.and_then(|version| admission::import_objection(place, import, version)),
        }
    });
    let callbacks =
        CallbackId::ALL.iter().filter(|id| declared.function(id.name()).is_some()).filter_map(|&id| {
            let row = CALLBACKS.iter().find(|row| row.id == id)?;
            let overridden = !declared.looks_up(id);
            Some(CallbackReport { id, section: row.section, called: row.called, overridden })
        });
    Ok(Inspection {
        size: wasm.len(),
        abi_version: version,
        entry_point: declared.entry_point(),
        allocator: declared.allocator(),
        memory: declared.memory(),
        language: declared.language(),
        imports: imports.collect(),
        callbacks: callbacks.collect(),
        envoy: admission::objections(place, &declared),
        image_obstacles: image_obstacles(&wasm).map_err(|error| plugin::corrupt(place, &wasm, &error))?,
        declared,
    })
}

/// Why the state of this module cannot be imaged, each reason once. Reads every instruction.
pub(super) fn image_obstacles(wasm: &[u8]) -> Result<Vec<ImageObstacle>, wasmparser::BinaryReaderError> {
    let mut found = std::collections::BTreeSet::new();
    let mut memories = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        wasmparser::TypeRef::Memory(_) | wasmparser::TypeRef::Table(_) => {
                            found.insert(ImageObstacle::ImportedMemoryOrTable);
                        }
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(section) => memories += section.count(),
            Payload::GlobalSection(section) => {
                for global in section {
                    let of = global?.ty;
                    if of.mutable && of.content_type.is_reference_type() {
                        found.insert(ImageObstacle::ReferenceGlobal);
                    }
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    if matches!(element?.kind, ElementKind::Passive) {
                        found.insert(ImageObstacle::PassiveSegments);
                    }
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    if matches!(data?.kind, DataKind::Passive) {
                        found.insert(ImageObstacle::PassiveSegments);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    found.extend(obstacle(&operator?));
                }
            }
            _ => {}
        }
    }
    if memories > 1 {
        found.insert(ImageObstacle::SeveralMemories);
    }
    Ok(found.into_iter().collect())
}

/// What an instruction stands in the way of.
fn obstacle(operator: &Operator<'_>) -> Option<ImageObstacle> {
    match operator {
        Operator::TableSet { .. }
        | Operator::TableGrow { .. }
        | Operator::TableFill { .. }
        | Operator::TableCopy { .. }
        | Operator::TableInit { .. } => Some(ImageObstacle::WritesTables),
        Operator::DataDrop { .. } | Operator::ElemDrop { .. } | Operator::MemoryInit { .. } => {
            Some(ImageObstacle::PassiveSegments)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_told_in_full() {
        let text = r#"(module
            (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
            (import "env" "proxy_get_log_level" (func (param i32) (result i32)))
            (memory (export "memory") 2)
            (func (export "proxy_abi_version_0_2_0"))
            (func (export "_initialize")) (func (export "_start"))
            (func (export "proxy_on_foreign_function") (param i32 i32 i32)))"#;
        let about = inspect("p.wat", text.as_bytes()).unwrap();
        assert_eq!(about.abi_version, Some(AbiVersion::V0_2_0));
        assert_eq!(about.entry_point, EntryPoint::Reactor { then: None });
        assert_eq!(about.imports[0].section, Some(Section::Logging));
        assert_eq!(about.imports[0].objection, None);
        assert!(matches!(about.imports[1].objection, Some(LoadError::ImportOfOtherVersion { .. })));
        let callbacks: Vec<_> =
            about.callbacks.iter().map(|one| (one.id, one.called, one.overridden)).collect();
        assert_eq!(
            callbacks,
            [
                (CallbackId::Initialize, Called::Yes, false),
                (CallbackId::Start, Called::Yes, true),
                (CallbackId::ForeignFunction, Called::Never, false)
            ]
        );
        assert_eq!(about.envoy.len(), 2, "{:?}", about.envoy);
        assert_eq!(about.declared.memories, [2 << 16]);
        assert_eq!(about.image_obstacles, []);
    }

    #[test]
    fn what_cannot_be_imaged_is_found() {
        for (fields, want) in [
            ("(memory 1) (global (mut i32) (i32.const 0))", vec![]),
            (r#"(import "env" "memory" (memory 1))"#, vec![ImageObstacle::ImportedMemoryOrTable]),
            ("(memory 1) (memory 1)", vec![ImageObstacle::SeveralMemories]),
            (
                "(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))",
                vec![ImageObstacle::WritesTables],
            ),
            (r#"(memory 1) (data "passive")"#, vec![ImageObstacle::PassiveSegments]),
            ("(global (mut funcref) (ref.null func))", vec![ImageObstacle::ReferenceGlobal]),
        ] {
            let wasm = wat::parse_str(format!("(module {fields})")).unwrap();
            assert_eq!(image_obstacles(&wasm).unwrap(), want, "{fields}");
        }
    }

    #[test]
    fn a_module_without_a_version_is_inspected_all_the_same() {
        let about = inspect("p.wat", b"(module)").unwrap();
        assert_eq!(about.abi_version, None);
        assert!(matches!(about.envoy[..], [LoadError::NoAbiVersion { .. }]));
    }
}
