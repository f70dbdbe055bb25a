//! Checks of local responses: one, in time, and then no more.

use proxy_wasm_harness::abi::CallbackId;
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::StepKind;

use super::evidence::times;
use super::lab::{Lab, Subject, expecting};
use super::played::Played;
use super::profile::{ENVOY, NGINX};
use super::session::Session;
use super::tally::Tally;
use super::transform::streams::step;
use super::trouble;

const REPLY: &str = "proxy_send_local_response";

/// A finding about one call in the untouched run; the scenario expects that `count` of these calls are made.
fn about(session: &Session, oracle: &Played, event: usize, what: String, count: u64) -> Finding {
    let mut steps = session.steps.clone();
    let expect = expecting(|expect| expect.hostcalls = Some(vec![times(REPLY, count)]));
    if count == 0 {
        // The start counts, too.
        let mut whole = step(StepKind::Expect);
        whole.expect = Some(expect);
        steps.push(whole);
    } else {
        steps[session.target].expect = Some(expect);
    }
    Finding::new(format!("{}: {what}", session.name))
        .evidence(trouble::lines_before(oracle, event))
        .reproduction(session.world.script(&what, steps))
}

/// One stream has one local response.
pub static ONCE: Check<Subject> = Check {
    requirement: Requirement {
        id: "replies/once",
        level: Level::Must,
        sentence: "A stream that the plugin has answered is not answered by it again: its own response passes its response \
                   callbacks.",
        source: Source::Abi("proxy_send_local_response"),
        evidence: &[
            "envoyproxy/envoy#28826",
            "envoyproxy/envoy#23047",
            "envoyproxy/envoy#13857",
            "corazawaf/coraza-proxy-wasm#126",
        ],
        exercises: "counts the local responses of each stream",
        bad: "refusing in proxy_on_request_headers, and again in proxy_on_response_headers on that refusal",
        good: "remember in the stream's context that it was answered",
    },
    judge: |subject| subject.run(once),
};

fn once(lab: &Lab) -> Judged {
    let mut tally = Tally::of("streams answered by the plugin");
    for (session, oracle) in lab.all() {
        let trace = oracle.trace();
        let mut contexts: Vec<(usize, u32)> = Vec::new();
        for (callback, call) in trace.calls().filter(|(_, call)| call.name == REPLY) {
            let context = (callback.vm.0, callback.context());
            if !callback.decides() {
                continue;
            }
            if !contexts.contains(&context) {
                contexts.push(context);
                tally.tried();
                continue;
            }
            let what = format!("{} answers a stream that the plugin has answered before", callback.id.name());
            // In one step a stream is answered once at the most.
            tally.found(about(session, oracle, call.event, what, 1).on(vec![ENVOY.name, NGINX.name]));
        }
    }
    tally.judged()
}

/// Local responses come while they can be sent.
pub static LATE: Check<Subject> = Check {
    requirement: Requirement {
        id: "replies/late",
        level: Level::Must,
        sentence: "Local responses are sent for streams whose response has not begun: elsewhere the call answers OK and \
                   does nothing, or cuts the response off.",
        source: Source::Envoy(
            "from a plugin context the call is OK without effect; after the response's headers it resets the stream",
        ),
        evidence: &["envoyproxy/envoy#39797", "proxy-wasm/spec#73", "corazawaf/coraza-proxy-wasm#26"],
        exercises: "looks at where each local response is asked for",
        bad: "proxy_send_local_response in proxy_on_tick, or in proxy_on_response_body",
        good: "proxy_set_effective_context to the stream first; decide before the response's headers go on",
    },
    judge: |subject| subject.run(late),
};

fn late(lab: &Lab) -> Judged {
    let mut tally = Tally::of("local responses");
    for (session, oracle) in lab.all() {
        let trace = oracle.trace();
        for callback in &trace.callbacks {
            let mut effective = false;
            for call in &callback.calls {
                if call.name == "proxy_set_effective_context" {
                    effective = call.number(0) != Some(0);
                }
                if call.name != REPLY {
                    continue;
                }
                tally.tried();
                use CallbackId as C;
                let why = match callback.id {
                    C::RequestHeaders | C::RequestBody | C::RequestTrailers | C::ResponseHeaders => None,
                    C::ResponseBody | C::ResponseTrailers => {
                        // A paused head has not gone yet.
                        let went = trace.all(C::ResponseHeaders).any(|head| {
                            head.context() == callback.context()
                                && head.vm == callback.vm
                                && head.value == Some(0)
                        });
                        went.then_some("the response's headers have gone on")
                    }
                    C::Log | C::Done | C::Delete => Some("the stream is over"),
                    _ if effective => None,
                    _ => Some("no stream is in effect: the call does nothing"),
                };
                if let Some(why) = why {
                    let what = format!("a local response in {}: {why}", callback.id.name());
                    tally.found(about(session, oracle, call.event, what, 0));
                }
            }
        }
    }
    tally.judged()
}

/// Who answers, pauses.
pub static PAUSED: Check<Subject> = Check {
    requirement: Requirement {
        id: "replies/paused",
        level: Level::Should,
        sentence: "The callback that answers a stream returns Pause: hosts other than Envoy send the request on when it \
                   returns Continue.",
        source: Source::Field,
        evidence: &["corazawaf/coraza-proxy-wasm#171", "tetratelabs/proxy-wasm-go-sdk#390"],
        exercises: "looks at what callbacks return that have sent a local response",
        bad: "self.send_http_response(403, ..); Action::Continue",
        good: "self.send_http_response(403, ..); Action::Pause",
    },
    judge: |subject| subject.run(paused),
};

fn paused(lab: &Lab) -> Judged {
    let mut tally = Tally::of("callbacks that answer");
    for (session, oracle) in lab.all() {
        let trace = oracle.trace();
        for callback in trace.callbacks.iter().filter(|callback| callback.decides()) {
            let Some(call) = callback.calls_of(REPLY).next() else { continue };
            tally.tried();
            if callback.value == Some(0) {
                let what = format!("{} sends a local response and returns Continue", callback.id.name());
                let finding = Finding::new(format!("{}: {what}", session.name));
                let evidence = trouble::lines_before(oracle, call.event + 1);
                tally.found(finding.evidence(evidence).on(vec![NGINX.name, super::profile::GOOGLE.name]));
            }
        }
    }
    tally.judged()
}
