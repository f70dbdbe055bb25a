;; Asks cluster `authz` with every request, and does not wait: `auth.Checker/Check` with the message `who`, 200 ms at
;; most. ABI 0.2.1, "gRPC calls".
(module
  (import "env" "proxy_grpc_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "authz" "auth.Checker" "Check" "who")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $call (i32.const 0) (i32.const 5) (i32.const 5) (i32.const 12) (i32.const 17) (i32.const 5)
      (i32.const 0) (i32.const 0) (i32.const 22) (i32.const 3) (i32.const 200) (i32.const 512)))
    (i32.const 0)))
