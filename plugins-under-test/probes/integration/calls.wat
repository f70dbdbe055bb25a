;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;; Entry points of a reactor: `_initialize`, then `main`.
;;= _initialize proxy_log Ok
;;= _initialize emscripten_notify_memory_growth -
;;= main emscripten_notify_memory_growth -
;;= proxy_on_configure pthread_equal 1
;;= proxy_on_configure pthread_equal 0
;;= proxy_on_configure envoy_resolve_dns Ok
;;= proxy_on_configure emscripten_notify_memory_growth -
;;= envoy_on_resolve_dns proxy_get_buffer_bytes Ok
;;= never envoy_on_stats_update
(module
  (import "env" "proxy_log" (func $proxy_log (param i32 i32 i32) (result i32)))
  (import "env" "emscripten_notify_memory_growth" (func $emscripten_notify_memory_growth (param i32)))
  (import "env" "pthread_equal" (func $pthread_equal (param i32 i32) (result i32)))
  (import "env" "envoy_resolve_dns" (func $envoy_resolve_dns (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $proxy_get_buffer_bytes (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "initialize")
  (data (i32.const 272) "1.2.3.4")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "_initialize")
    (drop (call $proxy_log (i32.const 2) (i32.const 256) (i32.const 10)))
    (call $emscripten_notify_memory_growth (i32.const 0)))
  (func (export "main") (param i32 i32) (result i32)
    (call $emscripten_notify_memory_growth (i32.const 0))
    (i32.const 0))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $pthread_equal (i32.const 7) (i32.const 7)))
    (drop (call $pthread_equal (i32.const 7) (i32.const 8)))
    (drop (call $envoy_resolve_dns (i32.const 272) (i32.const 7) (i32.const 16)))
    (call $emscripten_notify_memory_growth (i32.const 0))
    (i32.const 1))
  (func (export "envoy_on_resolve_dns") (param i32 i32 i32)
    (drop (call $proxy_get_buffer_bytes (i32.const 8) (i32.const 0) (i32.const 100) (i32.const 24)
      (i32.const 32))))
  (func (export "envoy_on_stats_update") (param i32 i32)
    unreachable))
