//! Checks of bodies and trailers: pieces, ends, lengths, encodings.

use proxy_wasm_harness::abi::{BufferType, CallbackId};
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::scenario::{Step, StepKind};
use proxy_wasm_harness::state::{Body, Chunk, Protocol, Request};

use super::lab::{Lab, Subject};
use super::played::{Exchange, Played};
use super::session::Session;
use super::tally::Tally;
use super::transform::body;
use super::{compare, gzip, trouble};

/// Whether body callbacks ran in the untouched run, by direction.
fn sees_bodies(played: &Played) -> (bool, bool) {
    let trace = played.trace();
    (
        trace.all(CallbackId::RequestBody).next().is_some(),
        trace.all(CallbackId::ResponseBody).next().is_some(),
    )
}

fn target_of<'p>(session: &Session, played: &'p Played) -> Option<&'p Exchange> {
    played.exchanges.get(session.exchange_index())
}

/// The steps with another body of the request or of the response.
fn with_body(session: &Session, request: bool, body: &Body) -> Option<Vec<Step>> {
    if request {
        return Some(session.changed(|request| request.body = body.clone()));
    }
    session.changed_response(|response| response.body = body.clone())
}

fn body_of(session: &Session, request: bool) -> Body {
    if request {
        session.request().body.clone()
    } else {
        session.response().map(|of| of.body).unwrap_or_default()
    }
}

fn side(request: bool) -> &'static str {
    if request { "request" } else { "response" }
}

/// The same bytes in other pieces are the same.
pub static ALIGNMENT: Check<Subject> = Check {
    requirement: Requirement {
        id: "bodies/alignment",
        level: Level::Must,
        sentence: "What comes of a body does not depend on the pieces in which it arrives.",
        source: Source::Abi("proxy_on_request_body"),
        evidence: &[
            "alibaba/higress#4616",
            "alibaba/higress#4620",
            "alibaba/higress#4248",
            "alibaba/higress#1164",
        ],
        exercises: "sends each body in one piece, byte by byte, cut inside line ends and characters, and at random",
        bad: "parsing each callback's bytes as whole lines or whole JSON",
        good: "keep what is left of an unfinished line for the next callback, or pause until the end",
    },
    judge: |subject| subject.run(alignment),
};

fn alignment(lab: &Lab) -> Judged {
    let mut tally = Tally::of("other cuttings of a body");
    let mut entropy = lab.entropy("bodies/alignment");
    for (session, oracle) in lab.sound() {
        let (of_request, of_response) = sees_bodies(oracle);
        for (request, seen) in [(true, of_request), (false, of_response)] {
            let body = body_of(session, request);
            if !seen || body.size() < 2 {
                continue;
            }
            for (how, cut) in body::cuttings(&body, lab.options.cases, &mut entropy) {
                if tally.is_full() {
                    return tally.judged();
                }
                let Some(steps) = with_body(session, request, &cut) else { continue };
                tally.tried();
                let played = session.world.play(&steps);
                let what = format!("{}, the {} body {how}", session.name, side(request));
                if let Some(finding) = trouble::finding(&session.world, &steps, &played, &what) {
                    tally.found(finding);
                    continue;
                }
                let exchange = target_of(session, oracle).zip(target_of(session, &played));
                let differs = exchange.and_then(|(oracle, found)| compare::exchange(oracle, found));
                if let Some(difference) = differs.or_else(|| compare::beside(oracle, &played)) {
                    let at = session.target;
                    tally.found(lab.difference(&session.world, steps, at, &played, &what, difference));
                }
            }
        }
    }
    tally.judged()
}

/// The length that is announced is the length that is sent.
pub static LENGTH: Check<Subject> = Check {
    requirement: Requirement {
        id: "bodies/length",
        level: Level::Must,
        sentence: "A body that was changed goes on with its own length, or with none: never with the old content-length.",
        source: Source::Http("RFC 9110, section 8.6"),
        evidence: &[
            "proxy-wasm/proxy-wasm-cpp-sdk#124",
            "proxy-wasm/proxy-wasm-cpp-sdk#127",
            "alibaba/higress#507",
            "envoyproxy/envoy#28515",
        ],
        exercises: "compares the content-length that goes on with the body that goes on",
        bad: "proxy_set_buffer_bytes alone",
        good: "remove content-length in the headers callback before the body is changed",
    },
    judge: |subject| subject.run(length),
};

