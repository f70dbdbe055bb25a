//! What a module declares: ABI version, imports, exports, memory, who made it. Read without compiling it.
//!
//! Holds facts and no judgement; whether a host accepts them is `admission`'s. Function bodies are not looked at, so
//! reading costs microseconds however large the module is.
//! Serves: Proxy-Wasm ABI v0.2.1, "Integration".

mod externs;
mod read;

pub use self::externs::{Export, Extern, FunctionType, Import, ValueType};

use crate::abi::{AbiVersion, CallbackId};

/// What the host calls first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryPoint {
    /// `_initialize`, then `main` or `__main_void` when one is exported. `_start` is not called then.
    Reactor {
        /// [`CallbackId::Main`] or [`CallbackId::MainVoid`].
        then: Option<CallbackId>,
    },
    /// `_start`.
    Command,
    /// Nothing.
    None,
}

/// Where the memory is that the host reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryPlace {
    /// Exported under this name; Envoy takes any name.
    Exported(String),
    /// Imported under this name; the host makes it.
    Imported {
        /// Module part of the name.
        module: String,
        /// Second part of the name.
        name: String,
    },
    /// There is none. Envoy loads such a module; every hostcall with a pointer fails.
    None,
}

/// The source language, guessed from what its tools leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// Go, compiled by the Go toolchain.
    Go,
    /// Go, compiled by TinyGo.
    TinyGo,
    /// C or C++.
    Cpp,
    /// AssemblyScript.
    AssemblyScript,
    /// Zig.
    Zig,
    /// Nothing tells.
    Unknown,
}

impl Language {
    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Go => "Go",
            Self::TinyGo => "TinyGo",
            Self::Cpp => "C or C++",
            Self::AssemblyScript => "AssemblyScript",
            Self::Zig => "Zig",
            Self::Unknown => "unknown",
        }
    }
}

/// What a module declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Everything imported, in the module's order.
    pub imports: Vec<Import>,
    /// Everything exported, in the module's order.
    pub exports: Vec<Export>,
    /// Smallest size of each memory in bytes, imported ones first.
    pub memories: Vec<u64>,
    /// Smallest number of elements of each table, imported ones first.
    pub tables: Vec<u64>,
    /// Whether instantiation itself runs a function (the `start` section).
    pub start_function: bool,
    /// Whether functions have names for backtraces.
    pub has_names: bool,
    /// Whether there is debug information (DWARF), which gives backtraces files and lines.
    pub has_debug_info: bool,
    /// The `producers` section: field (`language`, `processed-by`, `sdk`), name, version.
    pub producers: Vec<[String; 3]>,
    /// Names of the other custom sections.
    pub custom_sections: Vec<String>,
}

