//! The tests of a file, as values.

use std::path::{Path, PathBuf};

use prost_reflect::{DynamicMessage, Value};

/// A test file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suite {
    /// The file.
    pub path: PathBuf,
    /// What all its tests share.
    pub env: Env,
    /// The tests, in order.
    pub tests: Vec<Test>,
}

/// What all tests of a file share. Paths start at the current folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Env {
    /// The module; empty: none.
    pub wasm_path: String,
    /// The file with the plugin's configuration; empty: zero bytes.
    pub config_path: String,
    /// The lowest level of log lines, one more than the ABI's number; 0 is INFO.
    pub log_level: i32,
    /// The clock in seconds; 0 is 1 ms after the epoch.
    pub time_secs: u64,
}

/// A test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Test {
    /// Line in the file, from 1; 0 where it is not known.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// Also a benchmark, which is not run here.
    pub benchmark: bool,
    /// How bodies are cut.
    pub plan: Option<Plan>,
    /// Paths and values.
    pub properties: Vec<(String, Vec<u8>)>,
    /// The phases.
    pub request_headers: Option<Invocation>,
    /// One call each, unless there is a plan.
    pub request_body: Vec<Invocation>,
    /// As of the request.
    pub response_headers: Option<Invocation>,
    /// As of the request.
    pub response_body: Vec<Invocation>,
    /// Of these three only the log counts.
    pub plugin_init: Expectation,
    /// When the stream context is made.
    pub stream_init: Expectation,
    /// When it goes away.
    pub stream_destroy: Expectation,
}

/// How bodies are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Into so many pieces.
    Chunks(i32),
    /// Into pieces of this size.
    Size(i64),
}

/// A phase: what goes in, and what is expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// What goes in.
    pub input: Input,
    /// What is expected.
    pub result: Expectation,
}

/// What goes in: the file, else the content, else the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Header fields.
    pub header: Vec<(String, Vec<u8>)>,
    /// A body, or header fields as HTTP/1 text.
    pub content: Vec<u8>,
    /// A file with the same; its path starts at the test file.
    pub file: String,
}

/// What is expected of a phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Fields that are there, with these values.
    pub has_header: Vec<(String, Vec<u8>)>,
    /// Fields that are not there; the values do not count.
    pub no_header: Vec<(String, Vec<u8>)>,
    /// On the lines `key: value`.
    pub headers: Vec<StringMatcher>,
    /// On the body.
    pub body: Vec<StringMatcher>,
    /// A local response; nothing: there is none.
    pub immediate: Option<Immediate>,
    /// On the lines of the log.
    pub log: Vec<StringMatcher>,
}

/// A local response; what is left out is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Immediate {
    /// Its status code.
    pub http_status: Option<u32>,
    /// Its gRPC status.
    pub grpc_status: Option<u32>,
    /// Its details.
    pub details: Option<String>,
}

/// A matcher of one of several strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StringMatcher {
    /// None of them matches.
    pub invert: bool,
    /// How they are matched; nothing: the expectation fails.
    pub how: Option<How>,
}

/// How strings are matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Equal to these bytes.
    Exact(Vec<u8>),
    /// As a whole.
    Regex(String),
    /// Equal to the content of this file; its path starts at the test file.
    File(String),
}

impl Suite {
    pub(super) fn of(path: &Path, message: &DynamicMessage, lines: &[usize]) -> Self {
        let tests = messages(message, "test");
        let lines = lines.iter().copied().chain(std::iter::repeat(0));
        Self {
            path: path.to_path_buf(),
            env: single(message, "env").map(|env| Env::of(&env)).unwrap_or_default(),
            tests: tests.iter().zip(lines).map(|(test, line)| Test::of(test, line)).collect(),
        }
    }

