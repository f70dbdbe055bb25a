//! Checks of header fields and properties: what is missing, repeated, empty, no text, or written too late.

use proxy_wasm_harness::abi::{MapType, Status};
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::proxy::transcript::show_bytes;
use proxy_wasm_harness::scenario::{Expectations, Expected, HeadersExpectation, RequestExpectation, Step};
use proxy_wasm_harness::state::{Field, Request};

use super::evidence::never_answers;
use super::habits::{REQUEST, RESPONSE};
use super::lab::{Lab, Subject, expecting};
use super::profile::NGINX;
use super::session::Session;
use super::tally::Tally;
use super::transform::headers::{self, NOT_UTF8, Place};
use super::{compare, trouble};

/// Steps in which one field of the target's exchange is changed; nothing where there is no such field.
fn changed(
    session: &Session,
    place: Place,
    change: impl FnOnce(&[Field], usize) -> Vec<Field>,
) -> Option<Vec<Step>> {
    match place {
        Place::Request(at) => Some(session.changed(|request| request.headers = change(&request.headers, at))),
        Place::Response(at) => {
            session.changed_response(|response| response.headers = change(&response.headers, at))
        }
    }
}

/// The name of the field at a place.
fn name_at(session: &Session, place: Place) -> Vec<u8> {
    match place {
        Place::Request(at) => session.request().headers[at].0.clone(),
        Place::Response(at) => {
            session.response().map(|response| response.headers[at].0.clone()).unwrap_or_default()
        }
    }
}

fn map_of(place: Place) -> u32 {
    match place {
        Place::Request(_) => REQUEST,
        Place::Response(_) => RESPONSE,
    }
}

fn side(place: Place) -> &'static str {
    match place {
        Place::Request(_) => "request",
        Place::Response(_) => "response",
    }
}

/// The places of fields that the plugin reads.
fn places_read(lab: &Lab, session: &Session) -> Vec<Place> {
    let response = session.response();
    let mut places = headers::places(session.request(), response.as_ref());
    places.retain(|place| lab.habits.reads(map_of(*place), &name_at(session, *place)));
    places
}

/// Values that are no UTF-8 are values like others.
pub static NON_UTF8: Check<Subject> = Check {
    requirement: Requirement {
        id: "headers/non-utf8",
        level: Level::Must,
        sentence: "Header values that are not UTF-8 do not make the plugin trap.",
        source: Source::Http("RFC 9110, section 5.5"),
        evidence: &[
            "proxy-wasm/proxy-wasm-rust-sdk#25",
            "proxy-wasm/proxy-wasm-rust-sdk#188",
            "proxy-wasm/proxy-wasm-rust-sdk#217",
            "alibaba/higress#1280",
        ],
        exercises: "puts bytes from 0x80 to 0xff into each value that the plugin reads",
        bad: "self.get_http_request_header(\"x-user\") // String::from_utf8(..).unwrap() inside",
        good: "self.get_http_request_header_bytes(\"x-user\")",
    },
    judge: |subject| subject.run(non_utf8),
};

fn non_utf8(lab: &Lab) -> Judged {
    let mut tally = Tally::of("values that are no UTF-8");
    if !lab.habits.reads_headers() {
        return tally.judged();
    }
    for (session, _) in lab.sound() {
        let places = places_read(lab, session);
        let mut runs: Vec<(String, Vec<Step>)> = Vec::new();
        for value in NOT_UTF8 {
            let shown = show_bytes(value);
            // Names that are asked for and not there are added.
            let mut steps = session.changed(|request| {
                for (at, field) in request.headers.iter_mut().enumerate() {
                    if places.contains(&Place::Request(at)) {
                        field.1 = value.to_vec();
                    }
                }
                for name in lab.habits.names(REQUEST) {
                    if !request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
                        && may_be_added(name)
                    {
                        request.headers.push((name.to_vec(), value.to_vec()));
                    }
                }
            });
            runs.push((format!("\"{shown}\" in every request header that is read"), steps.clone()));
            let changed = session.changed_response(|response| {
                for (at, field) in response.headers.iter_mut().enumerate() {
                    if places.contains(&Place::Response(at)) {
                        field.1 = value.to_vec();
                    }
                }
            });
            if let Some(changed) = changed
                && places.iter().any(|place| matches!(place, Place::Response(_)))
            {
                steps = changed;
                runs.push((format!("\"{shown}\" in every response header that is read"), steps));
            }
        }
        for place in places {
            let name = name_at(session, place);
            if let Some(steps) =
                changed(session, place, |fields, at| headers::with_value(fields, at, NOT_UTF8[3]))
            {
                let what = format!(
                    "\"{}\" in the {} header {}",
                    show_bytes(NOT_UTF8[3]),
                    side(place),
                    show_bytes(&name)
                );
                runs.push((what, steps));
            }
        }
        for (what, steps) in runs {
            if tally.is_full() {
                return tally.judged();
            }
            tally.tried();
            lab.trouble(&session.world, &steps, &what).into_iter().for_each(|finding| tally.found(finding));
        }
    }
    tally.judged()
}

