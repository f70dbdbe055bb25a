//! Checks of callbacks in every legal order, and of what ends a VM.

use proxy_wasm_harness::abi::CallbackId;
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{Peer, Step, StepKind};
use proxy_wasm_harness::state::Duration;

use super::lab::{Lab, Subject};
use super::session::Session;
use super::tally::Tally;
use super::transform::streams::{self, aborted_after_each, advance, by_hand};
use super::{profile, trouble};

/// Sessions that are taken apart by hand.
const SESSIONS: usize = 10;

/// Nothing traps.
pub static TRAP: Check<Subject> = Check {
    requirement: Requirement {
        id: "lifecycle/trap",
        level: Level::Must,
        sentence: "No ordinary request or response makes the plugin trap: a trap ends the VM for every stream in it.",
        source: Source::Envoy(
            "after a trap no callback reaches the VM any more; with fail_closed every request gets 503",
        ),
        evidence: &["istio/istio#54490", "envoyproxy/envoy#16726"],
        exercises: "runs every session as it is",
        bad: "`unwrap()` in a stream callback",
        good: "log, and answer or continue",
    },
    judge: |subject| subject.run(trap),
};

fn trap(lab: &Lab) -> Judged {
    let mut tally = Tally::of("sessions");
    for (session, oracle) in lab.all() {
        if lab.habits.callbacks.is_empty() {
            break;
        }
        tally.tried();
        if !oracle.run.traps.is_empty()
            && let Some(finding) = trouble::finding(&session.world, &session.steps, oracle, &session.name)
        {
            tally.found(finding);
        }
    }
    tally.judged()
}

/// Nothing does what Envoy does not survive.
pub static CRASH: Check<Subject> = Check {
    requirement: Requirement {
        id: "lifecycle/crash",
        level: Level::Must,
        sentence: "The plugin makes no call that brings the proxy down or makes it write a message twice.",
        source: Source::Envoy(
            "local responses in proxy_on_log end in SIGSEGV; a stream that was continued and then answered Continue is sent twice",
        ),
        evidence: &["envoyproxy/envoy#28826", "envoyproxy/envoy#23047"],
        exercises: "looks for such calls in every session",
        bad: "proxy_send_local_response in proxy_on_log; proxy_continue_stream in the callback that then returns Continue",
        good: "answer in header and body callbacks; continue from the callback of a call or a tick",
    },
    judge: |subject| subject.run(crash),
};

fn crash(lab: &Lab) -> Judged {
    let mut tally = Tally::of("calls that resume, close or answer streams");
    let risky =
        ["proxy_continue_stream", "proxy_close_stream", "proxy_send_local_response", "proxy_grpc_call"];
    for (session, oracle) in lab.all() {
        let trace = oracle.trace();
        trace.calls().filter(|(_, call)| risky.contains(&call.name)).for_each(|_| tally.tried());
        for finding in oracle
            .run
            .findings
            .iter()
            .filter(|finding| finding.id.starts_with("envoy/") && finding.id != "envoy/call-trailers")
        {
            let script = session.world.script(&session.name, session.steps.clone());
            tally.found(
                Finding::new(format!("{}: {}", session.name, finding.message))
                    .evidence(trouble::lines_before(oracle, finding.event))
                    .on(vec![profile::ENVOY.name])
                    .reproduction(script),
            );
        }
    }
    tally.judged()
}

/// Callbacks come in every legal order.
pub static ORDER: Check<Subject> = Check {
    requirement: Requirement {
        id: "lifecycle/order",
        level: Level::Must,
        sentence: "The plugin lives through every order of callbacks that a host may make: a stream can end after any of \
                   them.",
        source: Source::Abi("HTTP streams"),
        evidence: &[
            "envoyproxy/envoy#33196",
            "proxy-wasm/proxy-wasm-rust-sdk#82",
            "corazawaf/coraza-proxy-wasm#183",
        ],
        exercises: "resets streams after each part of request and response, from both sides, then sends another request",
        bad: "taking for granted in proxy_on_log that the response has come",
        good: "keep what a stream needs in its context, as an Option that is looked at",
    },
    judge: |subject| subject.run(order),
};

