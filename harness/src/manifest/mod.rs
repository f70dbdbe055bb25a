//! Chains from the manifests that people deploy: which plugins run in a workload's proxy, in what order, and what each
//! of them sees.
//!
//! ```
//! use proxy_wasm_harness::manifest::ManifestSet;
//! use proxy_wasm_harness::scenario::Workload;
//!
//! let manifest = "
//! apiVersion: extensions.istio.io/v1alpha1
//! kind: WasmPlugin
//! metadata: {name: limiter, namespace: default}
//! spec: {url: file:///opt/limiter.wasm, phase: AUTHN, pluginConfig: {limit: 2}}
//! ";
//! let set = ManifestSet::from_texts([("limiter.yaml".into(), manifest.to_owned())])?;
//! let resolved = set.resolve(&Workload { namespace: "default".to_owned(), ..Workload::default() })?;
//! let plugins: Vec<_> = resolved.http_plugins().collect();
//! assert_eq!(plugins[0].name, "default/limiter");
//! assert_eq!(plugins[0].config, br#"{"limit":2}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In reading order:
//! - `resolved`: what comes out
//! - `set`: many documents in many files, with `paths`, `object`, `secret`, `error`
//! - `read`: fields and scalars as the programs read them whose files these are
//! - `istio`: `WasmPlugin` and `TrafficExtension`
//! - `envoy`: Envoy's own configuration, and `EnvoyFilter`
//! - `plugins`: a chain as the plugins of a scenario, with `artifact` (modules and images) and `denied`
//!
//! Nothing here asks a network. Sources are named in each file; where the text of an API and the code
//! differ, the code counts.

pub mod artifact;
mod denied;
mod envoy;
mod error;
mod istio;
mod object;
mod paths;
mod plugins;
mod read;
mod resolved;
mod secret;
mod set;

#[cfg(test)]
mod tests;

pub use artifact::{Fetch, FetchError};
pub use denied::stands_for_rbac;
pub use error::ManifestErrors;
pub use istio::url::ModuleUrl;
pub use istio::version::IstioVersion;
pub use plugins::resolve;
pub use resolved::{
    Filter, Link, Marker, ModuleRef, ModuleSource, Origin, Phase, PullPolicy, PullSecret, Resolved, Skipped,
};
pub use set::ManifestSet;
