//! Rate limiters under every schedule: what one claims, held against schedules by the thousand.
//!
//! In reading order: `model` (the algorithms as pure types).

pub mod model;
