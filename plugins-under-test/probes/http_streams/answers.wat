;; Answers every request itself, with everything that a local response can have: 403, a header field, a body, details
;; and a gRPC status. ABI 0.2.1, "HTTP streams": proxy_send_local_response.
(module
  (import "env" "proxy_send_local_response"
    (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "no_key")
  (data (i32.const 16) "no key\n")
  ;; One pair: count, two sizes, then both texts with a zero byte after each.
  (data (i32.const 32) "\01\00\00\00" "\08\00\00\00" "\07\00\00\00" "x-reason\00" "missing\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $answer
      (i32.const 403)
      (i32.const 0) (i32.const 6)
      (i32.const 16) (i32.const 7)
      (i32.const 32) (i32.const 29)
      (i32.const 7)))
    (i32.const 1)))
