//! What can be said about a module without running it, as plain data for `inspect`.
//!
//! Holds facts and verdicts, no text layout and no compiled code. Serves: the command `inspect`.

use sha2::{Digest, Sha256};

use crate::abi::{self, AbiVersion, CALLBACKS, CallbackId, Called, Section, Versions};

use super::admission;
use super::declared::{Declared, EntryPoint, Extern, Import, Language, MemoryPlace};
use super::imageable::{ImageObstacle, image_obstacles};
use super::load_error::LoadError;
use super::recognise::{corrupt, recognise};

/// Everything known about a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Bytes of the binary form.
    pub size: usize,
    /// SHA-256 of the binary form.
    pub sha256: [u8; 32],
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

/// Inspects a module in binary or text form.
///
/// # Errors
///
/// When the bytes are no valid module at all. A module that hosts would refuse is inspected; see
/// [`Inspection::envoy`].
pub fn inspect(place: &str, bytes: &[u8]) -> Result<Inspection, LoadError> {
    let wasm = recognise(place, bytes.into())?;
    let declared = Declared::read(&wasm).map_err(|error| corrupt(place, &wasm, &error))?;
    wasmparser::Validator::new().validate_all(&wasm).map_err(|error| corrupt(place, &wasm, &error))?;
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
        sha256: Sha256::digest(&wasm).into(),
        abi_version: version,
        entry_point: declared.entry_point(),
        allocator: declared.allocator(),
        memory: declared.memory(),
        language: declared.language(),
        imports: imports.collect(),
        callbacks: callbacks.collect(),
        envoy: admission::objections(place, &declared),
        image_obstacles: image_obstacles(&wasm).map_err(|error| corrupt(place, &wasm, &error))?,
        declared,
    })
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
    fn a_module_without_a_version_is_inspected_all_the_same() {
        let about = inspect("p.wat", b"(module)").unwrap();
        assert_eq!(about.abi_version, None);
        assert!(matches!(about.envoy[..], [LoadError::NoAbiVersion { .. }]));
    }
}
