//! A badge, in the form that shields.io takes from an endpoint.

use serde_json::{Value, json};

use crate::conformance::examine::{Examined, Summary};

/// One line and a colour: how many of the checks that apply are passed.
#[must_use]
pub fn badge(all: &[Examined]) -> Value {
    let summary = Summary::of(all);
    let apply = summary.passed + summary.failed + summary.warned;
    let color = match (summary.red, summary.failed + summary.warned, apply) {
        (_, _, 0) => "lightgrey",
        (0, 0, _) => "brightgreen",
        (0, ..) => "yellow",
        _ => "red",
    };
    json!({
        "schemaVersion": 1,
        "label": "proxy-wasm conformance",
        "message": if apply == 0 { "nothing applies".to_owned() } else { format!("{} of {apply}", summary.passed) },
        "color": color,
    })
}
