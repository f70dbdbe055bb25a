//! Checks of what the plugin uses up: memory, copies of bodies, metrics; and of what it does without.

use std::sync::Arc;

use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::scenario::{RunOptions, Step, run_on};
use proxy_wasm_harness::state::{Body, Chunk, Duration, Request};
use proxy_wasm_harness::vm::TrapKind;

use super::lab::{Lab, Subject};
use super::session::Session;
use super::tally::Tally;
use super::transform::streams;
use super::world::World;

/// Memory of one page.
const PAGE: u64 = 1 << 16;

/// Memory does not grow with requests.
pub static STEADY: Check<Subject> = Check {
    requirement: Requirement {
        id: "memory/steady",
        level: Level::Must,
        sentence: "The plugin's memory does not grow with the number of requests: what a stream took is free when it ends.",
        source: Source::Abi("proxy_on_delete"),
        evidence: &[
            "tetratelabs/proxy-wasm-go-sdk#349",
            "tetratelabs/proxy-wasm-go-sdk#450",
            "corazawaf/coraza-proxy-wasm#249",
        ],
        exercises: "sends one request over and over and measures memory at a half, three quarters and the end",
        bad: "a map from stream to state from which nobody removes",
        good: "remove in proxy_on_delete; bound every cache",
    },
    judge: |subject| subject.run(steady),
};

/// Memory of the first VM after each batch of requests, one batch after the other on one host.
fn memory_after(lab: &Lab, world: &World, request: &Request, batches: &[u32]) -> Vec<u64> {
    let quiet = RunOptions { detail: Detail::Off, ..lab.options.running() };
    let world = world.with(&quiet, |_| {});
    let Ok(mut host) = world.start() else { return Vec::new() };
    let mut sizes = Vec::new();
    for repeat in batches {
        let mut step = streams::request(request.clone());
        (step.repeat, step.every) = (*repeat, Some(Duration::from_millis(1001)));
        let scenario = world.script("requests", vec![step]);
        match run_on(&scenario, host) {
            Ok((run, after)) if run.traps.is_empty() && run.stalls.is_empty() => host = *after,
            _ => return sizes,
        }
        sizes.push(host.memory_sizes().next().unwrap_or_default());
    }
    sizes
}

fn steady(lab: &Lab) -> Judged {
    let mut tally = Tally::of("requests sent over and over");
    let requests = lab.options.requests;
    // The plainest, one with a body, one with everything.
    let mut sessions: Vec<&Session> =
        lab.sound().map(|(session, _)| session).filter(|one| one.steps.len() == 1).collect();
    sessions.sort_by_key(|session| {
        session.request().body.size() + session.response().map_or(0, |of| of.body.size())
    });
    let picked = [sessions.first(), sessions.get(sessions.len() / 2), sessions.last()];
    let mut done: Vec<*const Session> = Vec::new();
    for session in picked.into_iter().flatten() {
        if done.contains(&std::ptr::from_ref(*session)) {
            continue;
        }
        done.push(std::ptr::from_ref(*session));
        let quarter = requests / 4;
        let batches = [quarter * 2, quarter, quarter, quarter * 4];
        let sizes = memory_after(lab, &session.world, session.request(), &batches);
        let [half, three, whole, twice] = sizes[..] else { continue };
        (0..requests).for_each(|_| tally.tried());
        if half < three && three < whole && twice + PAGE > whole + (whole - half) {
            // A collector may have been on its way to its plateau: what leaks goes on at the same rate.
            let batches = [quarter * 8, quarter * 8];
            let [first, last] = memory_after(lab, &session.world, session.request(), &batches)[..] else {
                continue;
            };
            if (last - first) * 4 < (first - half) * 3 {
                continue;
            }
            let message = format!(
                "{}: {} KiB of memory after {} requests, {} after {}, {} after {}",
                session.name,
                half / 1024,
                quarter * 2,
                first / 1024,
                quarter * 8,
                last / 1024,
                quarter * 16
            );
            tally.found(Finding::new(message).reproduction(growing(session, requests * 2, half)));
        }
    }
    tally.judged()
}

