;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_request_trailers proxy_get_header_map_size Ok
;;= proxy_on_request_trailers proxy_get_header_map_pairs Ok
;;= proxy_on_request_trailers proxy_get_header_map_value Ok
;;= proxy_on_request_trailers proxy_add_header_map_value Ok
;;= proxy_on_request_trailers proxy_replace_header_map_value Ok
;;= proxy_on_request_trailers proxy_remove_header_map_value Ok
;;= proxy_on_request_trailers proxy_set_header_map_pairs Ok
(module
  (import "env" "proxy_get_header_map_size" (func $proxy_get_header_map_size (param i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $proxy_get_header_map_pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $proxy_get_header_map_value (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $proxy_add_header_map_value (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $proxy_replace_header_map_value (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value"
    (func $proxy_remove_header_map_value (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_header_map_pairs" (func $proxy_set_header_map_pairs (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "x-t")
  (data (i32.const 272) "x-a")
  (data (i32.const 288) "1")
  (data (i32.const 304) "2")
  (data (i32.const 320) "\01\00\00\00\03\00\00\00\01\00\00\00x-t\002\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
    (drop (call $proxy_get_header_map_size (i32.const 1) (i32.const 16)))
    (drop (call $proxy_get_header_map_pairs (i32.const 1) (i32.const 16) (i32.const 24)))
    (drop (call $proxy_get_header_map_value (i32.const 1) (i32.const 256) (i32.const 3) (i32.const 16)
      (i32.const 24)))
    (drop (call $proxy_add_header_map_value (i32.const 1) (i32.const 272) (i32.const 3) (i32.const 288)
      (i32.const 1)))
    (drop (call $proxy_replace_header_map_value (i32.const 1) (i32.const 272) (i32.const 3) (i32.const 304)
      (i32.const 1)))
    (drop (call $proxy_remove_header_map_value (i32.const 1) (i32.const 272) (i32.const 3)))
    (drop (call $proxy_set_header_map_pairs (i32.const 1) (i32.const 320) (i32.const 18)))
    (i32.const 0)))
