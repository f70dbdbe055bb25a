;; Asks cluster authz about each request, and holds the request until the answer is there: 200 lets it go on, anything else
;; answers it with 403. The pattern that most plugins with calls have.
(module
  (import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $become (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "authz")
  (data (i32.const 16) ":status")
  (data (i32.const 32)
    "\03\00\00\00"
    "\07\00\00\00\04\00\00\00" "\05\00\00\00\06\00\00\00" "\0a\00\00\00\05\00\00\00"
    ":method\00POST\00" ":path\00/check\00" ":authority\00authz\00")
  (data (i32.const 112) "denied")
  ;; 200: where values are handed over; 208: the call's id.
  (global $stream (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $stream (local.get 0))
    (drop (call $call
      (i32.const 0) (i32.const 5)
      (i32.const 32) (i32.const 71)
      (i32.const 0) (i32.const 5)
      (i32.const 0) (i32.const 0)
      (i32.const 200) (i32.const 208)))
    (i32.const 1))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $become (global.get $stream)))
    (if (i32.eqz (local.get 2)) (then (call $deny) (return)))
    (drop (call $get (i32.const 6) (i32.const 16) (i32.const 7) (i32.const 200) (i32.const 204)))
    (if (i32.eq (i32.load8_u (i32.load (i32.const 200))) (i32.const 50))
      (then (drop (call $continue (i32.const 0))))
      (else (call $deny))))
  (func $deny
    (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 112) (i32.const 6)
      (i32.const 0) (i32.const 0) (i32.const -1)))))
