//! The conformance checks, checked.

mod catalogue;
mod matrix;
mod probes;
mod reproductions;
