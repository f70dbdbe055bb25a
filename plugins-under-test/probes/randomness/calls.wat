;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure random_get success
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $random_get (i32.const 16) (i32.const 8)))
    (i32.const 1)))
