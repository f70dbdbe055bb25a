;; Every callback of an exchange. ABI 0.2.0 and later.
;;= proxy_on_configure proxy_send_local_response Ok
;;= proxy_on_request_headers
;;= proxy_on_request_body
;;= proxy_on_request_trailers
;;= proxy_on_request_metadata
;;= proxy_on_response_headers
;;= proxy_on_response_body
;;= proxy_on_response_trailers
;;= proxy_on_response_metadata
(module
  (import "env" "proxy_send_local_response"
    (func $proxy_send_local_response (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "why")
  (data (i32.const 272) "body")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_send_local_response (i32.const 403) (i32.const 256) (i32.const 3) (i32.const 272)
      (i32.const 4) (i32.const 0) (i32.const 0) (i32.const -1)))
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_request_metadata") (param i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_response_metadata") (param i32 i32) (result i32)
    (i32.const 0)))
