//! Foreign functions: the call itself, and what a test brings. What Envoy's own functions answer, byte for byte, is in the
//! scenarios of `suites/scenarios/envoy/foreign_functions`.

use proxy_wasm_harness::abi::{FOREIGN_FUNCTIONS, Status};
use proxy_wasm_harness::host::{Builder, Host, Setup};
use proxy_wasm_harness::state::Request;

use crate::probe::{At, Far, FarText, N, O, Probe, T, alone};

const CALL: &str = "proxy_call_foreign_function";

fn probe() -> Probe {
    Probe::on_start("proxy_on_configure")
}

/// A host with functions of the test's own.
fn with_own(setup: Setup) -> Builder {
    alone(setup)
        .foreign_function("reverse", |argument: &[u8]| {
            if argument.is_empty() {
                Err(Status::ParseFailure)
            } else {
                Ok(argument.iter().rev().copied().collect())
            }
        })
        .foreign_function("nothing", |_: &[u8]| Ok(Vec::new()))
        .foreign_function("compress", |_: &[u8]| Ok(b"mine".to_vec()))
}

#[test]
fn a_known_function_writes_both_places() {
    probe()
        .call(CALL, &[T(b"compress"), T(b"x"), O(0), O(1)], r#"Ok "x\x9c\xab\x00\x00\x00y\x00y""#)
        .shows(1, b"\x09\0\0\0\xaa\xaa\xaa\xaa")
        .call(CALL, &[T(b"uncompress"), T(b"bad"), O(2), O(3)], "SerializationFailure")
        .shows(2, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .shows(3, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .call(CALL, &[T(b"clear_route_cache"), T(b""), O(4), O(5)], "Ok")
        .shows(4, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .shows(5, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .start();
}

#[test]
fn an_unknown_function_writes_nothing() {
    probe()
        .call(CALL, &[T(b"nope"), T(b""), O(0), O(1)], "NotFound")
        .call(CALL, &[T(b""), T(b""), Far, Far], "NotFound")
        .call(CALL, &[T(b"Compress"), T(b""), O(0), O(1)], "NotFound")
        .shows(0, &[0xaa; 8])
        .shows(1, &[0xaa; 8])
        .start();
}

#[test]
fn either_place_may_be_null() {
    probe()
        .call(CALL, &[T(b"compress"), T(b"x"), N(0), O(0)], r#"Ok"#)
        .shows(0, b"\x09\0\0\0\xaa\xaa\xaa\xaa")
        .call(CALL, &[T(b"compress"), T(b"x"), O(1), N(0)], r#"Ok "x\x9c\xab\x00\x00\x00y\x00y""#)
        .call(CALL, &[T(b"compress"), T(b"x"), N(0), N(0)], "Ok")
        .call(CALL, &[T(b"uncompress"), T(b""), N(0), N(0)], "SerializationFailure")
        .start();
}

#[test]
fn what_leaves_the_memory() {
    let out_of_bounds = "InvalidMemoryAccess";
    probe()
        .call(CALL, &[FarText, T(b""), O(0), O(1)], out_of_bounds)
        .call(CALL, &[T(b"nope"), FarText, O(0), O(1)], out_of_bounds)
        .call(CALL, &[At(b"compress"), N(-1), T(b""), O(0), O(1)], out_of_bounds)
        .call(CALL, &[T(b"compress"), At(b"x"), N(-1), O(0), O(1)], out_of_bounds)
        .shows(0, &[0xaa; 8])
        .call(CALL, &[T(b"uncompress"), T(b"bad"), Far, O(2)], out_of_bounds)
        .shows(2, &[0xaa; 8])
        .call(CALL, &[T(b"uncompress"), T(b"bad"), O(3), Far], out_of_bounds)
        .shows(3, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .call(CALL, &[T(b"clear_route_cache"), T(b""), O(4), Far], out_of_bounds)
        .call(
            CALL,
            &[T(b"compress"), T(b""), O(5), Far],
            r#"InvalidMemoryAccess "x\x9c\x03\x00\x00\x00\x00\x01""#,
        )
        .start();
}

/// Envoy 1.40 writes to address 0 of its own memory, and dies of it.
#[test]
fn an_allocator_without_memory_is_the_end() {
    let mut host = probe()
        .without_memory()
        .call(CALL, &[T(b"compress"), T(b""), O(0), O(1)], r#"Ok "x\x9c\x03\x00\x00\x00\x00\x01""#)
        .start();
    let findings: Vec<_> = host.findings().iter().map(|finding| finding.id.clone()).collect();
    assert_eq!(findings, ["envoy/crash"]);
    assert!(host.findings()[0].message.contains("allocator gives no memory"), "{:?}", host.findings());
    host.allow("envoy/crash");
}

#[test]
fn a_result_of_no_bytes_needs_no_memory() {
    probe()
        .without_memory()
        .call(CALL, &[T(b"uncompress"), T(b"x\x9c\x03\0\0\0\0\x01"), O(0), O(1)], r#"Ok """#)
        .start();
}

#[test]
fn a_test_brings_its_own() {
    probe()
        .call(CALL, &[T(b"reverse"), T(b"abc"), O(0), O(1)], r#"Ok "cba""#)
        .shows(1, b"\x03\0\0\0\xaa\xaa\xaa\xaa")
        .call(CALL, &[T(b"reverse"), T(b""), O(2), O(3)], "ParseFailure")
        .shows(2, b"\0\0\0\0\xaa\xaa\xaa\xaa")
        .call(CALL, &[T(b"nothing"), T(b"abc"), O(4), O(5)], r#"Ok """#)
        .call(CALL, &[T(b"compress"), T(b"abc"), O(6), O(7)], r#"Ok "mine""#)
        .on("proxy_on_request_headers")
        .call(CALL, &[T(b"reverse"), T(b"ab"), O(0), O(1)], r#"Ok "ba""#)
        .on("proxy_on_log")
        .call(CALL, &[T(b"reverse"), T(b"ab"), O(0), O(1)], r#"Ok "ba""#)
        .run(with_own, |host| {
            let _ = host.send(Request::get("/"));
        });
}

/// A panic of the test's own function comes out of the guest that called it, with its message.
#[test]
#[should_panic(expected = "not as the test thinks")]
fn a_panic_of_the_tests_own_is_the_tests() {
    probe().on("proxy_on_request_headers").call(CALL, &[T(b"refuse"), T(b""), O(0), O(1)], "Ok").run(
        |setup| alone(setup).foreign_function("refuse", |_: &[u8]| panic!("not as the test thinks")),
        |host| drop(host.send(Request::get("/"))),
    );
}

#[test]
fn hosts_of_a_template_have_the_tests_own() {
    let probe = probe().call(CALL, &[T(b"reverse"), T(b"ab"), O(0), O(1)], r#"Ok "ba""#);
    let template = with_own(probe.plugin("probe").into()).template().expect("a probe starts");
    for _ in 0..2 {
        probe.check(&template.fresh(), "probe");
    }
}

/// Declarations and expressions belong to a plugin, not to its VM.
#[test]
fn plugins_of_one_vm_declare_each_for_itself() {
    let declare = &[T(b"declare_property"), T(b"\x0a\x01p"), O(0), O(1)];
    let probe = probe().call(CALL, declare, "Ok").call(CALL, declare, "BadArgument");
    let plugin = probe.plugin("one");
    let host =
        Host::builder().plugin(plugin.clone().named("one")).plugin(plugin.named("two")).build().unwrap();
    let answers: Vec<_> =
        crate::probe::runs(&host).into_iter().filter(|run| run.1 == "proxy_on_configure").collect();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0].2, answers[1].2);
}

/// Envoy 1.40 reads the value by a schema that it has not checked, and dies of it.
#[test]
fn properties_declared_as_flatbuffers_end_everything_when_they_are_read() {
    for path in [&b"fb\0field"[..], b"filter_state\0wasm.fb"] {
        let status = if path.starts_with(b"fb") { "NotFound" } else { "SerializationFailure" };
        let mut host = probe()
            .call(CALL, &[T(b"declare_property"), T(b"\x0a\x02fb\x18\x02"), O(0), O(1)], "Ok")
            .on("proxy_on_request_headers")
            .call("proxy_set_property", &[T(b"fb"), T(b"zz")], "Ok")
            .call("proxy_get_property", &[T(b"fb"), O(0), O(1)], r#"Ok "zz""#)
            .call("proxy_get_property", &[T(path), O(0), O(1)], status)
            .run(alone, |host| {
                let _ = host.send(Request::get("/"));
                host.allow("envoy/crash");
            });
        assert_eq!(host.findings()[0].id, "envoy/crash");
        assert!(host.findings()[0].message.contains("FlatBuffers"), "{:?}", host.findings());
        host.allow("envoy/crash");
    }
}

#[test]
fn this_build_says_which_functions_it_has() {
    for row in FOREIGN_FUNCTIONS {
        let built = match row.feature {
            Some("cel") => cfg!(feature = "cel"),
            Some("signatures") => cfg!(feature = "signatures"),
            _ => true,
        };
        assert_eq!(row.built(), built, "{}", row.name);
        if built {
            continue;
        }
        let mut host =
            probe().call(CALL, &[T(row.name.as_bytes()), T(b""), O(0), O(1)], "Unimplemented").start();
        assert_eq!(host.findings()[0].id, "host/missing-feature");
        assert!(host.findings()[0].message.contains(row.feature.unwrap()), "{:?}", host.findings());
        host.allow("host/missing-feature");
    }
}