impl Declared {
    /// The type of the exported function of this name. Other things of that name do not count, as in Envoy.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&FunctionType> {
        self.exports.iter().find_map(|export| match &export.what {
            Extern::Function(of) if export.name == name => Some(of),
            _ => None,
        })
    }

    /// The ABI version: of the first exported function, in the module's order, that is a known marker. Its type does
    /// not matter (Envoy 1.40, observed).
    #[must_use]
    pub fn abi_version(&self) -> Option<AbiVersion> {
        self.exports
            .iter()
            .filter(|export| matches!(export.what, Extern::Function(_)))
            .find_map(|export| AbiVersion::ALL.into_iter().find(|version| version.marker() == export.name))
    }

    /// What the host calls first.
    #[must_use]
    pub fn entry_point(&self) -> EntryPoint {
        let exported = |id: CallbackId| self.function(id.name()).is_some();
        if exported(CallbackId::Initialize) {
            let then = [CallbackId::Main, CallbackId::MainVoid].into_iter().find(|&id| exported(id));
            EntryPoint::Reactor { then }
        } else if exported(CallbackId::Start) {
            EntryPoint::Command
        } else {
            EntryPoint::None
        }
    }

    /// The function that gives the host memory in the guest; `malloc` wins when both are exported.
    #[must_use]
    pub fn allocator(&self) -> Option<CallbackId> {
        [CallbackId::Malloc, CallbackId::MemoryAllocate]
            .into_iter()
            .find(|id| self.function(id.name()).is_some())
    }

    /// Where the memory is.
    #[must_use]
    pub fn memory(&self) -> MemoryPlace {
        if let Some(export) = self.exports.iter().find(|export| export.what == Extern::Memory) {
            return MemoryPlace::Exported(export.name.clone());
        }
        match self.imports.iter().find(|import| import.what == Extern::Memory) {
            Some(import) => {
                MemoryPlace::Imported { module: import.module.clone(), name: import.name.clone() }
            }
            None => MemoryPlace::None,
        }
    }

    /// Whether the host looks this export up: it is there, and no preferred one takes its place.
    #[must_use]
    pub fn looks_up(&self, id: CallbackId) -> bool {
        let entry = self.entry_point();
        let preferred = match id {
            CallbackId::Start => entry == EntryPoint::Command,
            CallbackId::Main | CallbackId::MainVoid => entry == EntryPoint::Reactor { then: Some(id) },
            CallbackId::Malloc | CallbackId::MemoryAllocate => self.allocator() == Some(id),
            _ => true,
        };
        preferred && self.function(id.name()).is_some()
    }

    /// The source language, guessed.
    #[must_use]
    pub fn language(&self) -> Language {
        let made_by = |word: &str| self.producers.iter().any(|[_, name, _]| name.starts_with(word));
        let exports = |name: &str| self.function(name).is_some();
        if made_by("TinyGo") {
            Language::TinyGo
        } else if made_by("Rust") || made_by("rustc") {
            Language::Rust
        } else if made_by("Go") || self.custom_sections.iter().any(|name| name.starts_with("go:")) {
            Language::Go
        } else if made_by("Zig") {
            Language::Zig
        } else if exports("__new") && exports("__pin") || made_by("asc") {
            Language::AssemblyScript
        } else if made_by("C_plus_plus") || made_by("C11") || made_by("C99") || made_by("clang") {
            Language::Cpp
        } else {
            Language::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wat: &str) -> Declared {
        Declared::read(&wat::parse_str(wat).unwrap()).unwrap()
    }

    #[test]
    fn the_first_known_marker_that_is_a_function_counts() {
        let version = |exports: &str| {
            read(&format!("(module (func $f) (global $g i32 (i32.const 0)) {exports})")).abi_version()
        };
        let marker =
            |version: &str, what: &str| format!(r#"(export "proxy_abi_version_{version}" ({what}))"#);
        assert_eq!(version(&marker("0_2_1", "func $f")), Some(AbiVersion::V0_2_1));
        let both = marker("0_3_0", "func $f") + &marker("0_2_0", "func $f") + &marker("0_2_1", "func $f");
        assert_eq!(version(&both), Some(AbiVersion::V0_2_0));
        assert_eq!(version(&marker("0_2_1", "global $g")), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn entry_points_and_allocators_have_an_order() {
        let all = read(
            r#"(module (func (export "_start")) (func (export "_initialize"))
                (func (export "__main_void") (result i32) (i32.const 0))
                (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 0)))"#,
        );
        assert_eq!(all.entry_point(), EntryPoint::Reactor { then: Some(CallbackId::MainVoid) });
        assert!(!all.looks_up(CallbackId::Start));
        assert_eq!(all.allocator(), Some(CallbackId::MemoryAllocate));
        assert_eq!(read(r#"(module (func (export "_start")))"#).entry_point(), EntryPoint::Command);
        assert_eq!(read("(module)").entry_point(), EntryPoint::None);
    }

    #[test]
    fn memory_is_found_wherever_it_is() {
        assert_eq!(
            read(r#"(module (memory (export "mem") 1))"#).memory(),
            MemoryPlace::Exported("mem".into())
        );
        let imported = read(r#"(module (import "env" "memory" (memory 2)))"#);
        assert_eq!(imported.memory(), MemoryPlace::Imported { module: "env".into(), name: "memory".into() });
        assert_eq!(imported.memories, [2 << 16]);
        assert_eq!(read("(module)").memory(), MemoryPlace::None);
    }

    #[test]
    fn producers_tell_the_language() {
        let by = |name: &str| {
            read(&format!(r#"(module (@producers (language "{name}" "1") (processed-by "clang" "2")))"#))
                .language()
        };
        assert_eq!(by("Rust"), Language::Rust);
        assert_eq!(by("Go"), Language::Go);
        assert_eq!(by("C_plus_plus_14"), Language::Cpp);
        assert_eq!(read("(module)").language(), Language::Unknown);
    }
}
