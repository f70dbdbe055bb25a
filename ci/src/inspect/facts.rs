//! What both forms of an inspection say, in the same words.

use proxy_wasm_harness::abi::{AbiVersion, FOREIGN_FUNCTIONS, ForeignFunction};
use proxy_wasm_harness::scenario::Size;
use proxy_wasm_harness::sections;
use proxy_wasm_harness::vm::{EntryPoint, ImportReport, Inspection, LoadError, MAX_MEMORY, MemoryPlace};

/// A host and why it would refuse the module.
pub(super) struct Host {
    pub(super) name: &'static str,
    /// What is wrong, and what to do about it.
    pub(super) refusals: Vec<(String, Option<String>)>,
}

/// The hosts that are known, and what each says to the module.
pub(super) fn hosts(place: &str, about: &Inspection) -> [Host; 2] {
    let words = |error: &LoadError| {
        let message = error.to_string();
        let message = message.strip_prefix(&format!("{place}: ")).unwrap_or(&message);
        (message.to_owned(), error.hint())
    };
    let envoy: Vec<_> = about.envoy.iter().map(words).collect();
    let mut here = envoy.clone();
    let needs = about.declared.memories.iter().copied().max().unwrap_or(0);
    if needs > MAX_MEMORY {
        here.push(words(&LoadError::TooMuchMemory { place: place.to_owned(), needs, cap: MAX_MEMORY }));
    }
    [Host { name: "Envoy 1.40", refusals: envoy }, Host { name: "this host", refusals: here }]
}

/// Whether calling an import does what the ABI says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It does.
    Yes,
    /// The module loads, and the call answers UNIMPLEMENTED.
    Unimplemented,
    /// The module does not load for it.
    No,
}

impl Met {
    pub(super) fn of(import: &ImportReport, version: Option<AbiVersion>) -> Self {
        let import_is = &import.import;
        match (&import.objection, version, import.section) {
            (Some(_), ..) | (None, None, None) => Self::No,
            // Memories and tables, which every host makes.
            (None, Some(_), None) => Self::Yes,
            (None, version, Some(_)) => {
                let version = version.unwrap_or(AbiVersion::V0_2_1);
                let known = sections::implemented(&import_is.module, &import_is.name, version);
                if known { Self::Yes } else { Self::Unimplemented }
            }
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Yes => "implemented",
            Self::Unimplemented => "answers UNIMPLEMENTED",
            Self::No => "no",
        }
    }
}

/// The functions that a module can call by name, when it imports the call for that.
pub(super) fn foreign_functions(about: &Inspection) -> &'static [ForeignFunction] {
    let calls = |one: &ImportReport| {
        one.import.module == "env"
            && one.import.name == "proxy_call_foreign_function"
            && one.objection.is_none()
    };
    if about.imports.iter().any(calls) { FOREIGN_FUNCTIONS } else { &[] }
}

/// The functions that the host calls first, in order; the module's start section runs before them.
pub(super) fn entry(about: &Inspection) -> Vec<&'static str> {
    let mut calls = Vec::new();
    if about.declared.start_function {
        calls.push("start section");
    }
    match about.entry_point {
        EntryPoint::Reactor { then } => {
            calls.push("_initialize");
            calls.extend(then.map(|id| id.name()));
        }
        EntryPoint::Command => calls.push("_start"),
        EntryPoint::None => {}
    }
    calls
}

/// Where the memory is, in words.
pub(super) fn memory(about: &Inspection) -> String {
    let place = match &about.memory {
        MemoryPlace::Exported(name) => format!("exported as `{name}`"),
        MemoryPlace::Imported { module, name } => format!("imported as `{module}.{name}`"),
        MemoryPlace::None => return "none: every hostcall with a pointer fails".to_owned(),
    };
    match about.declared.memories.first() {
        Some(&bytes) => format!("{place}, {} at the start", Size(bytes)),
        None => place,
    }
}

/// SHA-256 as everybody writes it.
pub(super) fn sha256(about: &Inspection) -> String {
    about.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}
