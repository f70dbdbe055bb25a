;; Log lines, of the plugin and of its runtime.
;;= proxy_on_configure proxy_log Ok
;;= proxy_on_configure proxy_log BadArgument
;;= proxy_on_configure fd_write success
(module
  (import "env" "proxy_log" (func $proxy_log (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "line")
  (data (i32.const 272) "\00\02\00\00\04\00\00\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_log (i32.const 2) (i32.const 256) (i32.const 4)))
    (drop (call $proxy_log (i32.const 9) (i32.const 256) (i32.const 4)))
    (drop (call $fd_write (i32.const 1) (i32.const 272) (i32.const 1) (i32.const 16)))
    (i32.const 1)))
