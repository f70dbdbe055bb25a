//! Checks of HTTP and gRPC calls: failed, refused, late, early, out of order, badly framed.

use proxy_wasm_harness::abi::{CallbackId, Status};
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{Open, Peer, StepKind};
use proxy_wasm_harness::state::Duration;

use super::lab::{Lab, Subject};
use super::played::Played;
use super::session::Session;
use super::tally::Tally;
use super::transform::calls::{self, is_grpc};
use super::transform::faults::fault;
use super::transform::streams::{abort, advance, request, step};
use super::{compare, trouble};

const CALLS: [&str; 3] = ["proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream"];

/// Sessions whose calls are varied.
const SESSIONS: usize = 5;

/// The sessions in which a stream made a call, with their untouched runs.
fn calling(lab: &Lab) -> impl Iterator<Item = (&Session, &Played)> {
    let calls = |(_, oracle): &(&Session, &Played)| {
        let trace = oracle.trace();
        trace
            .calls()
            .any(|(callback, call)| CALLS.contains(&call.name) && callback.id != CallbackId::Configure)
    };
    lab.sound().filter(calls).take(SESSIONS)
}

/// Calls may fail.
pub static FAILED: Check<Subject> = Check {
    requirement: Requirement {
        id: "calls/failed",
        level: Level::Must,
        sentence: "A call that fails, in whatever way, neither makes the plugin trap nor holds the stream for ever.",
        source: Source::Abi("proxy_on_http_call_response"),
        evidence: &[
            "tetratelabs/proxy-wasm-go-sdk#217",
            "envoyproxy/envoy#26485",
            "Kong/ngx_wasm_module#622",
        ],
        exercises: "lets every cluster refuse, close, cut off, never answer, answer 500, nothing, and half a JSON text",
        bad: "self.get_http_call_response_header(\":status\").unwrap(); continuing only on 200",
        good: "decide what a failure means, open or closed, and continue or answer in every branch",
    },
    judge: |subject| subject.run(failed),
};

fn failed(lab: &Lab) -> Judged {
    let mut tally = Tally::of("exchanges whose calls fail");
    for (session, _) in calling(lab) {
        let clusters = &session.world.scenario().clusters;
        let grpc = clusters.values().any(is_grpc);
        let http = clusters.values().any(|answers| !is_grpc(answers));
        let mut troubles = if http { calls::troubles() } else { Vec::new() };
        if grpc {
            troubles.extend(calls::grpc_troubles());
        }
        for (how, answer) in troubles {
            if tally.is_full() {
                return tally.judged();
            }
            let world = lab.world_with(session, |scenario| {
                let answers = calls::all_answer(&scenario.clusters, &answer);
                scenario.clusters = calls::delayed(&answers, Duration::from_millis(1));
            });
            if world.start().map(forget).is_err() {
                continue;
            }
            tally.tried();
            let what = format!("{}, every cluster {how}", session.name);
            lab.trouble(&world, &session.steps, &what).into_iter().for_each(|finding| tally.found(finding));
        }
    }
    tally.judged()
}

/// A host that was only started to see whether it starts.
fn forget(mut host: proxy_wasm_harness::host::Host) {
    let ids: Vec<String> = host.findings().iter().map(|finding| finding.id.clone()).collect();
    for what in ids.into_iter().chain(["trap".to_owned(), "stall".to_owned()]) {
        host.allow(what);
    }
}

/// Calls may be refused.
pub static REFUSED: Check<Subject> = Check {
    requirement: Requirement {
        id: "calls/refused",
        level: Level::Must,
        sentence: "A call that the host refuses to make neither makes the plugin trap nor leaves the stream paused.",
        source: Source::Abi("proxy_http_call"),
        evidence: &["proxy-wasm/proxy-wasm-rust-sdk#172", "tetratelabs/proxy-wasm-go-sdk#199"],
        exercises: "lets every call answer BadArgument, then InternalFailure",
        bad: "self.dispatch_http_call(..).unwrap(); Action::Pause",
        good: "match self.dispatch_http_call(..) { Ok(_) => Action::Pause, Err(_) => self.fail_open() }",
    },
    judge: |subject| subject.run(refused),
};

