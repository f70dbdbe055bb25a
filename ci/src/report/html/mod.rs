//! Results as one page that needs nothing else: no script, no other file, no network. A timeline for each scenario, those
//! that failed first.
//!
//! `rows` turns a run into what the timeline shows, `stamps` finds points in time in what is logged, `page` writes it; all are functions of the record.

mod page;
mod rows;
mod stamps;

pub(crate) use page::document;
