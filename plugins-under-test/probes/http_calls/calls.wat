;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure proxy_http_call Ok
;;= proxy_on_http_call_response proxy_get_header_map_value Ok
(module
  (import "env" "proxy_http_call"
    (func $proxy_http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $proxy_get_header_map_value (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "http")
  (data (i32.const 272) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\06\00\00\00\0a\00\00\00\05\00\00\00:method\00GET\00:path\00/check\00:authority\00authz\00")
  (data (i32.const 352) "body")
  (data (i32.const 368) ":status")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_http_call (i32.const 256) (i32.const 4) (i32.const 272) (i32.const 70) (i32.const 352)
      (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 16)))
    (i32.const 1))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $proxy_get_header_map_value (i32.const 6) (i32.const 368) (i32.const 7) (i32.const 16)
      (i32.const 24)))))