/// A scenario that fails while memory is more than `bytes` at its end.
fn growing(session: &Session, requests: u32, bytes: u64) -> proxy_wasm_harness::scenario::Scenario {
    use proxy_wasm_harness::scenario::{Cost, Size, Span};
    let mut step = streams::request(session.request().clone());
    (step.repeat, step.every) = (requests, Some(Duration::from_millis(1001)));
    let mut scenario = session.world.script("memory does not grow with requests", vec![step]);
    scenario.cost = Some(Cost { span: Span::none(), max_memory: Some(Size(bytes)), ..Cost::default() });
    scenario
}

/// No memory is no reason to go wild.
pub static EXHAUSTION: Check<Subject> = Check {
    requirement: Requirement {
        id: "memory/exhaustion",
        level: Level::Should,
        sentence: "Without more memory the plugin fails cleanly: it aborts, or refuses what it cannot hold.",
        source: Source::Abi("Memory management"),
        evidence: &["corazawaf/coraza-proxy-wasm#219", "envoyproxy/envoy#36989"],
        exercises: "gives the VM no more memory than it has after its start, and sends large messages",
        bad: "writing to what the allocator gave, which was a null pointer or the memory's end",
        good: "look at what the allocator answers; abort when it is nothing",
    },
    judge: |subject| subject.run(exhaustion),
};

fn exhaustion(lab: &Lab) -> Judged {
    let mut tally = Tally::of("sessions in which memory ran out");
    for (session, oracle) in lab.sound().take(6) {
        let Some(&size) = oracle.memory.first() else { continue };
        let world = {
            let capped = RunOptions { max_memory: size, ..lab.options.running() };
            session.world.with(&capped, |_| {})
        };
        if world
            .start()
            .map(|mut host| {
                host.allow("trap").allow("vm/memory-cap");
            })
            .is_err()
        {
            continue;
        }
        for steps in large(session) {
            let played = world.play(&steps);
            if !played.run.findings.iter().any(|finding| finding.id == "vm/memory-cap") {
                continue;
            }
            tally.tried();
            let wild = played.run.traps.iter().find(|trapped| {
                matches!(
                    trapped.trap.kind,
                    TrapKind::OutOfBounds
                        | TrapKind::Table
                        | TrapKind::Hang
                        | TrapKind::StackOverflow
                        | TrapKind::Arithmetic
                )
            });
            if let Some(trapped) = wild {
                let message = format!(
                    "{}, no memory beyond {} KiB: the plugin traps in {}: {}",
                    session.name,
                    size / 1024,
                    trapped.callback.name(),
                    trapped.trap
                );
                tally
                    .found(Finding::new(message).evidence(super::trouble::lines_before(&played, usize::MAX)));
            }
        }
    }
    tally.judged()
}

/// The session with messages that have to be put somewhere.
fn large(session: &Session) -> Vec<Vec<Step>> {
    let body = Body::Chunked(vec![Chunk::from(vec![b'm'; 1 << 16]); 8]);
    let of_request = session.changed(|request| {
        request.body = body.clone();
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
        request.headers.push((b"x-large".to_vec(), vec![b'm'; 30 << 10]));
    });
    let of_response = session.changed_response(|response| response.body = body.clone());
    [Some(of_request), of_response].into_iter().flatten().collect()
}

/// Bodies are not read over and over.
pub static COPIES: Check<Subject> = Check {
    requirement: Requirement {
        id: "cost/copies",
        level: Level::Should,
        sentence: "A body that is twice as long costs twice as much, not four times.",
        source: Source::Field,
        evidence: &["corazawaf/coraza-proxy-wasm#76", "istio/istio#29063"],
        exercises: "counts the bytes that the plugin reads of bodies in 8 and in 32 pieces of 1 KiB",
        bad: "reading all that is held in every callback while pausing",
        good: "read each piece once; or wait for the end and read all of it then",
    },
    judge: |subject| subject.run(copies),
};

