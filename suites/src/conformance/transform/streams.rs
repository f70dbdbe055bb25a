//! Scripts of streams: opened by hand, ended at every point, interleaved.

use proxy_wasm_harness::scenario::{Abort, Open, Peer, Respond, RespondWith, Send, Span, Step, StepKind};
use proxy_wasm_harness::state::{Answer, AnswerKind, Body, Duration, Request};

/// A step that expects nothing.
#[must_use]
pub fn step(kind: StepKind) -> Step {
    Step { span: Span::none(), kind, repeat: 1, every: None, expect: None }
}

/// The whole of `request`, and wait for the end of its exchange.
#[must_use]
pub fn request(request: Request) -> Step {
    step(StepKind::Request(request))
}

/// Both clocks move.
#[must_use]
pub fn advance(span: Duration) -> Step {
    step(StepKind::Advance(span))
}

/// A stream is reset.
#[must_use]
pub fn abort(stream: &str, by: Peer) -> Step {
    step(StepKind::Abort(Abort { span: Span::none(), stream: stream.to_owned(), by }))
}

/// One exchange by hand, in as many steps as it has parts: each part of the request, then each part of the answer.
#[must_use]
pub fn by_hand(stream: &str, whole: &Request, answer: &Answer) -> Vec<Step> {
    let name = || stream.to_owned();
    let mut steps = Vec::new();
    let pieces = whole.body.pieces().to_vec();
    let headers_only = matches!(whole.body, Body::None) && whole.trailers.is_none();
    let mut head = whole.clone();
    head.respond = None;
    head.trailers = None;
    if !headers_only {
        head.body = match &whole.body {
            Body::Sized(_) => {
                // The pieces come by hand, so the length has to be said.
                if !head.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-length")) {
                    head.headers
                        .push((b"content-length".to_vec(), whole.body.size().to_string().into_bytes()));
                }
                Body::Chunked(Vec::new())
            }
            _ => Body::Chunked(Vec::new()),
        };
    }
    steps.push(step(StepKind::Open(Open { stream: name(), end: headers_only, request: head })));
    if !headers_only {
        let last = pieces.len().saturating_sub(1);
        for (index, piece) in pieces.iter().enumerate() {
            let end = index == last && whole.trailers.is_none();
            let chunks = vec![piece.clone()];
            steps.push(step(StepKind::Send(Send { stream: name(), end, chunks, trailers: None })));
        }
        if pieces.is_empty() && whole.trailers.is_none() {
            steps.push(step(StepKind::Send(Send {
                stream: name(),
                end: true,
                chunks: Vec::new(),
                trailers: None,
            })));
        }
        if let Some(trailers) = &whole.trailers {
            let trailers = Some(trailers.clone());
            steps.push(step(StepKind::Send(Send {
                stream: name(),
                end: true,
                chunks: Vec::new(),
                trailers,
            })));
        }
    }
    steps.extend(answer_by_hand(stream, answer));
    steps
}

/// The parts of an answer, a step each.
fn answer_by_hand(stream: &str, answer: &Answer) -> Vec<Step> {
    let respond = |with, end| step(StepKind::Respond(Respond { stream: stream.to_owned(), end, with }));
    let AnswerKind::Response(response) = &answer.kind else {
        return vec![respond(RespondWith::Answer(Answer { after: Duration::ZERO, ..answer.clone() }), true)];
    };
    let (pieces, trailers) = (response.body.pieces().to_vec(), response.trailers.clone());
    if pieces.is_empty() || matches!(response.body, Body::Sized(_)) {
        return vec![respond(RespondWith::Answer(Answer { after: Duration::ZERO, ..answer.clone() }), true)];
    }
    let mut head = response.clone();
    head.body = Body::Chunked(Vec::new());
    head.trailers = None;
    let mut steps = vec![respond(RespondWith::Answer(head.into()), false)];
    let last = pieces.len() - 1;
    for (index, mut piece) in pieces.into_iter().enumerate() {
        piece.after = Duration::ZERO;
        let end = index == last && trailers.is_none();
        steps.push(respond(RespondWith::More { chunks: vec![piece], trailers: None }, end));
    }
    if trailers.is_some() {
        steps.push(respond(RespondWith::More { chunks: Vec::new(), trailers }, true));
    }
    steps
}

/// `steps` cut off behind each of them but the last, with a reset of `stream` by `by`.
#[must_use]
pub fn aborted_after_each(stream: &str, steps: &[Step], by: Peer) -> Vec<Vec<Step>> {
    (1..steps.len())
        .map(|count| {
            let mut cut = steps[..count].to_vec();
            cut.push(abort(stream, by));
            cut
        })
        .collect()
}

/// The steps of both, by turns.
#[must_use]
pub fn interleaved(one: &[Step], other: &[Step]) -> Vec<Step> {
    let mut steps = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.iter(), other.iter());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return steps,
            (a, b) => steps.extend(a.into_iter().chain(b).cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_by_hand_has_a_step_for_each_part() {
        let post = Request::post("/").chunks(["a", "b"]).trailers([("t", "v")]).http2();
        let answer = Answer::ok().chunks(["x", "y"]);
        let steps = by_hand("s", &post, &answer);
        assert_eq!(steps.len(), 7, "{steps:?}");
        assert_eq!(aborted_after_each("s", &steps, Peer::Client).len(), 6);
        assert_eq!(by_hand("s", &Request::get("/"), &Answer::ok()).len(), 2);
        let mixed = interleaved(&steps[..3], &by_hand("t", &Request::get("/"), &Answer::ok()));
        assert_eq!(mixed.len(), 5);
        assert!(matches!(&mixed[1].kind, StepKind::Open(open) if open.stream == "t"));
    }
}