/// Whether a request can be given a field of this name without being another request.
fn may_be_added(name: &[u8]) -> bool {
    let framing: [&[u8]; 8] = [
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"upgrade",
        b"te",
        b"expect",
        b"x-request-id",
    ];
    !name.is_empty()
        && !framing.contains(&name)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Fields may be missing.
pub static MISSING: Check<Subject> = Check {
    requirement: Requirement {
        id: "headers/missing",
        level: Level::Must,
        sentence: "A header that is not there does not make the plugin trap or hold the stream for ever.",
        source: Source::Field,
        evidence: &[
            "proxy-wasm/proxy-wasm-rust-sdk#82",
            "proxy-wasm/proxy-wasm-rust-sdk#255",
            "Kuadrant/wasm-shim#171",
        ],
        exercises: "leaves out each header that the plugin reads",
        bad: "self.get_http_request_header(\"authorization\").unwrap()",
        good: "let Some(value) = self.get_http_request_header(\"authorization\") else { return self.refuse() }",
    },
    judge: |subject| subject.run(missing),
};

fn missing(lab: &Lab) -> Judged {
    let mut tally = Tally::of("headers left out");
    if !lab.habits.reads_headers() {
        return tally.judged();
    }
    for (session, _) in lab.sound() {
        for place in places_read(lab, session) {
            if tally.is_full() {
                return tally.judged();
            }
            let name = show_bytes(&name_at(session, place));
            let Some(steps) = changed(session, place, headers::without) else { continue };
            tally.tried();
            let what = format!("without the {} header {name}", side(place));
            lab.trouble(&session.world, &steps, &what).into_iter().for_each(|finding| tally.found(finding));
        }
    }
    tally.judged()
}

/// Fields may be there more than once.
pub static REPEATED: Check<Subject> = Check {
    requirement: Requirement {
        id: "headers/repeated",
        level: Level::Should,
        sentence: "A header that comes twice is decided on as a whole, whatever the order, and passes whole when the \
                   plugin has no business with it.",
        source: Source::Http("RFC 9110, section 5.3"),
        evidence: &["proxy-wasm/spec#53", "proxy-wasm/spec#87", "open-policy-agent/opa#3311"],
        exercises: "adds a second value before and behind each header that is read, and looks for both at the other side",
        bad: "deciding on the first `x-user` alone, or writing the headers back out of a map",
        good: "refuse a second value, or look at all of them: proxy_get_header_map_pairs",
    },
    judge: |subject| subject.run(repeated),
};

const OTHER: &[u8] = b"conformance-other";

fn repeated(lab: &Lab) -> Judged {
    let mut tally = Tally::of("headers repeated");
    if !lab.habits.reads_headers() {
        return tally.judged();
    }
    for (session, _) in lab.sound() {
        for place in places_read(lab, session) {
            let Place::Request(_) = place else { continue };
            if tally.is_full() {
                return tally.judged();
            }
            let name = name_at(session, place);
            let two = |insert: fn(&[Field], usize, &[u8]) -> Vec<Field>| {
                changed(session, place, |fields, at| insert(fields, at, OTHER)).unwrap_or_default()
            };
            let (behind, before) = (two(headers::repeated_behind), two(headers::repeated_before));
            tally.tried();
            let (one, other) = (session.world.play(&behind), session.world.play(&before));
            let at = session.exchange_index();
            let (Some(first), Some(second)) = (one.exchanges.get(at), other.exchanges.get(at)) else {
                continue;
            };
            // One of them refused by the plugin and the other not: the order of two values decides.
            if first.refused() != second.refused()
                && let Some(difference) = compare::decision(first, second)
            {
                let what = format!("a second {} before the first, not behind it", show_bytes(&name));
                tally.found(lab.difference(
                    &session.world,
                    before,
                    session.target,
                    &other,
                    &what,
                    difference,
                ));
                continue;
            }
            // Hops take out what concerns them alone.
            if may_be_added(&name)
                && let Some(finding) = lost(lab, session, &behind, &name)
            {
                tally.found(finding);
            }
        }
    }
    tally.judged()
}

/// A finding about values of a field that the plugin does not write, and that do not reach the upstream. Fields that
/// Envoy joins are whole when joined.
fn lost(_: &Lab, session: &Session, steps: &[Step], name: &[u8]) -> Option<Finding> {
    // On the other side names are in lower case.
    let name = &*name.to_ascii_lowercase();
    let played = session.world.play(steps);
    let trace = played.trace();
    let writes_it = trace.calls().any(|(_, call)| {
        let this = matches!(
            call.name,
            "proxy_add_header_map_value" | "proxy_replace_header_map_value" | "proxy_remove_header_map_value"
        );
        this && call.bytes(1).is_some_and(|written| written.eq_ignore_ascii_case(name))
    });
    let upstream = played.exchanges.get(session.exchange_index())?.upstream.as_ref()?;
    let values: Vec<&[u8]> = upstream.all(name).collect();
    let joined = values.join(&b","[..]);
    let whole = joined.windows(OTHER.len()).any(|part| part == OTHER);
    if whole || writes_it {
        return None;
    }
    let what = format!("a second value of {} does not reach the upstream", show_bytes(name));
    let mut steps = steps.to_vec();
    steps[session.target].expect = Some(Expectations {
        upstream_request: Some(Expected::Just(RequestExpectation {
            headers: Some(HeadersExpectation(vec![both(name)])),
            ..RequestExpectation::default()
        })),
        ..Expectations::default()
    });
    let evidence = trouble::lines_before(&played, usize::MAX);
    Some(Finding::new(what.clone()).evidence(evidence).reproduction(session.world.script(&what, steps)))
}

/// Two fields, the second of them the one that was added.
fn both(name: &[u8]) -> proxy_wasm_harness::scenario::FieldExpectation {
    use proxy_wasm_harness::scenario::{FieldExpectation, FieldTest, Matcher, Span, Test};
    let values = FieldTest::Each(vec![Matcher::of(Test::Contains(Vec::new())), Matcher::is(OTHER)]);
    FieldExpectation { span: Span::none(), name: String::from_utf8_lossy(name).into_owned(), values }
}

/// An empty field is no other than a missing one.
pub static EMPTY: Check<Subject> = Check {
    requirement: Requirement {
        id: "headers/empty",
        level: Level::Should,
        sentence: "A header that is empty is decided on as one that is missing: some hosts cannot tell them apart.",
        source: Source::Envoy(
            "an empty header reads OK and empty, a missing one NotFound; nginx answers OK and empty to both",
        ),
        evidence: &["Kong/ngx_wasm_module#454"],
        exercises: "compares the decision without each header that is read with that on an empty one",
        bad: "if self.get_http_request_header(\"x-token\").is_some() { allow }",
        good: "if self.get_http_request_header(\"x-token\").is_some_and(|token| !token.is_empty())",
    },
    judge: |subject| subject.run(empty),
};

fn empty(lab: &Lab) -> Judged {
    let mut tally = Tally::of("headers emptied and left out");
    let names: Vec<Vec<u8>> =
        lab.habits.names(REQUEST).filter(|name| may_be_added(name)).map(<[u8]>::to_vec).collect();
    for (session, _) in lab.sound().take(6) {
        for name in &names {
            if tally.is_full() {
                return tally.judged();
            }
            let strip = |request: &mut Request| {
                request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name))
            };
            let without = session.changed(strip);
            let with = session.changed(|request| {
                strip(request);
                request.headers.push((name.clone(), Vec::new()));
            });
            tally.tried();
            let (oracle, played) = (session.world.play(&without), session.world.play(&with));
            if oracle.trouble() {
                // That it cannot be missing is told elsewhere.
                continue;
            }
            let at = session.exchange_index();
            if let (Some(oracle), Some(found)) = (oracle.exchanges.get(at), played.exchanges.get(at))
                && let Some(difference) = compare::decision(oracle, found)
            {
                let what = format!("an empty {} is not decided on as a missing one", show_bytes(name));
                let finding =
                    lab.difference(&session.world, with, session.target, &played, &what, difference);
                tally.found(finding.on(vec![NGINX.name]));
            }
        }
    }
    tally.judged()
}

