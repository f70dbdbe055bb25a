;; Logs `same` when both clocks say 1 ms after the epoch, else `other`.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "sameother")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $now (i32.const 0)))
    (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 8)))
    (if (i32.and
          (i64.eq (i64.load (i32.const 0)) (i64.const 1000000))
          (i64.eq (i64.load (i32.const 8)) (i64.const 1000000)))
      (then (drop (call $log (i32.const 2) (i32.const 64) (i32.const 4))))
      (else (drop (call $log (i32.const 2) (i32.const 68) (i32.const 5)))))
    (i32.const 0)))
