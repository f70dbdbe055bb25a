//! The host profile `google` in a scenario: what it can be asked, and its exchanges.

use super::offered::{Checked, fail};
use crate::host::{Builder, Exchange, Host};
use crate::proxy::StreamId;
use crate::scenario::{Answers, Chain, Scenario, Span, StartMode, StepKind};
use crate::state::{Answer, AnswerKind, Request};

/// The tester's clock where a scenario states none, in nanoseconds since the epoch: a zero breaks plugins in Go.
pub(super) const CLOCK: u64 = 1_000_000;

/// Complains about what the tester has no counterpart for.
pub(super) fn check(scenario: &Scenario) -> Checked {
    let host = &scenario.host;
    if !matches!(&scenario.chain, Chain::Plugins(plugins) if plugins.len() == 1) {
        return fail(
            &scenario.span,
            "the host profile `google` runs one plugin",
            Some("name it under `plugins`"),
        );
    }
    if host.workers != 1 || host.start != StartMode::Single || !host.upgrades.is_empty() {
        return fail(
            &host.span,
            "the host profile `google` has one VM, and no `workers`, `start` or `upgrades`",
            None,
        );
    }
    if !scenario.clusters.is_empty() {
        return fail(&scenario.span, "the host profile `google` makes no calls, and has no `clusters`", None);
    }
    match &scenario.upstream {
        Answers::Every(answer) => response(answer, &scenario.span)?,
        Answers::Each(all) => all.iter().try_for_each(|answer| response(answer, &scenario.span))?,
    }
    for step in &scenario.steps {
        match &step.kind {
            StepKind::Start(_) | StepKind::Expect | StepKind::Fault(_) => {}
            StepKind::Request(request) if step.every.is_none() && request.trailers.is_none() => {
                if let Some(answer) = &request.respond {
                    response(answer, &step.span)?;
                }
            }
            StepKind::Request(_) => {
                return fail(
                    &step.span,
                    "the host profile `google` has no trailers, and its clock stands still",
                    None,
                );
            }
            _ => {
                let hint = "steps there are `start`, `request`, `fault` and `expect`";
                return fail(
                    &step.span,
                    "the host profile `google` is no proxy, and has no such step",
                    Some(hint),
                );
            }
        }
    }
    Ok(())
}

/// Complains about an answer that the tester cannot hand over.
fn response(answer: &Answer, span: &Span) -> Checked {
    match &answer.kind {
        AnswerKind::Response(response) if response.trailers.is_none() && answer.is_immediate() => Ok(()),
        _ => {
            let message = "the host profile `google` hands responses over at once, without trailers";
            fail(span, message, Some("give the answer a status, headers and a body"))
        }
    }
}

/// The builder, for a host under this profile.
pub(super) fn builder(mut builder: Builder, scenario: &Scenario) -> Builder {
    let dotted = |path: &[String]| path.join(".");
    let properties = scenario.properties.iter().map(|of| (dotted(&of.path.0), of.value.clone())).collect();
    builder.tester = Some(properties);
    if scenario.clock.is_none() {
        builder = builder.clock(CLOCK);
    }
    builder
}

/// Hands a request and its answer over: the `nth` exchange, from 0. Nothing when the script has no answer left for it.
pub(super) fn exchange(
    host: &mut Host,
    scenario: &Scenario,
    request: &Request,
    nth: usize,
) -> Option<Exchange> {
    let scripted = || match &scenario.upstream {
        Answers::Every(answer) => Some(answer),
        Answers::Each(all) => all.get(nth),
    };
    let answer = request.respond.as_ref().or_else(scripted)?;
    let AnswerKind::Response(response) = &answer.kind else { return None };
    Some(host.send_as_tester(StreamId(nth), request, response))
}
