;; Calls cluster authz again and again: each answer is followed by the next call, from inside the callback.
(module
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "authz")
  (data (i32.const 32)
    "\03\00\00\00"
    "\07\00\00\00\03\00\00\00" "\05\00\00\00\01\00\00\00" "\0a\00\00\00\01\00\00\00"
    ":method\00GET\00" ":path\00/\00" ":authority\00x\00")
  (func $call
    (drop (call $http_call
      (i32.const 0) (i32.const 5)
      (i32.const 32) (i32.const 61)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0)
      (i32.const 1000) (i32.const 208))))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $call) (i32.const 1))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) (call $call)))
