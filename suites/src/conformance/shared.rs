//! Checks of the shared store and shared queues: lost updates, endless retries, growth.

use std::collections::BTreeSet;

use proxy_wasm_harness::abi::Status;
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::proxy::transcript::show_bytes;
use proxy_wasm_harness::scenario::{Matcher, SharedDataExpectation, Span};
use proxy_wasm_harness::state::Duration;

use super::lab::{Lab, Subject, expecting};
use super::tally::Tally;
use super::trace::{Callback, Hostcall};
use super::transform::faults::fault;
use super::transform::streams;
use super::trouble;

const GET: &str = "proxy_get_shared_data";
const SET: &str = "proxy_set_shared_data";

/// Retries after which a plugin is taken to retry for ever.
const PATIENCE: u32 = 1000;

/// Updates of the shared store are not lost.
pub static CAS: Check<Subject> = Check {
    requirement: Requirement {
        id: "shared/cas",
        level: Level::Must,
        sentence: "What was read and changed is written with the number that was read, tried again when another VM was \
                   faster, and not for ever.",
        source: Source::Abi("proxy_set_shared_data"),
        evidence: &["istio-ecosystem/wasm-extensions#43", "istio-ecosystem/wasm-extensions#53"],
        exercises: "looks for writes without the number that was read; lets writes answer CasMismatch once, three times, always",
        bad: "let (value, _) = get(key); set(key, value + 1, None)",
        good: "for _ in 0..10 { let (value, cas) = get(key); if set(key, value + 1, cas).is_ok() { break } }",
    },
    judge: |subject| subject.run(cas),
};

/// The number for compare-and-swap of a write.
fn number_of(call: &Hostcall<'_>) -> u64 {
    call.number(2).unwrap_or_default()
}

/// A write of a key that the same callback has read before, without the number that it read.
fn blind<'c>(callback: &'c Callback<'_>) -> Option<&'c Hostcall<'c>> {
    let mut read: BTreeSet<&[u8]> = BTreeSet::new();
    for call in &callback.calls {
        if call.name == GET && call.status == Some(Status::Ok) {
            read.extend(call.bytes(0));
        }
        if call.name == SET && number_of(call) == 0 && call.bytes(0).is_some_and(|key| read.contains(key)) {
            return Some(call);
        }
    }
    None
}

fn cas(lab: &Lab) -> Judged {
    let mut tally = Tally::of("writes to the shared store");
    for (session, oracle) in lab.sound() {
        let trace = oracle.trace();
        let writes: Vec<_> = trace.calls().filter(|(by, call)| call.name == SET && by.decides()).collect();
        writes.iter().for_each(|_| tally.tried());
        if tally.is_full() {
            return tally.judged();
        }
        for (callback, call) in
            trace.callbacks.iter().filter_map(|callback| Some((callback, blind(callback)?)))
        {
            let what = format!(
                "{} writes {} without the number that it read: what another VM wrote meanwhile is lost",
                callback.id.name(),
                show_bytes(call.bytes(0).unwrap_or_default())
            );
            tally.found(Finding::new(what).evidence(trouble::lines_before(oracle, call.event)));
        }
        // The first write that can be too late, among all of this run.
        let Some(nth) = writes.iter().position(|(_, call)| number_of(call) != 0) else { continue };
        for mismatches in [1, 3] {
            let mut steps = vec![fault(SET, Status::CasMismatch, nth as u32 + 1, mismatches)];
            steps.extend(session.steps.iter().cloned());
            tally.tried();
            let played = session.world.play(&steps);
            let what = format!("{}, {mismatches} writes answer CasMismatch", session.name);
            if let Some(finding) = trouble::finding(&session.world, &steps, &played, &what) {
                tally.found(finding);
                continue;
            }
            let lost = oracle.shared.iter().find(|entry| !played.shared.contains(entry));
            if let Some((key, value)) = lost {
                let now = played.shared.iter().find(|(known, _)| known == key);
                let now = now
                    .map_or_else(|| "nothing".to_owned(), |(_, value)| format!("\"{}\"", show_bytes(value)));
                let message = format!(
                    "{what}: {} holds {now} instead of \"{}\": the update is lost",
                    show_bytes(key),
                    show_bytes(value)
                );
                let last = steps.len() - 1;
                steps[last].expect =
                    Some(expecting(|expect| expect.shared_data = vec![holds(session, key, value)]));
                tally.found(
                    Finding::new(message)
                        .evidence(trouble::lines_before(&played, usize::MAX))
                        .reproduction(session.world.script(&what, steps)),
                );
            }
        }
        endless(lab, session, nth as u32 + 1, &mut tally);
    }
    tally.judged()
}

fn holds(session: &super::session::Session, key: &[u8], value: &[u8]) -> SharedDataExpectation {
    SharedDataExpectation {
        span: Span::none(),
        vm_id: session.world.spec().vm.id.clone(),
        key: key.to_vec(),
        value: Some(Matcher::is(value)),
        cas: None,
    }
}

