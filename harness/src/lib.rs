//! A deterministic test host for Proxy-Wasm plugins.

pub mod abi;
pub mod host;
pub mod proxy;
pub mod scenario;
pub mod sections;
pub mod state;
pub mod vm;
