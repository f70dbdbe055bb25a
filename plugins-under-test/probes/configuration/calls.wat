;; Start and configuration.
;;= proxy_on_vm_start proxy_get_buffer_bytes Ok
;;= proxy_on_configure proxy_get_buffer_bytes Ok
;;= never proxy_validate_configuration
(module
  (import "env" "proxy_get_buffer_bytes" (func $proxy_get_buffer_bytes (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (drop (call $proxy_get_buffer_bytes (i32.const 6) (i32.const 0) (i32.const 100) (i32.const 16)
      (i32.const 24)))
    (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_get_buffer_bytes (i32.const 7) (i32.const 0) (i32.const 100) (i32.const 16)
      (i32.const 24)))
    (i32.const 1))
  (func (export "proxy_validate_configuration") (param i32 i32) (result i32)
    unreachable))
