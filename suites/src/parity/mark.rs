//! Modules that say which VM they run in.
//!
//! Envoy's trace names no VM. A marked module calls `proxy_set_effective_context(MARK + n)` at the beginning of each
//! callback from `proxy_on_context_create` on: there is no such context, so the call answers 2 and changes nothing,
//! and the trace has the number of the VM as the first thing in the callback. Marks that differ also keep VMs apart
//! that would be shared between scenarios, for Envoy shares by code. What runs before there is a context
//! (`_initialize`, `_start`, `main`) may not call anything, and stays as it is.

use std::collections::BTreeMap;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection, Module,
    SectionId, TypeSection, ValType,
};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// The first number that stands for a VM. Contexts are counted from 1 and never come this far.
pub(super) const MARK: u32 = 0x7fff_0000;

/// How many VMs can be told apart.
pub(super) const MARKS: u32 = 0x1_0000;

/// What a module that cannot be marked is.
#[derive(Debug, thiserror::Error)]
#[error("the module cannot be rewritten: {0}")]
pub struct Unmarkable(String);

/// `wasm` with the mark `number` in each of its callbacks.
///
/// # Errors
///
/// When `wasm` is no module.
pub fn marked(wasm: &[u8], number: u32) -> Result<Vec<u8>, Unmarkable> {
    let shape = Shape::read(wasm).map_err(|error| Unmarkable(error.to_string()))?;
    let mut marker = Marker { shape, mark: MARK + number };
    let mut module = Module::new();
    marker
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| Unmarkable(error.to_string()))?;
    Ok(module.finish())
}

/// Whether an export is a callback that has a context.
fn is_callback(name: &str) -> bool {
    (name.starts_with("proxy_on_") && name != "proxy_on_memory_allocate")
        || name == "proxy_validate_configuration"
        || name.starts_with("envoy_on_")
}

/// What has to be known of a module before it is rewritten.
#[derive(Default)]
struct Shape {
    types: u32,
    imported: u32,
    functions: u32,
    has_imports: bool,
    /// Callbacks by name: function and its type.
    callbacks: BTreeMap<String, (u32, u32)>,
    /// Number of parameters by type.
    params: Vec<u32>,
}

impl Shape {
    fn read(wasm: &[u8]) -> wasmparser::Result<Self> {
        let mut shape = Self::default();
        let mut kinds: Vec<u32> = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        for kind in group?.types() {
                            let params = match &kind.composite_type.inner {
                                wasmparser::CompositeInnerType::Func(function) => function.params().len(),
                                _ => 0,
                            };
                            shape.params.push(params as u32);
                            shape.types += 1;
                        }
                    }
                }
                Payload::ImportSection(section) => {
                    shape.has_imports = true;
                    for import in section.into_imports() {
                        if let TypeRef::Func(kind) | TypeRef::FuncExact(kind) = import?.ty {
                            kinds.push(kind);
                            shape.imported += 1;
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for kind in section {
                        kinds.push(kind?);
                        shape.functions += 1;
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func && is_callback(export.name) {
                            let kind = kinds.get(export.index as usize).copied().unwrap_or(0);
                            shape.callbacks.insert(export.name.to_owned(), (export.index, kind));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    /// Index of the wrapper of a callback, in the module as it is written.
    fn wrapper(&self, name: &str) -> Option<u32> {
        let at = self.callbacks.keys().position(|known| known == name)?;
        Some(self.imported + 1 + self.functions + at as u32)
    }
}

struct Marker {
    shape: Shape,
    mark: u32,
}

impl Marker {
    fn import(&self, imports: &mut ImportSection) {
        imports.import("env", "proxy_set_effective_context", EntityType::Function(self.shape.types));
    }

    fn wrapper_body(&self, callback: u32, kind: u32) -> Function {
        let mut body = Function::new([]);
        let mut write = body.instructions();
        write.i32_const(self.mark as i32).call(self.shape.imported).drop();
        for param in 0..self.shape.params.get(kind as usize).copied().unwrap_or(0) {
            write.local_get(param);
        }
        let callback = if callback < self.shape.imported { callback } else { callback + 1 };
        write.call(callback).end();
        body
    }
}

type Result2<T = ()> = Result<T, reencode::Error>;

impl Reencode for Marker {
    type Error = std::convert::Infallible;

    /// The new import comes after those there are, and all functions of the module move up by one.
    fn function_index(&mut self, function: u32) -> Result2<u32> {
        Ok(if function < self.shape.imported { function } else { function + 1 })
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result2 {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], [ValType::I32]);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result2 {
        utils::parse_import_section(self, imports, section)?;
        self.import(imports);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        after: Option<SectionId>,
        _before: Option<SectionId>,
    ) -> Result2 {
        if after == Some(SectionId::Type) && !self.shape.has_imports {
            let mut imports = ImportSection::new();
            self.import(&mut imports);
            module.section(&imports);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result2 {
        utils::parse_function_section(self, functions, section)?;
        for (_, kind) in self.shape.callbacks.values() {
            functions.function(*kind);
        }
        Ok(())
    }

    fn parse_export(&mut self, exports: &mut ExportSection, export: wasmparser::Export<'_>) -> Result2 {
        match self.shape.wrapper(export.name) {
            Some(wrapper) => {
                exports.export(export.name, ExportKind::Func, wrapper);
                Ok(())
            }
            None => utils::parse_export(self, exports, export),
        }
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result2 {
        utils::parse_code_section(self, code, section)?;
        for (callback, kind) in self.shape.callbacks.values() {
            code.function(&self.wrapper_body(*callback, *kind));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::marked;
    use proxy_wasm_harness::vm::{LoadOptions, Plugin};

    fn exports(wat: &str) -> Vec<String> {
        let plain = Plugin::from_bytes("p", wat.as_bytes(), &LoadOptions::default()).unwrap();
        let marked = marked(plain.wasm(), 3).unwrap();
        Plugin::from_bytes("p", &marked, &LoadOptions::default()).unwrap();
        wasmparser::Validator::new().validate_all(&marked).unwrap();
        wasmparser::Parser::new(0)
            .parse_all(&marked)
            .filter_map(|payload| match payload.unwrap() {
                wasmparser::Payload::ExportSection(section) => Some(section),
                _ => None,
            })
            .flat_map(|section| section.into_iter().map(|export| export.unwrap().name.to_owned()))
            .collect()
    }

    const HEAD: &str = r#"(func (export "proxy_abi_version_0_2_1"))
        (memory (export "memory") 1)
        (func $malloc (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 64)"#;

    #[test]
    fn a_module_without_imports_gets_one() {
        let names = exports(&format!("(module {HEAD} (func (export \"proxy_on_log\") (param i32)))"));
        assert_eq!(names.last().unwrap(), "proxy_on_log");
    }

    #[test]
    fn references_to_functions_move_with_them() {
        exports(&format!(
            r#"(module (import "env" "proxy_done" (func $done (result i32))) {HEAD}
                (table 1 funcref) (elem (i32.const 0) $start) (start $start) (func $start)
                (func (export "proxy_on_delete") (param i32) (drop (call $done)) (call $start))
                (func (export "proxy_on_configure") (param i32 i32) (result i32) (local.get 1)))"#
        ));
    }
}
