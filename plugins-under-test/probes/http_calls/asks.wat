;; Pauses every request and asks cluster `authz`: POST /check with the field `x-key: s3cr3t` and the body `who`, 200 ms at
;; most. When the answer has come it lets the request go on. ABI 0.2.1, "HTTP calls".
(module
  (import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $about (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $go_on (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $asking (mut i32) (i32.const 0))
  (data (i32.const 0) "authz" "who")
  ;; Four pairs: count, sizes, then texts with a zero byte after each.
  (data (i32.const 16) "\04\00\00\00\07\00\00\00\04\00\00\00\05\00\00\00\06\00\00\00\0a\00\00\00\05\00\00\00\05\00\00\00\06\00\00\00:method\00POST\00:path\00/check\00:authority\00authz\00x-key\00s3cr3t\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
    (global.set $asking (local.get $stream))
    (drop (call $call (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 92) (i32.const 5) (i32.const 3)
      (i32.const 0) (i32.const 0) (i32.const 200) (i32.const 512)))
    (i32.const 1))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $about (global.get $asking)))
    (drop (call $go_on (i32.const 0)))))