/// The steps of a session up to its target, and then the target's exchange by hand, as far as it goes.
fn taken_apart(session: &Session) -> Vec<Step> {
    let mut steps = session.steps[..session.target].to_vec();
    let parts = by_hand("s", session.request(), &session.answer());
    let mut whole = steps.clone();
    whole.extend(parts.iter().cloned());
    // What the plugin answers itself never reaches the upstream: no answer can come then.
    let answered = session.world.play(&whole).run.failures.iter().all(|failure| failure.what != "respond");
    steps.extend(parts.into_iter().filter(|step| answered || !matches!(step.kind, StepKind::Respond(_))));
    steps
}

fn order(lab: &Lab) -> Judged {
    let mut tally = Tally::of("streams that ended early");
    for (session, _) in lab.sound().take(SESSIONS) {
        let steps = taken_apart(session);
        let from = session.target;
        for by in [Peer::Client, Peer::Upstream] {
            for cut in aborted_after_each("s", &steps[from..], by) {
                if tally.is_full() {
                    return tally.judged();
                }
                let mut all = steps[..from].to_vec();
                let parts = cut.len() - 1;
                all.extend(cut);
                all.push(advance(Duration::from_secs(70)));
                all.push(streams::request(session.request().clone()));
                tally.tried();
                let who = match by {
                    Peer::Client => "the client",
                    Peer::Upstream => "the upstream",
                };
                let what = format!("{}, reset by {who} after part {parts}", session.name);
                lab.trouble(&session.world, &all, &what).into_iter().for_each(|finding| tally.found(finding));
            }
        }
    }
    tally.judged()
}

/// Contexts that are not done are finished later.
pub static DONE: Check<Subject> = Check {
    requirement: Requirement {
        id: "lifecycle/done",
        level: Level::Should,
        sentence: "A plugin that answers false in proxy_on_done calls proxy_done later: else its context is kept for ever.",
        source: Source::Abi("Context lifecycle"),
        evidence: &["tetratelabs/proxy-wasm-go-sdk#349"],
        exercises: "ends streams, lets a minute pass, and looks for proxy_done or proxy_on_delete",
        bad: "`fn on_done(&mut self) -> bool { false }` and nothing else",
        good: "answer true, or remember the context and call proxy_done when the last call was answered",
    },
    judge: |subject| subject.run(done),
};

fn done(lab: &Lab) -> Judged {
    let mut tally = Tally::of("contexts that asked for more time");
    for (session, _) in lab.sound().take(SESSIONS) {
        let mut steps = session.steps.clone();
        steps.push(advance(Duration::from_secs(60)));
        let played = session.world.play(&steps);
        let trace = played.trace();
        for callback in trace.all(CallbackId::Done).filter(|callback| callback.value == Some(0)) {
            tally.tried();
            let finished = trace.calls().any(|(by, call)| {
                call.name == "proxy_done" && (by.event > callback.event || by.context() == callback.context())
            });
            if !finished {
                let message = format!(
                    "proxy_on_done of context {} answers false, and proxy_done is never called for it",
                    callback.context()
                );
                let mut steps = steps.clone();
                let last = steps.len() - 1;
                steps[last].expect = Some(super::lab::expecting(|expect| {
                    expect.hostcalls = Some(vec![super::evidence::called_at_least_once("proxy_done")]);
                }));
                tally.found(
                    Finding::new(message)
                        .evidence(trouble::lines_before(&played, callback.event))
                        .reproduction(session.world.script(&session.name, steps)),
                );
            }
        }
        if tally.is_full() {
            break;
        }
    }
    tally.judged()
}
