//! The Rust form of a scenario: the same model as the files, with the compiler's help.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::{prop_assert, proptest};
use proxy_wasm_suites::prelude::*;

const LIMITER: &str = "../plugins-under-test/artifacts/rate_limiting_rust.wasm";

#[test]
fn third_request_in_a_second_is_refused() -> Result {
    let mut host = Host::builder().plugin(Plugin::file(LIMITER)?.named("limiter")).build()?;
    for _ in 0..2 {
        assert_eq!(host.send(Request::get("/headers")).response().status(), 200);
        host.advance(ms(250));
    }
    let third = host.send(Request::get("/headers"));
    assert_eq!(third.response().status(), 403);
    assert_eq!(third.response().header("who-am-i"), Some("wasm-extension"));
    assert!(third.upstream_request().is_none());
    assert!(host.log().has(Level::Critical, "remain token 0"));
    insta::with_settings!({snapshot_path => "../../snapshots/rust_form", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("third_request_in_a_second_is_refused", host.transcript().http());
    });
    Ok(())
}

#[test]
fn requests_can_overlap() -> Result {
    let mut host = Host::builder().plugin(Plugin::file(LIMITER)?).build()?;
    let first = host.open(Request::get("/first"));
    let second = host.open(Request::get("/second"));
    host.respond(second, Answer::ok().body("two")).expect("it waits");
    host.respond(first, Answer::ok().body("one")).expect("it waits");
    assert_eq!(host.exchange(first).response().body(), b"one");
    assert_eq!(host.exchange(second).response().header("injected-by"), Some("istio-api!"));
    Ok(())
}

#[test]
fn the_error_of_a_test_is_a_report() {
    let refused = || -> Result {
        let headers = Plugin::file("../plugins-under-test/artifacts/http_headers_go.wasm")?;
        Host::builder().plugin(headers.named("headers").config(json!({"reqest": {}}))).build()?;
        Ok(())
    };
    let report = format!("{:?}", refused().expect_err("a bad configuration"));
    assert!(report.starts_with("plugin headers answered false in proxy_on_configure (Envoy: "), "{report}");
    assert!(
        report.contains("headers error: http_headers: bad configuration: json: unknown field"),
        "{report}"
    );

    let missing = || -> Result {
        drop(Plugin::cargo("limitr")?);
        Ok(())
    };
    let report = format!("{:?}", missing().expect_err("no such package"));
    assert!(report.starts_with("no package `limitr` in the workspace of "), "{report}");
    assert!(report.contains("\nhelp: its packages are: "), "{report}");
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let plugin = Plugin::file(LIMITER).expect("the artifact");
    Host::builder().plugin(plugin).template().expect("a plugin that starts")
});

proptest! {
    #[test]
    fn never_more_than_three_in_any_second(gaps in vec(0u64..1_500_000_000, 1..20)) {
        let mut host = TEMPLATE.fresh();
        let admitted: Vec<Instant> = gaps.iter().filter_map(|&gap| {
            host.advance(Duration::from_nanos(gap));
            (host.send(Request::get("/")).response().status() == 200).then(|| host.now())
        }).collect();
        // A window begins with a request: what is left of one, and the two of the next, can come within a second.
        prop_assert!(most_in_window(&admitted, secs(1)) <= 3, "{}", host.transcript().http());
    }
}

/// The most of these instants, which are in order, that lie within one span of this length.
fn most_in_window(instants: &[Instant], span: Duration) -> usize {
    let within = |start: Instant| instants.iter().filter(|&&at| at >= start && at - start <= span).count();
    instants.iter().map(|&start| within(start)).max().unwrap_or(0)
}
