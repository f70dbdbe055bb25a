//! What runs on Proxy-Wasm plugins: scenario files as tests of `cargo test`, and Rust tests of the same model.
//!
//! A plugin author writes one dev-dependency, and then one line in `tests/scenarios.rs`, see [`scenarios!`], or Rust
//! tests with the [`prelude`]. The map, in reading order:
//!
//! - [`prelude`]: what a Rust test needs; `plugin_ext` and `error` are behind it
//! - [`modules`]: where plugins come from: files, packages that `cargo` builds; [`cache`]: compiled modules
//! - [`trials`]: scenario files as trials of libtest-mimic
//! - [`mod@conformance`]: checks that find what is wrong with any plugin, with no script at all
//! - [`snapshots`]: the files that views of a transcript are compared with
//! - [`rate_limit`]: what a rate limiter claims, held against schedules by the thousand
//! - [`pool`]: work on many threads, results in one order
//! - [`mod@write`]: files that are written whole or not at all
//! - `google` (feature `google`): test files of Google's plugin tester, run and turned into scenarios
//! - `parity` (feature `parity`): the same scenarios on a real Envoy, compared
//! - `registry` (feature `registry`): modules of manifests, downloaded

pub mod cache;
mod cargo;
pub mod conformance;
mod error;
#[cfg(feature = "google")]
pub mod google;
pub mod modules;
#[cfg(feature = "parity")]
pub mod parity;
mod plugin_ext;
pub mod pool;
pub mod prelude;
pub mod rate_limit;
#[cfg(feature = "registry")]
pub mod registry;
pub mod snapshots;
pub mod trials;
pub mod write;

pub use error::{Error, Result};
pub use plugin_ext::PluginExt;
pub use proxy_wasm_harness as harness;

#[doc(hidden)]
pub use insta;
