//! Checks of timers and clocks.

use proxy_wasm_harness::abi::CallbackId;
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{StepKind, WallTime};
use proxy_wasm_harness::state::{Answer, Clock, Duration, Failure, show};

use super::lab::{Lab, Subject, expecting};
use super::played::Played;
use super::tally::Tally;
use super::transform::clock::INSTANTS;
use super::transform::{calls, streams};
use super::{compare, trouble};

/// Sessions that are run at other times.
const SESSIONS: usize = 4;

fn ticks(played: &Played) -> usize {
    played.trace().all(CallbackId::Tick).count()
}

/// The period of the plugin's timer, when it has one at the end of its start.
fn period(lab: &Lab) -> Option<Duration> {
    lab.oracles.iter().find_map(|oracle| {
        let trace = oracle.trace();
        let set =
            trace.calls().filter(|(_, call)| call.name == "proxy_set_tick_period_milliseconds").last()?;
        let period = set.1.number(0).filter(|period| *period > 0)?;
        Some(Duration::from_millis(period))
    })
}

/// Timers run for long.
pub static TICKS: Check<Subject> = Check {
    requirement: Requirement {
        id: "timers/ticks",
        level: Level::Must,
        sentence: "The plugin's timer runs for a long time, with no stream there and with every cluster down, without a trap.",
        source: Source::Abi("proxy_on_tick"),
        evidence: &["tetratelabs/proxy-wasm-go-sdk#217", "tetratelabs/proxy-wasm-go-sdk#382"],
        exercises: "lets five hundred periods pass, with clusters that answer and with clusters that refuse",
        bad: "unwrapping the answer of the call that each tick makes",
        good: "try again at the next tick",
    },
    judge: |subject| subject.run(ticking),
};

fn ticking(lab: &Lab) -> Judged {
    let mut tally = Tally::of("ticks");
    let Some(period) = period(lab) else { return tally.judged() };
    let session = &lab.sessions[0];
    let down = lab.world_with(session, |scenario| {
        scenario.clusters = calls::all_answer(&scenario.clusters, &Answer::fail(Failure::Refused));
    });
    let steps = [streams::advance(period * 500)];
    for (world, how) in
        [(&session.world, "five hundred periods"), (&down, "five hundred periods, every cluster down")]
    {
        let played = world.play(&steps);
        (0..ticks(&played)).for_each(|_| tally.tried());
        trouble::finding(world, &steps, &played, how).into_iter().for_each(|finding| tally.found(finding));
    }
    tally.judged()
}

/// Timers run in every worker.
pub static WORKERS: Check<Subject> = Check {
    requirement: Requirement {
        id: "timers/workers",
        level: Level::Should,
        sentence: "What a timer does for the whole proxy, it does once, although every worker has a timer.",
        source: Source::Envoy("proxy_on_tick runs in the VM of each worker, and in that of the main thread"),
        evidence: &[
            "tetratelabs/proxy-wasm-go-sdk#382",
            "Kong/ngx_wasm_module#579",
            "envoyproxy/envoy-wasm#305",
            "proxy-wasm/spec#72",
        ],
        exercises: "counts the calls and messages of ticks with one worker and with three",
        bad: "fetching a list in every tick of every worker",
        good: "let the worker that wins a compare-and-swap in the shared store do it",
    },
    judge: |subject| subject.run(workers),
};

fn workers(lab: &Lab) -> Judged {
    let mut tally = Tally::of("effects of ticks");
    let Some(period) = period(lab) else { return tally.judged() };
    let session = &lab.sessions[0];
    let steps = vec![streams::advance(period * 3)];
    let effects = |played: &Played| {
        let trace = played.trace();
        let outside = ["proxy_http_call", "proxy_grpc_call", "proxy_enqueue_shared_queue"];
        let of_ticks = trace.all(CallbackId::Tick).flat_map(|tick| &tick.calls);
        of_ticks.filter(|call| outside.contains(&call.name)).count()
    };
    let one = effects(&session.world.play(&steps));
    if one == 0 {
        return tally.judged();
    }
    let three = lab.world_with(session, |scenario| scenario.host.workers = 3);
    let played = three.play(&steps);
    let many = effects(&played);
    (0..one + many).for_each(|_| tally.tried());
    if many >= one * 3 {
        let message =
            format!("three periods make {one} calls or messages with one worker, and {many} with three");
        let mut steps = steps;
        if let Some(call) = played.calls.first() {
            // As many as one worker makes.
            let expected = proxy_wasm_harness::scenario::HttpCallExpectation {
                cluster: Some(proxy_wasm_harness::scenario::Matcher::is(call.cluster.as_bytes())),
                ..Default::default()
            };
            steps[0].expect = Some(expecting(|expect| {
                expect.http_calls = Some(proxy_wasm_harness::scenario::Expected::Just(vec![expected; one]));
            }));
        } else {
            steps[0].expect = Some(expecting(|expect| {
                expect.hostcalls =
                    Some(vec![super::evidence::times("proxy_enqueue_shared_queue", one as u64)]);
            }));
        }
        let script = three.script("three workers", steps);
        tally.found(
            Finding::new(message).evidence(trouble::lines_before(&played, usize::MAX)).reproduction(script),
        );
    }
    tally.judged()
}

