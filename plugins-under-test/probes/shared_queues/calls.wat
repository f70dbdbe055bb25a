;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure proxy_register_shared_queue Ok
;;= proxy_on_configure proxy_resolve_shared_queue Ok
;;= proxy_on_configure proxy_enqueue_shared_queue Ok
;;= proxy_on_queue_ready proxy_dequeue_shared_queue Ok
(module
  (import "env" "proxy_register_shared_queue" (func $proxy_register_shared_queue (param i32 i32 i32) (result i32)))
  (import "env" "proxy_resolve_shared_queue"
    (func $proxy_resolve_shared_queue (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_enqueue_shared_queue" (func $proxy_enqueue_shared_queue (param i32 i32 i32) (result i32)))
  (import "env" "proxy_dequeue_shared_queue" (func $proxy_dequeue_shared_queue (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "jobs")
  (data (i32.const 272) "job")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_register_shared_queue (i32.const 256) (i32.const 4) (i32.const 16)))
    (drop (call $proxy_resolve_shared_queue (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 4)
      (i32.const 24)))
    (drop (call $proxy_enqueue_shared_queue (i32.load (i32.const 24)) (i32.const 272) (i32.const 3)))
    (i32.const 1))
  (func (export "proxy_on_queue_ready") (param i32 i32)
    (drop (call $proxy_dequeue_shared_queue (i32.load (i32.const 16)) (i32.const 32) (i32.const 40)))))
