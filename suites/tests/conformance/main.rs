//! The conformance checks, checked.

mod catalogue;
mod defects;
mod matrix;
mod page;
mod probes;
mod reproductions;
