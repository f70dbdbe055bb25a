//! Checks of plugins that limit rates: found out by sending requests until one is refused.

use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{Expected, LocalResponseExpectation, Step};
use proxy_wasm_harness::state::{Duration, show};

use super::lab::{Lab, Subject, expecting};
use super::played::Played;
use super::session::Session;
use super::tally::Tally;
use super::transform::streams::{self, advance};
use super::trouble;

/// The edges of windows are no holes.
pub static WINDOW_EDGE: Check<Subject> = Check {
    requirement: Requirement {
        id: "limits/window-edge",
        level: Level::Should,
        sentence: "A plugin that admits N requests in a time admits no more than N in any span that is shorter.",
        source: Source::Field,
        evidence: &["tetratelabs/wasm-rate-limiting main.go", "istio-ecosystem/wasm-extensions#43"],
        exercises: "finds N and the time until requests pass again, then sends requests on both sides of the window's edge",
        bad: "if now - window_start > second { window_start = now; tokens = limit }",
        good: "let tokens flow back one by one, or look at a sliding window",
    },
    judge: |subject| subject.run(window_edge),
};

/// Requests after which a plugin that admits all of them is taken to limit nothing.
const MOST: usize = 40;

/// So many of a session's request, at one instant.
fn burst(session: &Session, count: usize) -> Vec<Step> {
    vec![streams::request(session.request().clone()); count]
}

/// Which exchanges were let through.
fn admitted(played: &Played) -> Vec<bool> {
    played.exchanges.iter().map(|exchange| !exchange.refused()).collect()
}

fn window_edge(lab: &Lab) -> Judged {
    let mut tally = Tally::of("schedules around the edge of a window");
    // A plugin that refuses nothing in the corpus's burst may still do so after more.
    let mut sessions: Vec<&Session> =
        lab.sound().filter(|(of, _)| of.steps.len() == 1).map(|(of, _)| of).collect();
    sessions.truncate(2);
    for session in sessions {
        let first = admitted(&session.world.play(&burst(session, MOST)));
        let limit = first.iter().take_while(|admitted| **admitted).count();
        if limit == 0 || limit == MOST || first[limit..].iter().any(|admitted| *admitted) {
            continue;
        }
        let Some(time) = recovery(session, limit) else { continue };
        tally.tried();
        if let Some(finding) = around_the_edge(session, limit, time) {
            tally.found(finding);
        }
        break;
    }
    tally.judged()
}

/// The shortest time after which a request passes again, once the limit is used up, to the nanosecond.
fn recovery(session: &Session, limit: usize) -> Option<Duration> {
    let passes = |after: Duration| {
        let mut steps = burst(session, limit + 1);
        steps.push(advance(after));
        steps.extend(burst(session, 1));
        admitted(&session.world.play(&steps)).last() == Some(&true)
    };
    let mut high = Duration::from_millis(1);
    while !passes(high) {
        high *= 4;
        if high > Duration::from_secs(100_000) {
            return None;
        }
    }
    let mut low = Duration::ZERO;
    while high - low > Duration::from_nanos(1) {
        let middle = low + (high - low) / 2;
        if passes(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// One request opens the window; the rest of the limit comes at its end, and as many as the limit behind it.
fn around_the_edge(session: &Session, limit: usize, time: Duration) -> Option<Finding> {
    let edge = Duration::from_nanos(1);
    let mut steps = burst(session, 1);
    steps.push(advance(time - edge));
    let before = steps.len();
    steps.extend(burst(session, limit));
    steps.push(advance(edge));
    steps.extend(burst(session, limit));
    let played = session.world.play(&steps);
    let passed = admitted(&played);
    let around = passed[1..].iter().filter(|admitted| **admitted).count();
    if around <= limit {
        return None;
    }
    let message = format!(
        "the plugin admits {limit} requests, and the next after {}; around the edge of that window it admits {around} \
         within {}",
        show(time),
        show(edge)
    );
    // The last of those that passed is one too many.
    let last = passed.iter().rposition(|admitted| *admitted)?;
    let step = (0..steps.len()).filter(|at| *at != 1 && *at != before + limit).nth(last)?;
    steps[step].expect = Some(expecting(|expect| {
        expect.local_response = Some(Expected::Just(LocalResponseExpectation::default()));
    }));
    steps.truncate(step + 1);
    let evidence = trouble::lines_before(&played, usize::MAX);
    Some(
        Finding::new(message)
            .evidence(evidence)
            .reproduction(session.world.script("around the edge of a window", steps)),
    )
}
