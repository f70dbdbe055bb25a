;; The log level. ABI 0.2.1.
;;= proxy_on_configure proxy_get_log_level Ok
(module
  (import "env" "proxy_get_log_level" (func $proxy_get_log_level (param i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_get_log_level (i32.const 16)))
    (i32.const 1)))
