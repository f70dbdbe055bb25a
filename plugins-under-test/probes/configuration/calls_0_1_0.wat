;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`. ABI 0.1.0.
;;= proxy_on_vm_start proxy_get_configuration Ok
;;= proxy_on_configure proxy_get_configuration Ok
(module
  (import "env" "proxy_get_configuration" (func $proxy_get_configuration (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_1_0"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (drop (call $proxy_get_configuration (i32.const 16) (i32.const 24)))
    (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_get_configuration (i32.const 16) (i32.const 24)))
    (i32.const 1)))
