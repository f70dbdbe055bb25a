//! Checks that every stream ends: whatever is paused goes on.

use proxy_wasm_harness::check::{Check, Judged, Level, Requirement, Source};
use proxy_wasm_harness::state::{Answer, Request};

use super::lab::{Lab, Subject};
use super::session::Session;
use super::tally::Tally;
use super::trouble;

/// What is paused goes on.
pub static STREAMS: Check<Subject> = Check {
    requirement: Requirement {
        id: "liveness/streams",
        level: Level::Must,
        sentence: "A stream that the plugin pauses goes on or is answered, once every call was answered and every timer \
                   has run.",
        source: Source::Abi("proxy_continue_stream"),
        evidence: &[
            "Kuadrant/wasm-shim#371",
            "Kuadrant/wasm-shim#425",
            "tetratelabs/proxy-wasm-go-sdk#158",
            "Kong/ngx_wasm_module#622",
        ],
        exercises: "waits a minute of virtual time for each exchange, answering every call",
        bad: "returning Pause and never calling proxy_continue_stream",
        good: "continue in the callback of the call, whatever it brings",
    },
    judge: |subject| subject.run(streams),
};

fn streams(lab: &Lab) -> Judged {
    let mut tally = Tally::of("sessions in which a stream was paused");
    for (session, oracle) in lab.all() {
        let pauses = oracle
            .trace()
            .callbacks
            .iter()
            .any(|callback| callback.decides() && callback.value.unwrap_or(0) != 0);
        if !pauses {
            continue;
        }
        tally.tried();
        // What a trap leaves behind is the trap's finding.
        if oracle.run.traps.is_empty()
            && !oracle.run.stalls.is_empty()
            && !tally.is_full()
            && let Some(finding) = trouble::finding(&session.world, &session.steps, oracle, &session.name)
        {
            tally.found(finding);
        }
    }
    tally.judged()
}

/// Uncommon requests are requests.
pub static SHAPES: Check<Subject> = Check {
    requirement: Requirement {
        id: "liveness/shapes",
        level: Level::Must,
        sentence: "Uncommon methods, paths, statuses and amounts of headers neither trap nor hang.",
        source: Source::Http("RFC 9110, sections 9, 10 and 15"),
        evidence: &["Kuadrant/wasm-shim#170", "proxy-wasm/proxy-wasm-rust-sdk#14", "envoyproxy/envoy#36227"],
        exercises: "sends requests and responses of uncommon shapes",
        bad: "panicking on a method that is no variant of an enum",
        good: "let pass what is not known, or refuse it",
    },
    judge: |subject| subject.run(shapes),
};

/// Shapes beyond the standard corpus.
fn uncommon() -> Vec<(&'static str, Request)> {
    let many = |request: Request, count: usize| {
        (0..count).fold(request, |request, at| request.header(format!("x-many-{at}"), format!("value {at}")))
    };
    let get = |path: &str| Request::get(path).header("user-agent", "conformance");
    vec![
        ("PROPFIND", Request::new("PROPFIND", "/dav").header("depth", "1").respond(Answer::status(207))),
        ("a method of its own", Request::new("FROB-NICATE", "/").respond(Answer::status(501))),
        ("a method in lower case", Request::new("get", "/").respond(Answer::ok())),
        ("TRACE", Request::new("TRACE", "/").header("max-forwards", "0")),
        ("a path of slashes and dots", get("//a/../b/./%2e%2e//c?").respond(Answer::status(400))),
        ("a path with percent signs that encode nothing", get("/%zz%?%&=%&&==").respond(Answer::ok())),
        ("a path of encoded bytes that are no UTF-8", get("/%ff%fe/%00?q=%80").respond(Answer::ok())),
        ("a query without a value", get("/?a&b=&=c&a=1&a=2").respond(Answer::ok())),
        ("eighty headers", many(get("/"), 80).respond(Answer::ok())),
        (
            "a header of 16 KiB",
            get("/").header("x-long", "v".repeat(16 << 10)).header("cookie", "c=".repeat(4000)),
        ),
        ("authorization without credentials", get("/").header("authorization", "").header("x-api-key", "")),
        ("authorization of another scheme", get("/").header("authorization", "Basic !!!not-base64")),
        ("a cookie that is none", get("/").header("cookie", ";;=;a;=b; ;c==;")),
        (
            "a content-type with parameters that are none",
            get("/").header("content-type", "text/;;charset=\""),
        ),
        ("an answer without any header", get("/").respond(Answer::ok())),
        ("an answer 206", get("/").header("range", "bytes=0-1").respond(Answer::status(206).body("ab"))),
        ("an answer 401", get("/").respond(Answer::status(401).header("www-authenticate", "Bearer"))),
        ("an answer 599", get("/").respond(Answer::status(599).body("odd"))),
        (
            "an answer to HEAD with a length",
            Request::new("HEAD", "/").respond(Answer::ok().header("content-length", "10")),
        ),
        ("an answer of many cookies", {
            let answer = (0..40)
                .fold(Answer::ok(), |answer, at| answer.header("set-cookie", format!("c{at}={at}; Path=/")));
            get("/").respond(answer)
        }),
    ]
}

fn shapes(lab: &Lab) -> Judged {
    let mut tally = Tally::of("uncommon requests and responses");
    for (name, request) in uncommon() {
        if tally.is_full() {
            break;
        }
        let session = Session::of_request(name, lab.world(), request);
        let played = session.world.play(&session.steps);
        if played.trace().callbacks.iter().all(|callback| !callback.decides()) {
            continue;
        }
        tally.tried();
        // What happens with ordinary requests as well is told by other checks.
        let already = |known: &super::played::Played| trouble::of(known) == trouble::of(&played);
        if trouble::of(&played).is_some() && !lab.oracles.iter().any(already) {
            let finding = trouble::finding(&session.world, &session.steps, &played, name);
            finding.into_iter().for_each(|finding| tally.found(finding));
        }
    }
    tally.judged()
}
