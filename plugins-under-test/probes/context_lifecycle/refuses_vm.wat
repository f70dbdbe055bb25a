;; Refuses its VM: without a configuration of the VM by answering false, with one by a trap.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "vm start")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 256) (i32.const 8)))
    (if (local.get 1) (then unreachable))
    (i32.const 0))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) unreachable))
