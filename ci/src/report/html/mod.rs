//! Results as one page that needs nothing else: no script, no other file, no network. A timeline for each scenario, those
//! that failed first.
//!
//! `rows` turns a run into what the timeline shows, `page` writes it; both are functions of the record.

mod page;
mod rows;

pub(crate) use page::document;
