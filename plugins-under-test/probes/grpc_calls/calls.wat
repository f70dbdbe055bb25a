;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure proxy_grpc_call Ok
;;= proxy_on_configure proxy_grpc_stream Ok
;;= proxy_on_configure proxy_grpc_send Ok
;;= proxy_on_configure proxy_grpc_stream Ok
;;= proxy_on_configure proxy_grpc_close Ok
;;= proxy_on_configure proxy_grpc_call Ok
;;= proxy_on_configure proxy_grpc_cancel Ok
;;= proxy_on_grpc_receive_initial_metadata proxy_get_header_map_pairs Ok
;;= proxy_on_grpc_receive proxy_get_buffer_bytes Ok
;;= proxy_on_grpc_receive_trailing_metadata proxy_get_header_map_pairs Ok
;;= proxy_on_grpc_close proxy_get_status Ok
(module
  (import "env" "proxy_grpc_call"
    (func $proxy_grpc_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_stream"
    (func $proxy_grpc_stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_send" (func $proxy_grpc_send (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_close" (func $proxy_grpc_close (param i32) (result i32)))
  (import "env" "proxy_grpc_cancel" (func $proxy_grpc_cancel (param i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $proxy_get_header_map_pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $proxy_get_buffer_bytes (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_status" (func $proxy_get_status (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "grpc")
  (data (i32.const 272) "a.Service")
  (data (i32.const 288) "Ask")
  (data (i32.const 304) "ping")
  (data (i32.const 320) "Watch")
  (data (i32.const 336) "more")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_grpc_call (i32.const 256) (i32.const 4) (i32.const 272) (i32.const 9) (i32.const 288)
      (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 304) (i32.const 4) (i32.const 1000) (i32.const 16)))
    (drop (call $proxy_grpc_stream (i32.const 256) (i32.const 4) (i32.const 272) (i32.const 9) (i32.const 320)
      (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 24)))
    (drop (call $proxy_grpc_send (i32.load (i32.const 24)) (i32.const 336) (i32.const 4) (i32.const 0)))
    (drop (call $proxy_grpc_stream (i32.const 256) (i32.const 4) (i32.const 272) (i32.const 9) (i32.const 320)
      (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 32)))
    (drop (call $proxy_grpc_close (i32.load (i32.const 32))))
    (drop (call $proxy_grpc_call (i32.const 256) (i32.const 4) (i32.const 272) (i32.const 9) (i32.const 288)
      (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 304) (i32.const 4) (i32.const 1000) (i32.const 40)))
    (drop (call $proxy_grpc_cancel (i32.load (i32.const 40))))
    (i32.const 1))
  (func (export "proxy_on_grpc_receive_initial_metadata") (param i32 i32 i32)
    (drop (call $proxy_get_header_map_pairs (i32.const 4) (i32.const 48) (i32.const 56))))
  (func (export "proxy_on_grpc_receive") (param i32 i32 i32)
    (drop (call $proxy_get_buffer_bytes (i32.const 5) (i32.const 0) (i32.const 100) (i32.const 48)
      (i32.const 56))))
  (func (export "proxy_on_grpc_receive_trailing_metadata") (param i32 i32 i32)
    (drop (call $proxy_get_header_map_pairs (i32.const 5) (i32.const 48) (i32.const 56))))
  (func (export "proxy_on_grpc_close") (param i32 i32 i32)
    (drop (call $proxy_get_status (i32.const 48) (i32.const 56) (i32.const 64)))))
