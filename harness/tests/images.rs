//! A host from an image and a host that was started cannot be told apart.

use std::path::Path;

use proxy_wasm_harness::host::{Builder, Host, Started};
use proxy_wasm_harness::state::{Answer, Duration, Request};
use proxy_wasm_harness::vm::{ArtifactCache, LoadOptions, NoImage, Plugin};

fn plugin(name: &str) -> Plugin {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test/artifacts");
    // Images of Go plugins take seconds to compile.
    let cache = ArtifactCache::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules"));
    let options = LoadOptions { cache: Some(cache), ..LoadOptions::default() };
    Plugin::from_file(root.join(name).with_extension("wasm"), &options).unwrap()
}

/// The committed plugins, alone and two together.
fn all() -> Vec<Builder> {
    let names = [
        "add_header_as",
        "header_logger_rust",
        "http_body_cpp",
        "http_headers_go",
        "rate_limiting_go",
        "rate_limiting_rust",
    ];
    let mut all: Vec<Builder> = names.iter().map(|name| Host::builder().plugin(plugin(name))).collect();
    let chain = Host::builder()
        .plugin(plugin("rate_limiting_rust").named("first"))
        .plugin(plugin("rate_limiting_go").named("second").vm_id("own"));
    all.push(chain.workers(2));
    all.into_iter().map(|builder| builder.upstream(Answer::ok().body("hello"))).collect()
}

/// Some traffic and some time.
fn exercise(mut host: Host) -> String {
    for number in 0..6 {
        let request = Request::post("http://httpbin:8000/post").header("x-number", number.to_string());
        drop(host.send(request.body("body")));
        host.advance(Duration::from_millis(300));
    }
    host.transcript().abi()
}

fn started(started: Started) -> Host {
    match started {
        Started::Running(host) => *host,
        Started::Refused(..) => panic!("refused"),
    }
}

#[test]
fn transcripts_are_equal_byte_for_byte() {
    for builder in all() {
        let plain = exercise(started(builder.clone().start().unwrap()));
        let imaged = exercise(started(builder.by_image(true).start().unwrap()));
        assert_eq!(plain, imaged);
    }
}

#[test]
fn a_template_gives_the_same_hosts_from_an_image_and_to_many_at_once() {
    for builder in all() {
        let template = builder.clone().template().unwrap();
        assert!(!template.imaged());
        let plain = exercise(template.fresh());
        template.image().unwrap();
        assert!(template.imaged());
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        assert_eq!(exercise(template.fresh()), plain);
                    }
                });
            }
        });
        let seeded = exercise(template.seeded(7));
        assert_eq!(seeded, exercise(builder.seed(7).build().unwrap()));
        assert_ne!(seeded, plain);
    }
}

#[test]
fn what_cannot_be_imaged_says_why_and_starts_all_the_same() {
    let text = r#"(module
        (table 1 funcref)
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 1024))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (table.set (i32.const 0) (ref.null func)) (i32.const 1)))"#;
    let plugin = Plugin::from_bytes("p", text.as_bytes(), &LoadOptions::default()).unwrap();
    let template = Host::builder().plugin(plugin).template().unwrap();
    let why = template.image().unwrap_err();
    assert!(matches!(why, NoImage::Obstacles(_)));
    assert_eq!(why.to_string(), "the module writes to tables");
    assert!(!template.imaged());
    assert_eq!(template.fresh().send(Request::get("/")).response().status(), 200);
}
