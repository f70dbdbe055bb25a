//! The kinds of values that scenario files are written in: text, bytes, durations, sizes, times, urls, header fields,
//! bodies, JSON, and the matchers that judge them.

pub(crate) mod bytes;
pub(crate) mod clock;
pub(crate) mod content;
pub(crate) mod headers;
pub(crate) mod json;
pub(crate) mod matcher;
mod matcher_form;
pub(crate) mod path;
pub(crate) mod quantity;
pub(crate) mod scalars;
pub(crate) mod units;
pub(crate) mod url;
mod words;
