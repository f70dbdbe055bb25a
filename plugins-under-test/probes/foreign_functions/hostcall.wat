;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure proxy_call_foreign_function Ok
(module
  (import "env" "proxy_call_foreign_function"
    (func $proxy_call_foreign_function (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "compress")
  (data (i32.const 272) "text")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_call_foreign_function (i32.const 256) (i32.const 8) (i32.const 272) (i32.const 4)
      (i32.const 16) (i32.const 24)))
    (i32.const 1)))
