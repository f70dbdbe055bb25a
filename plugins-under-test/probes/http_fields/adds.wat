;; Adds the fields `x-user: alice` and `x-user: bob` to every request, and takes `server-timing` from every response.
;; ABI 0.2.1, "HTTP fields".
(module
  (import "env" "proxy_add_header_map_value"
    (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "x-useralicebobserver-timing")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $add (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 6) (i32.const 5)))
    (drop (call $add (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 11) (i32.const 3)))
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $remove (i32.const 2) (i32.const 14) (i32.const 13)))
    (i32.const 0)))
