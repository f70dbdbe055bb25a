//! Exchange bench.
fn main() {}