fn copies(lab: &Lab) -> Judged {
    let mut tally = Tally::of("bodies of 8 and of 32 pieces");
    let mut done = (false, false);
    for (session, oracle) in lab.sound() {
        for request in [true, false] {
            let size = if request {
                session.request().body.size()
            } else {
                session.response().map_or(0, |of| of.body.size())
            };
            let already = if request { &mut done.0 } else { &mut done.1 };
            let buffer = u64::from(!request);
            let reads = |played: &super::played::Played| -> usize {
                let trace = played.trace();
                trace
                    .calls()
                    .filter(|(_, call)| {
                        call.name == "proxy_get_buffer_bytes" && call.number(0) == Some(buffer)
                    })
                    .filter_map(|(_, call)| call.given().map(<[u8]>::len))
                    .sum()
            };
            if size == 0 || reads(oracle) == 0 || std::mem::replace(already, true) {
                continue;
            }
            let of = |pieces: usize| {
                let body = Body::Chunked(vec![Chunk::from(vec![b'c'; 1024]); pieces]);
                let steps = match request {
                    true => Some(session.changed(|request| {
                        request.body = body;
                        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
                    })),
                    false => session.changed_response(|response| response.body = body),
                };
                steps.map(|steps| reads(&session.world.play(&steps)))
            };
            let (Some(few), Some(many)) = (of(8), of(32)) else { continue };
            if few == 0 {
                continue;
            }
            tally.tried();
            if many > few * 8 {
                tally.found(Finding::new(format!(
                    "{}: a {} body of 8 KiB makes the plugin read {few} bytes, one of 32 KiB {many}",
                    session.name,
                    if request { "request" } else { "response" },
                )));
            }
        }
    }
    tally.judged()
}

/// Time is spent in proportion.
pub static CPU: Check<Subject> = Check {
    requirement: Requirement {
        id: "cost/cpu",
        level: Level::Should,
        sentence: "A message that is four times as large costs about four times the instructions, not sixteen times.",
        source: Source::Field,
        evidence: &["istio/istio#29063", "tetratelabs/proxy-wasm-go-sdk#450"],
        exercises: "counts instructions for bodies of 8 and 32 KiB, for 20 and 80 headers, and for paths of 1 and 4 KiB",
        bad: "for each header, a search through all that came before",
        good: "one pass, or a map",
    },
    judge: |subject| subject.run(cpu),
};

/// Instructions that the exchanges of a run used; the start does not count.
fn fuel_of(world: &World, steps: &[Step]) -> u64 {
    world.play(steps).run.spent.iter().filter(|spent| spent.stream.is_some()).map(|spent| spent.fuel).sum()
}

