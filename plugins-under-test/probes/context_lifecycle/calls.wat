;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_context_create
;;= proxy_on_configure proxy_set_effective_context Ok
;;= proxy_on_configure proxy_set_effective_context BadArgument
;;= proxy_on_configure proxy_done NotFound
;;= proxy_on_log
;;= proxy_on_done
;;= proxy_on_delete
(module
  (import "env" "proxy_set_effective_context" (func $proxy_set_effective_context (param i32) (result i32)))
  (import "env" "proxy_done" (func $proxy_done (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_set_effective_context (i32.const 1)))
    (drop (call $proxy_set_effective_context (i32.const 99)))
    (drop (call $proxy_done))
    (i32.const 1))
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_done") (param i32) (result i32)
    (i32.const 1))
  (func (export "proxy_on_delete") (param i32)))
