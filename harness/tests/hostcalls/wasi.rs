//! WASI: all 45 functions, with the answers that Envoy 1.40 gave to the same calls.

use proxy_wasm_harness::abi::{LogLevel, WASI};
use proxy_wasm_harness::host::{Host, Started};
use proxy_wasm_harness::state::{Duration, Request};

use crate::probe::{At, Far, FarText, N, O, Pieces, Probe, T, alone};

fn probe() -> Probe {
    Probe::on_start("proxy_on_configure")
}

#[test]
fn printing_becomes_log_lines() {
    let host = probe()
        .call("fd_write", &[N(1), Pieces(b"one\n", b"two\n"), O(0)], "success 8")
        .call("fd_write", &[N(2), Pieces(b"to\0 stderr", b""), O(0)], "success 10")
        .call("fd_write", &[N(1), Pieces(b"\n", b""), O(0)], "success 1")
        .call("fd_write", &[N(1), Pieces(b"", b""), O(0)], "success 0")
        .call("fd_write", &[N(1), N(0), N(0), O(0)], "success 0")
        .call("fd_write", &[N(1), Far, N(0), O(0)], "success 0")
        .call("fd_write", &[N(0), Far, N(1), Far], "badf")
        .call("fd_write", &[N(3), Pieces(b"x", b""), O(0)], "badf")
        .call("fd_write", &[N(1), Far, N(1), O(0)], "fault")
        .call("fd_write", &[N(1), N(0), N(-1), O(0)], "fault")
        .call("fd_write", &[N(1), Pieces(b"logged all the same", b""), Far], "fault 19")
        .call("fd_pwrite", &[N(1), Pieces(b"a", b"b"), N(77), O(1)], "success 2")
        .call("fd_pwrite", &[N(5), Pieces(b"a", b"b"), N(0), Far], "badf")
        .start();
    let lines: Vec<_> = host.log().lines().map(|line| (line.level, line.message.to_vec())).collect();
    let want: [(LogLevel, &[u8]); 5] = [
        (LogLevel::Info, b"one\ntwo"),
        (LogLevel::Error, b"to\0 stderr"),
        (LogLevel::Info, b""),
        (LogLevel::Info, b"logged all the same"),
        (LogLevel::Info, b"ab"),
    ];
    assert_eq!(lines, want.map(|(level, line)| (level, line.to_vec())));
}

#[test]
fn an_empty_piece_may_point_anywhere() {
    probe()
        .call("fd_write", &[N(1), At(b"\xf0\xff\xff\xff\0\0\0\0"), N(1), O(0)], "success 0")
        .call("fd_write", &[N(1), At(b"\xf0\xff\xff\xff\x01\0\0\0"), N(1), O(0)], "fault")
        .start();
}