fn cpu(lab: &Lab) -> Judged {
    let mut tally = Tally::of("pairs of a message and one four times as large");
    let Some((session, _)) = lab.sound().find(|(session, _)| session.steps.len() == 1) else {
        return tally.judged();
    };
    let counting = RunOptions { count_fuel: true, ..lab.options.running() };
    let world = session.world.with(&counting, |_| {});
    let body = |pieces: usize| Body::Chunked(vec![Chunk::from(b"some text, ".repeat(93)); pieces]);
    let plain = |request: &mut Request| {
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"))
    };
    type Make<'m> = Box<dyn Fn(usize) -> Option<Vec<Step>> + 'm>;
    let pairs: [(&str, usize, Make<'_>); 4] = [
        (
            "a request body",
            8,
            Box::new(|size| {
                Some(session.changed(|request| {
                    plain(request);
                    request.method = b"POST".to_vec();
                    request.body = body(size);
                }))
            }),
        ),
        (
            "a response body",
            8,
            Box::new(|size| session.changed_response(|response| response.body = body(size))),
        ),
        (
            "headers",
            20,
            Box::new(|size| {
                Some(session.changed(|request| {
                    let more = (0..size)
                        .map(|at| (format!("x-more-{at}").into_bytes(), format!("value {at}").into_bytes()));
                    request.headers.extend(more);
                }))
            }),
        ),
        (
            "a path",
            1024,
            Box::new(|size| {
                Some(session.changed(|request| request.path = [b"/", &b"p"[..]].concat().repeat(size / 2)))
            }),
        ),
    ];
    for (what, size, make) in pairs {
        let (Some(small), Some(large)) = (make(size), make(size * 4)) else { continue };
        let (few, many) = (fuel_of(&world, &small), fuel_of(&world, &large));
        // What does not depend on the size says nothing.
        if few == 0 || many < few + few / 4 {
            continue;
        }
        tally.tried();
        if many > few * 9 {
            let factor = many / few;
            tally.found(Finding::new(format!(
                "{what} four times as large costs {factor} times the instructions ({few}, {many})"
            )));
        }
    }
    tally.judged()
}

/// Metrics are few.
pub static CARDINALITY: Check<Subject> = Check {
    requirement: Requirement {
        id: "metrics/cardinality",
        level: Level::Should,
        sentence: "The number of metrics does not grow with what requests hold: a metric is never removed.",
        source: Source::Abi("Metrics"),
        evidence: &["Kong/ngx_wasm_module#454"],
        exercises: "sends requests with other paths, users and addresses, and counts the metrics defined",
        bad: "define_metric(format!(\"requests.{path}\"))",
        good: "a fixed set of metrics, defined at the start",
    },
    judge: |subject| subject.run(cardinality),
};

fn cardinality(lab: &Lab) -> Judged {
    const REQUESTS: usize = 60;
    let mut tally = Tally::of("different requests");
    if !lab.habits.calls("proxy_define_metric") {
        return tally.judged();
    }
    let Some((session, _)) = lab.sound().next() else { return tally.judged() };
    let names: Vec<Vec<u8>> = lab.habits.names(super::habits::REQUEST).map(<[u8]>::to_vec).collect();
    let one = |at: usize| {
        let mut request = session.request().clone();
        request.path = format!("/tenant-{at}/item-{at}?q={at}").into_bytes();
        request.headers.push((b"x-forwarded-for".to_vec(), format!("203.0.113.{at}").into_bytes()));
        for name in &names {
            request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            request.headers.push((name.clone(), format!("value-{at}").into_bytes()));
        }
        streams::request(request)
    };
    let defined = |count: usize| {
        let steps: Vec<Step> = (0..count).map(one).collect();
        session.world.play(&steps).metrics.len()
    };
    let (half, whole) = (defined(REQUESTS / 2), defined(REQUESTS));
    (0..REQUESTS).for_each(|_| tally.tried());
    if whole >= half + REQUESTS / 4 {
        tally.found(Finding::new(format!(
            "{half} metrics after {} requests, {whole} after {REQUESTS}",
            REQUESTS / 2
        )));
    }
    tally.judged()
}

/// The same twice.
pub static REPEAT: Check<Subject> = Check {
    requirement: Requirement {
        id: "determinism/repeat",
        level: Level::Info,
        sentence: "The same requests at the same time have the same outcome.",
        source: Source::Field,
        evidence: &["proxy-wasm/proxy-wasm-rust-sdk#103"],
        exercises: "runs each session with other randomness",
        bad: "iterating over a HashMap to write headers: their order is another in each VM",
        good: "a BTreeMap, or a vector",
    },
    judge: |subject| subject.run(repeat),
};

fn repeat(lab: &Lab) -> Judged {
    let mut tally = Tally::of("sessions with other randomness");
    if !lab.habits.calls("random_get") {
        return tally.judged();
    }
    let mut worlds: Vec<(*const World, Vec<Arc<World>>)> = Vec::new();
    for (session, oracle) in lab.sound() {
        let key = Arc::as_ptr(&session.world);
        if !worlds.iter().any(|(known, _)| *known == key) {
            let others = (1..=3).map(|more| {
                lab.world_with(session, |scenario| scenario.seed = lab.options.seed.wrapping_add(more))
            });
            worlds.push((key, others.collect()));
        }
        let others = worlds
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, others)| others.clone())
            .unwrap_or_default();
        for world in others {
            if tally.is_full() {
                return tally.judged();
            }
            tally.tried();
            let played = world.play(&session.steps);
            let what = format!("{}, with other randomness", session.name);
            let at = session.exchange_index();
            if let (Some(one), Some(two)) = (oracle.exchanges.get(at), played.exchanges.get(at))
                && let Some(difference) = super::compare::exchange(one, two)
            {
                tally.found(lab.difference(
                    &world,
                    session.steps.clone(),
                    session.target,
                    &played,
                    &what,
                    difference,
                ));
            }
        }
    }
    tally.judged()
}
