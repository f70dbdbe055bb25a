//! Smaller scripts that go wrong in the same way.

use proxy_wasm_harness::scenario::{Step, StepKind};
use proxy_wasm_harness::state::{Answer, AnswerKind, Body, Field, Request};

use super::played::Played;
use super::world::World;

/// Runs that may be spent on one script.
const BUDGET: usize = 120;

/// The smallest script found, with its run, in which `same` holds; nothing when it does not hold for `steps` either.
pub(super) fn shrink(
    world: &World,
    steps: &[Step],
    same: impl Fn(&Played) -> bool,
) -> Option<(Vec<Step>, Played)> {
    let mut best = steps.to_vec();
    let mut run = world.play(&best);
    if !same(&run) {
        return None;
    }
    let mut left = BUDGET;
    loop {
        let mut better = false;
        for candidate in candidates(&best) {
            if left == 0 {
                return Some((best, run));
            }
            left -= 1;
            if let Some(played) = attempt(world, &candidate).filter(&same) {
                (best, run, better) = (candidate, played, true);
                break;
            }
        }
        if !better {
            return Some((best, run));
        }
    }
}

/// A run of steps that may not make sense any more: a stream that nobody opened is an error of the script.
fn attempt(world: &World, steps: &[Step]) -> Option<Played> {
    let mut open: Vec<&str> = Vec::new();
    for step in steps {
        match &step.kind {
            StepKind::Open(opened) => open.push(&opened.stream),
            StepKind::Send(send) if !open.contains(&send.stream.as_str()) => return None,
            StepKind::Respond(respond) if !open.contains(&respond.stream.as_str()) => return None,
            StepKind::Abort(abort) if !open.contains(&abort.stream.as_str()) => return None,
            _ => {}
        }
    }
    Some(world.play(steps))
}

/// Scripts that are a little smaller, the most smaller first.
fn candidates(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    if steps.len() > 1 {
        for at in 0..steps.len() {
            let mut fewer = steps.to_vec();
            fewer.remove(at);
            all.push(fewer);
        }
    }
    for (at, step) in steps.iter().enumerate() {
        let mut put = |kind: StepKind| {
            let mut changed = steps.to_vec();
            changed[at].kind = kind;
            all.push(changed);
        };
        match &step.kind {
            StepKind::Request(request) => {
                smaller(request).into_iter().for_each(|request| put(StepKind::Request(request)));
            }
            StepKind::Open(open) => {
                for request in smaller_heads(&open.request) {
                    put(StepKind::Open(proxy_wasm_harness::scenario::Open { request, ..open.clone() }));
                }
            }
            _ => {}
        }
        if step.repeat > 1 {
            let mut once = steps.to_vec();
            once[at].repeat = 1;
            once[at].every = None;
            all.push(once);
        }
    }
    all
}

fn smaller(request: &Request) -> Vec<Request> {
    let mut all = Vec::new();
    if let Some(answer) = request.respond.as_ref().filter(|answer| **answer != Answer::ok()) {
        all.push(Request { respond: Some(Answer::ok()), ..request.clone() });
        if let AnswerKind::Response(response) = &answer.kind {
            let with = |change: &dyn Fn(&mut proxy_wasm_harness::state::Response)| {
                let mut response = response.clone();
                change(&mut response);
                Request {
                    respond: Some(Answer { kind: AnswerKind::Response(response), ..answer.clone() }),
                    ..request.clone()
                }
            };
            if response.body != Body::None {
                all.push(with(&|response| response.body = Body::None));
            }
            if response.trailers.is_some() {
                all.push(with(&|response| response.trailers = None));
            }
            for fields in without_each(&response.headers) {
                all.push(with(&|response| response.headers.clone_from(&fields)));
            }
        }
    }
    if request.trailers.is_some() {
        all.push(Request { trailers: None, ..request.clone() });
    }
    if request.body != Body::None {
        all.push(Request { body: Body::None, trailers: None, ..request.clone() });
    }
    all.extend(smaller_heads(request));
    all
}

fn smaller_heads(request: &Request) -> Vec<Request> {
    let mut all = Vec::new();
    if request.headers.len() > 1 {
        all.push(Request { headers: Vec::new(), ..request.clone() });
    }
    all.extend(without_each(&request.headers).map(|headers| Request { headers, ..request.clone() }));
    all
}

fn without_each(fields: &[Field]) -> impl Iterator<Item = Vec<Field>> {
    (0..fields.len()).map(|at| {
        let mut fewer = fields.to_vec();
        fewer.remove(at);
        fewer
    })
}