/// Maps are written while they are open.
pub static LATE: Check<Subject> = Check {
    requirement: Requirement {
        id: "headers/late",
        level: Level::Must,
        sentence: "Headers and trailers are written while they can be: in their own callback, or while the stream is paused \
                   there.",
        source: Source::Abi("HTTP fields"),
        evidence: &["proxy-wasm/proxy-wasm-cpp-sdk#146", "envoyproxy/envoy#37196"],
        exercises: "looks at the status of every write to a map of a stream",
        bad: "removing content-length in proxy_on_response_body: the headers have gone",
        good: "remove it in proxy_on_response_headers, or pause there until the body is known",
    },
    judge: |subject| subject.run(late),
};

const WRITES: [&str; 4] = [
    "proxy_add_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_set_header_map_pairs",
];

fn late(lab: &Lab) -> Judged {
    let mut tally = Tally::of("writes to header maps");
    for (session, oracle) in lab.all() {
        let trace = oracle.trace();
        for (callback, call) in trace.calls().filter(|(_, call)| WRITES.contains(&call.name)) {
            let Some(map) = call.number(0).and_then(|map| MapType::from_abi(u32::try_from(map).ok()?)) else {
                continue;
            };
            tally.tried();
            if call.status != Some(Status::BadArgument) {
                continue;
            }
            let name = call.bytes(1).map(show_bytes).unwrap_or_default();
            let what = format!(
                "{} of {map} {name} in {} is refused: the map is closed",
                call.name,
                callback.id.name()
            );
            let mut steps = session.steps.clone();
            steps[session.target].expect = Some(expecting(|expect| {
                expect.hostcalls = Some(vec![never_answers(call.name, Status::BadArgument)])
            }));
            tally.found(
                Finding::new(what.clone())
                    .evidence(trouble::lines_before(oracle, call.event))
                    .reproduction(session.world.script(&what, steps)),
            );
        }
    }
    tally.judged()
}

