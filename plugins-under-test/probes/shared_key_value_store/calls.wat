;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure proxy_set_shared_data Ok
;;= proxy_on_configure proxy_get_shared_data Ok
;;= proxy_on_configure proxy_set_shared_data CasMismatch
(module
  (import "env" "proxy_set_shared_data" (func $proxy_set_shared_data (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $proxy_get_shared_data (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "key")
  (data (i32.const 272) "value")
  (data (i32.const 288) "other")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_set_shared_data (i32.const 256) (i32.const 3) (i32.const 272) (i32.const 5) (i32.const 0)))
    (drop (call $proxy_get_shared_data (i32.const 256) (i32.const 3) (i32.const 16) (i32.const 24)
      (i32.const 32)))
    (drop (call $proxy_set_shared_data (i32.const 256) (i32.const 3) (i32.const 288) (i32.const 5)
      (i32.const 99)))
    (i32.const 1)))
