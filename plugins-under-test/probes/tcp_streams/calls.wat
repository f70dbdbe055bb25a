;; Every callback of a connection.
;;= proxy_on_new_connection
;;= proxy_on_downstream_data
;;= proxy_on_upstream_data
;;= proxy_on_downstream_connection_close
;;= proxy_on_upstream_connection_close
(module
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_new_connection") (param i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_downstream_connection_close") (param i32 i32))
  (func (export "proxy_on_upstream_connection_close") (param i32 i32)))
