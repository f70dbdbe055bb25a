//! What runs on Proxy-Wasm plugins: scenario files as tests of `cargo test`.

pub mod cache;
mod cargo;
pub mod modules;
pub mod snapshots;