fn refused(lab: &Lab) -> Judged {
    let mut tally = Tally::of("exchanges whose calls are refused");
    for (session, oracle) in calling(lab) {
        for name in
            CALLS.into_iter().filter(|name| oracle.trace().calls().any(|(_, call)| call.name == *name))
        {
            for status in super::transform::faults::menu(name) {
                for (nth, count) in [(1, 1000), (2, 1)] {
                    if tally.is_full() {
                        return tally.judged();
                    }
                    let most = lab.habits.most_in_a_run.get(name).copied().unwrap_or_default();
                    if nth > most {
                        continue;
                    }
                    let mut steps = vec![fault(name, *status, nth, count)];
                    steps.extend(session.steps.iter().cloned());
                    tally.tried();
                    let what = format!("{}, {name} answers {status}", session.name);
                    lab.trouble(&session.world, &steps, &what)
                        .into_iter()
                        .for_each(|finding| tally.found(finding));
                }
            }
        }
    }
    tally.judged()
}

/// Answers may come when nobody waits any more.
pub static LATE: Check<Subject> = Check {
    requirement: Requirement {
        id: "calls/late",
        level: Level::Must,
        sentence: "An answer that comes after its stream has gone does not make the plugin trap, nor touch another stream.",
        source: Source::Envoy(
            "calls are delivered to the plugin context although the stream that made them is gone",
        ),
        evidence: &[
            "proxy-wasm/proxy-wasm-rust-sdk#304",
            "tetratelabs/proxy-wasm-go-sdk#261",
            "Kuadrant/wasm-shim#227",
        ],
        exercises: "lets clients go away while calls are under way, and the answers come later",
        bad: "self.streams.get(&id).unwrap() in the callback of the call",
        good: "check proxy_set_effective_context, and forget the stream in proxy_on_delete",
    },
    judge: |subject| subject.run(late),
};

fn late(lab: &Lab) -> Judged {
    let mut tally = Tally::of("streams gone before their calls were answered");
    for (session, _) in calling(lab) {
        let world = lab.world_with(session, |scenario| {
            scenario.clusters = calls::delayed(&scenario.clusters, Duration::from_millis(40));
        });
        let mut open = session.request().clone();
        open.respond = None;
        for (how, wait) in [("at once", 0), ("while the answer is on its way", 20)] {
            if tally.is_full() {
                return tally.judged();
            }
            let mut steps = session.steps[..session.target].to_vec();
            steps.push(step(StepKind::Open(Open { stream: "s".into(), end: true, request: open.clone() })));
            if wait > 0 {
                steps.push(advance(Duration::from_millis(wait)));
            }
            steps.push(abort("s", Peer::Client));
            steps.push(advance(Duration::from_secs(5)));
            steps.push(request(session.request().clone()));
            tally.tried();
            let what = format!("{}, the client goes away {how}", session.name);
            lab.trouble(&world, &steps, &what).into_iter().for_each(|finding| tally.found(finding));
        }
    }
    tally.judged()
}

/// Answers may come at once.
pub static IMMEDIATE: Check<Subject> = Check {
    requirement: Requirement {
        id: "calls/immediate",
        level: Level::Must,
        sentence: "It makes no difference whether an answer comes at once or a while later.",
        source: Source::Abi("proxy_http_call"),
        evidence: &[
            "proxy-wasm/proxy-wasm-rust-sdk#40",
            "proxy-wasm/proxy-wasm-rust-sdk#70",
            "proxy-wasm/proxy-wasm-rust-sdk#240",
        ],
        exercises: "answers each call at the same instant, and after 5 ms",
        bad: "borrowing a RefCell across proxy_http_call, or setting up what the answer needs behind the call",
        good: "finish the bookkeeping before the call is made",
    },
    judge: |subject| subject.run(immediate),
};

fn immediate(lab: &Lab) -> Judged {
    let mut tally = Tally::of("exchanges with calls answered at once");
    for (session, _) in calling(lab) {
        let world = |after: Duration| {
            lab.world_with(session, |scenario| {
                scenario.clusters = calls::each(&scenario.clusters, |_, answer| {
                    proxy_wasm_harness::state::Answer { after, ..answer.clone() }
                });
            })
        };
        let (at_once, later) = (world(Duration::ZERO), world(Duration::from_millis(5)));
        if at_once.start().map(forget).is_err() || later.start().map(forget).is_err() {
            continue;
        }
        tally.tried();
        let what = format!("{}, calls answered at once", session.name);
        compare_worlds(lab, session, &later, &at_once, &what, &mut tally);
    }
    tally.judged()
}

