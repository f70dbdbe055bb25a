;; A plugin that does what its configuration says, and logs what comes of it.
;;
;; The configuration is words between blanks. A word that ends with a colon begins what is done in a callback:
;;   cc vs cf tk dn lg dl      proxy_on_context_create, _vm_start, _configure, _tick, _done, _log, _delete
;;   rh rb rt  sh sb st        proxy_on_request_headers, _body, _trailers, and the same of the response
;;   hr qr  gi gr gt gc        proxy_on_http_call_response, _queue_ready, _grpc_receive_initial_metadata, _grpc_receive,
;;                             _grpc_receive_trailing_metadata, _grpc_close
;;   nc dd ud dc uc            proxy_on_new_connection, _downstream_data, _upstream_data, _downstream_connection_close,
;;                             _upstream_connection_close
;; with a number behind it (rb2:) only when it is called for the second time for this plugin; without one, each time. All
;; that apply are run, in order. The other words are calls: a letter, then arguments parted by commas; text stands in
;; parentheses, and numbers may be negative.
;;   =N                        return N; default: 1 from vs, cf, dn, else 0
;;   l(text)                   log
;;   v MAP,(key)               proxy_get_header_map_value     p MAP  ..._pairs      z MAP  ..._size
;;   a|r MAP,(key),(value)     proxy_add|replace_header_map_value
;;   d MAP,(key)               proxy_remove_header_map_value
;;   s MAP,(k=v|k=v)           proxy_set_header_map_pairs     S MAP,(bytes) the same with bytes as they are
;;   b ID,START,MAX            proxy_get_buffer_bytes         B ID  proxy_get_buffer_status
;;   w ID,START,SIZE,(data)    proxy_set_buffer_bytes
;;   c N  x N  e N  t N        proxy_continue_stream, _close_stream, _set_effective_context, _set_tick_period_milliseconds
;;   R CODE,GRPC,(details),(body),(k=v|k=v)   proxy_send_local_response
;;   g(a|b)  P(a|b),(value)    proxy_get_property, proxy_set_property; | parts a path
;;   D                         proxy_done
;;   h TIMEOUT,(cluster),(k=v|k=v),(body)              proxy_http_call
;;   j TIMEOUT,(cluster),(service|method),(message)    proxy_grpc_call       J (cluster),(service|method)  ..._stream
;;   k ID,END,(message)  o ID  O ID                    proxy_grpc_send, _close, _cancel
;;   G(key)  W CAS,(key),(value)                       proxy_get_shared_data, proxy_set_shared_data
;;   q(name)  Q(vm),(name)  n ID,(data)  N ID          proxy_register_, resolve_, enqueue_, dequeue_shared_queue
;;   m TYPE,(name)  i ID,N  M ID,N  y ID               proxy_define_, increment_, record_, get_metric
;;   f(name),(argument)  L  T  Y                       proxy_call_foreign_function, _get_log_level,
;;                                                     _get_current_time_nanoseconds (its status), _get_status
;;   X N,ARGUMENT,...          the hostcall of this number with these arguments, pointers too; its status
;;   u                         a trap
;; After each call but l it logs the letter, the status, and what was read.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get_value (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $get_pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_size" (func $get_size (param i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_header_map_pairs" (func $set_pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_status" (func $buffer_status (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $local (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_done" (func $done (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick_period (param i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
  (import "env" "proxy_resolve_shared_queue" (func $resolve (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_dequeue_shared_queue" (func $dequeue (param i32 i32 i32) (result i32)))
  (import "env" "proxy_enqueue_shared_queue" (func $enqueue (param i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_call"
    (func $grpc_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_stream"
    (func $grpc_stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_close" (func $grpc_close (param i32) (result i32)))
  (import "env" "proxy_grpc_cancel" (func $grpc_cancel (param i32) (result i32)))
  (import "env" "proxy_grpc_send" (func $grpc_send (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
  (import "env" "proxy_get_metric" (func $get_metric (param i32 i32) (result i32)))
  (import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_log_level" (func $log_level (param i32) (result i32)))
  (import "env" "proxy_get_status" (func $get_status (param i32 i32 i32) (result i32)))
  ;; 0: results of calls. 64: sizes of configurations. 128: the numbers of a call. 256: counts of callbacks, 128 bytes for
  ;; each plugin. 2048: the plugin of each context. 4096: pairs and paths. 32768: the line to be
  ;; logged. 65536: configurations, 8 KiB for each of up to eight plugins. 131072: what the host gives.
  (memory (export "memory") 80)
  (global $heap (mut i32) (i32.const 131072))
  (global $config (mut i32) (i32.const 65536))
  (global $config_end (mut i32) (i32.const 65536))
  (global $p (mut i32) (i32.const 0))
  (global $out (mut i32) (i32.const 32768))
  (global $n0 (mut i32) (i32.const 0))
  (global $n1 (mut i32) (i32.const 0))
  (global $n2 (mut i32) (i32.const 0))
  (global $tp0 (mut i32) (i32.const 0)) (global $tl0 (mut i32) (i32.const 0))
  (global $tp1 (mut i32) (i32.const 0)) (global $tl1 (mut i32) (i32.const 0))
  (global $tp2 (mut i32) (i32.const 0)) (global $tl2 (mut i32) (i32.const 0))
  (global $ret (mut i32) (i32.const 0))
  (global $plugins (mut i32) (i32.const 0))

  (func (export "proxy_abi_version_0_2_1"))
  (func $malloc (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))

  ;; --- The line to be logged.
  (func $putc (param $c i32)
    (i32.store8 (global.get $out) (local.get $c))
    (global.set $out (i32.add (global.get $out) (i32.const 1))))
  (func $puts (param $from i32) (param $len i32)
    (if (i32.gt_u (local.get $len) (i32.const 24000)) (then (local.set $len (i32.const 24000))))
    (memory.copy (global.get $out) (local.get $from) (local.get $len))
    (global.set $out (i32.add (global.get $out) (local.get $len))))
  (func $putn (param $n i32)
    (if (i32.ge_u (local.get $n) (i32.const 10))
      (then (call $putn (i32.div_u (local.get $n) (i32.const 10)))))
    (call $putc (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10)))))
  (func $begin (param $op i32) (param $status i32)
    (global.set $out (i32.const 32768))
    (call $putc (local.get $op)) (call $putc (i32.const 32)) (call $putn (local.get $status)))
  (func $flush
    (drop (call $log (i32.const 2) (i32.const 32768) (i32.sub (global.get $out) (i32.const 32768)))))
  ;; The letter, the status, and what stands at the place and of the length that the host wrote to 0 and 4.
  (func $said (param $op i32) (param $status i32)
    (call $begin (local.get $op) (local.get $status))
    (if (i32.eqz (local.get $status))
      (then
        (call $putc (i32.const 32))
        (call $putn (i32.load (i32.const 4)))
        (call $putc (i32.const 32))
        (call $puts (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
    (call $flush))
  (func $status (param $op i32) (param $status i32)
    (call $begin (local.get $op) (local.get $status)) (call $flush))

  ;; --- Reading the configuration.
  (func $blank (param $c i32) (result i32) (i32.le_u (local.get $c) (i32.const 32)))
  (func $char (result i32)
    (if (result i32) (i32.lt_u (global.get $p) (global.get $config_end))
      (then (i32.load8_u (global.get $p))) (else (i32.const 0))))
  (func $step (global.set $p (i32.add (global.get $p) (i32.const 1))))
  (func $number (result i32)
    (local $n i32) (local $minus i32) (local $c i32)
    (if (i32.eq (call $char) (i32.const 45)) (then (local.set $minus (i32.const 1)) (call $step)))
    (block $end (loop $more
      (local.set $c (i32.sub (call $char) (i32.const 48)))
      (br_if $end (i32.gt_u (local.get $c) (i32.const 9)))
      (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10)) (local.get $c)))
      (call $step) (br $more)))
    (if (result i32) (local.get $minus) (then (i32.sub (i32.const 0) (local.get $n))) (else (local.get $n))))
  ;; Arguments up to the next blank.
  (func $arguments
    (local $c i32) (local $numbers i32) (local $texts i32) (local $from i32) (local $n i32)
    (memory.fill (i32.const 128) (i32.const 0) (i32.const 52))
    (global.set $n0 (i32.const 0)) (global.set $n1 (i32.const 0)) (global.set $n2 (i32.const 0))
    (global.set $tp0 (i32.const 0)) (global.set $tl0 (i32.const 0))
    (global.set $tp1 (i32.const 0)) (global.set $tl1 (i32.const 0))
    (global.set $tp2 (i32.const 0)) (global.set $tl2 (i32.const 0))
    (block $end (loop $more
      (local.set $c (call $char))
      (br_if $end (call $blank (local.get $c)))
      (if (i32.eq (local.get $c) (i32.const 44)) (then (call $step) (br $more)))
      (if (i32.eq (local.get $c) (i32.const 40))
        (then
          (call $step)
          (local.set $from (global.get $p))
          (block $close (loop $text
            (br_if $close (i32.ge_u (global.get $p) (global.get $config_end)))
            (br_if $close (i32.eq (call $char) (i32.const 41)))
            (call $step) (br $text)))
          (local.set $n (i32.sub (global.get $p) (local.get $from)))
          (if (i32.eq (local.get $texts) (i32.const 0))
            (then (global.set $tp0 (local.get $from)) (global.set $tl0 (local.get $n))))
          (if (i32.eq (local.get $texts) (i32.const 1))
            (then (global.set $tp1 (local.get $from)) (global.set $tl1 (local.get $n))))
          (if (i32.eq (local.get $texts) (i32.const 2))
            (then (global.set $tp2 (local.get $from)) (global.set $tl2 (local.get $n))))
          (local.set $texts (i32.add (local.get $texts) (i32.const 1)))
          (call $step) (br $more)))
      (local.set $from (global.get $p))
      (local.set $n (call $number))
      ;; What is neither text nor number is left out.
      (if (i32.eq (local.get $from) (global.get $p)) (then (call $step) (br $more)))
      (if (i32.lt_u (local.get $numbers) (i32.const 13))
        (then (i32.store offset=128 (i32.shl (local.get $numbers) (i32.const 2)) (local.get $n))))
      (if (i32.eq (local.get $numbers) (i32.const 0)) (then (global.set $n0 (local.get $n))))
      (if (i32.eq (local.get $numbers) (i32.const 1)) (then (global.set $n1 (local.get $n))))
      (if (i32.eq (local.get $numbers) (i32.const 2)) (then (global.set $n2 (local.get $n))))
      (local.set $numbers (i32.add (local.get $numbers) (i32.const 1)))
      (br $more))))

  ;; Writes pairs from `k=v|k=v` to 4096 and answers their length; none from nothing.
  (func $pairs (param $from i32) (param $len i32) (result i32)
    (local $end i32) (local $at i32) (local $count i32) (local $sizes i32) (local $data i32) (local $key i32)
    (local $c i32) (local $in_value i32)
    (if (i32.eqz (local.get $len)) (then (i32.store (i32.const 4096) (i32.const 0)) (return (i32.const 4))))
    (local.set $end (i32.add (local.get $from) (local.get $len)))
    (local.set $count (i32.const 1))
    (local.set $at (local.get $from))
    (block $counted (loop $count_more
      (br_if $counted (i32.ge_u (local.get $at) (local.get $end)))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 124))
        (then (local.set $count (i32.add (local.get $count) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $count_more)))
    (i32.store (i32.const 4096) (local.get $count))
    (local.set $sizes (i32.const 4100))
    (local.set $data (i32.add (i32.const 4100) (i32.mul (local.get $count) (i32.const 8))))
    (local.set $key (local.get $data))
    (local.set $at (local.get $from))
    (loop $more
      (local.set $c (if (result i32) (i32.lt_u (local.get $at) (local.get $end))
        (then (i32.load8_u (local.get $at))) (else (i32.const 124))))
      (if (i32.or (i32.eq (local.get $c) (i32.const 124))
                  (i32.and (i32.eq (local.get $c) (i32.const 61)) (i32.eqz (local.get $in_value))))
        (then
          (i32.store (local.get $sizes) (i32.sub (local.get $data) (local.get $key)))
          (local.set $sizes (i32.add (local.get $sizes) (i32.const 4)))
          (i32.store8 (local.get $data) (i32.const 0))
          (local.set $data (i32.add (local.get $data) (i32.const 1)))
          (local.set $key (local.get $data))
          (local.set $in_value (i32.eq (local.get $c) (i32.const 61))))
        (else
          (i32.store8 (local.get $data) (local.get $c))
          (local.set $data (i32.add (local.get $data) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (i32.le_u (local.get $at) (local.get $end))))
    (i32.sub (local.get $data) (i32.const 4096)))
  ;; Copies a path to 4096 with NUL in place of |; answers its length.
  (func $path (param $from i32) (param $len i32) (result i32)
    (local $at i32) (local $c i32)
    (block $end (loop $more
      (br_if $end (i32.ge_u (local.get $at) (local.get $len)))
      (local.set $c (i32.load8_u (i32.add (local.get $from) (local.get $at))))
      (if (i32.eq (local.get $c) (i32.const 124)) (then (local.set $c (i32.const 0))))
      (i32.store8 (i32.add (i32.const 4096) (local.get $at)) (local.get $c))
      (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $more)))
    (local.get $len))
  ;; Logs pairs as [k=v][k=v].
  (func $show_pairs (param $status i32)
    (local $at i32) (local $count i32) (local $index i32) (local $data i32) (local $size i32)
    (call $begin (i32.const 112) (local.get $status))
    (if (i32.eqz (local.get $status))
      (then
        (call $putc (i32.const 32))
        (call $putn (i32.load (i32.const 4)))
        (if (i32.load (i32.const 4))
          (then
            (call $putc (i32.const 32))
            (local.set $at (i32.load (i32.const 0)))
            (local.set $count (i32.load (local.get $at)))
            (local.set $data
              (i32.add (i32.add (local.get $at) (i32.const 4)) (i32.mul (local.get $count) (i32.const 8))))
            (block $end (loop $more
              (br_if $end (i32.ge_u (local.get $index) (local.get $count)))
              (call $putc (i32.const 91))
              (local.set $size (i32.load offset=4
                (i32.add (local.get $at) (i32.mul (local.get $index) (i32.const 8)))))
              (call $puts (local.get $data) (local.get $size))
              (local.set $data (i32.add (i32.add (local.get $data) (local.get $size)) (i32.const 1)))
              (call $putc (i32.const 61))
              (local.set $size (i32.load offset=8
                (i32.add (local.get $at) (i32.mul (local.get $index) (i32.const 8)))))
              (call $puts (local.get $data) (local.get $size))
              (local.set $data (i32.add (i32.add (local.get $data) (local.get $size)) (i32.const 1)))
              (call $putc (i32.const 93))
              (local.set $index (i32.add (local.get $index) (i32.const 1)))
              (br $more)))))))
    (call $flush))

  ;; The letter, the status, and the number that the host wrote to 8; 999 was there before.
  (func $unknown (i32.store (i32.const 8) (i32.const 999)))
  (func $said_number (param $op i32) (param $status i32)
    (call $begin (local.get $op) (local.get $status))
    (call $putc (i32.const 32)) (call $putn (i32.load (i32.const 8))) (call $flush))
  ;; The length of the first text up to a |, or of all of it.
  (func $bar (param $from i32) (param $len i32) (result i32)
    (local $at i32)
    (block $end (loop $more
      (br_if $end (i32.ge_u (local.get $at) (local.get $len)))
      (br_if $end (i32.eq (i32.load8_u (i32.add (local.get $from) (local.get $at))) (i32.const 124)))
      (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $more)))
    (local.get $at))

  ;; --- One call.
  (func $do (param $op i32)
    (if (i32.eq (local.get $op) (i32.const 61)) (then (global.set $ret (global.get $n0)) (return)))
    (if (i32.eq (local.get $op) (i32.const 117)) (then (unreachable)))
    (if (i32.eq (local.get $op) (i32.const 108)) ;; l
      (then (drop (call $log (i32.const 2) (global.get $tp0) (global.get $tl0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 118)) ;; v
      (then (call $said (local.get $op) (call $get_value (global.get $n0) (global.get $tp0) (global.get $tl0)
              (i32.const 0) (i32.const 4))) (return)))
    (if (i32.eq (local.get $op) (i32.const 112)) ;; p
      (then (call $show_pairs (call $get_pairs (global.get $n0) (i32.const 0) (i32.const 4))) (return)))
    (if (i32.eq (local.get $op) (i32.const 122)) ;; z
      (then
        (call $begin (local.get $op) (call $get_size (global.get $n0) (i32.const 4)))
        (call $putc (i32.const 32)) (call $putn (i32.load (i32.const 4))) (call $flush) (return)))
    (if (i32.eq (local.get $op) (i32.const 97)) ;; a
      (then (call $status (local.get $op) (call $add (global.get $n0) (global.get $tp0) (global.get $tl0)
              (global.get $tp1) (global.get $tl1))) (return)))
    (if (i32.eq (local.get $op) (i32.const 114)) ;; r
      (then (call $status (local.get $op) (call $replace (global.get $n0) (global.get $tp0) (global.get $tl0)
              (global.get $tp1) (global.get $tl1))) (return)))
    (if (i32.eq (local.get $op) (i32.const 100)) ;; d
      (then (call $status (local.get $op) (call $remove (global.get $n0) (global.get $tp0) (global.get $tl0)))
            (return)))
    (if (i32.eq (local.get $op) (i32.const 115)) ;; s
      (then (call $status (local.get $op) (call $set_pairs (global.get $n0) (i32.const 4096)
              (call $pairs (global.get $tp0) (global.get $tl0)))) (return)))
    (if (i32.eq (local.get $op) (i32.const 83)) ;; S
      (then (call $status (local.get $op)
              (call $set_pairs (global.get $n0) (global.get $tp0) (global.get $tl0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 98)) ;; b
      (then (call $said (local.get $op) (call $get_buffer (global.get $n0) (global.get $n1) (global.get $n2)
              (i32.const 0) (i32.const 4))) (return)))
    (if (i32.eq (local.get $op) (i32.const 66)) ;; B
      (then
        (call $begin (local.get $op) (call $buffer_status (global.get $n0) (i32.const 4) (i32.const 8)))
        (call $putc (i32.const 32)) (call $putn (i32.load (i32.const 4)))
        (call $putc (i32.const 32)) (call $putn (i32.load (i32.const 8))) (call $flush) (return)))
    (if (i32.eq (local.get $op) (i32.const 119)) ;; w
      (then (call $status (local.get $op) (call $set_buffer (global.get $n0) (global.get $n1) (global.get $n2)
              (global.get $tp0) (global.get $tl0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 99)) ;; c
      (then (call $status (local.get $op) (call $continue (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 120)) ;; x
      (then (call $status (local.get $op) (call $close (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 101)) ;; e
      (then (call $status (local.get $op) (call $effective (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 82)) ;; R
      (then (call $status (local.get $op) (call $local (global.get $n0)
              (global.get $tp0) (global.get $tl0) (global.get $tp1) (global.get $tl1)
              (i32.const 4096) (call $pairs (global.get $tp2) (global.get $tl2))
              (global.get $n1))) (return)))
    (if (i32.eq (local.get $op) (i32.const 103)) ;; g
      (then (call $said (local.get $op) (call $get_property
              (i32.const 4096) (call $path (global.get $tp0) (global.get $tl0)) (i32.const 0) (i32.const 4)))
            (return)))
    (if (i32.eq (local.get $op) (i32.const 80)) ;; P
      (then (call $status (local.get $op) (call $set_property
              (i32.const 4096) (call $path (global.get $tp0) (global.get $tl0)) (global.get $tp1) (global.get $tl1)))
            (return)))
    (if (i32.eq (local.get $op) (i32.const 116)) ;; t
      (then (call $status (local.get $op) (call $tick_period (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 68)) ;; D
      (then (call $status (local.get $op) (call $done)) (return)))
    (call $do_more (local.get $op)))

  ;; Calls that reach beyond the stream.
  (func $do_more (param $op i32)
    (local $bar i32)
    (if (i32.eq (local.get $op) (i32.const 104)) ;; h
      (then
        (call $unknown)
        (call $said_number (local.get $op) (call $http_call (global.get $tp0) (global.get $tl0)
          (i32.const 4096) (call $pairs (global.get $tp1) (global.get $tl1))
          (global.get $tp2) (global.get $tl2) (i32.const 0) (i32.const 0) (global.get $n0) (i32.const 8)))
        (return)))
    (local.set $bar (call $bar (global.get $tp1) (global.get $tl1)))
    (if (i32.eq (local.get $op) (i32.const 106)) ;; j
      (then
        (call $unknown)
        (call $said_number (local.get $op) (call $grpc_call (global.get $tp0) (global.get $tl0)
          (global.get $tp1) (local.get $bar)
          (i32.add (i32.add (global.get $tp1) (local.get $bar)) (i32.const 1))
          (i32.sub (i32.sub (global.get $tl1) (local.get $bar)) (i32.const 1))
          (i32.const 0) (i32.const 0) (global.get $tp2) (global.get $tl2) (global.get $n0) (i32.const 8)))
        (return)))
    (if (i32.eq (local.get $op) (i32.const 74)) ;; J
      (then
        (call $unknown)
        (call $said_number (local.get $op) (call $grpc_stream (global.get $tp0) (global.get $tl0)
          (global.get $tp1) (local.get $bar)
          (i32.add (i32.add (global.get $tp1) (local.get $bar)) (i32.const 1))
          (i32.sub (i32.sub (global.get $tl1) (local.get $bar)) (i32.const 1))
          (i32.const 0) (i32.const 0) (i32.const 8)))
        (return)))
    (if (i32.eq (local.get $op) (i32.const 107)) ;; k
      (then (call $status (local.get $op) (call $grpc_send (global.get $n0) (global.get $tp0) (global.get $tl0)
              (global.get $n1))) (return)))
    (if (i32.eq (local.get $op) (i32.const 111)) ;; o
      (then (call $status (local.get $op) (call $grpc_close (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 79)) ;; O
      (then (call $status (local.get $op) (call $grpc_cancel (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 71)) ;; G
      (then
        (call $unknown)
        (call $said (local.get $op) (call $get_shared (global.get $tp0) (global.get $tl0)
          (i32.const 0) (i32.const 4) (i32.const 8)))
        (call $said_number (i32.const 35) (i32.const 0))
        (return)))
    (if (i32.eq (local.get $op) (i32.const 87)) ;; W
      (then (call $status (local.get $op) (call $set_shared (global.get $tp0) (global.get $tl0)
              (global.get $tp1) (global.get $tl1) (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 113)) ;; q
      (then
        (call $unknown)
        (call $said_number (local.get $op) (call $register (global.get $tp0) (global.get $tl0) (i32.const 8)))
        (return)))
    (if (i32.eq (local.get $op) (i32.const 81)) ;; Q
      (then
        (call $unknown)
        (call $said_number (local.get $op) (call $resolve (global.get $tp0) (global.get $tl0)
          (global.get $tp1) (global.get $tl1) (i32.const 8)))
        (return)))
    (if (i32.eq (local.get $op) (i32.const 110)) ;; n
      (then (call $status (local.get $op)
              (call $enqueue (global.get $n0) (global.get $tp0) (global.get $tl0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 78)) ;; N
      (then (call $said (local.get $op) (call $dequeue (global.get $n0) (i32.const 0) (i32.const 4))) (return)))
    (if (i32.eq (local.get $op) (i32.const 109)) ;; m
      (then
        (call $unknown)
        (call $said_number (local.get $op)
          (call $define (global.get $n0) (global.get $tp0) (global.get $tl0) (i32.const 8)))
        (return)))
    (if (i32.eq (local.get $op) (i32.const 105)) ;; i
      (then (call $status (local.get $op)
              (call $increment (global.get $n0) (i64.extend_i32_s (global.get $n1)))) (return)))
    (if (i32.eq (local.get $op) (i32.const 77)) ;; M
      (then (call $status (local.get $op)
              (call $record (global.get $n0) (i64.extend_i32_s (global.get $n1)))) (return)))
    (if (i32.eq (local.get $op) (i32.const 121)) ;; y
      (then
        (call $unknown)
        (call $said_number (local.get $op) (call $get_metric (global.get $n0) (i32.const 8))) (return)))
    (if (i32.eq (local.get $op) (i32.const 102)) ;; f
      (then (call $said (local.get $op) (call $foreign (global.get $tp0) (global.get $tl0)
              (global.get $tp1) (global.get $tl1) (i32.const 0) (i32.const 4))) (return)))
    (if (i32.eq (local.get $op) (i32.const 76)) ;; L
      (then
        (call $unknown)
        (call $said_number (local.get $op) (call $log_level (i32.const 8))) (return)))
    (if (i32.eq (local.get $op) (i32.const 84)) ;; T
      (then (call $status (local.get $op) (call $time (i32.const 16))) (return)))
    (if (i32.eq (local.get $op) (i32.const 89)) ;; Y
      (then
        (call $unknown)
        (call $said (local.get $op) (call $get_status (i32.const 8) (i32.const 0) (i32.const 4)))
        (call $said_number (i32.const 35) (i32.const 0))
        (return)))
    (if (i32.eq (local.get $op) (i32.const 88)) ;; X
      (then (call $status (local.get $op) (call $raw (global.get $n0))) (return)))
    (unreachable))

  ;; --- Any hostcall with the numbers as they are.
  (func $n (param $at i32) (result i32)
    (i32.load offset=128 (i32.shl (local.get $at) (i32.const 2))))
  ;; In the order of the imports.
  (func $raw (param $which i32) (result i32)
    (if (i32.eq (local.get $which) (i32.const 0))
      (then (return (call $log (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 1))
      (then (return (call $get_value (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 2))
      (then (return (call $get_pairs (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 3))
      (then (return (call $get_size (call $n (i32.const 1)) (call $n (i32.const 2))))))
    (if (i32.eq (local.get $which) (i32.const 4))
      (then (return (call $add (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))
        (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 5))
      (then (return (call $replace (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))
        (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 6))
      (then (return (call $remove (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 7))
      (then (return (call $set_pairs (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 8))
      (then (return (call $get_buffer (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 9))
      (then (return (call $buffer_status (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 10))
      (then (return (call $set_buffer (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 11))
      (then (return (call $continue (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 12))
      (then (return (call $close (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 13))
      (then (return (call $effective (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 14))
      (then (return (call $local (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))
        (call $n (i32.const 4)) (call $n (i32.const 5)) (call $n (i32.const 6)) (call $n (i32.const 7))
        (call $n (i32.const 8))))))
    (if (i32.eq (local.get $which) (i32.const 15))
      (then (return (call $get_property (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4))))))
    (if (i32.eq (local.get $which) (i32.const 16))
      (then (return (call $set_property (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4))))))
    (if (i32.eq (local.get $which) (i32.const 17))
      (then (return (call $done))))
    (if (i32.eq (local.get $which) (i32.const 18))
      (then (return (call $tick_period (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 19))
      (then (return (call $get_shared (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 20))
      (then (return (call $set_shared (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 21))
      (then (return (call $register (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 22))
      (then (return (call $resolve (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))
        (call $n (i32.const 4)) (call $n (i32.const 5))))))
    (if (i32.eq (local.get $which) (i32.const 23))
      (then (return (call $dequeue (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 24))
      (then (return (call $enqueue (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (if (i32.eq (local.get $which) (i32.const 25))
      (then (return (call $http_call (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5)) (call $n (i32.const 6))
        (call $n (i32.const 7)) (call $n (i32.const 8)) (call $n (i32.const 9)) (call $n (i32.const 10))))))
    (if (i32.eq (local.get $which) (i32.const 26))
      (then (return (call $grpc_call (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5)) (call $n (i32.const 6))
        (call $n (i32.const 7)) (call $n (i32.const 8)) (call $n (i32.const 9)) (call $n (i32.const 10))
        (call $n (i32.const 11)) (call $n (i32.const 12))))))
    (if (i32.eq (local.get $which) (i32.const 27))
      (then (return (call $grpc_stream (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4)) (call $n (i32.const 5)) (call $n (i32.const 6))
        (call $n (i32.const 7)) (call $n (i32.const 8)) (call $n (i32.const 9))))))
    (if (i32.eq (local.get $which) (i32.const 28))
      (then (return (call $grpc_close (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 29))
      (then (return (call $grpc_cancel (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 30))
      (then (return (call $grpc_send (call $n (i32.const 1)) (call $n (i32.const 2))
        (call $n (i32.const 3)) (call $n (i32.const 4))))))
    (if (i32.eq (local.get $which) (i32.const 31))
      (then (return (call $time (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 32))
      (then (return (call $define (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))
        (call $n (i32.const 4))))))
    (if (i32.eq (local.get $which) (i32.const 33))
      (then (return (call $increment (call $n (i32.const 1)) (i64.extend_i32_s (call $n (i32.const 2)))))))
    (if (i32.eq (local.get $which) (i32.const 34))
      (then (return (call $record (call $n (i32.const 1)) (i64.extend_i32_s (call $n (i32.const 2)))))))
    (if (i32.eq (local.get $which) (i32.const 35))
      (then (return (call $get_metric (call $n (i32.const 1)) (call $n (i32.const 2))))))
    (if (i32.eq (local.get $which) (i32.const 36))
      (then (return (call $foreign (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))
        (call $n (i32.const 4)) (call $n (i32.const 5)) (call $n (i32.const 6))))))
    (if (i32.eq (local.get $which) (i32.const 37))
      (then (return (call $log_level (call $n (i32.const 1))))))
    (if (i32.eq (local.get $which) (i32.const 38))
      (then (return (call $get_status (call $n (i32.const 1)) (call $n (i32.const 2)) (call $n (i32.const 3))))))
    (unreachable))

  ;; The plugin that a context belongs to; its configuration becomes the one that is read.
  (func $plugin (param $context i32) (result i32)
    (local $plugin i32)
    (local.set $plugin
      (i32.load8_u (i32.add (i32.const 2048) (i32.and (local.get $context) (i32.const 1023)))))
    (global.set $config (i32.add (i32.const 65536) (i32.mul (local.get $plugin) (i32.const 8192))))
    (global.set $config_end (i32.add (global.get $config)
      (i32.load (i32.add (i32.const 64) (i32.mul (local.get $plugin) (i32.const 4))))))
    (local.get $plugin))

  ;; --- One callback: `name` is its two letters, `index` where its count is kept.
  (func $run (param $context i32) (param $name i32) (param $index i32) (param $default i32) (result i32)
    (local $active i32) (local $count i32) (local $op i32) (local $n i32) (local $word i32) (local $is_name i32)
    (global.set $heap (i32.const 131072))
    (global.set $ret (local.get $default))
    (local.set $index (i32.add
      (i32.add (i32.const 256) (i32.mul (local.get $index) (i32.const 4)))
      (i32.mul (call $plugin (local.get $context)) (i32.const 128))))
    (local.set $count (i32.add (i32.load (local.get $index)) (i32.const 1)))
    (i32.store (local.get $index) (local.get $count))
    (global.set $p (global.get $config))
    (block $end (loop $more
      (br_if $end (i32.ge_u (global.get $p) (global.get $config_end)))
      (if (call $blank (call $char)) (then (call $step) (br $more)))
      (local.set $word (global.get $p))
      ;; Two letters, digits, a colon: a name.
      (local.set $is_name (i32.const 0))
      (global.set $p (i32.add (local.get $word) (i32.const 2)))
      (if (i32.gt_u (i32.sub (global.get $config_end) (local.get $word)) (i32.const 2))
        (then
          (local.set $n (call $number))
          (local.set $is_name (i32.eq (call $char) (i32.const 58)))))
      (if (local.get $is_name)
        (then
          (call $step)
          (local.set $active (i32.and
            (i32.eq (i32.load16_u (local.get $word)) (local.get $name))
            (i32.or (i32.eqz (local.get $n)) (i32.eq (local.get $n) (local.get $count)))))
          (br $more)))
      (global.set $p (i32.add (local.get $word) (i32.const 1)))
      (call $arguments)
      (if (local.get $active) (then (call $do (i32.load8_u (local.get $word)))))
      (br $more)))
    (global.get $ret))

  (func (export "proxy_on_context_create") (param $context i32) (param $parent i32)
    (local $plugin i32)
    (if (local.get $parent)
      (then (local.set $plugin (call $plugin (local.get $parent))))
      (else
        (local.set $plugin (global.get $plugins))
        (global.set $plugins (i32.add (global.get $plugins) (i32.const 1)))))
    (i32.store8 (i32.add (i32.const 2048) (i32.and (local.get $context) (i32.const 1023))) (local.get $plugin))
    (drop (call $run (local.get $context) (i32.const 0x6363) (i32.const 0) (i32.const 0))))
  (func (export "proxy_on_vm_start") (param $context i32) (param i32) (result i32)
    (call $run (local.get $context) (i32.const 0x7376) (i32.const 1) (i32.const 1)))
  (func (export "proxy_on_configure") (param $context i32) (param i32) (result i32)
    (drop (call $get_buffer (i32.const 7) (i32.const 0) (i32.const 8192) (i32.const 0) (i32.const 4)))
    (i32.store (i32.add (i32.const 64) (i32.mul (call $plugin (local.get $context)) (i32.const 4)))
      (i32.load (i32.const 4)))
    (memory.copy (global.get $config) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
    (call $run (local.get $context) (i32.const 0x6663) (i32.const 2) (i32.const 1)))
  (func (export "proxy_on_tick") (param $context i32)
    (drop (call $run (local.get $context) (i32.const 0x6b74) (i32.const 3) (i32.const 0))))
  (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
    (call $run (local.get $context) (i32.const 0x6872) (i32.const 4) (i32.const 0)))
  (func (export "proxy_on_request_body") (param $context i32) (param i32 i32) (result i32)
    (call $run (local.get $context) (i32.const 0x6272) (i32.const 5) (i32.const 0)))
  (func (export "proxy_on_request_trailers") (param $context i32) (param i32) (result i32)
    (call $run (local.get $context) (i32.const 0x7472) (i32.const 6) (i32.const 0)))
  (func (export "proxy_on_response_headers") (param $context i32) (param i32 i32) (result i32)
    (call $run (local.get $context) (i32.const 0x6873) (i32.const 7) (i32.const 0)))
  (func (export "proxy_on_response_body") (param $context i32) (param i32 i32) (result i32)
    (call $run (local.get $context) (i32.const 0x6273) (i32.const 8) (i32.const 0)))
  (func (export "proxy_on_response_trailers") (param $context i32) (param i32) (result i32)
    (call $run (local.get $context) (i32.const 0x7473) (i32.const 9) (i32.const 0)))
  (func (export "proxy_on_log") (param $context i32)
    (drop (call $run (local.get $context) (i32.const 0x676c) (i32.const 10) (i32.const 0))))
  (func (export "proxy_on_done") (param $context i32) (result i32)
    (call $run (local.get $context) (i32.const 0x6e64) (i32.const 11) (i32.const 1)))
  (func (export "proxy_on_delete") (param $context i32)
    (drop (call $run (local.get $context) (i32.const 0x6c64) (i32.const 12) (i32.const 0))))
  (func (export "proxy_on_http_call_response") (param $context i32) (param i32 i32 i32 i32)
    (drop (call $run (local.get $context) (i32.const 0x7268) (i32.const 13) (i32.const 0))))
  (func (export "proxy_on_queue_ready") (param $context i32) (param i32)
    (drop (call $run (local.get $context) (i32.const 0x7271) (i32.const 14) (i32.const 0))))
  (func (export "proxy_on_grpc_receive_initial_metadata") (param $context i32) (param i32 i32)
    (drop (call $run (local.get $context) (i32.const 0x6967) (i32.const 15) (i32.const 0))))
  (func (export "proxy_on_grpc_receive") (param $context i32) (param i32 i32)
    (drop (call $run (local.get $context) (i32.const 0x7267) (i32.const 16) (i32.const 0))))
  (func (export "proxy_on_grpc_receive_trailing_metadata") (param $context i32) (param i32 i32)
    (drop (call $run (local.get $context) (i32.const 0x7467) (i32.const 17) (i32.const 0))))
  (func (export "proxy_on_grpc_close") (param $context i32) (param i32 i32)
    (drop (call $run (local.get $context) (i32.const 0x6367) (i32.const 18) (i32.const 0))))
  (func (export "proxy_on_new_connection") (param $context i32) (result i32)
    (call $run (local.get $context) (i32.const 0x636e) (i32.const 19) (i32.const 0)))
  (func (export "proxy_on_downstream_data") (param $context i32) (param i32 i32) (result i32)
    (call $run (local.get $context) (i32.const 0x6464) (i32.const 20) (i32.const 0)))
  (func (export "proxy_on_upstream_data") (param $context i32) (param i32 i32) (result i32)
    (call $run (local.get $context) (i32.const 0x6475) (i32.const 21) (i32.const 0)))
  (func (export "proxy_on_downstream_connection_close") (param $context i32) (param i32)
    (drop (call $run (local.get $context) (i32.const 0x6364) (i32.const 22) (i32.const 0))))
  (func (export "proxy_on_upstream_connection_close") (param $context i32) (param i32)
    (drop (call $run (local.get $context) (i32.const 0x6375) (i32.const 23) (i32.const 0)))))
