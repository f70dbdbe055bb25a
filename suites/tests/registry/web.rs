//! Modules from web servers: what is unpacked, what is compared, what is tried again, what is refused.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use proxy_wasm_suites::harness::manifest::artifact::sha256;
use proxy_wasm_suites::harness::manifest::{Link, ManifestSet};
use proxy_wasm_suites::harness::scenario::Workload;

use crate::manifests::{files, get, link, refused};
use crate::pack::{MODULE, gzip, module, tar};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("what is packed is unpacked, then compared", packed),
    ("failures that may pass are tried again", again),
    ("redirects keep their scheme", redirects),
    ("an answer that breaks off leaves nothing", torn),
    ("what Envoy itself fetches is taken as it is", as_envoy),
    ("policies hold for web servers too", policies),
    ("nobody is there", nobody),
];

/// A server that gives each connection the next of its answers, and the last one to all that follow.
struct Web {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn answering(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        // It ends with the process: nobody connects to it any more when its test is over.
        std::thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let answer = &answers[index.min(answers.len() - 1)];
                log.lock().expect("nobody panicked").push(serve(stream, answer));
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// How many requests came.
    fn count(&self) -> usize {
        self.asked.lock().expect("nobody panicked").len()
    }
}

/// Reads a request, gives the answer, closes; the request's path.
fn serve(mut stream: TcpStream, answer: &[u8]) -> String {
    let mut lines = BufReader::new(stream.try_clone().expect("a handle")).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let _ = stream.write_all(answer);
    first.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn answer(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{fields}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok(body: &[u8]) -> Vec<u8> {
    answer("200 OK", "", body)
}

fn failed(status: &str) -> Vec<u8> {
    answer(status, "", b"")
}

fn packed() {
    let layers = [
        MODULE.to_vec(),
        gzip(MODULE),
        tar(&[("x", MODULE)]),
        gzip(&tar(&[("any.name", MODULE), ("b", b"c")])),
    ];
    for body in layers {
        let web = Web::answering(vec![ok(&body)]);
        let cache = tempfile::tempdir().expect("a folder");
        let right = link(&web.url("p"), "", &format!("sha256: '{}'", sha256(MODULE)), "");
        let got = get(&right, cache.path()).expect("a module");
        assert_eq!((got.module.as_slice(), got.checksum), (MODULE, sha256(MODULE)));
        refused(
            &link(&web.url("p"), "", &format!("sha256: '{}'", "0".repeat(64)), ""),
            "after it is unpacked",
        );
    }
    let web = Web::answering(vec![ok(&gzip(MODULE))]);
    let of_file = format!("sha256: '{}'", sha256(&gzip(MODULE)));
    refused(&link(&web.url("p"), "", &of_file, ""), "after it is unpacked");
    for body in [&b"no module"[..], b"", b"\0asm", &gzip(b"text")] {
        refused(&link(&Web::answering(vec![ok(body)]).url("p"), "", "", ""), "is no wasm module");
    }
}

fn again() {
    // One retry is allowed here.
    for (status, tried) in [
        ("500 Internal Server Error", 2),
        ("503 Service Unavailable", 2),
        ("501 Not Implemented", 1),
        ("505 HTTP Version Not Supported", 1),
        ("511 Network Authentication Required", 1),
        ("404 Not Found", 1),
        ("204 No Content", 1),
    ] {
        let web = Web::answering(vec![failed(status)]);
        refused(&link(&web.url("p"), "", "", ""), &format!("/p answers {status}"));
        assert_eq!(web.count(), tried, "{status}");
    }
    let web = Web::answering(vec![failed("502 Bad Gateway"), ok(MODULE)]);
    let cache = tempfile::tempdir().expect("a folder");
    assert!(get(&link(&web.url("p"), "", "", ""), cache.path()).is_ok());
    let web = Web::answering(vec![Vec::new(), ok(MODULE)]);
    assert!(get(&link(&web.url("p"), "", "", ""), cache.path()).is_ok(), "a connection that breaks");
}

fn redirects() {
    let to = |location: &str| answer("302 Found", &format!("location: {location}\r\n"), b"");
    let web = Web::answering(vec![to("/other"), ok(MODULE)]);
    let cache = tempfile::tempdir().expect("a folder");
    assert!(get(&link(&web.url("p"), "", "", ""), cache.path()).is_ok());
    assert_eq!(*web.asked.lock().expect("nobody panicked"), ["/p", "/other"]);
    for (location, why) in [
        ("https://127.0.0.1:1/p", "redirects from http to https, which is refused"),
        ("ftp://127.0.0.1:1/p", "from http to ftp"),
        ("http://169.254.169.254/p", "link-local"),
    ] {
        let web = Web::answering(vec![to(location)]);
        refused(&link(&web.url("p"), "", "", ""), why);
        assert_eq!(web.count(), 1, "{location}: it is final");
    }
    refused(&link(&Web::answering(vec![to("/p")]).url("p"), "", "", ""), "redirects more than 10 times");
}

fn torn() {
    let whole = ok(&module("a longer module"));
    let cut = whole[..whole.len() - 3].to_vec();
    refused(&link(&Web::answering(vec![cut.clone()]).url("p"), "", "", ""), "/p cannot be reached");
    // What was there before stays as it was.
    let cache = tempfile::tempdir().expect("a folder");
    let web = Web::answering(vec![whole, cut]);
    let with = |version: u8| {
        link(&web.url("p"), &format!("resourceVersion: '{version}'"), "imagePullPolicy: Always", "")
    };
    let first = get(&with(1), cache.path()).expect("a module");
    assert!(get(&with(2), cache.path()).is_err());
    assert_eq!(files(cache.path()), 3);
    let again = get(&with(1), cache.path()).expect("the cache has it");
    assert_eq!((again.module, again.cached), (first.module, true));
}

/// A filter of an Envoy configuration with remote code.
fn of_envoy(url: &str, sha256: &str) -> Link {
    let yaml = format!(
        "http_filters: [{{name: w, typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, \
         config: {{vm_config: {{code: {{remote: {{http_uri: {{uri: \"{url}\", cluster: c, timeout: 1s}}, sha256: \"{sha256}\"}}}}}}}}}}}}]"
    );
    let set = ManifestSet::from_texts([("envoy.yaml".into(), yaml)]).expect("a configuration");
    set.resolve(&Workload::default()).expect("a chain").http_plugins().next().expect("a plugin").clone()
}

fn as_envoy() {
    let web = Web::answering(vec![ok(MODULE)]);
    let cache = tempfile::tempdir().expect("a folder");
    let got = get(&of_envoy(&web.url("p"), &sha256(MODULE)), cache.path()).expect("a module");
    assert_eq!(got.module, MODULE);
    assert_eq!(files(cache.path()), 0, "the agent's cache is not Envoy's");
    refused(&of_envoy(&web.url("p"), &"0".repeat(64)), "has the checksum");
    refused(&of_envoy("oci://r/p:v1", &sha256(MODULE)), "knows http and https only");
    let packed = Web::answering(vec![ok(&gzip(MODULE))]);
    refused(&of_envoy(&packed.url("p"), &sha256(&gzip(MODULE))), "is no wasm module");
}

fn policies() {
    let web = Web::answering(vec![ok(&module("old")), ok(&module("new"))]);
    let cache = tempfile::tempdir().expect("a folder");
    let came = |version: &str, spec: &str| {
        let of = link(&web.url("p:latest"), &format!("resourceVersion: '{version}'"), spec, "");
        get(&of, cache.path()).expect("a module").module
    };
    assert_eq!(came("1", ""), module("old"));
    // `:latest` means something for images only.
    assert_eq!(came("2", ""), module("old"));
    assert_eq!(came("2", "imagePullPolicy: IfNotPresent"), module("old"));
    assert_eq!(came("2", "imagePullPolicy: Always"), module("new"));
}

fn nobody() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    refused(&link(&format!("http://{port}/p"), "", "", ""), "cannot be reached");
    refused(&link("http://169.254.169.254/p", "", "", ""), "link-local");
}
