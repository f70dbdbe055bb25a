//! A deterministic test host for Proxy-Wasm plugins: the WebAssembly filters of Envoy, Istio and other proxies.
//!
//! ```
//! use proxy_wasm_harness::abi::LogLevel;
//! use proxy_wasm_harness::host::Host;
//! use proxy_wasm_harness::state::{Answer, Duration, Request};
//! use proxy_wasm_harness::vm::{LoadOptions, Plugin};
//!
//! // A plugin that refuses every request.
//! let plugin = Plugin::from_bytes("gatekeeper", br#"
//!     (module
//!       (import "env" "proxy_send_local_response"
//!         (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
//!       (memory (export "memory") 1)
//!       (func (export "proxy_abi_version_0_2_1"))
//!       (func (export "malloc") (param i32) (result i32) (i32.const 1024))
//!       (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
//!         (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
//!           (i32.const 0) (i32.const 0) (i32.const -1)))
//!         (i32.const 1)))
//! "#, &LoadOptions::default())?;
//!
//! let mut host = Host::builder().plugin(plugin).upstream(Answer::ok().body("hello")).build()?;
//! let exchange = host.send(Request::get("http://httpbin:8000/headers"));
//! assert_eq!(exchange.response().status(), 403);
//! assert!(exchange.upstream_request().is_none());
//! host.advance(Duration::from_secs(1));
//! assert!(!host.log().has(LogLevel::Error, "anything"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The code in reading order; imports go only downwards in this list's levels:
//!
//! - [`abi`] (L0): the spec's nouns: types, versions, serialization, the tables of hostcalls and callbacks.
//! - `document` (L0): files as trees of values with their places: YAML, errors with hints, strict reading.
//! - [`state`] (L1): what a proxy remembers: clock, header maps, buffers, shared data, queues, metrics. Plain data.
//! - [`proxy`] (L2): the simulated proxy's mind: contexts, streams, the chain, local responses, time, the transcript.
//! - [`vm`] (L3): wasmtime: engine, compiled plugins, virtual machines, the gate around every hostcall.
//! - [`sections`] (L4): the ABI text, one file per section.
//! - [`host`] (L5): [`host::Host`], what users hold.
//! - [`scenario`] (L5): scripts as files: form, driver, expectations.
//! - [`manifest`] (L5): Istio's and Envoy's manifests, and the chains that they come to.
//! - [`check`] (L6): requirements of plugins, findings, verdicts, and what is known to fail.

pub mod abi;
pub mod check;
pub(crate) mod document;
pub mod host;
pub mod manifest;
pub mod proxy;
pub mod scenario;
pub mod sections;
pub mod state;
pub mod vm;
