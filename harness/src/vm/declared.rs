//! What a module declares: ABI version, imports, exports, memory, who made it. Read without compiling it.
//!
//! Holds facts and no judgement; whether a host accepts them is `admission`'s. Function bodies are not looked at, so
//! reading costs microseconds however large the module is.
//! Serves: Proxy-Wasm ABI v0.2.1, "Integration".

use std::fmt;

use wasmparser::{CompositeInnerType, ExternalKind, KnownCustom, Parser, Payload, TypeRef};

use crate::abi::{self, AbiVersion, CallbackId, Signature, ValType};

/// A type of value that a module may declare, as far as messages need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference to anything.
    Reference,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::Reference => "anyref",
        })
    }
}

impl From<wasmparser::ValType> for ValueType {
    fn from(of: wasmparser::ValType) -> Self {
        match of {
            wasmparser::ValType::I32 => Self::I32,
            wasmparser::ValType::I64 => Self::I64,
            wasmparser::ValType::F32 => Self::F32,
            wasmparser::ValType::F64 => Self::F64,
            wasmparser::ValType::V128 => Self::V128,
            wasmparser::ValType::Ref(_) => Self::Reference,
        }
    }
}

/// The type of a function that a module declares, shown in Envoy's words: `i32 i32 -> i32`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionType {
    /// Types of the parameters.
    pub params: Vec<ValueType>,
    /// Types of the results.
    pub results: Vec<ValueType>,
}

impl FunctionType {
    /// Whether this is the type that a table of the ABI gives.
    #[must_use]
    pub fn is(&self, signature: Signature) -> bool {
        let same = |have: &[ValueType], want: &[ValType]| {
            have.len() == want.len()
                && have.iter().zip(want).all(|pair| {
                    matches!(pair, (ValueType::I32, ValType::I32) | (ValueType::I64, ValType::I64))
                })
        };
        same(&self.params, signature.params) && same(&self.results, signature.results)
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", abi::words(&self.params), abi::words(&self.results))
    }
}

/// What is imported or exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function of this type.
    Function(FunctionType),
    /// A linear memory.
    Memory,
    /// A table.
    Table,
    /// A global.
    Global,
    /// An exception tag.
    Tag,
}

impl Extern {
    /// The kind, as a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Function(_) => "function",
            Self::Memory => "memory",
            Self::Table => "table",
            Self::Global => "global",
            Self::Tag => "tag",
        }
    }
}

/// Something that the module wants from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Module part of the name.
    pub module: String,
    /// Second part of the name.
    pub name: String,
    /// What it is.
    pub what: Extern,
}

/// Something that the module offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: Extern,
}

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
    /// Reads a module's declarations.
    ///
    /// # Errors
    ///
    /// Where the bytes stop being a module, and why.
    pub(super) fn read(wasm: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut declared = Self::default();
        let mut types = Vec::new();
        let mut functions: Vec<FunctionType> = Vec::new();
        let type_at = |types: &[Option<FunctionType>], index: u32| {
            types.get(index as usize).cloned().flatten().unwrap_or_default()
        };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        types.extend(group?.types().map(|one| match &one.composite_type.inner {
                            CompositeInnerType::Func(of) => Some(FunctionType {
                                params: of.params().iter().map(|&of| of.into()).collect(),
                                results: of.results().iter().map(|&of| of.into()).collect(),
                            }),
                            _ => None,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let what = match import.ty {
                            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                                functions.push(type_at(&types, index));
                                Extern::Function(type_at(&types, index))
                            }
                            TypeRef::Memory(of) => {
                                declared.memories.push(memory_bytes(of));
                                Extern::Memory
                            }
                            TypeRef::Table(of) => {
                                declared.tables.push(of.initial);
                                Extern::Table
                            }
                            TypeRef::Global(_) => Extern::Global,
                            TypeRef::Tag(_) => Extern::Tag,
                        };
                        let (module, name) = (import.module.to_owned(), import.name.to_owned());
                        declared.imports.push(Import { module, name, what });
                    }
                }
                Payload::FunctionSection(section) => {
                    for index in section {
                        functions.push(type_at(&types, index?));
                    }
                }
                Payload::TableSection(section) => {
                    for table in section {
                        declared.tables.push(table?.ty.initial);
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        declared.memories.push(memory_bytes(memory?));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let what = match export.kind {
                            ExternalKind::Func | ExternalKind::FuncExact => Extern::Function(
                                functions.get(export.index as usize).cloned().unwrap_or_default(),
                            ),
                            ExternalKind::Memory => Extern::Memory,
                            ExternalKind::Table => Extern::Table,
                            ExternalKind::Global => Extern::Global,
                            ExternalKind::Tag => Extern::Tag,
                        };
                        declared.exports.push(Export { name: export.name.to_owned(), what });
                    }
                }
                Payload::StartSection { .. } => declared.start_function = true,
                Payload::CustomSection(section) => declared.read_custom(&section),
                _ => {}
            }
        }
        Ok(declared)
    }

    /// Custom sections never make a module invalid, so what cannot be read there is left out.
    fn read_custom(&mut self, section: &wasmparser::CustomSectionReader<'_>) {
        match section.as_known() {
            KnownCustom::Name(_) => self.has_names = true,
            KnownCustom::Producers(fields) => {
                for field in fields.into_iter().flatten() {
                    for value in field.values.into_iter().flatten() {
                        self.producers.push([field.name, value.name, value.version].map(str::to_owned));
                    }
                }
            }
            _ => {
                self.has_debug_info |= section.name() == ".debug_info";
                self.custom_sections.push(section.name().to_owned());
            }
        }
    }

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

/// Smallest size of a memory in bytes.
fn memory_bytes(of: wasmparser::MemoryType) -> u64 {
    of.initial.saturating_mul(1 << of.page_size_log2.unwrap_or(16))
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