#[test]
fn descriptors() {
    probe()
        .call("fd_advise", &[N(9), N(0), N(0), N(0)], "success")
        .call("fd_allocate", &[N(1), N(0), N(0)], "success")
        .call("fd_allocate", &[N(0), N(0), N(0)], "badf")
        .call("fd_close", &[N(9)], "success")
        .call("fd_datasync", &[N(2)], "success")
        .call("fd_datasync", &[N(3)], "badf")
        .call("fd_fdstat_get", &[N(1), O(50)], r#"success "\x00\x00\x00\x00\x00\x00\x00\x00@\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00""#)
        .call("fd_fdstat_get", &[N(2), Far], "success")
        .call("fd_fdstat_get", &[N(0), Far], "badf")
        .call("fd_fdstat_set_flags", &[N(1), N(0)], "nosys")
        .call("fd_fdstat_set_rights", &[N(1), N(0), N(0)], "success")
        .call("fd_fdstat_set_rights", &[N(7), N(0), N(0)], "badf")
        .call("fd_filestat_get", &[N(1), Far], "badf")
        .call("fd_filestat_set_size", &[N(2), N(5)], "success")
        .call("fd_filestat_set_size", &[N(0), N(5)], "badf")
        .call("fd_filestat_set_times", &[N(2), N(0), N(0), N(0xffff)], "success")
        .call("fd_filestat_set_times", &[N(0), N(0), N(0), N(0)], "badf")
        .call("fd_pread", &[N(0), N(0), N(0), N(0), Far], "nosys")
        .call("fd_prestat_get", &[N(3), Far], "badf")
        .call("fd_prestat_dir_name", &[N(3), Far, N(9)], "nosys")
        .call("fd_read", &[N(0), N(0), N(0), Far], "nosys")
        .call("fd_readdir", &[N(9), Far, N(9), N(0), O(1)], "notdir 0")
        .call("fd_readdir", &[N(1), N(0), N(0), N(0), Far], "fault 0")
        .call("fd_renumber", &[N(1), N(1)], "notsup")
        .call("fd_renumber", &[N(1), N(0)], "badf")
        .call("fd_renumber", &[N(3), N(2)], "badf")
        .call("fd_seek", &[N(9), N(5), N(0), O(2)], "success")
        .shows(2, &[0xaa; 8])
        .call("fd_seek", &[N(1), N(5), N(0), Far], "success")
        .call("fd_sync", &[N(1)], "success")
        .call("fd_sync", &[N(0)], "badf")
        .call("fd_tell", &[N(1), O(3)], "success 0")
        .shows(3, &[0; 8])
        .call("fd_tell", &[N(0), Far], "badf")
        .call("fd_tell", &[N(2), Far], "fault 0")
        .start();
}

#[test]
fn paths() {
    probe()
        .call("path_create_directory", &[N(3), FarText], "notsup")
        .call("path_filestat_get", &[N(3), N(0), FarText, Far], "notsup")
        .call("path_filestat_set_times", &[N(3), N(0), T(b"f"), N(0), N(0), N(0)], "notsup")
        .call("path_link", &[N(3), N(0), T(b"f"), N(3), T(b"g")], "notsup")
        .call("path_open", &[N(3), N(0), FarText, N(0), N(0), N(0), N(0), Far], "noent")
        .call("path_readlink", &[N(3), FarText, N(0), N(0), O(0)], "notsup 0")
        .shows(0, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .call("path_readlink", &[N(3), T(b"f"), N(0), N(0), Far], "fault 0")
        .call("path_remove_directory", &[N(3), T(b"f")], "notsup")
        .call("path_rename", &[N(3), T(b"f"), N(3), T(b"g")], "notsup")
        .call("path_symlink", &[T(b"f"), N(3), T(b"g")], "notsup")
        .call("path_unlink_file", &[N(3), T(b"f")], "notsup")
        .start();
}

#[test]
fn sockets() {
    probe()
        .call("sock_accept", &[N(3), N(0), O(0)], "notsup 0")
        .shows(0, &[0; 8])
        .call("sock_accept", &[N(3), N(0), Far], "fault 0")
        .call("sock_recv", &[N(3), Far, N(3), N(0), O(1), O(2)], r#"notsup 0 "\x00\x00""#)
        .shows(1, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .shows(2, b"\0\0\xaa\xaa\xaa\xaa\xaa\xaa")
        .call("sock_recv", &[N(3), N(0), N(0), N(0), Far, O(3)], "fault 0")
        .shows(3, &[0xaa; 8])
        .call("sock_recv", &[N(3), N(0), N(0), N(0), O(1), Far], "fault 0")
        .call("sock_send", &[N(3), N(0), N(0), N(0), O(4)], "notsup 0")
        .call("sock_send", &[N(3), N(0), N(0), N(0), Far], "fault 0")
        .call("sock_shutdown", &[N(1), N(0)], "notsup")
        .start();
}

#[test]
fn a_plugin_is_no_process() {
    probe()
        .call("args_get", &[Far, Far], "success")
        .call("args_sizes_get", &[O(0), O(1)], "success 0 0")
        .call("args_sizes_get", &[Far, O(2)], "fault 0")
        .shows(2, &[0xaa; 8])
        .call("args_sizes_get", &[O(0), Far], "fault 0 0")
        .call("poll_oneoff", &[Far, Far, N(1), O(3)], "success 0")
        .call("poll_oneoff", &[N(0), N(0), N(1), Far], "fault 0")
        .call("sched_yield", &[], "success")
        .call("proc_exit", &[N(3)], "")
        .call("sched_yield", &[], "success")
        .start();
}

#[test]
fn the_environment_is_what_the_vm_was_given() {
    probe()
        .call("environ_sizes_get", &[O(0), O(1)], "success 2 11")
        .call("environ_sizes_get", &[Far, O(2)], "fault 2")
        .shows(2, &[0xaa; 8])
        .call("environ_sizes_get", &[O(0), Far], "fault 2 11")
        .call("environ_get", &[O(10), O(20)], r#"success "A=b\x00" "EMPTY=\x00""#)
        .shows(10, &[160, 1, 0, 0, 164, 1, 0, 0])
        .shows(20, b"A=b\0EMPT")
        .call("environ_get", &[Far, O(30)], "fault")
        .shows(30, &[0xaa; 8])
        .call("environ_get", &[O(30), Far], "fault")
        .shows(30, b"\x00\xff\xff\xff\xaa\xaa\xaa\xaa")
        .run(|setup| alone(setup.env("EMPTY", "").env("A", "b")), |_| {});
}

#[test]
fn clocks_are_virtual_and_two() {
    let probe = probe()
        .call("clock_time_get", &[N(0), N(0), O(0)], "success 5000000000")
        .call("clock_time_get", &[N(1), N(9), O(0)], "success 86400000000000")
        .call("clock_time_get", &[N(2), N(0), Far], "notsup")
        .call("clock_time_get", &[N(3), N(0), O(0)], "notsup")
        .call("clock_time_get", &[N(0), N(0), Far], "fault 5000000000")
        .call("clock_res_get", &[N(0), O(0)], "success 1")
        .call("clock_res_get", &[N(1), O(0)], "success 1")
        .call("clock_res_get", &[N(2), Far], "notsup")
        .call("clock_res_get", &[N(1), Far], "fault 1")
        .call("proxy_get_current_time_nanoseconds", &[O(0)], "Ok 5000000000")
        .call("proxy_get_current_time_nanoseconds", &[Far], "InvalidMemoryAccess 5000000000")
        .call("proxy_set_tick_period_milliseconds", &[N(2000)], "Ok")
        .on("proxy_on_tick")
        .call("clock_time_get", &[N(0), N(0), O(0)], "success 1000000100")
        .call("clock_time_get", &[N(1), N(0), O(0)], "success 86402000000000")
        .call("proxy_get_current_time_nanoseconds", &[O(0)], "Ok 1000000100");
    probe.run(
        |setup| alone(setup).clock(5_000_000_000),
        |host| {
            host.advance(Duration::from_secs(1));
            host.set_clock(100);
            host.advance(Duration::from_secs(1));
        },
    );
}

#[test]
fn randomness_follows_from_the_seed() {
    let probe = probe()
        .call("random_get", &[Far, N(0)], "success")
        .call("random_get", &[Far, N(17)], "fault")
        .call("random_get", &[Far, N(65_537)], "inval")
        .call("random_get", &[N(-1), N(-1)], "inval");
    probe.start();
    let bytes = |callback, seed| {
        let probe = Probe::on_start(callback);
        let plugin = probe
            .call("random_get", &[O(0), N(8)], "")
            .call("random_get", &[N(65_536), N(65_536)], "")
            .plugin("p");
        let mut host = Host::builder().plugin(plugin).seed(seed).build().unwrap();
        host.send(Request::get("/"));
        let runs = crate::probe::runs(&host);
        runs.into_iter().find(|run| !run.2.is_empty()).expect("the callback was called").2
    };
    // What starts draws from a seed of its own, so that every start is the same; a stream, from the host's.
    assert_eq!(bytes("proxy_on_configure", 0), bytes("proxy_on_configure", 1));
    let first = bytes("proxy_on_request_headers", 0);
    assert_eq!(first, bytes("proxy_on_request_headers", 0));
    assert_ne!(first, bytes("proxy_on_request_headers", 1));
    assert!(first.iter().all(|(_, answer)| answer.starts_with("success \"")));
    assert_ne!(first[0].1[..20], first[1].1[..20]);
}

#[test]
fn both_module_names_offer_everything() {
    for row in WASI {
        for module in proxy_wasm_harness::abi::WASI_MODULES {
            for version in proxy_wasm_harness::abi::AbiVersion::ALL {
                let offered = proxy_wasm_harness::sections::implemented(module, row.name, version);
                assert!(offered, "{module}.{} in {version}", row.name);
            }
        }
    }
}

#[test]
fn what_may_be_called_while_the_module_starts() {
    for row in WASI {
        let args: Vec<_> = row.params.iter().map(|_| N(0)).collect();
        let plugin = Probe::on_start("_initialize").call(row.name, &args, "").plugin("p");
        let started = Host::builder().plugin(plugin).start().unwrap();
        let refused = match &started {
            Started::Running(_) => None,
            Started::Refused(_, refusal) => refusal.trap.as_ref().map(|trap| trap.message.clone()),
        };
        let want = (!row.while_starting).then(|| "restricted_callback".to_owned());
        assert_eq!(refused, want, "{}", row.name);
        if let Started::Refused(mut host, _) = started {
            host.allow("trap");
        }
    }
}
