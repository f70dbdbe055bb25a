//! What a Rust test of a plugin needs, in one line: `use proxy_wasm_suites::prelude::*;`.
//!
//! ```no_run
//! use proxy_wasm_suites::prelude::*;
//!
//! # fn main() -> Result {
//! let mut host = Host::builder().plugin(Plugin::cargo("limiter")?.config(json!({"limit": 2}))).build()?;
//! assert_eq!(host.send(Request::get("/headers")).response().status(), 200);
//! host.advance(ms(250));
//! assert!(host.log().has(Level::Info, "limit 2"));
//! # Ok(())
//! # }
//! ```

pub use insta;
pub use proxy_wasm_harness::abi::{LogLevel as Level, Status};
pub use proxy_wasm_harness::host::{Exchange, Host, Peer, Setup, Template};
pub use proxy_wasm_harness::proxy::FailurePolicy;
pub use proxy_wasm_harness::state::{Answer, Chunk, Duration, Failure, Instant, Request};
pub use proxy_wasm_harness::vm::Plugin;
pub use serde_json::json;

pub use crate::error::{Error, Result};
pub use crate::plugin_ext::PluginExt;

/// So many milliseconds.
#[must_use]
pub const fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// So many seconds.
#[must_use]
pub const fn secs(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// So many nanoseconds: `secs(1) + nanos(1)` is the first instant after a second.
#[must_use]
pub const fn nanos(number: u64) -> Duration {
    Duration::from_nanos(number)
}