/// Edits that could change the route say so.
pub static ROUTE: Check<Subject> = Check {
    requirement: Requirement {
        id: "headers/route",
        level: Level::Info,
        sentence: "A plugin that changes what the route was chosen by clears the route cache itself.",
        source: Source::Envoy(
            "1.40 chooses the route anew after such an edit; other versions and hosts do not",
        ),
        evidence: &["envoyproxy/envoy#36671", "proxy-wasm/proxy-wasm-cpp-host#421"],
        exercises: "looks for edits of :path, :authority, :method and :scheme without clear_route_cache",
        bad: "replacing :path and hoping",
        good: "proxy_call_foreign_function(\"clear_route_cache\") behind the edit",
    },
    judge: |subject| subject.run(route),
};

fn route(lab: &Lab) -> Judged {
    let mut tally = Tally::of("edits of what routes are chosen by");
    for (session, oracle) in lab.all() {
        let trace = oracle.trace();
        let clears = trace.calls().any(|(_, call)| {
            call.name == "proxy_clear_route_cache"
                || (call.name == "proxy_call_foreign_function"
                    && call.bytes(0).is_none_or(|name| name == b"clear_route_cache"))
        });
        for (_, call) in trace.calls().filter(|(_, call)| WRITES[..3].contains(&call.name)) {
            let chosen_by: [&[u8]; 5] = [b":path", b":authority", b":method", b":scheme", b"host"];
            let Some(name) = call.bytes(1).filter(|_| call.number(0) == Some(u64::from(REQUEST))) else {
                continue;
            };
            if call.status != Some(Status::Ok) || !chosen_by.contains(&name.to_ascii_lowercase().as_slice()) {
                continue;
            }
            tally.tried();
            if !clears {
                let what = format!("{} of {} without clear_route_cache", call.name, show_bytes(name));
                let mut steps = session.steps.clone();
                steps[session.target].expect = Some(expecting(|expect| {
                    expect.hostcalls =
                        Some(vec![super::evidence::called_at_least_once("proxy_call_foreign_function")]);
                }));
                tally.found(
                    Finding::new(what.clone())
                        .evidence(trouble::lines_before(oracle, call.event))
                        .on(vec![NGINX.name, "other versions of Envoy"])
                        .reproduction(session.world.script(&what, steps)),
                );
            }
        }
    }
    tally.judged()
}

