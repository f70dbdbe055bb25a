;; Without `malloc`, `proxy_on_memory_allocate` is asked.
;;= proxy_on_configure proxy_get_property Ok
;;= proxy_on_memory_allocate
(module
  (import "env" "proxy_get_property" (func $proxy_get_property (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "plugin_name")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_get_property (i32.const 256) (i32.const 11) (i32.const 16) (i32.const 24)))
    (i32.const 1)))
