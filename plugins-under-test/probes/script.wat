;; A plugin that does what its configuration says, and logs what comes of it.
;;
;; The configuration is words between blanks. A word that ends with a colon begins what is done in a callback:
;;   cc vs cf tk dn lg dl      proxy_on_context_create, _vm_start, _configure, _tick, _done, _log, _delete
;;   rh rb rt  sh sb st        proxy_on_request_headers, _body, _trailers, and the same of the response
;;   qr hr                     proxy_on_queue_ready, proxy_on_http_call_response
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
;;   K(key),(value),CAS  k(key)    proxy_set_shared_data, proxy_get_shared_data
;;   Q(name)  E ID,(data)  T ID    proxy_register_shared_queue, proxy_enqueue_shared_queue, proxy_dequeue_shared_queue
;;   h MS,(cluster)            proxy_http_call of GET /script, which may take that long
;;   m N,(name)                proxy_define_metric of a counter, and proxy_increment_metric by N
;;   D                         proxy_done
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
  (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_register_shared_queue" (func $register_queue (param i32 i32 i32) (result i32)))
  (import "env" "proxy_enqueue_shared_queue" (func $enqueue (param i32 i32 i32) (result i32)))
  (import "env" "proxy_dequeue_shared_queue" (func $dequeue (param i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define_metric (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment_metric (param i32 i64) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick_period (param i32) (result i32)))
  ;; 0: results of calls. 64: sizes of configurations. 256: counts of callbacks, 64 bytes for each plugin. 1024: the
  ;; plugin of each context. 2048: the headers of a call. 4096: pairs and paths. 32768: the line to be logged. 65536: configurations, 8 KiB for each
  ;; of up to eight plugins. 131072: what the host gives.
  (memory (export "memory") 80)
  (data (i32.const 2048) ":method=GET|:path=/script|:authority=script")
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
  ;; The letter, the status, and the number that the host wrote to 4.
  (func $numbered (param $op i32) (param $status i32)
    (call $begin (local.get $op) (local.get $status))
    (if (i32.eqz (local.get $status)) (then (call $putc (i32.const 32)) (call $putn (i32.load (i32.const 4)))))
    (call $flush))

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
    (if (i32.eq (local.get $op) (i32.const 75)) ;; K
      (then (call $status (local.get $op) (call $set_shared (global.get $tp0) (global.get $tl0)
              (global.get $tp1) (global.get $tl1) (global.get $n0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 107)) ;; k
      (then (call $said (local.get $op) (call $get_shared (global.get $tp0) (global.get $tl0)
              (i32.const 0) (i32.const 4) (i32.const 8))) (return)))
    (if (i32.eq (local.get $op) (i32.const 81)) ;; Q
      (then (call $numbered (local.get $op)
              (call $register_queue (global.get $tp0) (global.get $tl0) (i32.const 4))) (return)))
    (if (i32.eq (local.get $op) (i32.const 69)) ;; E
      (then (call $status (local.get $op)
              (call $enqueue (global.get $n0) (global.get $tp0) (global.get $tl0))) (return)))
    (if (i32.eq (local.get $op) (i32.const 84)) ;; T
      (then (call $said (local.get $op)
              (call $dequeue (global.get $n0) (i32.const 0) (i32.const 4))) (return)))
    (if (i32.eq (local.get $op) (i32.const 104)) ;; h
      (then (call $numbered (local.get $op) (call $http_call (global.get $tp0) (global.get $tl0)
              (i32.const 4096) (call $pairs (i32.const 2048) (i32.const 43))
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (global.get $n0) (i32.const 4)))
            (return)))
    (if (i32.eq (local.get $op) (i32.const 109)) ;; m
      (then
        (drop (call $define_metric (i32.const 0) (global.get $tp0) (global.get $tl0) (i32.const 4)))
        (call $status (local.get $op)
          (call $increment_metric (i32.load (i32.const 4)) (i64.extend_i32_u (global.get $n0)))) (return)))
    (if (i32.eq (local.get $op) (i32.const 68)) ;; D
      (then (call $status (local.get $op) (call $done)) (return)))
    (unreachable))

  ;; The plugin that a context belongs to; its configuration becomes the one that is read.
  (func $plugin (param $context i32) (result i32)
    (local $plugin i32)
    (local.set $plugin
      (i32.load8_u (i32.add (i32.const 1024) (i32.and (local.get $context) (i32.const 1023)))))
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
      (i32.mul (call $plugin (local.get $context)) (i32.const 64))))
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
    (i32.store8 (i32.add (i32.const 1024) (i32.and (local.get $context) (i32.const 1023))) (local.get $plugin))
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
  (func (export "proxy_on_queue_ready") (param $context i32) (param i32)
    (drop (call $run (local.get $context) (i32.const 0x7271) (i32.const 13) (i32.const 0))))
  (func (export "proxy_on_http_call_response") (param $context i32) (param i32 i32 i32 i32)
    (drop (call $run (local.get $context) (i32.const 0x7268) (i32.const 14) (i32.const 0)))))
