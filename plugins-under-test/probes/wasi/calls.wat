;; Every hostcall of the section once, each with the answer that it gets. Checked by the test `completeness`.
;;= proxy_on_configure args_sizes_get success
;;= proxy_on_configure args_get success
;;= proxy_on_configure fd_advise success
;;= proxy_on_configure fd_allocate success
;;= proxy_on_configure fd_close success
;;= proxy_on_configure fd_datasync badf
;;= proxy_on_configure fd_fdstat_get success
;;= proxy_on_configure fd_fdstat_set_flags nosys
;;= proxy_on_configure fd_fdstat_set_rights success
;;= proxy_on_configure fd_filestat_get badf
;;= proxy_on_configure fd_filestat_set_size success
;;= proxy_on_configure fd_filestat_set_times success
;;= proxy_on_configure fd_pread nosys
;;= proxy_on_configure fd_prestat_get badf
;;= proxy_on_configure fd_prestat_dir_name nosys
;;= proxy_on_configure fd_pwrite success
;;= proxy_on_configure fd_read nosys
;;= proxy_on_configure fd_readdir notdir
;;= proxy_on_configure fd_renumber notsup
;;= proxy_on_configure fd_seek success
;;= proxy_on_configure fd_sync success
;;= proxy_on_configure fd_tell success
;;= proxy_on_configure path_create_directory notsup
;;= proxy_on_configure path_filestat_get notsup
;;= proxy_on_configure path_filestat_set_times notsup
;;= proxy_on_configure path_link notsup
;;= proxy_on_configure path_open noent
;;= proxy_on_configure path_readlink notsup
;;= proxy_on_configure path_remove_directory notsup
;;= proxy_on_configure path_rename notsup
;;= proxy_on_configure path_symlink notsup
;;= proxy_on_configure path_unlink_file notsup
;;= proxy_on_configure poll_oneoff success
;;= proxy_on_configure proc_exit -
;;= proxy_on_configure sched_yield success
;;= proxy_on_configure sock_accept notsup
;;= proxy_on_configure sock_recv notsup
;;= proxy_on_configure sock_send notsup
;;= proxy_on_configure sock_shutdown notsup
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_advise" (func $fd_advise (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func $fd_allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_datasync" (func $fd_datasync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $fd_fdstat_set_flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_rights"
    (func $fd_fdstat_set_rights (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size"
    (func $fd_filestat_set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_times"
    (func $fd_filestat_set_times (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $fd_pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name"
    (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $fd_sync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_tell" (func $fd_tell (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $path_filestat_set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink"
    (func $path_readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory"
    (func $path_remove_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $sock_shutdown (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 16384))
  (data (i32.const 256) "\00\02\00\00\04\00\00\00")
  (data (i32.const 272) "d")
  (data (i32.const 288) "e")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get 0)))
    (i32.sub (global.get $heap) (local.get 0)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $args_sizes_get (i32.const 16) (i32.const 24)))
    (drop (call $args_get (i32.const 16) (i32.const 24)))
    (drop (call $fd_advise (i32.const 1) (i64.const 0) (i64.const 0) (i32.const 0)))
    (drop (call $fd_allocate (i32.const 1) (i64.const 0) (i64.const 0)))
    (drop (call $fd_close (i32.const 9)))
    (drop (call $fd_datasync (i32.const 9)))
    (drop (call $fd_fdstat_get (i32.const 1) (i32.const 16)))
    (drop (call $fd_fdstat_set_flags (i32.const 1) (i32.const 0)))
    (drop (call $fd_fdstat_set_rights (i32.const 1) (i64.const 0) (i64.const 0)))
    (drop (call $fd_filestat_get (i32.const 1) (i32.const 16)))
    (drop (call $fd_filestat_set_size (i32.const 1) (i64.const 0)))
    (drop (call $fd_filestat_set_times (i32.const 1) (i64.const 0) (i64.const 0) (i32.const 0)))
    (drop (call $fd_pread (i32.const 0) (i32.const 256) (i32.const 1) (i64.const 0) (i32.const 16)))
    (drop (call $fd_prestat_get (i32.const 3) (i32.const 16)))
    (drop (call $fd_prestat_dir_name (i32.const 3) (i32.const 16) (i32.const 8)))
    (drop (call $fd_pwrite (i32.const 1) (i32.const 256) (i32.const 1) (i64.const 0) (i32.const 16)))
    (drop (call $fd_read (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 16)))
    (drop (call $fd_readdir (i32.const 3) (i32.const 16) (i32.const 8) (i64.const 0) (i32.const 24)))
    (drop (call $fd_renumber (i32.const 1) (i32.const 2)))
    (drop (call $fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 16)))
    (drop (call $fd_sync (i32.const 1)))
    (drop (call $fd_tell (i32.const 1) (i32.const 16)))
    (drop (call $path_create_directory (i32.const 3) (i32.const 272) (i32.const 1)))
    (drop (call $path_filestat_get (i32.const 3) (i32.const 0) (i32.const 272) (i32.const 1) (i32.const 16)))
    (drop (call $path_filestat_set_times (i32.const 3) (i32.const 0) (i32.const 272) (i32.const 1) (i64.const 0)
      (i64.const 0) (i32.const 0)))
    (drop (call $path_link (i32.const 3) (i32.const 0) (i32.const 272) (i32.const 1) (i32.const 3)
      (i32.const 288) (i32.const 1)))
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 272) (i32.const 1) (i32.const 0) (i64.const 0)
      (i64.const 0) (i32.const 0) (i32.const 16)))
    (drop (call $path_readlink (i32.const 3) (i32.const 272) (i32.const 1) (i32.const 16) (i32.const 8)
      (i32.const 24)))
    (drop (call $path_remove_directory (i32.const 3) (i32.const 272) (i32.const 1)))
    (drop (call $path_rename (i32.const 3) (i32.const 272) (i32.const 1) (i32.const 3) (i32.const 288)
      (i32.const 1)))
    (drop (call $path_symlink (i32.const 272) (i32.const 1) (i32.const 3) (i32.const 288) (i32.const 1)))
    (drop (call $path_unlink_file (i32.const 3) (i32.const 272) (i32.const 1)))
    (drop (call $poll_oneoff (i32.const 16) (i32.const 24) (i32.const 0) (i32.const 32)))
    (call $proc_exit (i32.const 0))
    (drop (call $sched_yield))
    (drop (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 16)))
    (drop (call $sock_recv (i32.const 3) (i32.const 256) (i32.const 1) (i32.const 0) (i32.const 16)
      (i32.const 24)))
    (drop (call $sock_send (i32.const 3) (i32.const 256) (i32.const 1) (i32.const 0) (i32.const 16)))
    (drop (call $sock_shutdown (i32.const 3) (i32.const 0)))
    (i32.const 1)))
