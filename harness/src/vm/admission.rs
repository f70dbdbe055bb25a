//! Whether a proxy accepts what a module declares: the checks that Envoy makes between reading a module and running
//! it.
//!
//! Holds rules, in Envoy's order: ABI version, imports, allocator, types of exports. Refuses to hold what happens
//! when the module runs. Serves: Proxy-Wasm ABI v0.2.1, "Integration"; as Envoy 1.40 was observed to do.

use crate::abi::{self, AbiVersion, CALLBACKS, HOSTCALLS, WASI, WASI_MODULES};

use super::declared::{Declared, Extern, Import};
use super::load_error::LoadError;

/// Every reason to refuse the module, the first one first. Empty when Envoy would load it.
pub(super) fn objections(place: &str, declared: &Declared) -> Vec<LoadError> {
    let Some(version) = declared.abi_version() else {
        return vec![LoadError::NoAbiVersion { place: place.to_owned(), markers: markers(declared) }];
    };
    let mut found: Vec<_> =
        declared.imports.iter().filter_map(|import| import_objection(place, import, version)).collect();
    if declared.allocator().is_none() {
        found.push(LoadError::NoAllocator { place: place.to_owned() });
    }
    found.extend(CALLBACKS.iter().filter(|row| row.versions.contains(version)).filter_map(|row| {
        let have = declared.function(row.name).filter(|_| declared.looks_up(row.id))?;
        (!have.is(row.signature())).then(|| LoadError::ExportType {
            place: place.to_owned(),
            export: row.name.to_owned(),
            want: row.signature().to_string(),
            have: have.to_string(),
            version,
        })
    }));
    found
}

/// Exports that look like the marker of a version.
fn markers(declared: &Declared) -> Vec<String> {
    let alike = declared.exports.iter().filter(|export| export.name.starts_with("proxy_abi_version"));
    alike
        .map(|export| match &export.what {
            Extern::Function(_) => format!("`{}`", export.name),
            other => format!("`{}` as a {}", export.name, other.kind()),
        })
        .collect()
}

/// Why this import cannot be met in a module of this version.
pub(super) fn import_objection(place: &str, import: &Import, version: AbiVersion) -> Option<LoadError> {
    let place = place.to_owned();
    let Import { module, name, what } = import;
    let type_wanted = match what {
        // Envoy makes any memory and any table that a module asks for.
        Extern::Memory | Extern::Table => return None,
        Extern::Global | Extern::Tag => {
            let hint = Some(format!("a host offers functions only, no {}s", what.kind()));
            return Some(LoadError::UnknownImport {
                place,
                import: format!("{module}.{name} (a {})", what.kind()),
                hint,
            });
        }
        Extern::Function(of) => of,
    };
    let import = format!("{module}.{name}");
    let Some(row) = abi::hostcall_in_any(module, name) else {
        return Some(LoadError::UnknownImport { place, import, hint: hint(module, name, version) });
    };
    if !row.versions.contains(version) {
        return Some(LoadError::ImportOfOtherVersion { place, import, version, has: row.versions });
    }
    let (want, have) = (type_wanted.to_string(), row.signature().to_string());
    (!type_wanted.is(row.signature())).then_some(LoadError::ImportType { place, import, want, have })
}

