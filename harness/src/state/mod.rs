//! What a proxy remembers: plain data, tested without wasm.

mod buffers;
mod clock;
mod deadlines;
mod fields;
mod message;
mod time;

pub use buffers::Buffer;
pub use clock::Clock;
pub use deadlines::{DeadlineId, Deadlines};
pub use fields::{Fields, FieldsKind};
pub use message::{Answer, AnswerKind, Body, Chunk, Failure, Field, GrpcAnswer, Protocol, Request, Response};
pub use time::{Duration, Instant, show};