/// The order of different fields means nothing.
pub static SEQUENCE: Check<Subject> = Check {
    requirement: Requirement {
        id: "headers/sequence",
        level: Level::Should,
        sentence: "The order in which headers of different names come decides nothing.",
        source: Source::Http("RFC 9110, section 5.3"),
        evidence: &["proxy-wasm/spec#53"],
        exercises: "sends the headers of each request in the opposite order",
        bad: "taking the first pair of proxy_get_header_map_pairs behind the pseudo headers",
        good: "look headers up by name",
    },
    judge: |subject| subject.run(sequence),
};

fn sequence(lab: &Lab) -> Judged {
    let mut tally = Tally::of("requests with their headers in the opposite order");
    if !lab.habits.reads_headers() {
        return tally.judged();
    }
    for (session, oracle) in lab.sound().filter(|(session, _)| session.request().headers.len() > 1) {
        let steps = session.changed(|request| request.headers = headers::reversed(&request.headers));
        tally.tried();
        let played = session.world.play(&steps);
        let at = session.exchange_index();
        if let (Some(oracle), Some(found)) = (oracle.exchanges.get(at), played.exchanges.get(at))
            && let Some(difference) = compare::decision(oracle, found)
        {
            let what = format!("{}, its headers in the opposite order", session.name);
            tally.found(lab.difference(&session.world, steps, session.target, &played, &what, difference));
        }
    }
    tally.judged()
}

/// Properties may be missing.
pub static PROPERTIES: Check<Subject> = Check {
    requirement: Requirement {
        id: "properties/missing",
        level: Level::Must,
        sentence: "A property that the host does not have does not make the plugin trap or hold the stream for ever.",
        source: Source::Abi("Properties"),
        evidence: &["Kuadrant/wasm-shim#171", "envoyproxy/envoy#18783"],
        exercises: "lets proxy_get_property answer NotFound: each of the first calls, then all of them",
        bad: "self.get_property(vec![\"source\", \"address\"]).unwrap()",
        good: "handle None: which properties there are depends on callback, host and connection",
    },
    judge: |subject| subject.run(properties),
};

fn properties(lab: &Lab) -> Judged {
    const NAME: &str = "proxy_get_property";
    let mut tally = Tally::of("properties missing");
    let Some(most) = lab.habits.most_in_a_run.get(NAME) else { return tally.judged() };
    for (session, oracle) in lab.sound() {
        if oracle.trace().calls().all(|(_, call)| call.name != NAME) {
            continue;
        }
        let faults = (1..=(*most).min(6)).map(|nth| (nth, 1)).chain([(1, 1000)]);
        for (nth, count) in faults {
            if tally.is_full() {
                return tally.judged();
            }
            let mut steps = vec![super::transform::faults::fault(NAME, Status::NotFound, nth, count)];
            steps.extend(session.steps.iter().cloned());
            tally.tried();
            let what = match count {
                1 => format!("{}, property read number {nth} is missing", session.name),
                _ => format!("{}, without any property", session.name),
            };
            lab.trouble(&session.world, &steps, &what).into_iter().for_each(|finding| tally.found(finding));
        }
    }
    tally.judged()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_frames_a_message_is_not_added() {
        assert!(may_be_added(b"x-user") && !may_be_added(b"content-length") && !may_be_added(b":path"));
    }
}