fn length(lab: &Lab) -> Judged {
    let mut tally = Tally::of("bodies written");
    for (session, oracle) in lab.all() {
        let writes = oracle.trace().calls().filter(|(_, call)| call.name == "proxy_set_buffer_bytes").count();
        let edits = oracle.trace().calls().any(|(_, call)| {
            call.name.ends_with("_header_map_value")
                && call.name != "proxy_get_header_map_value"
                && call.bytes(1).is_some_and(|name| name.eq_ignore_ascii_case(b"content-length"))
        });
        (0..writes + usize::from(edits)).for_each(|_| tally.tried());
        let of_body = |finding: &&proxy_wasm_harness::proxy::Finding| {
            finding.id == "wire/content-length" && !finding.message.starts_with("proxy_http_call")
        };
        for finding in oracle.run.findings.iter().filter(of_body) {
            let what = format!("{}: {}", session.name, finding.message);
            tally.found(
                Finding::new(what)
                    .evidence(trouble::lines_before(oracle, finding.event))
                    .reproduction(session.world.script(&session.name, session.steps.clone())),
            );
        }
    }
    tally.judged()
}

/// Bytes are asked for where they are.
pub static OFFSET: Check<Subject> = Check {
    requirement: Requirement {
        id: "bodies/offset",
        level: Level::Should,
        sentence: "The plugin asks for bytes that are there: while it pauses, the host reports the size of all that it \
                   holds.",
        source: Source::Abi("proxy_on_request_body"),
        evidence: &["tetratelabs/proxy-wasm-go-sdk#390", "corazawaf/coraza-proxy-wasm#76"],
        exercises: "sends each body in four pieces and compares what is read with what is held",
        bad: "ctx.size += body_size in each callback, then reading `size` bytes at the end",
        good: "read body_size bytes from 0 at the end of the stream; or from what was read before",
    },
    judge: |subject| subject.run(offset),
};

fn offset(lab: &Lab) -> Judged {
    let mut tally = Tally::of("reads of bodies");
    for (session, oracle) in lab.sound() {
        let (of_request, of_response) = sees_bodies(oracle);
        for (request, seen) in [(true, of_request), (false, of_response)] {
            let body = body_of(session, request);
            let size = body.size();
            if !seen || size < 4 {
                continue;
            }
            let cut = body::cut_at(&body, &[size / 4, size / 2, size * 3 / 4]);
            let Some(steps) = with_body(session, request, &cut) else { continue };
            let played = session.world.play(&steps);
            let id = if request { CallbackId::RequestBody } else { CallbackId::ResponseBody };
            let buffer = if request { BufferType::HttpRequestBody } else { BufferType::HttpResponseBody };
            for callback in played.trace().all(id) {
                let held = u64::from(callback.args.get(1).copied().unwrap_or_default());
                for call in callback.calls_of("proxy_get_buffer_bytes") {
                    let (Some(of), Some(start), Some(max)) = (call.number(0), call.number(1), call.number(2))
                    else {
                        continue;
                    };
                    if of != u64::from(buffer.to_abi()) {
                        continue;
                    }
                    tally.tried();
                    // A very large number means: all there is.
                    let beyond = start > held || (max < 1 << 24 && start + max > held);
                    if beyond && held > 0 {
                        let what = format!(
                            "{}, in four pieces: {} asks for {max} bytes from {start}, and {held} are held",
                            session.name,
                            id.name()
                        );
                        tally.found(Finding::new(what).evidence(trouble::lines_before(&played, call.event)));
                    }
                }
            }
        }
    }
    tally.judged()
}

/// There may be no body.
pub static EMPTY: Check<Subject> = Check {
    requirement: Requirement {
        id: "bodies/empty",
        level: Level::Must,
        sentence: "A message without a body goes on, or is answered: end_of_stream may come with the headers.",
        source: Source::Abi("proxy_on_request_headers"),
        evidence: &[
            "proxy-wasm/proxy-wasm-rust-sdk#161",
            "proxy-wasm/proxy-wasm-cpp-sdk#147",
            "envoyproxy/envoy#40764",
        ],
        exercises: "sends each message that has a body without one, with an empty one, and with an empty last piece",
        bad: "pausing in the headers callback until the body is complete, whatever end_of_stream says",
        good: "if end_of_stream { return Action::Continue }",
    },
    judge: |subject| subject.run(empty),
};