/// Any time is a time.
pub static CLOCK: Check<Subject> = Check {
    requirement: Requirement {
        id: "timers/clock",
        level: Level::Should,
        sentence: "Decisions do not break at odd times, nor when the clock is set back.",
        source: Source::Abi("Clocks"),
        evidence: &["proxy-wasm/proxy-wasm-rust-sdk#103", "higress-group/proxy-wasm-go-sdk#21"],
        exercises: "runs sessions at the epoch, in 2038, in 2262, and with the clock set back by an hour",
        bad: "(now - last).try_into().unwrap(); a bucket that never refills once the clock was set back",
        good: "saturating arithmetic in u64 nanoseconds; take a step back as a new start",
    },
    judge: |subject| subject.run(clock),
};

fn clock(lab: &Lab) -> Judged {
    let mut tally = Tally::of("sessions at odd times");
    let tells_time = ["proxy_get_current_time_nanoseconds", "clock_time_get"];
    if !tells_time.iter().any(|name| lab.habits.calls(name)) {
        return tally.judged();
    }
    // Sessions with several requests have more that time decides.
    let mut sessions: Vec<_> = lab.sound().collect();
    sessions.sort_by_key(|(session, _)| std::cmp::Reverse(session.steps.len()));
    for (session, oracle) in sessions.into_iter().take(SESSIONS) {
        for (when, nanos) in INSTANTS {
            if tally.is_full() {
                return tally.judged();
            }
            let world = lab.world_with(session, |scenario| scenario.clock = Some(WallTime { ns: nanos }));
            tally.tried();
            if let Err(no) = world.start().map(drop_quietly) {
                tally.found(Finding::new(format!(
                    "{when}, the plugin does not start: {}",
                    super::lab::first_line(&no.why)
                )));
                continue;
            }
            let played = world.play(&session.steps);
            let what = format!("{} {when}", session.name);
            if let Some(finding) = trouble::finding(&world, &session.steps, &played, &what) {
                tally.found(finding);
                continue;
            }
            // The first in a session whose decision is another.
            let pairs = oracle.exchanges.iter().zip(&played.exchanges).enumerate();
            let differs =
                pairs.filter_map(|(at, (one, two))| Some((at, compare::decision(one, two)?))).next();
            if let Some((at, difference)) = differs {
                let steps = session.steps.clone();
                let at = at.min(steps.len() - 1);
                tally.found(lab.difference(&world, steps, at, &played, &what, difference));
            }
        }
        set_back(lab, session, &mut tally);
    }
    tally.judged()
}

fn drop_quietly(mut host: proxy_wasm_harness::host::Host) {
    for what in ["trap", "stall"] {
        host.allow(what);
    }
}

/// The clock goes back an hour after some requests; ten seconds later, one more.
fn set_back(lab: &Lab, session: &super::session::Session, tally: &mut Tally) {
    let hour = Duration::from_secs(3600);
    let back = Clock::DEFAULT_REALTIME - hour.as_nanos() as u64;
    let mut before = session.steps.clone();
    before.push(streams::step(StepKind::SetClock(WallTime { ns: back })));
    let mut straight = session.steps.clone();
    for steps in [&mut before, &mut straight] {
        steps.push(streams::advance(Duration::from_secs(10)));
        steps.push(streams::request(session.request().clone()));
    }
    tally.tried();
    let (oracle, played) = (session.world.play(&straight), session.world.play(&before));
    let what = format!("{}, the clock set back by {}", session.name, show(hour));
    if let Some(finding) = trouble::finding(&session.world, &before, &played, &what) {
        tally.found(finding);
    } else if oracle.run.stalls.is_empty()
        && let (Some(one), Some(two)) = (oracle.exchanges.last(), played.exchanges.last())
        && let Some(difference) = compare::decision(one, two)
    {
        let last = before.len() - 1;
        tally.found(lab.difference(&session.world, before, last, &played, &what, difference));
    }
}
