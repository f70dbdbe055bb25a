;; Calls cluster authz, without a timeout, in every callback but that of the answer: plugin contexts and stream contexts,
;; the start, a tick, the end of a stream.
(module
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "authz")
  (data (i32.const 32)
    "\03\00\00\00"
    "\07\00\00\00\03\00\00\00" "\05\00\00\00\06\00\00\00" "\0a\00\00\00\05\00\00\00"
    ":method\00GET\00" ":path\00/check\00" ":authority\00authz\00")
  (func $call
    (drop (call $http_call
      (i32.const 0) (i32.const 5)
      (i32.const 32) (i32.const 70)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 208))))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_on_context_create") (param i32 i32) (call $call))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (call $call) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $call) (drop (call $tick (i32.const 1000))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32) (call $call) (drop (call $tick (i32.const 0))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $call) (i32.const 0))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $call) (i32.const 0))
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32) (call $call) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (call $call) (i32.const 0))
  (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (call $call) (i32.const 0))
  (func (export "proxy_on_response_trailers") (param i32 i32) (result i32) (call $call) (i32.const 0))
  (func (export "proxy_on_log") (param i32) (call $call))
  (func (export "proxy_on_done") (param i32) (result i32) (call $call) (i32.const 1))
  (func (export "proxy_on_delete") (param i32) (call $call))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)))
