//! Expectations that show what a trace shows: what reproductions are made of.

use proxy_wasm_harness::abi::Status;
use proxy_wasm_harness::scenario::{HostcallExpectation, Quantity, Span};

/// This hostcall is made.
pub(super) fn called_at_least_once(name: &str) -> HostcallExpectation {
    HostcallExpectation { span: Span::none(), name: name.to_owned(), plugin: None, status: None, count: None }
}

/// This hostcall never answers so.
pub(super) fn never_answers(name: &str, status: Status) -> HostcallExpectation {
    HostcallExpectation { status: Some(status), ..times(name, 0) }
}

/// This hostcall is made so often.
pub(super) fn times(name: &str, count: u64) -> HostcallExpectation {
    HostcallExpectation { count: Some(Quantity::is(count)), ..called_at_least_once(name) }
}
