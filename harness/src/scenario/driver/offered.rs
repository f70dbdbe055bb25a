//! What a scenario may ask for and cannot have, said before anything runs.

use super::google;
use crate::scenario::document::error::ScenarioError;
use crate::scenario::{
    Expectations, Expected, Open, Profile, RunError, Scenario, Span, StartOutcome, StepKind,
};
use crate::state::Protocol;

pub(super) type Checked = Result<(), RunError>;

/// Complains about the first thing that cannot be carried out.
pub(super) fn check(scenario: &Scenario) -> Checked {
    if scenario.host.profile == Profile::Google {
        google::check(scenario)?;
    }
    let mut refused = false;
    let mut streams = false;
    for step in &scenario.steps {
        refused |= step.kind == StepKind::Start(StartOutcome::Refused);
        let acts = !matches!(step.kind, StepKind::Start(_) | StepKind::Expect);
        if refused && acts {
            return fail(
                &step.span,
                "the start is refused: nothing can be done after it",
                Some("let `expect` alone follow it"),
            );
        }
        if let StepKind::Request(request) | StepKind::Open(Open { request, .. }) = &step.kind
            && request.protocol == Protocol::Http2
            && request.method == b"CONNECT"
        {
            return fail(
                &step.span,
                "CONNECT over HTTP/2 is not offered",
                Some("leave `http` out: CONNECT over HTTP/1.1 is"),
            );
        }
        streams |= matches!(step.kind, StepKind::Request(_) | StepKind::Open(_));
        if let Some(expect) = &step.expect {
            expectations(expect, streams)?;
        }
    }
    Ok(())
}

/// Complains about a scenario whose host is no proxy, for those who make steps of their own on one.
pub(super) fn proxy(scenario: &Scenario) -> Checked {
    match scenario.host.profile {
        Profile::Envoy140 => Ok(()),
        Profile::Google => fail(
            &scenario.host.span,
            "the host profile `google` is no proxy: its scenarios can only be run",
            None,
        ),
    }
}

/// Expectations of a stream before there is one.
fn expectations(expect: &Expectations, streams: bool) -> Checked {
    let span = &expect.span;
    // That there is none is true when there is no stream.
    let judged = [
        matches!(expect.response, Some(Expected::Just(_))),
        matches!(expect.upstream_request, Some(Expected::Just(_))),
        matches!(expect.local_response, Some(Expected::Just(_))),
    ];
    if !streams && judged.contains(&true) {
        return fail(span, "no stream has been opened yet: there is nothing to compare with", None);
    }
    Ok(())
}

pub(super) fn fail(span: &Span, message: &str, hint: Option<&str>) -> Checked {
    Err(ScenarioError::at(span, message).hint(hint.map(str::to_owned)).into())
}
