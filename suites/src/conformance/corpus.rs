//! The shapes of requests and responses that every plugin on a proxy meets sooner or later.

use std::sync::Arc;

use proxy_wasm_harness::state::{Answer, Body, Failure, Request, Response};

use super::session::Session;
use super::transform::streams;
use super::world::World;

/// The sessions of the standard corpus, in this world.
#[must_use]
pub fn sessions(world: &Arc<World>) -> Vec<Session> {
    let mut sessions: Vec<Session> =
        shapes().into_iter().map(|(name, request)| Session::of_request(name, world, request)).collect();
    // Four at one instant: what counts requests has something to count.
    let again = streams::request(browser("GET", "/again").respond(page()));
    sessions.push(Session {
        name: "the last of four requests at one instant".to_owned(),
        world: Arc::clone(world),
        steps: vec![again.clone(), again.clone(), again.clone(), again],
        target: 3,
    });
    sessions
}

/// A request as a browser sends it.
fn browser(method: &str, path: &str) -> Request {
    Request::new(method, &format!("http://shop.example:8080{path}"))
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")
        .header("accept", "text/html,application/json;q=0.9")
        .header("accept-language", "en-GB,en;q=0.7")
        .header("x-forwarded-for", "203.0.113.7")
}

/// A page, as an upstream answers it.
fn page() -> Answer {
    Answer::ok()
        .header("content-type", "text/html; charset=utf-8")
        .header("cache-control", "no-store")
        .header("set-cookie", "id=1; Path=/")
        .header("set-cookie", "theme=dark; Path=/")
        .body("<html>Gr\u{fc}\u{df}e, world\r\n</html>\r\n")
}

fn json(text: &str) -> Answer {
    Answer::ok().header("content-type", "application/json").body(text)
}

/// Every shape with its name.
#[must_use]
pub fn shapes() -> Vec<(&'static str, Request)> {
    let long = format!("/{}?{}", "segment/".repeat(300), "key=value&".repeat(300));
    let events =
        ["data: {\"delta\": \"Hel\"}\r\n\r\nda", "ta: {\"delta\": \"lo \u{2713}\"}\n\ndata: [DONE]\n\n"];
    vec![
        (
            "GET of a page",
            browser("GET", "/index.html?lang=en&empty=").header("cookie", "id=1; theme=dark").respond(page()),
        ),
        ("GET without any header of its own", Request::get("/")),
        (
            "GET with credentials, of JSON",
            browser("GET", "/api/v1/items/7")
                .header("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.")
                .header("x-api-key", "secret")
                .header("x-request-source", "corpus")
                .respond(json("{\"id\": 7, \"tags\": [\"a\", \"b\"]}")),
        ),
        (
            "POST of JSON",
            browser("POST", "/api/v1/items")
                .header("content-type", "application/json")
                .body("{\"name\": \"caf\u{e9}\", \"world\": 3}")
                .respond(Answer { kind: json("{\"ok\": true}").kind, ..Answer::ok() }),
        ),
        (
            "POST of a form",
            browser("POST", "/login")
                .header("content-type", "application/x-www-form-urlencoded")
                .body("user=alice&password=a%20b%26c")
                .respond(
                    Answer::status(302).header("location", "/home").header("set-cookie", "sid=9; HttpOnly"),
                ),
        ),
        (
            "POST in chunks, answered by an event stream",
            browser("POST", "/v1/chat")
                .header("content-type", "text/plain")
                .chunks(["first line\r\nsecond", " line\r\n\u{1f980}"])
                .respond(Answer::ok().header("content-type", "text/event-stream").chunks(events)),
        ),
        ("POST with content-length 0", browser("POST", "/empty").body("").respond(Answer::status(204))),
        (
            "PUT with an empty chunked body",
            browser("PUT", "/empty").chunks([""; 0]).respond(Answer::status(201)),
        ),
        ("HEAD", browser("HEAD", "/index.html").respond(Answer::ok().header("content-type", "text/html"))),
        (
            "OPTIONS, a preflight",
            browser("OPTIONS", "/api")
                .header("origin", "https://app.example")
                .header("access-control-request-method", "PUT")
                .respond(Answer::status(204).header("access-control-allow-origin", "*")),
        ),
        (
            "DELETE that is not modified",
            browser("DELETE", "/x").respond(Answer::status(304).header("etag", "\"1\"")),
        ),
        ("GET of a long path", Request::get(&long).respond(Answer::status(414))),
        (
            "GET with repeated and empty headers",
            browser("GET", "/repeated")
                .header("x-tag", "a")
                .header("x-tag", "b")
                .header("x-empty", "")
                .header("cookie", "a=1")
                .header("cookie", "b=2")
                .respond(
                    Answer::ok()
                        .header("vary", "accept")
                        .header("vary", "origin")
                        .header("x-empty", "")
                        .body("ok"),
                ),
        ),
        (
            "POST with Expect: 100-continue",
            browser("POST", "/upload")
                .header("expect", "100-continue")
                .body("0123456789".repeat(50))
                .respond(json("{}")),
        ),
        (
            "HTTP/2 POST with trailers",
            browser("POST", "/trailers")
                .header("content-type", "text/plain")
                .chunks(["a body ", "with an end"])
                .trailers([("x-checksum", "1f2e")])
                .http2()
                .respond(
                    Answer::ok()
                        .header("content-type", "text/plain")
                        .chunks(["an answer ", "with world"])
                        .trailers([("x-took", "3ms")])
                        .http2(),
                ),
        ),
        (
            "gRPC",
            Request::post("http://shop.example:8080/shop.Items/Get")
                .header("content-type", "application/grpc")
                .header("te", "trailers")
                .chunks([&b"\0\0\0\0\x03\x0a\x01a"[..]])
                .http2()
                .respond(
                    Answer::from(Response {
                        headers: vec![(b"content-type".to_vec(), b"application/grpc".to_vec())],
                        body: Body::chunked([&b"\0\0\0\0\x02\x08\x01"[..]]),
                        trailers: Some(vec![(b"grpc-status".to_vec(), b"0".to_vec())]),
                        ..Response::default()
                    })
                    .http2(),
                ),
        ),
        (
            "GET that the upstream fails",
            browser("GET", "/broken").respond(Answer::status(503).body("no healthy upstream")),
        ),
        (
            "GET whose upstream refuses the connection",
            browser("GET", "/refused").respond(Answer::fail(Failure::Refused)),
        ),
        (
            "GET whose upstream cuts the answer off",
            browser("GET", "/cut").respond(Answer::fail(Failure::Cut)),
        ),
    ]
}