/// What an unknown import may have been meant to be, or where it comes from.
fn hint(module: &str, name: &str, version: AbiVersion) -> Option<String> {
    for right in ["env", WASI_MODULES[0]] {
        if right != module && abi::hostcall(right, name, version).is_some() {
            return Some(format!("`{name}` is in module `{right}`"));
        }
    }
    let from_tool = match (module, name) {
        ("gojs" | "go", _) => "built for the browser: build with `GOOS=wasip1`",
        ("env", "abort") => {
            "AssemblyScript asks for it unless it is compiled with `--use abort=`, naming a function of the SDK"
        }
        ("env", "setTempRet0" | "getTempRet0") => "build with a newer Emscripten, or with `-sWASM_BIGINT`",
        ("env", name)
            if name.starts_with("emscripten_")
                || name.starts_with("__cxa_")
                || name.starts_with("invoke_") =>
        {
            "build with Emscripten's `-sSTANDALONE_WASM` and without exceptions"
        }
        (module, _) if module == "wbg" || module.starts_with("__wbindgen_") => {
            "built for the browser: no dependency may use wasm-bindgen; build with `--target wasm32-wasip1`"
        }
        (module, _) if module.starts_with("wasi:") => {
            "built for WASI preview 2: build with `--target wasm32-wasip1`"
        }
        _ => "",
    };
    if !from_tool.is_empty() {
        return Some(from_tool.to_owned());
    }
    let names = match module {
        "env" => HOSTCALLS,
        _ if WASI_MODULES.contains(&module) => WASI,
        _ => return None,
    };
    names
        .iter()
        .filter(|row| row.versions.contains(version))
        .map(|row| (strsim::damerau_levenshtein(name, row.name), row.name))
        .min()
        .filter(|&(distance, _)| distance <= name.trim_start_matches("proxy_").len() / 3)
        .map(|(_, near)| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages for a module with these fields beside marker and allocator.
    fn messages(version: &str, fields: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let text = format!(
            r#"(module {fields} (func (export "proxy_abi_version_{version}"))
               (func (export "malloc") (param i32) (result i32) (i32.const 0)))"#
        );
        let declared = Declared::read(&wat::parse_str(text).unwrap()).unwrap();
        objections("p.wasm", &declared).iter().map(|e| (e.to_string(), e.hint(), e.envoy())).collect()
    }

    #[test]
    fn imports_of_a_browser_s_tools_lead_to_the_target() {
        for module in ["wbg", "__wbindgen_externref_xform__", "__wbindgen_thread_xform__"] {
            let told = messages("0_2_1", &format!("(import \"{module}\" \"f\" (func))"));
            let [(_, Some(hint), _)] = &told[..] else { panic!("{told:?}") };
            assert!(hint.contains("wasm-bindgen"), "{hint}");
        }
        let told = messages("0_2_1", r#"(import "wbg2" "f" (func))"#);
        assert!(told.iter().all(|(_, hint, _)| hint.as_ref().is_none_or(|hint| !hint.contains("bindgen"))));
    }

    #[test]
    fn what_envoy_accepts_has_no_objection() {
        for fields in [
            "",
            r#"(import "env" "memory" (memory 1))"#,
            r#"(import "env" "__indirect_function_table" (table 1 funcref))"#,
            r#"(import "wasi_snapshot_preview1" "path_open"
                (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#,
            r#"(import "wasi_unstable" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
            r#"(global (export "proxy_on_tick") i32 (i32.const 0))"#,
            r#"(func (export "_initialize")) (func (export "_start") (param i32))"#,
            r#"(func (export "main"))"#,
            r#"(func (export "proxy_on_memory_allocate"))"#,
            r#"(func (export "proxy_on_whatever") (result f64) (f64.const 0))"#,
        ] {
            assert_eq!(messages("0_2_1", fields), [], "{fields}");
        }
        let two = r#"(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))"#;
        assert_eq!(messages("0_1_0", two), []);
        assert_eq!(messages("0_1_0", r#"(func (export "proxy_on_foreign_function"))"#), []);
    }

    #[test]
    fn each_objection_has_a_message_a_hint_and_envoys_line() {
        for (version, fields, message, hint, envoy) in [
            (
                "0_2_1",
                r#"(import "env" "proxy_nope" (func))"#,
                "p.wasm: imports env.proxy_nope, which no Proxy-Wasm host offers",
                None,
                "Failed to load Wasm module due to a missing import: env.proxy_nope",
            ),
            (
                "0_2_1",
                r#"(import "env" "proxy_get_property_" (func))"#,
                "p.wasm: imports env.proxy_get_property_, which no Proxy-Wasm host offers",
                Some("did you mean `proxy_get_property`?"),
                "Failed to load Wasm module due to a missing import: env.proxy_get_property_",
            ),
            (
                "0_2_1",
                r#"(import "env" "fd_write" (func))"#,
                "p.wasm: imports env.fd_write, which no Proxy-Wasm host offers",
                Some("`fd_write` is in module `wasi_snapshot_preview1`"),
                "Failed to load Wasm module due to a missing import: env.fd_write",
            ),
            (
                "0_2_1",
                r#"(import "env" "g" (global i32))"#,
                "p.wasm: imports env.g (a global), which no Proxy-Wasm host offers",
                Some("a host offers functions only, no globals"),
                "Failed to load Wasm module due to a missing import: env.g",
            ),
            (
                "0_2_0",
                r#"(import "env" "proxy_get_log_level" (func (param i32) (result i32)))"#,
                "p.wasm: imports env.proxy_get_log_level, which ABI 0.2.1 has, but the module is written for ABI 0.2.0",
                Some("build with an SDK for ABI 0.2.1, or do not call it"),
                "Failed to load Wasm module due to a missing import: env.proxy_get_log_level",
            ),
            (
                "0_2_1",
                r#"(import "env" "proxy_log" (func (param i32 i32) (result i32)))"#,
                "p.wasm: imports env.proxy_log with another type: it wants i32 i32 -> i32, but the host offers i32 i32 i32 -> i32",
                None,
                "Failed to load Wasm module due to an import type mismatch: env.proxy_log, want: i32 i32 -> i32, \
                 but host exports: i32 i32 i32 -> i32",
            ),
            (
                "0_2_1",
                r#"(func (export "proxy_on_tick") (result i64) (i64.const 0))"#,
                "p.wasm: exports proxy_on_tick with another type: the host wants i32 -> void, but the module has void -> i64",
                None,
                "Bad function signature for: proxy_on_tick, want: i32 -> void, but the module exports: void -> i64",
            ),
            (
                "0_1_0",
                r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))"#,
                "p.wasm: exports proxy_on_request_headers with another type: the host wants i32 i32 -> i32, but the \
                 module has i32 i32 i32 -> i32",
                Some("in ABI 0.1.0 this callback has no `end_of_stream`"),
                "Bad function signature for: proxy_on_request_headers, want: i32 i32 -> i32, but the module exports: \
                 i32 i32 i32 -> i32",
            ),
            (
                "0_2_2",
                "",
                "p.wasm: missing or unknown Proxy-Wasm ABI version: it exports `proxy_abi_version_0_2_2`",
                Some(
                    "export a function named `proxy_abi_version_0_1_0`, `proxy_abi_version_0_2_0` or \
                     `proxy_abi_version_0_2_1`",
                ),
                "Missing or unknown Proxy-Wasm ABI version",
            ),
        ] {
            let want = (message.to_owned(), hint.map(str::to_owned), Some(envoy.to_owned()));
            assert_eq!(messages(version, fields), [want], "{fields}");
        }
    }

    #[test]
    fn a_module_without_an_allocator_is_refused() {
        let wasm = wat::parse_str(r#"(module (func (export "proxy_abi_version_0_2_1")))"#).unwrap();
        let found = objections("p.wasm", &Declared::read(&wasm).unwrap());
        assert_eq!(found, [LoadError::NoAllocator { place: "p.wasm".into() }]);
        assert_eq!(found[0].envoy().unwrap(), "Wasm module is missing malloc function.");
    }
}
