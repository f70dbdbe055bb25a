//! What runs on plugins.

#[cfg(feature = "parity")]
pub mod parity;
