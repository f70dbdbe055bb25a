//! Why a file or bytes cannot be used as a plugin: one message with its place, a hint, and what Envoy would say.
//!
//! Holds texts only; the checks are in `plugin` (bytes) and `admission` (declarations). These are the operator's
//! errors: they end in exit code 2 and never in a transcript.

use crate::abi::{AbiVersion, Versions};

/// Why a plugin cannot be loaded. `place` is the path, or the name given to bytes that have none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{place}: cannot be read: {cause}")]
    Unreadable {
        /// The path.
        place: String,
        /// What the system says.
        cause: String,
    },
    /// There are no bytes.
    #[error("{place}: the file is empty")]
    Empty {
        /// Path or name.
        place: String,
    },
    /// The bytes are something else.
    #[error("{place}: not a WebAssembly module: it starts with {first}{}", looks_like(looks))]
    NotWasm {
        /// Path or name.
        place: String,
        /// The first bytes, as text and in hexadecimal.
        first: String,
        /// What they look like, and what to do about it.
        looks: Option<(&'static str, &'static str)>,
    },
    /// The bytes begin as a module and go wrong.
    #[error("{place}: corrupt or truncated at byte {offset} of {size}: {cause}")]
    Corrupt {
        /// Path or name.
        place: String,
        /// Where, in bytes from the start.
        offset: usize,
        /// How many bytes there are.
        size: usize,
        /// What is wrong there.
        cause: String,
    },
    /// A module in text form that does not parse.
    #[error("{place}:{line}:{column}: {cause}")]
    Text {
        /// Path or name.
        place: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        cause: String,
    },
    /// A component, which holds modules but is none.
    #[error("{place}: this is a WebAssembly component, and Proxy-Wasm plugins are core modules")]
    Component {
        /// Path or name.
        place: String,
    },
    /// No export says which ABI version the module is written for, or none that is known.
    #[error("{place}: missing or unknown Proxy-Wasm ABI version: {}", markers_found(markers))]
    NoAbiVersion {
        /// Path or name.
        place: String,
        /// Exports that look like a marker, with their kind when that is not a function.
        markers: Vec<String>,
    },
    /// The host has no way to get memory in the guest.
    #[error("{place}: exports no allocator: neither `malloc` nor `proxy_on_memory_allocate`")]
    NoAllocator {
        /// Path or name.
        place: String,
    },
    /// An import that no version of the ABI has.
    #[error("{place}: imports {import}, which no Proxy-Wasm host offers")]
    UnknownImport {
        /// Path or name.
        place: String,
        /// `module.name`, and the kind when it is not a function.
        import: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// An import that the module's ABI version does not have.
    #[error(
        "{place}: imports {import}, which ABI {} has, but the module is written for ABI {version}",
        in_words(*has)
    )]
    ImportOfOtherVersion {
        /// Path or name.
        place: String,
        /// `module.name`.
        import: String,
        /// The module's version.
        version: AbiVersion,
        /// The versions that have it.
        has: Versions,
    },
    /// An import of a known name with another type.
    #[error("{place}: imports {import} with another type: it wants {want}, but the host offers {have}")]
    ImportType {
        /// Path or name.
        place: String,
        /// `module.name`.
        import: String,
        /// The type that the module declares.
        want: String,
        /// The type that the host offers.
        have: String,
    },
    /// An export that the host calls, with another type.
    #[error("{place}: exports {export} with another type: the host wants {want}, but the module has {have}")]
    ExportType {
        /// Path or name.
        place: String,
        /// The name.
        export: String,
        /// The type that the host calls.
        want: String,
        /// The type that the module declares.
        have: String,
        /// The module's version.
        version: AbiVersion,
    },
    /// The module asks for more memory at its start than a VM may have.
    #[error("{place}: needs {needs} bytes of memory to start, and a VM may have {cap}")]
    TooMuchMemory {
        /// Path or name.
        place: String,
        /// What it needs, in bytes.
        needs: u64,
        /// The cap, in bytes.
        cap: u64,
    },
    /// A valid module that this engine cannot compile.
    #[error("{place}: cannot be compiled: {cause}")]
    Uncompilable {
        /// Path or name.
        place: String,
        /// What the compiler says.
        cause: String,
    },
}

