//! Changes to messages, clusters and scripts that a plugin has to live with.
//!
//! Pure functions of values that scenarios and Rust tests are made of, so that a test in Rust can use them as the checks
//! do. In reading order: `body` (other pieces of the same bytes), `headers`, `calls` (how clusters fail and when they
//! answer), `faults` (what hostcalls may answer), `streams` (aborts, interleaving), `clock` (instants worth being at).

pub mod body;
pub mod calls;
pub mod clock;
pub mod faults;
pub mod headers;
pub mod streams;
