//! What a proxy remembers: plain data, tested without wasm.
//!
//! - [`Instant`], [`Clock`], [`Deadlines`]: virtual time and what falls due in it
//! - [`Fields`], [`Buffer`]: a stream's header maps and bodies
//! - [`SharedData`], [`SharedQueues`], [`Metrics`]: what plugins share in a process
//! - [`PropertyValue`], [`Entropy`]: values of properties, seeded randomness
//! - [`Request`], [`Answer`]: what clients, upstreams and clusters send
//!
//! Decides nothing: when a plugin may reach which of these, and what follows, is for `proxy/`.

mod buffers;
mod clock;
mod deadlines;
mod decimal;
mod entropy;
mod fields;
mod message;
mod metrics;
mod properties;
mod shared_data;
mod shared_queues;
mod time;

pub use buffers::Buffer;
pub use clock::Clock;
pub use deadlines::{DeadlineId, Deadlines};
pub(crate) use decimal::{Decimal, number};
pub use entropy::Entropy;
pub(crate) use fields::names;
pub use fields::{Fields, FieldsKind};
pub use message::{
    Answer, AnswerKind, Body, Chunk, Failure, Field, GrpcAnswer, Protocol, Request, Response, UrlError,
};
pub use metrics::{MetricId, MetricIds, MetricValue, Metrics};
pub use properties::{FieldKind, Message, PropertyValue, path_parts};
pub use shared_data::SharedData;
pub use shared_queues::{QueueId, SharedQueues};
pub use time::{Duration, Instant, show};
