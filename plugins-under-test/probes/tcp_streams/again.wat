;; Continues inside the callback and answers Continue besides: what comes after this plugin sees an end twice.
(module
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (drop (call $continue (i32.const 2))) (i32.const 0)))