/// Every write answers CasMismatch from the nth on.
fn endless(_: &Lab, session: &super::session::Session, nth: u32, tally: &mut Tally) {
    let mut steps = vec![fault(SET, Status::CasMismatch, nth, PATIENCE)];
    steps.extend(session.steps.iter().cloned());
    tally.tried();
    let played = session.world.play(&steps);
    let what = format!("{}, every write answers CasMismatch", session.name);
    if let Some(finding) = trouble::finding(&session.world, &steps, &played, &what) {
        tally.found(finding);
        return;
    }
    let trace = played.trace();
    let most =
        trace.callbacks.iter().map(|callback| callback.calls_of(SET).count()).max().unwrap_or_default();
    if most >= PATIENCE as usize {
        let mut steps = steps.clone();
        let last = steps.len() - 1;
        steps[last].expect = Some(expecting(|expect| {
            let mut few = super::evidence::times(SET, 0);
            few.count = Some(proxy_wasm_harness::scenario::Quantity {
                span: Span::none(),
                test: proxy_wasm_harness::scenario::QuantityTest::Within {
                    min: None,
                    max: Some(u64::from(PATIENCE) - 1),
                },
            });
            expect.hostcalls = Some(vec![few]);
        }));
        let message = format!("{what}: one callback tries {most} times, and would not stop");
        tally.found(Finding::new(message).reproduction(session.world.script(&what, steps)));
    }
}

/// What is stored does not pile up.
pub static GROWTH: Check<Subject> = Check {
    requirement: Requirement {
        id: "shared/growth",
        level: Level::Should,
        sentence: "The keys in the shared store do not grow in number with requests and time: the ABI cannot delete one.",
        source: Source::Field,
        evidence: &["alibaba/higress#686", "envoyproxy/envoy#28339", "proxy-wasm/proxy-wasm-rust-sdk#300"],
        exercises: "sends a request every 37 s of virtual time for two hours, and counts keys and bytes",
        bad: "a key with the current window's number in it",
        good: "one key, with the window's number in the value",
    },
    judge: |subject| subject.run(growth),
};

fn growth(lab: &Lab) -> Judged {
    const REQUESTS: u32 = 200;
    let mut tally = Tally::of("requests over two hours");
    if lab.habits.keys_written.is_empty() {
        return tally.judged();
    }
    let Some((session, _)) =
        lab.sound().find(|(_, oracle)| oracle.trace().calls().any(|(_, call)| call.name == SET))
    else {
        return tally.judged();
    };
    let kept = |requests: u32| {
        let mut step = streams::request(session.request().clone());
        (step.repeat, step.every) = (requests, Some(Duration::from_secs(37)));
        (0..requests).for_each(|_| {});
        let played = session.world.play(&[step]);
        let bytes: usize = played.shared.iter().map(|(key, value)| key.len() + value.len()).sum();
        (played.shared.len(), bytes)
    };
    let (half, whole) = (kept(REQUESTS / 2), kept(REQUESTS));
    (0..REQUESTS).for_each(|_| tally.tried());
    if whole.0 >= half.0 + REQUESTS as usize / 4 {
        tally.found(Finding::new(format!(
            "{} keys after {} requests, {} after {REQUESTS}",
            half.0,
            REQUESTS / 2,
            whole.0
        )));
    } else if whole.1 > half.1 + REQUESTS as usize {
        tally.found(Finding::new(format!(
            "{} bytes in the shared store after {} requests, {} after {REQUESTS}",
            half.1,
            REQUESTS / 2,
            whole.1
        )));
    }
    tally.judged()
}

/// Queues are emptied.
pub static QUEUES: Check<Subject> = Check {
    requirement: Requirement {
        id: "shared/queues",
        level: Level::Should,
        sentence: "What the plugin puts into a queue of its own, it takes out again.",
        source: Source::Abi("Shared queues"),
        evidence: &["alibaba/higress#1751"],
        exercises: "sends a hundred requests and counts the messages that wait",
        bad: "enqueuing in streams, and no proxy_on_queue_ready that dequeues",
        good: "dequeue in proxy_on_queue_ready until the queue answers Empty",
    },
    judge: |subject| subject.run(queues),
};

fn queues(lab: &Lab) -> Judged {
    const REQUESTS: u32 = 100;
    let mut tally = Tally::of("requests that enqueue");
    let enqueues = |oracle: &super::played::Played| {
        oracle
            .trace()
            .calls()
            .any(|(_, call)| call.name == "proxy_enqueue_shared_queue" && call.status == Some(Status::Ok))
    };
    let Some((session, _)) = lab.sound().find(|(_, oracle)| enqueues(oracle)) else { return tally.judged() };
    let mut step = streams::request(session.request().clone());
    (step.repeat, step.every) = (REQUESTS, Some(Duration::from_secs(1)));
    let played = session.world.play(&[step, streams::advance(Duration::from_secs(60))]);
    (0..REQUESTS).for_each(|_| tally.tried());
    if let Some((name, waiting)) = played.queues.iter().find(|(_, waiting)| *waiting >= REQUESTS as usize / 2)
    {
        let message = format!(
            "{waiting} messages wait in queue {} after {REQUESTS} requests and a minute",
            show_bytes(name)
        );
        tally.found(Finding::new(message));
    }
    tally.judged()
}
