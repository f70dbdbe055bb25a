//! Envoy's own configuration: wasm filters in a list, a listener or a whole bootstrap, and Istio's `EnvoyFilter`, which
//! patches it.
//!
//! In reading order: [`protobuf`] and [`any`] (messages as bytes), [`plugin_config`] (a wasm filter's configuration),
//! [`filter`] (filters), [`config`] (where filters stand in a configuration), [`envoy_filter`] with [`patch_match`]
//! (what an `EnvoyFilter` says), [`merge`], [`patches`] (what becomes of a chain).

mod any;
pub(crate) mod config;
pub(crate) mod envoy_filter;
mod filter;
mod merge;
mod patch_match;
pub(crate) mod patches;
mod plugin_config;
mod protobuf;
