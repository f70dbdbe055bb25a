//! The tests of a file as scenarios, for a host that is a whole proxy.
//!
//! What the tester does phase by phase becomes one exchange: the request with its body, the upstream's answer from the
//! response phases. What has no counterpart is named in a comment and in `notes`; nothing is left out in silence.

use std::fmt::Write as _;
use std::path::Path;

use proxy_wasm_harness::abi::LogLevel;
use serde_json::{Map, Value as Json, json};

use super::head::Side;
use super::play::{content, cut, fields, level};
use super::suite::{How, Invocation, StringMatcher, Suite, Test};

/// A scenario file, and what could not be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The text of the file.
    pub text: String,
    /// What it does not say, test by test.
    pub notes: Vec<String>,
}

/// The tests of `suite` as a scenario file, for the module and the configuration at these paths, as that file writes
/// them.
#[must_use]
pub fn import(suite: &Suite, plugin: &str, config: Option<&[u8]>) -> Imported {
    let mut notes = Vec::new();
    let mut text = format!(
        "# From {}, by `proxy-wasm-test import-google`. The host here is a whole proxy: requests have a method, a path\n\
         # and an authority, and one exchange takes the place of the tester's phases.\n",
        suite.path.file_name().unwrap_or_default().to_string_lossy()
    );
    let mut of_plugin = json!({"name": "plugin", "wasm": plugin});
    if let Some(config) = config.filter(|config| !config.is_empty()) {
        of_plugin["config"] = bytes(config);
    }
    let _ = writeln!(text, "plugins:\n  - {of_plugin}");
    let clock = match suite.env.time_secs {
        0 => 1_000_000,
        seconds => seconds.saturating_mul(1_000_000_000),
    };
    let _ = writeln!(text, "clock: {{ns: {clock}}}");
    let level = level(&suite.env);
    if level != LogLevel::Info {
        let _ = writeln!(text, "host: {{log_level: {}}}", level.name().to_ascii_lowercase());
    }
    text.push_str("scenarios:\n");
    let mut names: Vec<String> = Vec::new();
    for test in &suite.tests {
        let mut scenario = Scenario::new(suite, test);
        scenario.build();
        let mut name = if test.name.trim().is_empty() { "unnamed".to_owned() } else { test.name.clone() };
        while names.contains(&name) {
            name.push_str(" again");
        }
        for note in &scenario.notes {
            let _ = writeln!(text, "  # not taken over: {note}");
            notes.push(format!("{name}: {note}"));
        }
        let _ = write!(text, "{}", scenario.print(&name));
        names.push(name);
    }
    if suite.tests.is_empty() {
        text = text.replace("scenarios:\n", "scenarios: []\n");
    }
    Imported { text, notes }
}

/// Bytes as scenario files write them.
fn bytes(bytes: &[u8]) -> Json {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text.replace("$(", "$$(")),
        Err(_) => json!({"base64": data_encoding::BASE64.encode(bytes)}),
    }
}

struct Scenario<'s> {
    test: &'s Test,
    folder: &'s Path,
    properties: Vec<Json>,
    start: Vec<Json>,
    start_never: Vec<Json>,
    request: Map<String, Json>,
    answer: Map<String, Json>,
    response: Map<String, Json>,
    upstream_request: Map<String, Json>,
    local: Option<Map<String, Json>>,
    log: Vec<Json>,
    never: Vec<Json>,
    notes: Vec<String>,
}

