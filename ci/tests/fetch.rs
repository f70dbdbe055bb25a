//! `--fetch`: the command line downloads what manifests name when it is told to, and only then.

mod playground;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use playground::{Playground, plugin};
use serde_json::{Value, json};

/// A server on loopback that gives every request one body, and the number of requests.
struct Web {
    url: String,
    count: Arc<AtomicUsize>,
}

fn web(body: Vec<u8>) -> Web {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/p.wasm", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            serve(stream, &body);
        }
    });
    Web { url, count }
}

fn serve(mut stream: TcpStream, body: &[u8]) {
    let lines = BufReader::new(stream.try_clone().expect("a handle")).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// A module that logs nothing and changes nothing, in its binary form.
fn module() -> Vec<u8> {
    std::fs::read(playground::artifact("add_header_as")).expect("the artifact")
}

fn manifest(url: &str, spec: &str) -> String {
    format!(
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: p, namespace: default}}\n\
         spec:\n  url: {url}\n  {spec}\n"
    )
}

const SCENARIO: &str = "manifests: [deploy.yaml]\nscenarios: [{name: one, steps: [{request: GET /, expect: \
                        {response: {status: 200}}}]}]\n";

#[test]
fn a_scenario_downloads_once_and_only_when_told_to() {
    let web = web(module());
    let play = Playground::new();
    play.write("deploy.yaml", manifest(&web.url, "failStrategy: FAIL_CLOSE"))
        .write("s.scenario.yaml", SCENARIO);
    let ran = play.run(&["run", "s.scenario.yaml"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("deploy.yaml:5:8: ") && ran.stderr.contains("is not downloaded in a test"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("--fetch"), "{ran:?}");
    assert_eq!(web.count.load(Ordering::SeqCst), 0);

    let arguments = ["run", "s.scenario.yaml", "--fetch", "--fetch-cache", "cache"];
    for _ in 0..2 {
        let ran = play.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    assert_eq!(web.count.load(Ordering::SeqCst), 1, "the second run has it from the cache");
}

#[test]
fn a_module_that_is_none_is_refused_as_in_a_proxy_and_one_that_is_not_there_is_an_error() {
    let play = Playground::new();
    let refusing = SCENARIO.replace("status: 200", "status: 403, body: \"RBAC: access denied\"");
    play.write("deploy.yaml", manifest(&web(b"no module".to_vec()).url, ""))
        .write("s.scenario.yaml", refusing);
    let ran = play.run(&["run", "s.scenario.yaml", "--fetch", "--fetch-cache", "cache"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!play.path().join("cache").exists(), "nothing is kept of it");

    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    for url in [format!("http://{port}/p.wasm"), format!("oci://{port}/p:v1")] {
        play.write("deploy.yaml", manifest(&url, ""));
        let ran =
            play.run(&["run", "s.scenario.yaml", "--fetch", "--fetch-retries", "0", "--format", "json"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stdout.contains("--fetch --fetch-retries 0"), "how to run it again: {ran:?}");
        assert!(ran.stderr.starts_with("error: deploy.yaml:5:8: "), "{ran:?}");
        assert!(ran.stderr.contains("cannot be reached"), "{ran:?}");
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "{ran:?}");
    }
}

#[test]
fn chain_says_what_came() {
    let web = web(module());
    let play = Playground::new();
    play.write("deploy.yaml", manifest(&web.url, ""));
    let with = |more: &[&str]| {
        play.run(&[&["chain", "deploy.yaml", "--fetch-cache", "cache", "--fetch"], more].concat())
    };
    let ran = with(&[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(ran.stdout.contains(&format!("fetched {} bytes, checksum ", module().len())), "{ran:?}");
    assert!(with(&[]).stdout.contains(", from the cache"));
    let found: Value = serde_json::from_str(&with(&["--format", "json"]).stdout).expect("JSON");
    let plugin =
        found["http"].as_array().expect("a list").iter().find_map(|one| one.get("plugin")).expect("one");
    let fetched = &plugin["module"]["fetched"];
    assert_eq!((&fetched["bytes"], &fetched["cached"]), (&json!(module().len()), &json!(true)));

    let wrong = "0".repeat(64);
    for (strategy, consequence) in
        [("FAIL_CLOSE", "every stream is refused"), ("FAIL_OPEN", "streams pass it by")]
    {
        play.write(
            "deploy.yaml",
            manifest(&web.url, &format!("sha256: '{wrong}'\n  failStrategy: {strategy}")),
        );
        let ran = with(&[]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stdout.contains(consequence), "{ran:?}");
        assert!(ran.stderr.starts_with("error: deploy.yaml:5:8: ") && ran.stderr.contains(&wrong), "{ran:?}");
    }
}

#[test]
fn options_that_need_another_and_files_that_are_not_there() {
    let play = Playground::new();
    play.write("deploy.yaml", manifest("https://h/p", ""))
        .write("config.json", "s3cr3t")
        .write("p.wat", plugin(""));
    for (arguments, wanted) in [
        (&["chain", "deploy.yaml", "--docker-config", "config.json"][..], "--fetch"),
        (&["chain", "deploy.yaml", "--fetch", "--docker-config", "none.json"], "none.json: cannot be read"),
        (
            &["chain", "deploy.yaml", "--fetch", "--docker-config", "config.json"],
            "the Docker configuration is no JSON",
        ),
        (&["run", "--insecure-registry", "x"], "--fetch"),
    ] {
        let ran = play.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(wanted) && !ran.stderr.contains("s3cr3t"), "{ran:?}");
    }
}