fn empty(lab: &Lab) -> Judged {
    let mut tally = Tally::of("messages without bytes");
    let handles =
        |id: CallbackId, headers: CallbackId| lab.has(id) || lab.habits.pauses.contains(headers.name());
    for (session, _) in lab.sound() {
        for request in [true, false] {
            let relevant = match request {
                true => handles(CallbackId::RequestBody, CallbackId::RequestHeaders),
                false => handles(CallbackId::ResponseBody, CallbackId::ResponseHeaders),
            };
            let body = body_of(session, request);
            if !relevant || body.size() == 0 {
                continue;
            }
            let mut ended = body.pieces().to_vec();
            ended.push(Chunk::default());
            let bodies = [
                ("without a body", Body::None),
                ("with content-length 0", Body::sized("")),
                ("with an empty chunked body", Body::Chunked(Vec::new())),
                ("that ends with an empty piece", Body::Chunked(ended)),
            ];
            for (how, body) in bodies {
                if tally.is_full() {
                    return tally.judged();
                }
                let steps = if request {
                    Some(session.changed(|request| {
                        request.body = body.clone();
                        request.trailers = None;
                        unframed(request);
                    }))
                } else {
                    session.changed_response(|response| {
                        response.body = body.clone();
                        response.trailers = None;
                    })
                };
                let Some(steps) = steps else { continue };
                tally.tried();
                let what = format!("{}, its {} {how}", session.name, side(request));
                lab.trouble(&session.world, &steps, &what)
                    .into_iter()
                    .for_each(|finding| tally.found(finding));
            }
        }
    }
    tally.judged()
}

/// Takes out what would frame another body.
fn unframed(request: &mut Request) {
    request.headers.retain(|(name, _)| {
        !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"expect")
    });
}

/// A body may be compressed.
pub static COMPRESSED: Check<Subject> = Check {
    requirement: Requirement {
        id: "bodies/compressed",
        level: Level::Should,
        sentence: "A compressed body is decided on by what is in it, or refused; it does not make the plugin trap.",
        source: Source::Http("RFC 9110, section 8.4"),
        evidence: &["alibaba/higress#3467"],
        exercises: "sends each body that is read gzipped, with content-encoding: gzip",
        bad: "scanning the bytes as they are: what is compressed passes",
        good: "refuse encodings that cannot be read, or remove accept-encoding from requests",
    },
    judge: |subject| subject.run(compressed),
};

