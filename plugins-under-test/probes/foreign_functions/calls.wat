;; Makes the calls that its configuration lists, and logs what comes of them. ABI 0.2.1, "Foreign function interface".
;;
;; A line of the configuration is a callback, a call and arguments in hex, with one blank between them:
;;   c h r l d                proxy_on_configure, _request_headers, _response_headers, _log, _delete
;;   NAME HEX                 proxy_call_foreign_function of that name with that argument
;;   ? HEX                    proxy_get_property of that path
;;   = HEX HEX                proxy_set_property of that path to that value
;;   $ TEXT                   expr_create of the text up to the end of the line, and expr_evaluate of what comes of it
;; Logged at info: the number of the line, from 1; the call; the status; and what was given: its length and its bytes in
;; hex, or - for nothing written. Of $ the text is logged in place of the call, and `new` when it is expr_create that fails.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_call_foreign_function" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  ;; 16: pointer and length of what the host gives. 1024: the line to be logged. 65536: the configuration. 131072: the
  ;; arguments. 262144: what the host gives.
  (memory (export "memory") 64)
  (global $heap (mut i32) (i32.const 262144))
  (global $end (mut i32) (i32.const 65536))
  (global $p (mut i32) (i32.const 0))
  (global $out (mut i32) (i32.const 0))
  (global $arg (mut i32) (i32.const 0))
  (global $number (mut i32) (i32.const 0))
  (data (i32.const 32) "expr_createexpr_evaluate")

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get $size)))
    (i32.sub (global.get $heap) (local.get $size)))

  (func $putc (param $c i32)
    (i32.store8 (global.get $out) (local.get $c))
    (global.set $out (i32.add (global.get $out) (i32.const 1))))
  (func $putn (param $n i32)
    (if (i32.ge_u (local.get $n) (i32.const 10))
      (then (call $putn (i32.div_u (local.get $n) (i32.const 10)))))
    (call $putc (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10)))))
  (func $putx (param $digit i32)
    (call $putc (i32.add (local.get $digit)
      (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10))))))

  (func $char (result i32)
    (if (result i32) (i32.lt_u (global.get $p) (global.get $end))
      (then (i32.load8_u (global.get $p))) (else (i32.const 10))))
  (func $step (global.set $p (i32.add (global.get $p) (i32.const 1))))
  ;; Whether a word ends here.
  (func $over (result i32) (i32.le_u (call $char) (i32.const 32)))
  (func $digit (param $c i32) (result i32)
    (if (result i32) (i32.ge_u (local.get $c) (i32.const 97))
      (then (i32.sub (local.get $c) (i32.const 87))) (else (i32.sub (local.get $c) (i32.const 48)))))
  ;; Reads a word of hex behind one blank to $arg and answers its length in bytes.
  (func $hex (result i32)
    (local $from i32)
    (local.set $from (global.get $arg))
    (if (i32.eq (call $char) (i32.const 32)) (then (call $step)))
    (block $done (loop $more
      (br_if $done (call $over))
      (i32.store8 (global.get $arg) (i32.shl (call $digit (call $char)) (i32.const 4)))
      (call $step)
      (i32.store8 (global.get $arg) (i32.or (i32.load8_u (global.get $arg)) (call $digit (call $char))))
      (call $step)
      (global.set $arg (i32.add (global.get $arg) (i32.const 1)))
      (br $more)))
    (i32.sub (global.get $arg) (local.get $from)))

  (func $nothing_given
    (i32.store (i32.const 16) (i32.const -1)) (i32.store (i32.const 20) (i32.const -1)))
  ;; The number of the line, and the words that name the call.
  (func $begin (param $words i32) (param $len i32)
    (global.set $out (i32.const 1024))
    (call $putn (global.get $number)) (call $putc (i32.const 32))
    (memory.copy (global.get $out) (local.get $words) (local.get $len))
    (global.set $out (i32.add (global.get $out) (local.get $len)))
    (call $putc (i32.const 32)))
  ;; The status and what was given; then the line is logged.
  (func $end_with (param $status i32)
    (local $at i32) (local $to i32)
    (call $putn (local.get $status)) (call $putc (i32.const 32))
    (if (i32.eq (i32.load (i32.const 20)) (i32.const -1))
      (then (call $putc (i32.const 45)))
      (else
        (call $putn (i32.load (i32.const 20)))
        (local.set $at (i32.load (i32.const 16)))
        (local.set $to (i32.add (local.get $at) (i32.load (i32.const 20))))
        (if (i32.ne (local.get $at) (local.get $to)) (then (call $putc (i32.const 32))))
        (block $shown (loop $more
          (br_if $shown (i32.ge_u (local.get $at) (local.get $to)))
          (call $putx (i32.shr_u (i32.load8_u (local.get $at)) (i32.const 4)))
          (call $putx (i32.and (i32.load8_u (local.get $at)) (i32.const 15)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more)))))
    (drop (call $log (i32.const 2) (i32.const 1024) (i32.sub (global.get $out) (i32.const 1024)))))

  ;; Creates the expression that stands behind a blank, and evaluates it.
  (func $expression
    (local $text i32) (local $status i32)
    (call $step)
    (local.set $text (global.get $p))
    (block $whole (loop $more
      (br_if $whole (i32.eq (call $char) (i32.const 10))) (call $step) (br $more)))
    (call $begin (local.get $text) (i32.sub (global.get $p) (local.get $text)))
    (local.set $status (call $call (i32.const 32) (i32.const 11)
      (local.get $text) (i32.sub (global.get $p) (local.get $text)) (i32.const 16) (i32.const 20)))
    (if (local.get $status)
      (then
        (call $putc (i32.const 110)) (call $putc (i32.const 101)) (call $putc (i32.const 119))
        (call $putc (i32.const 32)))
      (else
        (i32.store (i32.const 24) (i32.load (i32.load (i32.const 16))))
        (call $nothing_given)
        (local.set $status (call $call (i32.const 43) (i32.const 13)
          (i32.const 24) (i32.const 4) (i32.const 16) (i32.const 20)))))
    (call $end_with (local.get $status)))

  ;; Makes the call that stands here.
  (func $line
    (local $name i32) (local $len i32) (local $first i32) (local $second i32) (local $status i32)
    (local.set $name (global.get $p))
    (block $named (loop $more
      (br_if $named (call $over)) (call $step) (br $more)))
    (local.set $len (i32.sub (global.get $p) (local.get $name)))
    (call $nothing_given)
    (if (i32.eq (i32.load8_u (local.get $name)) (i32.const 36)) ;; $
      (then (call $expression) (return)))
    (global.set $arg (i32.const 131072))
    (local.set $first (call $hex))
    (local.set $second (call $hex))
    (local.set $status
      (if (result i32) (i32.eq (i32.load8_u (local.get $name)) (i32.const 63)) ;; ?
        (then (call $get (i32.const 131072) (local.get $first) (i32.const 16) (i32.const 20)))
        (else (if (result i32) (i32.eq (i32.load8_u (local.get $name)) (i32.const 61)) ;; =
          (then (call $set (i32.const 131072) (local.get $first)
            (i32.add (i32.const 131072) (local.get $first)) (local.get $second)))
          (else (call $call (local.get $name) (local.get $len) (i32.const 131072) (local.get $first)
            (i32.const 16) (i32.const 20)))))))
    (call $begin (local.get $name) (local.get $len))
    (call $end_with (local.get $status)))

  ;; Makes the calls of one callback.
  (func $run (param $letter i32)
    (global.set $heap (i32.const 262144))
    (global.set $p (i32.const 65536))
    (global.set $number (i32.const 0))
    (block $done (loop $more
      (br_if $done (i32.ge_u (global.get $p) (global.get $end)))
      (global.set $number (i32.add (global.get $number) (i32.const 1)))
      (if (i32.eq (call $char) (local.get $letter))
        (then (call $step) (call $step) (call $line)))
      ;; To the end of the line.
      (block $found (loop $rest
        (br_if $found (i32.eq (call $char) (i32.const 10))) (call $step) (br $rest)))
      (call $step)
      (br $more))))

  (func (export "proxy_on_configure") (param i32) (param $size i32) (result i32)
    (drop (call $buffer (i32.const 7) (i32.const 0) (local.get $size) (i32.const 16) (i32.const 20)))
    (memory.copy (i32.const 65536) (i32.load (i32.const 16)) (i32.load (i32.const 20)))
    (global.set $end (i32.add (i32.const 65536) (i32.load (i32.const 20))))
    (call $run (i32.const 99)) (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $run (i32.const 104)) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $run (i32.const 114)) (i32.const 0))
  (func (export "proxy_on_log") (param i32) (call $run (i32.const 108)))
  (func (export "proxy_on_delete") (param i32) (call $run (i32.const 100))))
