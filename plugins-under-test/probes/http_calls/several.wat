;; Calls clusters slow, fast and slow again for each request, and lets the request go on when the third answer is there.
(module
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $become (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "slowfast")
  (data (i32.const 32)
    "\03\00\00\00"
    "\07\00\00\00\03\00\00\00" "\05\00\00\00\01\00\00\00" "\0a\00\00\00\01\00\00\00"
    ":method\00GET\00" ":path\00/\00" ":authority\00x\00")
  (global $stream (mut i32) (i32.const 0))
  (global $open (mut i32) (i32.const 0))
  (func $call (param $name i32)
    (global.set $open (i32.add (global.get $open) (i32.const 1)))
    (drop (call $http_call
      (local.get $name) (i32.const 4)
      (i32.const 32) (i32.const 61)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0)
      (i32.const 1000) (i32.const 208))))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $stream (local.get 0))
    (call $call (i32.const 0)) (call $call (i32.const 4)) (call $call (i32.const 0))
    (i32.const 1))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (global.set $open (i32.sub (global.get $open) (i32.const 1)))
    (if (i32.eqz (global.get $open)) (then
      (drop (call $become (global.get $stream)))
      (drop (call $continue (i32.const 0)))))))
