//! Images of small modules, instantiated on their own.

use wasmtime::{Instance, Module, Store};

use super::encode::encode;
use super::expose::{expose_globals, exposed};
use super::snapshot::{Number, Snapshot};

fn instance(wasm: &[u8]) -> (Store<()>, Instance) {
    let engine = wasmtime::Engine::default();
    let module = Module::new(&engine, wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    (store, instance)
}

const COUNTER: &str = r#"(module
    (memory (export "memory") 1 8)
    (global $fixed i64 (i64.const -7))
    (global $calls (mut i32) (i32.const 0))
    (global $half (mut f64) (f64.const 0.5))
    (global $wide (mut v128) (v128.const i64x2 1 2))
    (global $tenth (mut f32) (f32.const 0.1))
    (table 2 funcref)
    (elem (i32.const 1) $bump)
    (start $bump)
    (data (i32.const 8) "\01")
    (func $bump (export "bump") (result)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store (i32.const 0) (global.get $calls)))
    (func (export "calls") (result i32)
        (call_indirect (i32.const 1))
        (i32.load (i32.const 0)))
    (func (export "fixed") (result i64) (global.get $fixed)))"#;

#[test]
fn every_mutable_global_is_exported_and_nothing_else_changes() {
    let wasm = wat::parse_str(COUNTER).unwrap();
    let (mut store, instance) = instance(&expose_globals(&wasm));
    let names: Vec<String> = instance.exports(&mut store).map(|export| export.name().to_owned()).collect();
    assert_eq!(names[..4], ["memory", "bump", "calls", "fixed"]);
    assert_eq!(names.iter().filter_map(|name| exposed(name)).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let none = wat::parse_str(r#"(module (global i32 (i32.const 1)) (func (export "f")))"#).unwrap();
    assert_eq!(expose_globals(&none), none);
    assert_eq!(expose_globals(b"\0asm"), &b"\0asm"[..]);
}

#[test]
fn exposing_twice_changes_nothing() {
    let once = expose_globals(&wat::parse_str(COUNTER).unwrap()).into_owned();
    assert_eq!(expose_globals(&once), once);
}

#[test]
fn an_instance_of_an_image_goes_on_where_the_snapshot_was_taken() {
    let wasm = wat::parse_str(COUNTER).unwrap();
    let globals =
        vec![(1, Number::I32(41)), (2, Number::F64(7)), (3, Number::V128(1 << 100)), (4, Number::F32(3))];
    let snapshot =
        Snapshot { pages: 3, runs: vec![(4096, vec![9; 4096]), (2 * 65536, vec![8; 10])], globals };
    let image = encode(&wasm, &snapshot).unwrap();
    let (mut store, instance) = instance(&expose_globals(&image));
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.size(&store), 3);
    let data = memory.data(&store);
    assert_eq!((data[8], data[4095], data[4096], data[8191], data[8192]), (0, 0, 9, 9, 0));
    assert_eq!((data[2 * 65536 + 9], data[2 * 65536 + 10]), (8, 0));
    let calls = instance.get_typed_func::<(), i32>(&mut store, "calls").unwrap();
    // The start section has not run, or this would be 43.
    assert_eq!(calls.call(&mut store, ()).unwrap(), 42);
    let fixed = instance.get_typed_func::<(), i64>(&mut store, "fixed").unwrap();
    assert_eq!(fixed.call(&mut store, ()).unwrap(), -7);
}

#[test]
fn a_missing_global_is_an_error() {
    let snapshot = Snapshot { pages: 1, runs: Vec::new(), globals: vec![(1, Number::I32(0))] };
    let error = encode(&wat::parse_str(COUNTER).unwrap(), &snapshot).unwrap_err();
    assert_eq!(error.to_string(), "a mutable global could not be read");
}
