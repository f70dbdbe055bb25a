;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure proxy_get_property Ok
;;= proxy_on_configure proxy_set_property NotFound
;;= proxy_on_request_body proxy_set_property Ok
;;= proxy_on_request_body proxy_get_property Ok
(module
  (import "env" "proxy_get_property" (func $proxy_get_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $proxy_set_property (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "plugin_name")
  (data (i32.const 272) "p")
  (data (i32.const 288) "v")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_get_property (i32.const 256) (i32.const 11) (i32.const 16) (i32.const 24)))
    (drop (call $proxy_set_property (i32.const 272) (i32.const 1) (i32.const 288) (i32.const 1)))
    (i32.const 1))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (drop (call $proxy_set_property (i32.const 272) (i32.const 1) (i32.const 288) (i32.const 1)))
    (drop (call $proxy_get_property (i32.const 272) (i32.const 1) (i32.const 16) (i32.const 24)))
    (i32.const 0)))
