//! What is wrong with a plugin, found out with no script at all.
//!
//! A plugin is loaded, and run with requests of its scenario files or of a standard corpus. The runs in which nothing is
//! changed are the oracle: each check changes one thing that must not matter (the pieces of a body, the order of answers,
//! a header that is no text) or that the plugin has to survive (a failed call, a client that goes away), and looks for what
//! is different or wrong. In reading order:
//!
//! - `world`, `session`, `corpus`, `seeds`: where a plugin runs, and with what
//! - `played`, `trace`, `habits`: what came of a run, and what the plugin was seen to do
//! - `lab`: all of that together, which every check gets
//! - [`transform`]: what is changed; `faults`, `headers`, `body`, ... are usable from Rust tests, too
//! - `profile`: other hosts, and the callback sequences that are legal on each
//! - `compare`, `trouble`, `shrink`, `evidence`, `tally`: from a run to a finding with a small script that shows it
//! - the checks, a file for each area: `loading`, `lifecycle`, `configuration`, `reload`, `headers`, `bodies`, `replies`, `liveness`,
//!   `calls`, `shared`, `timers`, `cost`, `isolation`, `faults`, `limits`; `catalogue` has them all in one list
//! - `examine`: the checks carried out; `expectations`: what is known not to pass; [`report`]: what came of it
//! - `trials`: the checks as tests of `cargo test`

pub mod bodies;
pub mod calls;
pub mod catalogue;
pub mod compare;
pub mod configuration;
pub mod corpus;
pub mod cost;
mod evidence;
pub mod examine;
pub mod expectations;
pub mod faults;
mod gzip;
pub mod habits;
pub mod headers;
pub mod isolation;
pub mod lab;
pub mod lifecycle;
pub mod limits;
pub mod liveness;
pub mod loading;
pub mod played;
pub mod profile;
pub mod reload;
pub mod replies;
pub mod report;
mod seeds;
pub mod session;
pub mod shared;
mod shrink;
mod tally;
pub mod timers;
pub mod trace;
pub mod transform;
pub mod trials;
mod trouble;
pub mod world;
