//! The plugins that benches drive, and what each is made to do.

use std::path::Path;

use proxy_wasm_harness::host::{Builder, Host};
use proxy_wasm_harness::state::{Answer, Request};
use proxy_wasm_harness::vm::{ArtifactCache, EngineSettings, LoadOptions, Plugin};

/// A plugin with its configuration, and an exchange for it.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name in reports.
    pub name: &'static str,
    /// The module, below the repository's root.
    pub module: &'static str,
    /// The plugin's configuration.
    pub config: &'static str,
    /// The response has a body of [`CHUNKS`] pieces of [`CHUNK`] bytes, which the plugin holds back.
    pub body: bool,
}

/// Pieces of the response's body.
pub const CHUNKS: usize = 16;
/// Bytes of each.
pub const CHUNK: usize = 4096;

const WORKLOADS: &str = "benches/guests/workloads.wasm";
const RUST: &str = "plugins-under-test/artifacts/rate_limiting_rust.wasm";
const LOGGER: &str = "plugins-under-test/artifacts/header_logger_rust.wasm";
const GO: &str = "plugins-under-test/artifacts/http_headers_go.wasm";
const GO_LIMITER: &str = "plugins-under-test/artifacts/rate_limiting_go.wasm";

/// All of them: the four that `BENCHMARKS.md` gives figures for, then plugins under test.
pub const ALL: [Workload; 7] = [
    Workload { name: "no-op, Rust", module: WORKLOADS, config: "no-op", body: false },
    Workload { name: "headers, Rust", module: WORKLOADS, config: "headers", body: false },
    Workload { name: "headers, Go", module: GO, config: "", body: false },
    Workload { name: "64 KiB body, Rust", module: WORKLOADS, config: "body", body: true },
    Workload { name: "header_logger_rust", module: LOGGER, config: "", body: false },
    Workload { name: "rate_limiting_rust", module: RUST, config: "", body: false },
    Workload { name: "rate_limiting_go", module: GO_LIMITER, config: "", body: false },
];

/// Where the benches keep compiled modules, so that only their first run compiles.
#[must_use]
pub fn cache() -> ArtifactCache {
    ArtifactCache::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-modules"))
}

impl Workload {
    /// The module's bytes.
    ///
    /// # Panics
    ///
    /// When there is no such file.
    #[must_use]
    pub fn wasm(&self) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.module);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The plugin, compiled for an engine with these settings.
    ///
    /// # Panics
    ///
    /// When it cannot be loaded.
    #[must_use]
    pub fn plugin(&self, engine: EngineSettings) -> Plugin {
        let options = LoadOptions { engine, cache: Some(cache()), ..LoadOptions::default() };
        Plugin::from_bytes(self.name, &self.wasm(), &options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A host of the plugin alone.
    #[must_use]
    pub fn builder(&self, engine: EngineSettings) -> Builder {
        Host::builder().plugin(self.plugin(engine).config(self.config)).upstream(self.answer())
    }

    /// The request: with what the proxy adds, the plugin sees 11 fields.
    #[must_use]
    pub fn request(&self) -> Request {
        Request::get("http://httpbin.example.org:8000/anything/of/some/length?with=a&query=b")
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
            .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
            .header("accept-language", "en-US,en;q=0.5")
            .header("accept-encoding", "gzip, deflate, br")
            .header("cookie", "session=0123456789abcdef; theme=dark")
    }

    /// The answer: with what the proxy adds, the plugin sees 6 fields.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let answer = Answer::ok()
            .header("content-type", "text/html; charset=utf-8")
            .header("cache-control", "max-age=0, private, must-revalidate")
            .header("x-served-by", "cache-01");
        if self.body { answer.body(vec![b'a'; CHUNKS * CHUNK]).chunk_size(CHUNK) } else { answer }
    }
}
