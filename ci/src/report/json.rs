//! Results for programs: one document. The same input gives the same document; nothing in it depends on the machine.

use proxy_wasm_harness::scenario::Failure;
use proxy_wasm_harness::state::show;
use proxy_wasm_suites::snapshots::Difference;
use serde_json::{Value, json};

use super::{Summary, Trial, plain};
use crate::story::{Answer, Exchange};

/// The name and version of the document's form.
const SCHEMA: &str = "proxy-wasm-test/run/1";

/// The document.
pub(crate) fn document(trials: &[Trial]) -> Value {
    let Summary { passed, failed, skipped, known_failures } = Summary::of(trials);
    json!({
        "schema": SCHEMA,
        "summary": {
            "passed": passed,
            "failed": failed,
            "skipped": skipped,
            "known_failures": known_failures,
        },
        "trials": trials.iter().map(trial).collect::<Vec<_>>(),
    })
}

fn trial(trial: &Trial) -> Value {
    json!({
        "name": trial.name(),
        "file": trial.file.display().to_string(),
        "written_in": trial.written_in.display().to_string(),
        "line": trial.line,
        "outcome": trial.outcome.word(),
        "reason": trial.outcome.reason(),
        "took": show(trial.took),
        "exchanges": trial.story.iter().map(exchange).collect::<Vec<_>>(),
        "failures": trial.failures.iter().map(failure).collect::<Vec<_>>(),
        "snapshots": trial.differences.iter().map(difference).collect::<Vec<_>>(),
        "text": trial.plain_text(),
        "beside": plain(&trial.beside),
        "run_again": trial.again,
    })
}

fn exchange(one: &Exchange) -> Value {
    let status = match one.answer {
        Answer::Status(status) | Answer::Cut(status) => Some(status),
        _ => None,
    };
    json!({
        "at": one.at.to_string(),
        "request": one.request,
        "answer": one.answer.to_string(),
        "status": status,
        "by": one.by,
        "after": show(one.after),
    })
}

fn failure(one: &Failure) -> Value {
    json!({
        "file": one.span.file().map(|file| file.display().to_string()),
        "line": one.span.line(),
        "column": one.span.column(),
        "step": one.step,
        "step_words": one.step_words,
        "repetition": one.repetition.map(|(nth, of)| json!({"nth": nth, "of": of})),
        "again": one.again,
        "what": one.what,
        "expected": one.expected,
        "actual": one.actual,
        "diff": one.diff.as_deref().map(plain),
        "nearest": one.nearest,
        "at": one.at.to_string(),
        "because": one.because,
        "backtrace": one.backtrace,
    })
}

fn difference(one: &Difference) -> Value {
    json!({"path": one.path.display().to_string(), "message": one.to_string()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Outcome;
    use crate::report::tests::trial as a_trial;

    #[test]
    fn the_document_names_its_form_and_counts() {
        let known = Outcome::KnownFailure("x".to_owned());
        let document =
            document(&[a_trial("a", Outcome::Passed), a_trial("b", Outcome::Failed), a_trial("c", known)]);
        assert_eq!(document["schema"], SCHEMA);
        let counts = json!({"passed": 1, "failed": 1, "skipped": 1, "known_failures": 1});
        assert_eq!(document["summary"], counts);
        assert_eq!(document["trials"][2]["outcome"], "known_failure");
        assert_eq!(document["trials"][0]["name"], "b::a");
    }
}