fn compressed(lab: &Lab) -> Judged {
    let mut tally = Tally::of("compressed bodies");
    for (session, oracle) in lab.sound() {
        let (of_request, of_response) = sees_bodies(oracle);
        for (request, seen) in [(true, of_request), (false, of_response)] {
            let id = if request { BufferType::HttpRequestBody } else { BufferType::HttpResponseBody };
            let plain = body::bytes(&body_of(session, request));
            if !seen || plain.is_empty() || !lab.habits.buffers_read.contains(&id.to_abi()) || tally.is_full()
            {
                continue;
            }
            let gzipped = Body::sized(gzip::stored(&plain));
            let encoding = (b"content-encoding".to_vec(), b"gzip".to_vec());
            let steps = if request {
                Some(session.changed(|request| {
                    request.body = gzipped.clone();
                    request.trailers = None;
                    unframed(request);
                    request.headers.push(encoding.clone());
                }))
            } else {
                session.changed_response(|response| {
                    response.body = gzipped.clone();
                    response.trailers = None;
                    response.headers.push(encoding.clone());
                })
            };
            let Some(steps) = steps else { continue };
            tally.tried();
            let played = session.world.play(&steps);
            let what = format!("{}, its {} gzipped", session.name, side(request));
            if let Some(finding) = trouble::finding(&session.world, &steps, &played, &what) {
                tally.found(finding);
                continue;
            }
            // What is refused when it can be read must not pass when it cannot.
            let exchanges = target_of(session, oracle).zip(target_of(session, &played));
            if let Some((oracle, found)) = exchanges
                && oracle.refused()
                && !found.refused()
                && let Some(difference) = compare::decision(oracle, found)
            {
                tally.found(lab.difference(
                    &session.world,
                    steps,
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

/// A body may be larger than what is held back.
pub static LIMIT: Check<Subject> = Check {
    requirement: Requirement {
        id: "bodies/limit",
        level: Level::Should,
        sentence: "A body that is larger than what the host holds back does not make the plugin trap or the stream hang.",
        source: Source::Envoy(
            "a body held back over the limit of 1 MiB is answered 413, or 500 in a response",
        ),
        evidence: &["corazawaf/coraza-proxy-wasm#219", "envoyproxy/envoy#36989"],
        exercises: "sends a body of more than a mebibyte in pieces",
        bad: "taking for granted that the last body callback comes",
        good: "keep no state that only the last body callback puts in order",
    },
    judge: |subject| subject.run(limit),
};

fn limit(lab: &Lab) -> Judged {
    const PIECES: usize = 18;
    let mut tally = Tally::of("bodies of more than a mebibyte");
    let mut tried = (false, false);
    for (session, oracle) in lab.sound() {
        let (of_request, of_response) = sees_bodies(oracle);
        for (request, seen) in [(true, of_request), (false, of_response)] {
            let already = if request { &mut tried.0 } else { &mut tried.1 };
            if !seen || std::mem::replace(already, true) {
                continue;
            }
            let large = Body::Chunked(vec![Chunk::from(vec![b'a'; 1 << 16]); PIECES]);
            let steps = if request {
                let mut steps = session.changed(|request| {
                    request.body = large.clone();
                    unframed(request);
                });
                // Another one behind it: whatever was kept must not be in its way.
                steps.push(super::transform::streams::request(session.request().clone()));
                Some(steps)
            } else {
                session.changed_response(|response| response.body = large.clone())
            };
            let Some(steps) = steps else { continue };
            tally.tried();
            let what = format!("{}, its {} larger than the limit", session.name, side(request));
            lab.trouble(&session.world, &steps, &what).into_iter().for_each(|finding| tally.found(finding));
        }
    }
    tally.judged()
}

/// Trailers may end a message.
pub static TRAILERS: Check<Subject> = Check {
    requirement: Requirement {
        id: "trailers/end",
        level: Level::Must,
        sentence: "A body that trailers end is treated as one that ends by itself: its last body callback has no \
                   end_of_stream.",
        source: Source::Abi("proxy_on_request_trailers"),
        evidence: &["corazawaf/coraza-proxy-wasm#288", "corazawaf/coraza-proxy-wasm#306"],
        exercises: "sends each body over HTTP/2 with and without trailers and compares what comes of it",
        bad: "scanning the body only when end_of_stream is true: trailers get it past the scanner",
        good: "finish the body in proxy_on_request_trailers, too",
    },
    judge: |subject| subject.run(trailers),
};

fn trailers(lab: &Lab) -> Judged {
    let mut tally = Tally::of("messages that end with trailers");
    for (session, oracle) in lab.sound() {
        let (of_request, of_response) = sees_bodies(oracle);
        for (request, seen) in [(true, of_request), (false, of_response)] {
            if !seen || body_of(session, request).size() == 0 || tally.is_full() {
                continue;
            }
            let Some((without, with)) = with_and_without_trailers(session, request) else { continue };
            tally.tried();
            let (oracle, played) = (session.world.play(&without), session.world.play(&with));
            let what = format!("{}, its {} with trailers", session.name, side(request));
            if let Some(finding) = trouble::finding(&session.world, &with, &played, &what) {
                tally.found(finding);
                continue;
            }
            let at = session.exchange_index();
            let (Some(one), Some(other)) = (oracle.exchanges.get(at), played.exchanges.get(at)) else {
                continue;
            };
            let bare = |exchange: &Exchange| {
                let mut exchange = exchange.clone();
                for message in [&mut exchange.upstream, &mut exchange.client].into_iter().flatten() {
                    message.trailers = None;
                    message.head.retain(|(name, _)| name != b"trailer" && name != b"te");
                }
                exchange
            };
            if let Some(difference) = compare::exchange(&bare(one), &bare(other)) {
                tally.found(lab.difference(&session.world, with, session.target, &played, &what, difference));
            }
        }
    }
    tally.judged()
}

/// The target over HTTP/2, without trailers and with them, in one direction.
fn with_and_without_trailers(session: &Session, request: bool) -> Option<(Vec<Step>, Vec<Step>)> {
    let trailers = vec![(b"x-conformance".to_vec(), b"end".to_vec())];
    let make = |with: bool| {
        let mut steps = session.steps.clone();
        let StepKind::Request(target) = &mut steps[session.target].kind else { return None };
        let own = with.then(|| trailers.clone());
        if request {
            target.protocol = Protocol::Http2;
            target.body = body::unsized_body(&target.body);
            unframed(target);
            target.trailers = own;
        } else {
            let mut answer = session.answer();
            let proxy_wasm_harness::state::AnswerKind::Response(response) = &mut answer.kind else {
                return None;
            };
            target.protocol = Protocol::Http2;
            target.body = match &target.body {
                Body::None => Body::None,
                body => body::unsized_body(body),
            };
            unframed(target);
            target.trailers = None;
            response.protocol = Protocol::Http2;
            response.body = body::unsized_body(&response.body);
            response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
            response.trailers = own;
            target.respond = Some(answer);
        }
        Some(steps)
    };
    make(false).zip(make(true))
}
