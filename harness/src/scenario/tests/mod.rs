//! Whole files, read and printed.

use std::path::Path;

use super::{Scenario, load_text};

mod any;
mod any_expectations;
mod bad_input;
mod example;
mod matching;
mod names;
mod round_trip;

mod text_places;

/// A file with one plugin and these scenarios or other keys.
fn file(rest: &str) -> String {
    format!("plugins: [{{wasm: p.wasm}}]\n{rest}")
}

/// The scenarios of a text, which has to be right.
#[track_caller]
fn scenarios(text: &str) -> Vec<Scenario> {
    match load_text(Path::new("t.yaml"), text) {
        Ok(file) => file.scenarios,
        Err(errors) => panic!("{errors}\n{text}"),
    }
}

/// The one scenario with these steps.
#[track_caller]
fn steps(steps: &str) -> Scenario {
    let mut all = scenarios(&file(&format!("scenarios:\n- name: s\n  steps:\n{steps}")));
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// What is said about a text, which has to be wrong.
#[track_caller]
fn wrong(text: &str) -> String {
    match load_text(Path::new("t.yaml"), text) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(errors) => errors.to_string(),
    }
}
