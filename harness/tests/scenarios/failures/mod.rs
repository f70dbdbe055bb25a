//! One failing scenario for each kind of expectation, with all that is said of it.

mod bodies;
mod calls;
mod cluster_calls;
mod logs;
mod requests;
mod responses;
mod shared;
mod trouble;
