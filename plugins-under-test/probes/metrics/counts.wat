;; Counts requests in `requests` and notes 5 and 7 for each in the histogram `sizes`. ABI 0.2.1, "Metrics".
(module
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "requestssizes")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  ;; The ids stand at 64 and 68.
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $define (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 64)))
    (drop (call $define (i32.const 2) (i32.const 8) (i32.const 5) (i32.const 68)))
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $increment (i32.load (i32.const 64)) (i64.const 1)))
    (drop (call $record (i32.load (i32.const 68)) (i64.const 5)))
    (drop (call $record (i32.load (i32.const 68)) (i64.const 7)))
    (i32.const 0)))
