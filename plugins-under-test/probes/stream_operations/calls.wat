;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`. ABI 0.2.0 and later.
;;= proxy_on_configure proxy_continue_stream Ok
;;= proxy_on_configure proxy_continue_stream Unimplemented
;;= proxy_on_configure proxy_continue_stream BadArgument
;;= proxy_on_configure proxy_close_stream Ok
;;= proxy_on_configure proxy_close_stream BadArgument
(module
  (import "env" "proxy_continue_stream" (func $proxy_continue_stream (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $proxy_close_stream (param i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_continue_stream (i32.const 0)))
    (drop (call $proxy_continue_stream (i32.const 3)))
    (drop (call $proxy_continue_stream (i32.const 4)))
    (drop (call $proxy_close_stream (i32.const 0)))
    (drop (call $proxy_close_stream (i32.const 4)))
    (i32.const 1)))
