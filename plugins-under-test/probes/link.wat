;; One plugin of a chain, which makes its place visible.
;;
;; The configuration is JSON text. `"link":"NAME"` adds the field `x-chain: NAME` to requests and to responses; with
;; `"refuse":` in it requests are answered 403, with `"trap":` they trap. At its start it logs what it sees: its names, its
;; configuration, its environment. Plugins that share a VM each keep their own configuration.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $local (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  ;; 0: results of calls. 64: texts. 4096: configurations by context, place and length, 8 bytes each. 16384: the line to
  ;; be logged. 65536: the environment. 196608: what the host gives.
  (memory (export "memory") 16)
  (data (i32.const 64) "\22link\22:\22")
  (data (i32.const 80) "\22refuse\22:")
  (data (i32.const 96) "\22trap\22:")
  (data (i32.const 112) "x-chain")
  (data (i32.const 128) "plugin_name")
  (data (i32.const 144) "plugin_root_id")
  (data (i32.const 160) "plugin ")
  (data (i32.const 176) "root ")
  (data (i32.const 192) "config ")
  (data (i32.const 208) "env ")
  (data (i32.const 224) "refused by ")
  (data (i32.const 240) "vm start")
  (global $heap (mut i32) (i32.const 196608))
  (global $out (mut i32) (i32.const 16384))
  ;; What `find` found behind its text, up to the next quote.
  (global $found (mut i32) (i32.const 0))
  (global $length (mut i32) (i32.const 0))

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))

  (func $put (param $from i32) (param $size i32)
    (if (i32.gt_u (local.get $size) (i32.const 8192)) (then (local.set $size (i32.const 8192))))
    (memory.copy (global.get $out) (local.get $from) (local.get $size))
    (global.set $out (i32.add (global.get $out) (local.get $size))))
  (func $say (param $what i32) (param $size i32) (param $from i32) (param $length i32)
    (global.set $out (i32.const 16384))
    (call $put (local.get $what) (local.get $size))
    (call $put (local.get $from) (local.get $length))
    (drop (call $log (i32.const 2) (i32.const 16384) (i32.sub (global.get $out) (i32.const 16384)))))

  ;; The place of a context's configuration among those of all.
  (func $slot (param $context i32) (result i32)
    (i32.add (i32.const 4096) (i32.mul (i32.and (local.get $context) (i32.const 1023)) (i32.const 8))))
  ;; Whether the configuration of a context holds a text.
  (func $find (param $context i32) (param $text i32) (param $size i32) (result i32)
    (local $at i32) (local $end i32) (local $same i32)
    (local.set $at (i32.load (call $slot (local.get $context))))
    (local.set $end (i32.add (local.get $at) (i32.load offset=4 (call $slot (local.get $context)))))
    (block $none (loop $next
      (br_if $none (i32.gt_u (i32.add (local.get $at) (local.get $size)) (local.get $end)))
      (local.set $same (i32.const 0))
      (block $differ (loop $more
        (br_if $differ (i32.eq (local.get $same) (local.get $size)))
        (br_if $differ (i32.ne
          (i32.load8_u (i32.add (local.get $at) (local.get $same)))
          (i32.load8_u (i32.add (local.get $text) (local.get $same)))))
        (local.set $same (i32.add (local.get $same) (i32.const 1)))
        (br $more)))
      (if (i32.eq (local.get $same) (local.get $size))
        (then
          (global.set $found (i32.add (local.get $at) (local.get $size)))
          (local.set $at (global.get $found))
          (block $quote (loop $value
            (br_if $quote (i32.ge_u (local.get $at) (local.get $end)))
            (br_if $quote (i32.eq (i32.load8_u (local.get $at)) (i32.const 34)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $value)))
          (global.set $length (i32.sub (local.get $at) (global.get $found)))
          (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (i32.const 0))
  ;; Adds the field to a map, if the configuration names one.
  (func $mark (param $context i32) (param $map i32)
    (if (call $find (local.get $context) (i32.const 64) (i32.const 8))
      (then
        (drop (call $add (local.get $map) (i32.const 112) (i32.const 7) (global.get $found) (global.get $length))))))

  (func $environment
    (local $at i32) (local $left i32) (local $from i32) (local $end i32)
    (if (call $environ_sizes (i32.const 0) (i32.const 4)) (then (return)))
    (drop (call $environ (i32.const 65536) (i32.const 69632)))
    (local.set $left (i32.load (i32.const 0)))
    (local.set $at (i32.const 65536))
    (block $end_of (loop $more
      (br_if $end_of (i32.eqz (local.get $left)))
      (local.set $from (i32.load (local.get $at)))
      (local.set $end (local.get $from))
      (block $nul (loop $next
        (br_if $nul (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
      (call $say (i32.const 208) (i32.const 4) (local.get $from) (i32.sub (local.get $end) (local.get $from)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $more))))

  (func (export "proxy_on_context_create") (param $context i32) (param $parent i32)
    ;; A stream has the configuration of its plugin.
    (i64.store (call $slot (local.get $context))
      (select (i64.load (call $slot (local.get $parent))) (i64.const 0) (local.get $parent))))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (call $say (i32.const 240) (i32.const 8) (i32.const 0) (i32.const 0))
    (i32.const 1))
  (func (export "proxy_on_configure") (param $context i32) (param $size i32) (result i32)
    (i64.store (i32.const 0) (i64.const 0))
    (if (i32.eqz (call $property (i32.const 128) (i32.const 11) (i32.const 0) (i32.const 4)))
      (then (call $say (i32.const 160) (i32.const 7) (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
    (i64.store (i32.const 0) (i64.const 0))
    (if (i32.eqz (call $property (i32.const 144) (i32.const 14) (i32.const 0) (i32.const 4)))
      (then (call $say (i32.const 176) (i32.const 5) (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
    (i64.store (i32.const 0) (i64.const 0))
    (drop (call $buffer (i32.const 7) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
    (i64.store (call $slot (local.get $context)) (i64.load (i32.const 0)))
    (call $say (i32.const 192) (i32.const 7) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
    (call $environment)
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
    (if (call $find (local.get $context) (i32.const 96) (i32.const 7)) (then unreachable))
    (if (call $find (local.get $context) (i32.const 80) (i32.const 9))
      (then
        (drop (call $find (local.get $context) (i32.const 64) (i32.const 8)))
        (global.set $out (i32.const 16384))
        (call $put (i32.const 224) (i32.const 11))
        (call $put (global.get $found) (global.get $length))
        (drop (call $local (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 16384)
          (i32.sub (global.get $out) (i32.const 16384)) (i32.const 0) (i32.const 0) (i32.const -1)))
        (return (i32.const 1))))
    (call $mark (local.get $context) (i32.const 0))
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param $context i32) (param i32 i32) (result i32)
    (call $mark (local.get $context) (i32.const 2))
    (i32.const 0)))
