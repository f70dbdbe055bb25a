//! The nouns of the ABI text: types, versions, serialization, and the tables of hostcalls and callbacks.
//!
//! Holds no engine and does no I/O.

pub mod pairs;
mod types;
mod version;

pub use pairs::{MalformedPairs, Pair, Pairs};
pub use types::{BufferType, LogLevel, MapType, MetricType, PeerType, Status, StreamType};
pub use version::{AbiVersion, Versions};
