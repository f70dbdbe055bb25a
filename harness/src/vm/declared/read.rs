//! Reads the declarations out of a module's bytes.

use wasmparser::{CompositeInnerType, ExternalKind, KnownCustom, Parser, Payload, TypeRef};

use super::{Declared, Export, Extern, FunctionType, Import};

impl Declared {
    /// Reads a module's declarations.
    ///
    /// # Errors
    ///
    /// Where the bytes stop being a module, and why.
    pub(in crate::vm) fn read(wasm: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
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
}

/// Smallest size of a memory in bytes.
fn memory_bytes(of: wasmparser::MemoryType) -> u64 {
    of.initial.saturating_mul(1 << of.page_size_log2.unwrap_or(16))
}