impl<'s> Scenario<'s> {
    fn new(suite: &'s Suite, test: &'s Test) -> Self {
        Self {
            test,
            folder: suite.folder(),
            properties: Vec::new(),
            start: Vec::new(),
            start_never: Vec::new(),
            request: Map::new(),
            answer: Map::new(),
            response: Map::new(),
            upstream_request: Map::new(),
            local: None,
            log: Vec::new(),
            never: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn build(&mut self) {
        let test = self.test;
        for (path, value) in &test.properties {
            self.properties.push(json!({"path": path, "value": bytes(value)}));
        }
        if test.benchmark {
            self.notes.push("the benchmark; see `proxy-wasm-test bench`".to_owned());
        }
        for matcher in &test.plugin_init.log {
            if let Some((line, invert)) = self.line(matcher) {
                if invert { &mut self.start_never } else { &mut self.start }.push(line);
            }
        }
        self.of_log(&test.stream_init.log);
        self.head(test.request_headers.as_ref(), Side::Request);
        self.bodies(&test.request_body, Side::Request);
        self.head(test.response_headers.as_ref(), Side::Response);
        self.bodies(&test.response_body, Side::Response);
        self.of_log(&test.stream_destroy.log);
        if let Some(local) = &self.local
            && let Some(status) = local.get("status")
        {
            self.response.insert("status".to_owned(), status.clone());
        }
    }

    fn head(&mut self, invocation: Option<&Invocation>, side: Side) {
        let fields = match invocation.map(|one| fields(&one.input, self.folder, side)) {
            Some(Ok(fields)) => fields,
            Some(Err(why)) => {
                self.notes.push(format!("the header fields: {why}"));
                Vec::new()
            }
            None => Vec::new(),
        };
        let find = |name: &str| {
            let found = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
            found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        };
        let mut headers: Map<String, Json> = Map::new();
        for (name, value) in &fields {
            let name = String::from_utf8_lossy(name).into_owned();
            let own = name.starts_with(':') || name.eq_ignore_ascii_case("host");
            match headers.get_mut(&name) {
                _ if own => {}
                // What is repeated is one field there, and stays one here.
                Some(Json::String(known)) => {
                    let _ = write!(known, ", {}", String::from_utf8_lossy(value));
                }
                _ => {
                    headers.insert(name, bytes(value));
                }
            }
        }
        match side {
            Side::Request => {
                let path =
                    find(":path").filter(|path| path.starts_with('/')).unwrap_or_else(|| "/".to_owned());
                let authority =
                    find(":authority").or_else(|| find("host")).unwrap_or_else(|| "localhost".to_owned());
                self.request
                    .insert("method".to_owned(), json!(find(":method").unwrap_or_else(|| "GET".to_owned())));
                self.request.insert("url".to_owned(), json!(format!("http://{authority}{path}")));
                if find(":scheme").is_some_and(|scheme| scheme != "http") {
                    self.notes.push("the scheme: the client of a scenario speaks http".to_owned());
                }
            }
            Side::Response => {
                let status = find(":status").and_then(|status| status.parse::<u16>().ok()).unwrap_or(200);
                self.answer.insert("status".to_owned(), json!(status));
            }
        }
        if !headers.is_empty() {
            let message = if side == Side::Request { &mut self.request } else { &mut self.answer };
            message.insert("headers".to_owned(), Json::Object(headers));
        }
        if let Some(invocation) = invocation {
            self.expect(invocation, side);
        }
    }

    fn bodies(&mut self, invocations: &[Invocation], side: Side) {
        let mut pieces = Vec::new();
        for invocation in invocations {
            match content(&invocation.input, self.folder).and_then(|body| cut(&body, self.test.plan)) {
                Ok(more) => pieces.extend(more),
                Err(why) => self.notes.push(format!("the body: {why}")),
            }
            for matcher in &invocation.result.body {
                self.body(matcher, side, invocations.len() > 1);
            }
            if let Some(first) = invocation.result.has_header.first() {
                self.notes.push(format!("has_header {} of a body phase, which always fails", first.0));
            }
            self.of_log(&invocation.result.log);
        }
        let message = if side == Side::Request { &mut self.request } else { &mut self.answer };
        match pieces.as_slice() {
            [] => {}
            [one] => {
                message.insert("body".to_owned(), bytes(one));
            }
            several => {
                let chunks = several.iter().map(|piece| bytes(piece)).collect();
                message.insert("chunks".to_owned(), Json::Array(chunks));
            }
        }
    }

    /// What is expected of a headers phase.
    fn expect(&mut self, invocation: &Invocation, side: Side) {
        let result = &invocation.result;
        let mut headers: Map<String, Json> = Map::new();
        for (key, value) in &result.has_header {
            headers.insert(key.to_ascii_lowercase(), bytes(value));
        }
        for (key, _) in &result.no_header {
            headers.insert(key.to_ascii_lowercase(), json!({"absent": true}));
        }
        for matcher in &result.headers {
            match header_line(matcher) {
                Some((key, test)) => {
                    headers.insert(key, test);
                }
                None => self.notes.push(format!("headers: {}", words(matcher))),
            }
        }
        // Of a local response the client sees the head, whichever phase it came from.
        let to_client = side == Side::Response || result.immediate.is_some();
        let message = if to_client { &mut self.response } else { &mut self.upstream_request };
        for (key, test) in std::mem::take(&mut headers) {
            let own = match (key.as_str(), to_client) {
                (":path", false) => Some("path"),
                (":method", false) => Some("method"),
                (":authority", false) => Some("authority"),
                (":status", true) => Some("status"),
                _ => None,
            };
            match own {
                Some("status") => match test.as_str().and_then(|text| text.parse::<u16>().ok()) {
                    Some(number) => {
                        message.insert("status".to_owned(), json!(number));
                    }
                    None => self.notes.push(format!("the field {key}: {test}")),
                },
                Some(own) => {
                    message.insert(own.to_owned(), test);
                }
                None if key.starts_with(':') => self.notes.push(format!("the field {key}")),
                None => {
                    let all = message.entry("headers").or_insert_with(|| json!({}));
                    all[&key] = test;
                }
            }
        }
        if let Some(immediate) = &result.immediate {
            let mut local = Map::new();
            local.insert("plugin".to_owned(), json!("plugin"));
            if let Some(status) = immediate.http_status {
                local.insert("status".to_owned(), json!(status));
            }
            if let Some(status) = immediate.grpc_status.filter(|status| *status <= 16) {
                local.insert("grpc_status".to_owned(), json!(status.to_string()));
            }
            if let Some(details) = &immediate.details {
                local.insert("details".to_owned(), bytes(details.as_bytes()));
            }
            self.local = Some(local);
        }
        for matcher in &result.body {
            self.body(matcher, if to_client { Side::Response } else { side }, false);
        }
        self.of_log(&result.log);
    }

    fn body(&mut self, matcher: &StringMatcher, side: Side, one_of_several: bool) {
        let test = match (&matcher.how, one_of_several) {
            (_, true) | (None, _) => None,
            (Some(How::Exact(exact)), _) => Some(bytes(exact)),
            (Some(How::Regex(regex)), _) => Some(json!({"regex": format!("\\A(?:{regex})\\z")})),
            (Some(How::File(file)), _) => {
                std::fs::read(self.folder.join(file)).ok().map(|content| bytes(&content))
            }
        };
        let Some(test) = test else {
            self.notes.push(format!("body: {}", words(matcher)));
            return;
        };
        let test = if matcher.invert { json!({ "not": test }) } else { test };
        let message = if side == Side::Request { &mut self.upstream_request } else { &mut self.response };
        if message.contains_key("body") {
            self.notes.push(format!("a second matcher of one body: {}", words(matcher)));
        } else {
            message.insert("body".to_owned(), test);
        }
    }

    fn of_log(&mut self, matchers: &[StringMatcher]) {
        for matcher in matchers {
            if let Some((line, invert)) = self.line(matcher) {
                if invert { &mut self.never } else { &mut self.log }.push(line);
            }
        }
    }

    /// A matcher of a log line, and whether no line may match.
    fn line(&mut self, matcher: &StringMatcher) -> Option<(Json, bool)> {
        let test = match &matcher.how {
            Some(How::Exact(exact)) => Some(bytes(exact)),
            Some(How::Regex(regex)) => Some(json!({"regex": format!("\\A(?:{regex})\\z")})),
            Some(How::File(file)) => {
                std::fs::read(self.folder.join(file)).ok().map(|content| bytes(&content))
            }
            None => None,
        };
        if test.is_none() {
            self.notes.push(format!("log: {}", words(matcher)));
        }
        test.map(|test| (json!({ "message": test }), matcher.invert))
    }

    fn print(&self, name: &str) -> String {
        let mut out = format!("  - name: {}\n", json!(name));
        if !self.properties.is_empty() {
            let _ = writeln!(out, "    properties: {}", Json::Array(self.properties.clone()));
        }
        let mut answer = self.answer.clone();
        answer.entry("status").or_insert(json!(200));
        let _ = writeln!(out, "    upstream: {}", Json::Object(answer));
        out.push_str("    steps:\n");
        if !self.start.is_empty() || !self.start_never.is_empty() {
            let mut first = self.start.first().map_or_else(|| json!({}), |line| json!({"log": [line]}));
            if !self.start_never.is_empty() {
                first["no_log"] = Json::Array(self.start_never.clone());
            }
            let _ = writeln!(out, "      - start: ok\n        expect: {first}");
            for line in self.start.iter().skip(1) {
                let _ = writeln!(out, "      - expect: {}", json!({"log": [line]}));
            }
        }
        // Lines are wanted in no order, so each is an expectation of its own.
        let _ = writeln!(out, "      - request: {}", Json::Object(self.request.clone()));
        let mut expect = Map::new();
        if !self.response.is_empty() {
            expect.insert("response".to_owned(), Json::Object(self.response.clone()));
        }
        match &self.local {
            Some(local) => {
                expect.insert("local_response".to_owned(), Json::Object(local.clone()));
            }
            None => {
                expect.insert("local_response".to_owned(), json!("none"));
            }
        }
        if !self.upstream_request.is_empty() {
            expect.insert("upstream_request".to_owned(), Json::Object(self.upstream_request.clone()));
        }
        let _ = writeln!(out, "        expect: {}", Json::Object(expect));
        for line in &self.log {
            let _ = writeln!(out, "      - expect: {}", json!({"log": [line]}));
        }
        if !self.never.is_empty() {
            let _ = writeln!(out, "      - expect: {}", json!({"no_log": self.never}));
        }
        out
    }
}

/// A matcher of `key: value` as a test of one field, where it names one.
fn header_line(matcher: &StringMatcher) -> Option<(String, Json)> {
    let test = |test: Json| if matcher.invert { json!({ "not": test }) } else { test };
    match matcher.how.as_ref()? {
        How::Exact(line) => {
            let line = std::str::from_utf8(line).ok()?;
            let (key, value) = line.split_once(": ")?;
            // Without such a field an inverted one passes, and a field's test does not.
            (!matcher.invert).then(|| (key.to_ascii_lowercase(), bytes(value.as_bytes())))
        }
        How::Regex(regex) => {
            let (key, value) = regex.split_once(": ")?;
            let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            (plain && !matcher.invert)
                .then(|| (key.to_ascii_lowercase(), test(json!({"regex": format!("\\A(?:{value})\\z")}))))
        }
        How::File(_) => None,
    }
}

fn words(matcher: &StringMatcher) -> String {
    let invert = if matcher.invert { "invert, " } else { "" };
    let how = match &matcher.how {
        None => "no matcher, which always fails".to_owned(),
        Some(How::Exact(bytes)) => format!("exact {:?}", String::from_utf8_lossy(bytes)),
        Some(How::Regex(regex)) => format!("regex {regex:?}"),
        Some(How::File(file)) => format!("file {file:?}"),
    };
    format!("{invert}{how}")
}