    /// The folder that paths in tests start at.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

impl Env {
    fn of(message: &DynamicMessage) -> Self {
        Self {
            wasm_path: text(message, "wasm_path"),
            config_path: text(message, "config_path"),
            log_level: get(message, "log_level").and_then(|value| value.as_enum_number()).unwrap_or(0),
            time_secs: get(message, "time_secs").and_then(|value| value.as_u64()).unwrap_or(0),
        }
    }
}

impl Test {
    fn of(message: &DynamicMessage, line: usize) -> Self {
        let expectation = |name| single(message, name).map(|one| Expectation::of(&one)).unwrap_or_default();
        let invocations = |name| messages(message, name).iter().map(Invocation::of).collect();
        let chunks = set(message, "num_chunks").and_then(|value| value.as_i32()).map(Plan::Chunks);
        let size = set(message, "chunk_size").and_then(|value| value.as_i64()).map(Plan::Size);
        Self {
            line,
            name: text(message, "name"),
            benchmark: get(message, "benchmark").and_then(|value| value.as_bool()).unwrap_or(false),
            plan: chunks.or(size),
            properties: messages(message, "properties")
                .iter()
                .map(|one| (text(one, "path"), bytes(one, "value")))
                .collect(),
            request_headers: single(message, "request_headers").map(|one| Invocation::of(&one)),
            request_body: invocations("request_body"),
            response_headers: single(message, "response_headers").map(|one| Invocation::of(&one)),
            response_body: invocations("response_body"),
            plugin_init: expectation("plugin_init"),
            stream_init: expectation("stream_init"),
            stream_destroy: expectation("stream_destroy"),
        }
    }
}

impl Invocation {
    fn of(message: &DynamicMessage) -> Self {
        let input = single(message, "input").map(|input| Input {
            header: headers(&input, "header"),
            content: bytes(&input, "content"),
            file: text(&input, "file"),
        });
        let result = single(message, "result").map(|result| Expectation::of(&result));
        Self { input: input.unwrap_or_default(), result: result.unwrap_or_default() }
    }
}

impl Expectation {
    fn of(message: &DynamicMessage) -> Self {
        let matchers = |name| messages(message, name).iter().map(StringMatcher::of).collect();
        Self {
            has_header: headers(message, "has_header"),
            no_header: headers(message, "no_header"),
            headers: matchers("headers"),
            body: matchers("body"),
            immediate: single(message, "immediate").map(|one| Immediate {
                http_status: set(&one, "http_status").and_then(|value| value.as_u32()),
                grpc_status: set(&one, "grpc_status").and_then(|value| value.as_u32()),
                details: set(&one, "details").and_then(|value| value.as_str().map(str::to_owned)),
            }),
            log: matchers("log"),
        }
    }
}

impl StringMatcher {
    fn of(message: &DynamicMessage) -> Self {
        let exact = set(message, "exact").map(|_| How::Exact(bytes(message, "exact")));
        let regex = set(message, "regex").map(|_| How::Regex(text(message, "regex")));
        let file = set(message, "file").map(|_| How::File(text(message, "file")));
        let invert = get(message, "invert").and_then(|value| value.as_bool()).unwrap_or(false);
        Self { invert, how: exact.or(regex).or(file) }
    }
}

fn headers(message: &DynamicMessage, name: &str) -> Vec<(String, Vec<u8>)> {
    messages(message, name).iter().map(|one| (text(one, "key"), bytes(one, "value"))).collect()
}

fn get(message: &DynamicMessage, name: &str) -> Option<Value> {
    message.get_field_by_name(name).map(std::borrow::Cow::into_owned)
}

/// A field that is there.
fn set(message: &DynamicMessage, name: &str) -> Option<Value> {
    if message.has_field_by_name(name) { get(message, name) } else { None }
}

fn text(message: &DynamicMessage, name: &str) -> String {
    get(message, name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn bytes(message: &DynamicMessage, name: &str) -> Vec<u8> {
    get(message, name).and_then(|value| value.as_bytes().map(|bytes| bytes.to_vec())).unwrap_or_default()
}

fn single(message: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    set(message, name).and_then(|value| value.as_message().cloned())
}

fn messages(message: &DynamicMessage, name: &str) -> Vec<DynamicMessage> {
    let list = get(message, name);
    let items = list.as_ref().and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(|item| item.as_message().cloned()).collect()
}
