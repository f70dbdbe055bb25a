//! What of a scenario cannot be played on a real proxy.

use std::time::Duration;

use proxy_wasm_harness::scenario::{Answers, Chain, PluginSpec, Profile, RespondWith, Scenario, StepKind};
use proxy_wasm_harness::state::{Answer, AnswerKind, Body, Failure, Protocol, Request};

use super::config::UPSTREAM;
use super::h2::{MAX_ELEMENT, MAX_FRAME};
use super::render;

/// The real time that one scenario may take.
pub(super) const LONGEST: Duration = Duration::from_secs(16);

/// Why a scenario itself says that it is not to be played.
pub(super) fn skipped(scenario: &Scenario) -> Option<String> {
    let parity = scenario.parity.as_ref().and_then(|parity| parity.skip.clone());
    scenario.skip.as_ref().map(|why| format!("it is skipped: {why}")).or(parity)
}

/// The plugins of a scenario that can be played, or why it cannot.
pub(super) fn playable(scenario: &Scenario) -> Result<&[PluginSpec], String> {
    let refuse = |why: &str| Err(why.to_owned());
    if let Some(why) = skipped(scenario) {
        return Err(why);
    }
    if scenario.steps.is_empty() && scenario.rate_limit.is_some() {
        return refuse("it is a claim without steps");
    }
    if scenario.host.profile != Profile::Envoy140 {
        return refuse("its host is not Envoy");
    }
    if scenario.host.workers > 1 {
        return refuse("it has several workers, and which of them serves a request is Envoy's choice");
    }
    if scenario.clusters.contains_key(UPSTREAM) {
        return refuse("a cluster has the name of the one that streams go to");
    }
    for answers in scenario.clusters.values() {
        if let Answers::Each(answers) = answers
            && answers.iter().any(render::is_refusal)
            && !answers.iter().all(render::is_refusal)
        {
            return refuse("a cluster refuses some connections, and which call met which cannot be seen");
        }
    }
    let Chain::Plugins(plugins) = &scenario.chain else {
        return refuse("its chain is not resolved");
    };
    let mut time = Duration::ZERO;
    match &scenario.upstream {
        Answers::Every(one) => time += answer(one, scenario)?,
        Answers::Each(answers) => {
            for one in answers {
                time += answer(one, scenario)?;
            }
        }
    }
    for step in &scenario.steps {
        time += match &step.kind {
            StepKind::Request(of) => request(of, scenario)?.max(step.every.unwrap_or_default()) * step.repeat,
            StepKind::Open(open) => request(&open.request, scenario)?,
            StepKind::Send(send) => send.chunks.iter().map(|chunk| chunk.after).sum(),
            StepKind::Respond(respond) => match &respond.with {
                RespondWith::Answer(of) => answer(of, scenario)?,
                RespondWith::More { chunks, .. } => chunks.iter().map(|chunk| chunk.after).sum(),
                RespondWith::Scripted => Duration::ZERO,
            },
            StepKind::Advance(span) => *span,
            StepKind::Metadata(of) => {
                let long = |text: &[u8]| text.len() > MAX_ELEMENT;
                if of.elements.0.iter().any(|(name, value)| long(name) || long(value)) {
                    return Err(format!(
                        "a METADATA frame has a name or value of more than {MAX_ELEMENT} bytes"
                    ));
                }
                Duration::ZERO
            }
            StepKind::Start(_) | StepKind::Reconfigure(_) | StepKind::Abort(_) | StepKind::Expect => {
                Duration::ZERO
            }
            StepKind::SetClock(_) => return refuse("the clock of a real proxy cannot be set"),
            StepKind::Fault(_) => return refuse("a real proxy's hostcalls cannot be made to fail"),
            StepKind::SetProperty(_) => return refuse("no other filter sets properties there"),
            StepKind::Connect(_) | StepKind::Data(_) | StepKind::Close(_) => Duration::ZERO,
            StepKind::Enqueue(_) | StepKind::SetSharedData(_) => {
                return refuse("nobody outside of the chain puts anything into shared data or queues there");
            }
        };
    }
    if time > LONGEST {
        return Err(format!("it takes {time:?} in real time, which is more than {LONGEST:?}"));
    }
    Ok(plugins)
}

fn request(request: &Request, scenario: &Scenario) -> Result<Duration, String> {
    frames(request.protocol, &request.body)?;
    let h1 = request.protocol == Protocol::Http1;
    if h1 && matches!(request.body, Body::Sized(_)) && request.trailers.is_some() {
        return Err("HTTP/1.1 has no trailers behind a body with a content-length".to_owned());
    }
    let own = request.respond.as_ref().map_or(Ok(Duration::ZERO), |of| answer(of, scenario))?;
    Ok(own + request.body.pieces().iter().map(|chunk| chunk.after).sum::<Duration>())
}

fn answer(answer: &Answer, scenario: &Scenario) -> Result<Duration, String> {
    let spent = match &answer.kind {
        AnswerKind::Response(response) => {
            frames(response.protocol, &response.body)?;
            response.body.pieces().iter().map(|chunk| chunk.after).sum()
        }
        AnswerKind::Grpc(_) => Duration::ZERO,
        AnswerKind::Fail(Failure::Timeout) => scenario.host.route_timeout,
        AnswerKind::Fail(_) => Duration::ZERO,
    };
    Ok(answer.after + spent)
}

/// A piece that does not fit into a frame is more than one to Envoy.
fn frames(protocol: Protocol, body: &Body) -> Result<(), String> {
    let large = body.pieces().iter().any(|piece| piece.data.len() > MAX_FRAME);
    if protocol == Protocol::Http2 && large {
        return Err(format!("a piece of a body has more than the {MAX_FRAME} bytes of a frame of HTTP/2"));
    }
    Ok(())
}

/// Whether a scenario is about connections.
pub(super) fn is_tcp(scenario: &Scenario) -> bool {
    scenario.steps.iter().any(|step| matches!(step.kind, StepKind::Connect(_)))
}
