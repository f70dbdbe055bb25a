//! What a suite does to a host: a schedule, or the steps of a scenario, in the same words.

use proxy_wasm_harness::abi::Status;
use proxy_wasm_harness::proxy::Injection;
use proxy_wasm_harness::scenario::{LimitKey, RateLimit, RespondWith, Scenario, StepKind};
use proxy_wasm_harness::state::{Answer, Duration, Request};

use super::schedule::{Op, Schedule};
use super::trouble::fault;

/// One thing that is done to a host.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Send(Request),
    Open(String, Request),
    Respond(String, Option<Answer>),
    Abort(String),
    Wait(Duration),
    /// As `Wait`, but what falls due at its end is in the race that follows.
    WaitFor(Duration),
    SetClock(u64),
    Fault(Injection),
    /// All faults are over.
    Heal,
    /// A configuration push: of this plugin, or of all.
    Push(Option<(String, Vec<u8>)>),
    /// Together, on several workers.
    Race(Vec<Request>),
}

/// The request with the key of this number.
fn request(claim: &RateLimit, worker: u8, key: u8) -> Request {
    let request = claim.request.clone().unwrap_or_else(|| Request::get("/"));
    let request = match &claim.key {
        LimitKey::None => request,
        LimitKey::Header(name) => request.header(name.as_str(), format!("key-{key}")),
    };
    Request { worker: Some(u32::from(worker)), ..request }
}

/// A schedule in deeds.
pub(super) fn of_schedule(claim: &RateLimit, schedule: &Schedule) -> Vec<Deed> {
    let mut opened = 0_usize;
    let deed = |op: &Op| match *op {
        Op::Wait(nanos) => Deed::Wait(Duration::from_nanos(nanos)),
        Op::Request { worker, key } => Deed::Send(request(claim, worker, key)),
        Op::Open { worker, key } => {
            opened += 1;
            Deed::Open((opened - 1).to_string(), request(claim, worker, key))
        }
        Op::Respond(stream) => Deed::Respond(stream.to_string(), None),
        Op::Abort(stream) => Deed::Abort(stream.to_string()),
        Op::SetClock(nanos) => Deed::SetClock(nanos),
        Op::Push => Deed::Push(None),
        Op::Fault(kind, times) => Deed::Fault(fault(kind, times)),
        Op::Heal => Deed::Heal,
        Op::Contend(times) => Deed::Fault(Injection {
            hostcall: "proxy_set_shared_data".to_owned(),
            status: Status::CasMismatch,
            plugin: None,
            skip: 0,
            count: u32::from(times),
        }),
    };
    together(schedule.ops.iter().map(deed), schedule.interleaving.is_some(), |deed| deed)
}

/// Makes requests that come in a row one deed, where they are to be made together; what is due at that instant meets them.
fn together<D>(all: impl Iterator<Item = D>, are: bool, deed: impl Fn(&mut D) -> &mut Deed) -> Vec<D> {
    let mut deeds: Vec<D> = Vec::new();
    for mut next in all {
        if are {
            let this = deed(&mut next);
            if let Deed::Send(request) = this {
                *this = Deed::Race(vec![request.clone()]);
                if let Some(before) = deeds.last_mut().map(&deed)
                    && let Deed::Wait(span) = before
                {
                    *before = Deed::WaitFor(*span);
                }
            }
            if let (Deed::Race(more), Some(Deed::Race(before))) = (this, deeds.last_mut().map(&deed)) {
                before.append(more);
                continue;
            }
        }
        deeds.push(next);
    }
    deeds
}

/// The steps of a scenario in deeds, each with the number of its step; nothing when it takes steps that say nothing of a limiter.
pub(super) fn of_steps(scenario: &Scenario) -> Option<Vec<(usize, Deed)>> {
    let mut deeds = Vec::new();
    for (at, step) in scenario.steps.iter().enumerate() {
        let deed = match &step.kind {
            StepKind::Request(request) => Deed::Send(request.clone()),
            StepKind::Open(open) if open.end => Deed::Open(open.stream.clone(), open.request.clone()),
            StepKind::Respond(respond) if respond.end => match &respond.with {
                RespondWith::Scripted => Deed::Respond(respond.stream.clone(), None),
                RespondWith::Answer(answer) => Deed::Respond(respond.stream.clone(), Some(answer.clone())),
                RespondWith::More { .. } => return None,
            },
            StepKind::Abort(abort) => Deed::Abort(abort.stream.clone()),
            StepKind::Advance(span) => Deed::Wait(*span),
            StepKind::SetClock(time) => Deed::SetClock(time.ns),
            StepKind::Fault(of) if of.plugin.is_none() => Deed::Fault(Injection {
                hostcall: of.hostcall.clone(),
                status: of.status,
                plugin: None,
                skip: of.nth.saturating_sub(1),
                count: of.count,
            }),
            StepKind::Reconfigure(of) if of.vm.is_none() => {
                Deed::Push(Some((of.plugin.clone(), of.config.0.clone())))
            }
            StepKind::Start(_) | StepKind::Expect => continue,
            _ => return None,
        };
        for repetition in 0..step.repeat.max(1) {
            if let (1.., Some(every)) = (repetition, step.every) {
                deeds.push((at, Deed::Wait(every)));
            }
            deeds.push((at, deed.clone()));
        }
    }
    let requests = deeds.iter().any(|(_, deed)| matches!(deed, Deed::Send(_) | Deed::Open(..)));
    let are = scenario.rate_limit.as_ref().is_some_and(|claim| claim.interleaving.is_some());
    requests.then(|| together(deeds.into_iter(), are, |(_, deed)| deed))
}
