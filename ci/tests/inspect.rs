//! `inspect` on every module of the repository: each import is implemented, and the table says so.

mod playground;

use std::path::{Path, PathBuf};

use playground::Playground;
use serde_json::Value;

/// The committed modules and every probe.
fn modules() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test");
    let mut found = Vec::new();
    let mut open = vec![root.join("artifacts"), root.join("probes")];
    while let Some(folder) = open.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.ends_with("prelude.wat") {
                // What the probes of the checks begin with: no module by itself.
            } else if path.extension().is_some_and(|extension| extension == "wasm" || extension == "wat") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_import_of_every_module_is_implemented() {
    let playground = Playground::new();
    let modules = modules();
    assert!(modules.iter().filter(|path| path.extension().is_some_and(|it| it == "wasm")).count() >= 6);
    for module in modules {
        let place = module.display().to_string();
        let ran = playground.run(&["inspect", &place, "--format", "json"]);
        assert_eq!(ran.code, 0, "{place}: {}{}", ran.stdout, ran.stderr);
        let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let imports = document["imports"].as_array().expect("imports");
        for import in imports {
            assert_eq!(import["implemented"], true, "{place}: {import}");
        }
        let calls_by_name = imports.iter().any(|import| import["name"] == "proxy_call_foreign_function");
        let by_name = document["foreign_functions"].as_array().expect("foreign functions");
        assert_eq!(by_name.len(), if calls_by_name { 10 } else { 0 }, "{place}");
        assert!(by_name.iter().all(|function| function["implemented"] == true), "{place}: {by_name:?}");
    }
}

#[test]
fn the_table_has_a_line_for_each_import() {
    let playground = Playground::new();
    for module in modules().into_iter().filter(|path| path.extension().is_some_and(|it| it == "wasm")) {
        let place = module.display().to_string();
        let json = playground.run(&["inspect", &place, "--format", "json"]);
        let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
        let table = playground.run(&["inspect", &place]).stdout;
        for import in document["imports"].as_array().expect("imports") {
            let text = |key: &str| import[key].as_str().unwrap_or_default().to_owned();
            let name = format!("{}.{}", text("module"), text("name"));
            let line = table.lines().find(|line| line.split_whitespace().next() == Some(&name));
            let line = line.unwrap_or_else(|| panic!("{place}: no line for {name}:\n{table}"));
            assert!(line.contains(&text("section")) && line.ends_with("implemented"), "{place}: {line}");
        }
    }
}

#[test]
fn foreign_functions_are_listed_for_who_can_call_them() {
    let playground = Playground::new();
    let import =
        r#"(import "env" "proxy_call_foreign_function" (func (param i32 i32 i32 i32 i32 i32) (result i32)))"#;
    let module = |import: &str| {
        format!(
            r#"(module {import} (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
               (func (export "malloc") (param i32) (result i32) (i32.const 0)))"#
        )
    };
    playground.write("with.wat", module(import)).write("without.wat", module(""));
    let with = playground.run(&["inspect", "with.wat"]).stdout;
    assert!(with.contains("foreign functions that it can call (10)"), "{with}");
    assert!(
        with.lines()
            .any(|line| line.split_whitespace().collect::<Vec<_>>() == ["expr_create", "implemented"])
    );
    assert!(!playground.run(&["inspect", "without.wat"]).stdout.contains("foreign"));
}
