//! The nouns of the ABI text: types, versions, serialization, and the tables of hostcalls and callbacks.
//!
//! Holds no engine and does no I/O.

mod callbacks;
mod foreign_functions;
mod hostcalls;
pub mod pairs;
pub mod protobuf;
mod section;
mod signature;
mod types;
mod version;
mod wasi;

pub use callbacks::{CALLBACKS, Callback, CallbackId, Called, callback, callback_row};
pub use foreign_functions::{FOREIGN_FUNCTIONS, ForeignFunction, foreign_function};
pub use hostcalls::{HOSTCALLS, Hostcall, hostcall, hostcall_in_any};
pub use pairs::{MalformedPairs, Pair, Pairs};
pub use section::Section;
pub use signature::{Signature, ValType, words};
pub use types::{BufferType, LogLevel, MapType, MetricType, PeerType, Status, StreamType};
pub use version::{AbiVersion, Versions};
pub use wasi::{Errno, WASI, WASI_MODULES, wasi_function};