impl LoadError {
    /// What to do about it, if there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotWasm { looks: Some((_, hint)), .. } => (*hint).to_owned(),
            Self::Component { .. } => {
                "build a core module: Rust with `--target wasm32-wasip1`, Go with `GOOS=wasip1`".to_owned()
            }
            Self::NoAbiVersion { markers, .. } if markers.is_empty() => {
                "build it with a Proxy-Wasm SDK, as a library that keeps its exports (Rust: `crate-type = [\"cdylib\"]`; \
                 Go: `-buildmode=c-shared`)"
                    .to_owned()
            }
            Self::NoAbiVersion { .. } => {
                "export a function named `proxy_abi_version_0_1_0`, `proxy_abi_version_0_2_0` or \
                 `proxy_abi_version_0_2_1`"
                    .to_owned()
            }
            Self::NoAllocator { .. } => {
                "every Proxy-Wasm SDK exports one; check that the linker keeps it (`-Wl,--export=malloc`)".to_owned()
            }
            Self::UnknownImport { hint, .. } => return hint.clone(),
            Self::ImportOfOtherVersion { has, .. } => {
                format!("build with an SDK for ABI {}, or do not call it", in_words(*has))
            }
            Self::ExportType { export, version: AbiVersion::V0_1_0, .. } if export.ends_with("_headers") => {
                "in ABI 0.1.0 this callback has no `end_of_stream`".to_owned()
            }
            Self::TooMuchMemory { .. } => "raise the cap with `--max-memory`".to_owned(),
            Self::Corrupt { offset, size, cause, .. } if offset >= size || cause.contains("end-of-file") => "the file looks cut off: copy or build it again".to_owned(),
            Self::Empty { .. } => "the build or the copy did not finish".to_owned(),
            _ => return None,
        })
    }

    /// The line that Envoy 1.40 logs when it refuses the module for this (observed), where the cause is one that
    /// Envoy has.
    #[must_use]
    pub fn envoy(&self) -> Option<String> {
        Some(match self {
            Self::NotWasm { .. } | Self::Corrupt { .. } | Self::Component { .. } => {
                "Failed to parse corrupted Wasm module".to_owned()
            }
            Self::NoAbiVersion { .. } => "Missing or unknown Proxy-Wasm ABI version".to_owned(),
            Self::NoAllocator { .. } => "Wasm module is missing malloc function.".to_owned(),
            Self::UnknownImport { import, .. } | Self::ImportOfOtherVersion { import, .. } => {
                let name = import.split(' ').next().unwrap_or(import);
                format!("Failed to load Wasm module due to a missing import: {name}")
            }
            Self::ImportType { import, want, have, .. } => format!(
                "Failed to load Wasm module due to an import type mismatch: {import}, want: {want}, but host exports: {have}"
            ),
            Self::ExportType { export, want, have, .. } => {
                format!("Bad function signature for: {export}, want: {want}, but the module exports: {have}")
            }
            _ => return None,
        })
    }
}

/// The versions of a row, in words.
fn in_words(versions: Versions) -> String {
    let names: Vec<_> = AbiVersion::ALL
        .into_iter()
        .filter(|&version| versions.contains(version))
        .map(|one| one.to_string())
        .collect();
    names.join(" and ")
}

/// The end of a message about bytes that look like something.
fn looks_like(looks: &Option<(&str, &str)>) -> String {
    looks.map(|(what, _)| format!(", like {what}")).unwrap_or_default()
}

/// The end of a message about markers.
fn markers_found(markers: &[String]) -> String {
    if markers.is_empty() {
        "no export names one".to_owned()
    } else {
        format!("it exports {}", markers.join(", "))
    }
}
