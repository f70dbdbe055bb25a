;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure proxy_define_metric Ok
;;= proxy_on_configure proxy_increment_metric Ok
;;= proxy_on_configure proxy_record_metric Ok
;;= proxy_on_configure proxy_get_metric Ok
(module
  (import "env" "proxy_define_metric" (func $proxy_define_metric (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $proxy_increment_metric (param i32 i64) (result i32)))
  (import "env" "proxy_record_metric" (func $proxy_record_metric (param i32 i64) (result i32)))
  (import "env" "proxy_get_metric" (func $proxy_get_metric (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "hits")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_define_metric (i32.const 0) (i32.const 256) (i32.const 4) (i32.const 16)))
    (drop (call $proxy_increment_metric (i32.load (i32.const 16)) (i64.const 3)))
    (drop (call $proxy_record_metric (i32.load (i32.const 16)) (i64.const 4)))
    (drop (call $proxy_get_metric (i32.load (i32.const 16)) (i32.const 24)))
    (i32.const 1)))
