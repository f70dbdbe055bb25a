//! Istio's own resources, `WasmPlugin` and `TrafficExtension`: which of them apply to a workload, in what order, and
//! what each plugin sees.
//!
//! In reading order: [`version`] and [`proxy`] (for whom), [`extension`] with [`selector`], [`traffic`], [`wasm`] and
//! [`url`] (what a resource says), [`order`], [`stack`] (Istio's own filters), [`seen`] (what the plugin gets),
//! [`chain`].

pub(crate) mod chain;
pub(crate) mod extension;
mod order;
pub(crate) mod proxy;
mod seen;
pub(crate) mod selector;
mod stack;
mod traffic;
pub(crate) mod url;
pub(crate) mod version;
mod wasm;