/// Plays a session in both worlds; tells what is different or wrong in the second.
fn compare_worlds(
    lab: &Lab,
    session: &Session,
    oracle: &super::world::World,
    other: &super::world::World,
    what: &str,
    tally: &mut Tally,
) {
    let (oracle, played) = (oracle.play(&session.steps), other.play(&session.steps));
    if let Some(finding) = trouble::finding(other, &session.steps, &played, what) {
        tally.found(finding);
        return;
    }
    let at = session.exchange_index();
    if let (Some(one), Some(two)) = (oracle.exchanges.get(at), played.exchanges.get(at))
        && let Some(difference) = compare::exchange(one, two)
    {
        tally.found(lab.difference(other, session.steps.clone(), session.target, &played, what, difference));
    }
}

/// Answers may come in any order.
pub static ORDER: Check<Subject> = Check {
    requirement: Requirement {
        id: "calls/order",
        level: Level::Should,
        sentence: "Of several calls under way, it makes no difference which is answered first.",
        source: Source::Envoy("several calls in flight finish in any order"),
        evidence: &["proxy-wasm/proxy-wasm-rust-sdk#54"],
        exercises: "answers calls that are under way together in other orders",
        bad: "counting answers to know which call each belongs to",
        good: "remember what each call was for by its id",
    },
    judge: |subject| subject.run(order),
};

/// The most calls under way at one time in a run.
fn in_flight(played: &Played) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for callback in &played.trace().callbacks {
        if matches!(
            callback.id,
            CallbackId::HttpCallResponse | CallbackId::GrpcReceive | CallbackId::GrpcClose
        ) {
            open = open.saturating_sub(1);
        }
        open += callback
            .calls
            .iter()
            .filter(|call| CALLS.contains(&call.name) && call.status == Some(Status::Ok))
            .count();
        most = most.max(open);
    }
    most
}

fn order(lab: &Lab) -> Judged {
    let mut tally = Tally::of("other orders of answers");
    for (session, oracle) in calling(lab) {
        let together = in_flight(oracle);
        if together < 2 {
            continue;
        }
        let straight = lab.world_with(session, |scenario| {
            scenario.clusters = calls::delayed(&scenario.clusters, Duration::from_millis(30));
        });
        for rotation in 0..together.min(3) {
            if tally.is_full() {
                return tally.judged();
            }
            let world = lab.world_with(session, |scenario| {
                scenario.clusters = calls::reordered(&scenario.clusters, rotation);
            });
            if world.start().map(forget).is_err() {
                continue;
            }
            tally.tried();
            let what = format!("{}, answers in another order", session.name);
            compare_worlds(lab, session, &straight, &world, &what, &mut tally);
        }
    }
    tally.judged()
}

/// Calls are well framed.
pub static WIRE: Check<Subject> = Check {
    requirement: Requirement {
        id: "calls/wire",
        level: Level::Must,
        sentence: "What the plugin sends to clusters is framed as it says, and holds nothing that is dropped.",
        source: Source::Envoy(
            "a transfer-encoding or content-length in the headers of a call is written as it is; trailers are dropped over HTTP/1.1",
        ),
        evidence: &["proxy-wasm/proxy-wasm-rust-sdk#2"],
        exercises: "looks at each call as it leaves the proxy",
        bad: "forwarding the request's own headers, content-length and all, in a call without a body",
        good: "send the headers that the callee needs, and no framing",
    },
    judge: |subject| subject.run(wire),
};

fn wire(lab: &Lab) -> Judged {
    let mut tally = Tally::of("calls made");
    for (session, oracle) in lab.all() {
        oracle.calls.iter().for_each(|_| tally.tried());
        let of_calls = |finding: &&proxy_wasm_harness::proxy::Finding| {
            finding.id == "envoy/call-trailers"
                || (finding.id.starts_with("wire/") && finding.message.starts_with("proxy_http_call"))
        };
        for finding in oracle.run.findings.iter().filter(of_calls) {
            tally.found(
                Finding::new(finding.message.clone())
                    .evidence(trouble::lines_before(oracle, finding.event))
                    .reproduction(session.world.script(&session.name, session.steps.clone())),
            );
        }
    }
    tally.judged()
}
