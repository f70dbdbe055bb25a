//! What the benches share.
//!
//! - [`guests`]: the plugins, and what each is made to do.
//! - [`floor`]: the same plugins on bare wasmtime, with the cheapest host functions that are right.
//! - [`against`]: the harness against that floor.
//! - [`process`]: what whole processes cost.
//! - [`rounds`]: variants measured in turn, so that a busy machine slows them all, and the ratios stay.

pub mod against;
pub mod floor;
pub mod guests;
pub mod process;
pub mod rounds;
