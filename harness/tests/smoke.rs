//! smoke
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::state::{Answer, Duration, Request};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

#[test]
fn limiter() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins-under-test/artifacts/rate_limiting_rust.wasm");
    let plugin = Plugin::from_file(path, &LoadOptions::default()).unwrap();
    let mut host =
        Host::builder().plugin(plugin.named("limiter")).upstream(Answer::ok().body("hello")).build().unwrap();
    for _ in 0..4 {
        let e = host.send(Request::get("/headers"));
        println!("{}", e.response().status());
        host.advance(Duration::from_millis(250));
    }
    println!("{}", host.transcript().abi());
    println!("{}", host.transcript().http());
}
