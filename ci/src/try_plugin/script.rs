//! From arguments to a scenario: they are written as a file would write them, and read as a file is.

use std::path::Path;

use data_encoding::BASE64;
use proxy_wasm_harness::scenario::{self, Scenario};
use proxy_wasm_harness::state::{Request, show};
use serde_json::{Value, json};

use super::{Args, body};
use crate::error::Error;

/// The place that errors name.
const PLACE: &str = "(command line)";

/// A header field as curl takes it: `Name: value`, or `Name;` for an empty value.
pub(super) fn field(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once(':').or_else(|| text.strip_suffix(';').map(|name| (name, "")));
    match pair {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected `Name: value`, or `Name;` for an empty value".to_owned()),
    }
}

/// The scenario that the arguments ask for.
///
/// # Errors
/// When a file cannot be read, or the url or the upstream's answer is none.
pub(super) fn scenario(args: &Args) -> Result<Scenario, Error> {
    let text = text(args)?;
    let path = Path::new(PLACE);
    let written = scenario::load_text(path, &text)?;
    // Once more from its printed form, so that failures show lines that people can read.
    let printed =
        written.scenarios.first().map(|one| scenario::print(one, Path::new(""))).unwrap_or_default();
    let read = scenario::load_text(path, &printed)?;
    read.scenarios.into_iter().next().ok_or_else(|| Error::usage("the arguments make no scenario", None))
}

/// A scenario file; all but the answers in JSON, which YAML includes.
fn text(args: &Args) -> Result<String, Error> {
    let body = body::of(&args.data, args.data_binary.as_deref())?;
    let method =
        args.method.clone().unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    Request::parse(method.as_bytes(), &args.url).map_err(|error| Error::usage(error.to_string(), None))?;
    let fields = args.headers.iter().map(|(name, value)| json!({literal(name): literal(value)}));
    let mut request = json!({
        "method": literal(&method),
        "url": literal(&args.url),
        "headers": fields.collect::<Vec<_>>(),
        "http": if args.http2 { "2" } else { "1.1" },
    });
    if let Some(body) = body {
        request["body"] = bytes(&body);
    }
    let mut step = json!({"request": request, "repeat": args.times});
    if let Some(every) = args.every {
        step["every"] = show(every).into();
    }
    let mut plugin = json!({"wasm": literal(&args.plugin.display().to_string())});
    if let Some(config) = &args.config {
        plugin["config"] = bytes(&body::config(config)?);
    }
    Ok(format!(
        "upstream: {}\n{}plugins: {}\nscenarios: {}\n",
        answer(&args.upstream),
        clusters(&args.answer),
        json!([plugin]),
        json!([{"name": "try", "steps": [step]}])
    ))
}

/// What clusters answer, a line each.
fn clusters(answers: &[(String, String)]) -> String {
    let line =
        |(cluster, text): &(String, String)| format!("  {}: {}\n", json!(literal(cluster)), answer(text));
    match answers {
        [] => String::new(),
        _ => format!("clusters:\n{}", answers.iter().map(line).collect::<String>()),
    }
}

/// The answer as a file writes it: a number is a status.
fn answer(text: &str) -> String {
    match text.trim() {
        status if !status.is_empty() && status.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{{status: {status}}}")
        }
        written => written.to_owned(),
    }
}

/// Text in which `$(` is no named value.
fn literal(text: &str) -> String {
    text.replace("$(", "$$(")
}

/// Bytes in the form that reads best.
fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({"text": literal(text)}),
        Err(_) => json!({"base64": BASE64.encode(bytes)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use proxy_wasm_harness::scenario::{Answers, StepKind};
    use proxy_wasm_harness::state::{Answer, Body, Duration, Failure, Protocol};

    fn read(words: &[&str]) -> Result<Scenario, Error> {
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            args: Args,
        }
        scenario(&Command::parse_from(["try"].iter().chain(words)).args)
    }

    #[test]
    fn arguments_become_a_scenario() {
        let scenario = read(&[
            "p.wasm",
            "http://httpbin:8000/a?b=$(c)",
            "-d",
            "x=1",
            "-d",
            "y=$(2)",
            "-H",
            "x-a: b: c",
            "-H",
            "x-e;",
            "--times",
            "3",
            "--every",
            "250ms",
            "--http2",
            "--upstream",
            "{status: 204, after: 5ms}",
        ])
        .unwrap();
        let step = &scenario.steps[0];
        assert_eq!((step.repeat, step.every), (3, Some(Duration::from_millis(250))));
        let StepKind::Request(request) = &step.kind else { panic!("a request") };
        assert_eq!((&request.method[..], &request.path[..]), (&b"POST"[..], &b"/a?b=$(c)"[..]));
        assert_eq!(request.headers, [(b"x-a".to_vec(), b"b: c".to_vec()), (b"x-e".to_vec(), Vec::new())]);
        assert_eq!((&request.body, request.protocol), (&Body::sized("x=1&y=$(2)"), Protocol::Http2));
        let answer = Answer::status(204).after(Duration::from_millis(5));
        assert_eq!(scenario.upstream, Answers::Every(answer));
        let scenario =
            read(&["p.wasm", "/", "--answer", "authz=403", "--answer", "users={fail: refused}"]).unwrap();
        assert_eq!(scenario.clusters["authz"], Answers::Every(Answer::status(403)));
        assert_eq!(scenario.clusters["users"], Answers::Every(Answer::fail(Failure::Refused)));
    }

    #[test]
    fn what_is_no_answer_or_no_url_is_refused_with_its_place() {
        let error = read(&["p.wasm", "/", "--upstream", "{statis: 403}"]).unwrap_err().to_string();
        assert!(error.starts_with("(command line):1:12: unknown key `statis`"), "{error}");
        let error = read(&["p.wasm", "orders"]).unwrap_err().to_string();
        assert!(error.starts_with("\"orders\" is neither a path"), "{error}");
    }
}
