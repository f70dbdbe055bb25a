;; The callback of the section, which Envoy looks up and never calls. ABI 0.2.0 and later.
;;= proxy_on_configure
;;= never proxy_on_foreign_function
(module
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (i32.const 1))
  (func (export "proxy_on_foreign_function") (param i32 i32 i32)
    unreachable))
