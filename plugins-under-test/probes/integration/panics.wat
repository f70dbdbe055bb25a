;; Panics on every request, as the SDKs do: a critical log line that says why, then `unreachable`, two functions deep.
;; ABI 0.2.1, "Integration".
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "panicked at src/lib.rs:7:5:\nno such key")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func $panic
    (drop (call $log (i32.const 5) (i32.const 0) (i32.const 39)))
    unreachable)
  (func $check_key (call $panic))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $check_key)
    (i32.const 0)))
