;; Functions that probes share. Results of hostcalls are at 0 and 4; 16 to 63 is for small things; 1024 and on are tables by
;; context; texts begin at 65536; memory that the host asks for begins at 131072 and is used over and over.

;; func $get
;; A header's value to $p and $n; answers the status.
(func $get (param $map i32) (param $name i32) (param $len i32) (result i32)
  (i32.store (i32.const 4) (i32.const 0))
  (call $proxy_get_header_map_value (local.get $map) (local.get $name) (local.get $len) (i32.const 0) (i32.const 4)))

;; func $p
(func $p (result i32) (i32.load (i32.const 0)))

;; func $n
(func $n (result i32) (i32.load (i32.const 4)))

;; func $same
;; Whether what was read is this text.
(func $same (param $at i32) (param $len i32) (result i32)
  (local $i i32)
  (if (i32.ne (call $n) (local.get $len)) (then (return (i32.const 0))))
  (block $end (loop $more
    (br_if $end (i32.ge_u (local.get $i) (local.get $len)))
    (if (i32.ne (i32.load8_u (i32.add (call $p) (local.get $i)))
                (i32.load8_u (i32.add (local.get $at) (local.get $i))))
      (then (return (i32.const 0))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $more)))
  (i32.const 1))

;; func $is
;; Whether this request header has this value.
(func $is (param $name i32) (param $len i32) (param $value i32) (param $size i32) (result i32)
  (if (call $get (i32.const 0) (local.get $name) (local.get $len)) (then (return (i32.const 0))))
  (call $same (local.get $value) (local.get $size)))

;; func $world
;; Whether what was read holds the word "world".
(func $world (result i32)
  (local $i i32)
  (block $end (loop $more
    (br_if $end (i32.ge_s (local.get $i) (i32.sub (call $n) (i32.const 4))))
    (if (i32.and
          (i32.eq (i32.load align=1 (i32.add (call $p) (local.get $i))) (i32.const 0x6c726f77))
          (i32.eq (i32.load8_u offset=4 (i32.add (call $p) (local.get $i))) (i32.const 0x64)))
      (then (return (i32.const 1))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $more)))
  (i32.const 0))

;; func $high
;; Whether what was read has a byte of 0x80 or more.
(func $high (result i32)
  (local $i i32)
  (block $end (loop $more
    (br_if $end (i32.ge_u (local.get $i) (call $n)))
    (if (i32.ge_u (i32.load8_u (i32.add (call $p) (local.get $i))) (i32.const 0x80)) (then (return (i32.const 1))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $more)))
  (i32.const 0))

;; func $body
;; All of a body to $p and $n; answers the status.
(func $body (param $buffer i32) (result i32)
  (i32.store (i32.const 4) (i32.const 0))
  (call $proxy_get_buffer_bytes (local.get $buffer) (i32.const 0) (i32.const 0x7fffffff) (i32.const 0) (i32.const 4)))

;; func $reply
(func $reply (param $code i32)
  (drop (call $proxy_send_local_response (local.get $code) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 0) (i32.const -1))))

;; func $mark
;; Marks the response.
(func $mark (drop (call $proxy_add_header_map_value (i32.const 2) %"x-probe" %"here")))

;; func $slot
;; Four bytes for each context.
(func $slot (param $context i32) (result i32)
  (i32.add (i32.const 1024) (i32.mul (i32.and (local.get $context) (i32.const 1023)) (i32.const 4))))

;; func $other
;; Four more bytes for each context.
(func $other (param $context i32) (result i32)
  (i32.add (i32.const 8192) (i32.mul (i32.and (local.get $context) (i32.const 1023)) (i32.const 4))))

;; func $call
;; A call to a cluster for a context; answers the status. The context is remembered by the call's id, which is at 16.
(func $call (param $context i32) (param $cluster i32) (param $len i32) (result i32)
  (local $status i32)
  (local.set $status (call $proxy_http_call (local.get $cluster) (local.get $len)
    %pairs":method=GET|:path=/|:authority=authz" (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 1000) (i32.const 16)))
  (if (i32.eqz (local.get $status))
    (then (i32.store (call $other (i32.load (i32.const 16))) (local.get $context))))
  (local.get $status))

;; func $now
(func $now (result i64)
  (drop (call $proxy_get_current_time_nanoseconds (i32.const 24)))
  (i64.load (i32.const 24)))
