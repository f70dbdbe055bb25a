//! What a random script may be: plugins that do a few things in a few callbacks, an exchange or two, an answer.
//!
//! Left out is what is not the same each time on Envoy (timers, what races with the network), and a close beside a local
//! response in one callback, of which the host says that it does not imitate it. Calls are answered when the stream rests.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A script.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// What each plugin does, in the language of `probes/script.wat`.
    plugins: Vec<String>,
    one_vm: bool,
    enable_trailers: bool,
    answer: Value,
    steps: Vec<Value>,
}

impl Script {
    /// As a scenario file.
    pub(crate) fn scenario_file(&self) -> String {
        let probe = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins-under-test/probes/script.wat");
        let names = ["a", "b", "c"];
        let plugin = |(name, config): (&&str, &String)| json!({"name": name, "wasm": probe, "vm": {"id": if self.one_vm { "one" } else { name }}, "config": config});
        let plugins: Vec<Value> = names.iter().zip(&self.plugins).map(plugin).collect();
        let host = json!({"enable_trailers": self.enable_trailers});
        let mut steps = self.steps.clone();
        // Envoy closes a client's connection a second after it has given it up.
        steps.push(json!({"advance": "1100ms"}));
        let answers = CLUSTERS
            .map(|(name, after)| (name.to_owned(), json!({"status": 200, "body": name, "after": after})));
        let clusters: serde_json::Map<_, _> = answers.into_iter().collect();
        let scenario = json!({"name": "random", "host": host, "clusters": clusters, "upstream": self.answer, "steps": steps});
        format!("{:#}", json!({"plugins": plugins, "scenarios": [scenario]}))
    }
}

pub(crate) fn any_script() -> impl Strategy<Value = Script> {
    (vec(plugin(), 1..=3), any::<bool>(), any::<bool>(), answer(), steps()).prop_map(
        |(plugins, one_vm, enable_trailers, answer, steps)| Script {
            plugins,
            one_vm,
            enable_trailers,
            answer,
            steps,
        },
    )
}

fn plugin() -> impl Strategy<Value = String> {
    let hook = prop_oneof![4 => stream_hook(), 2 => end_hook(), 2 => call_hooks()];
    vec(hook, 0..=4).prop_map(|hooks| hooks.join(" "))
}

/// A callback in the midst of a stream.
fn stream_hook() -> BoxedStrategy<String> {
    let name = select(vec![("rh", 0), ("rb", 0), ("rt", 1), ("sh", 2), ("sb", 2), ("st", 3)]);
    name.prop_flat_map(|(name, map)| {
        let result = option::weighted(0.4, select(vec!["=1", "=0", "=2", "=3"]));
        // Behind the response's head it would reset the stream, and over HTTP/2 the head may or may not be out by then.
        let answers = u32::from(!matches!(name, "sb" | "st"));
        let ops = prop_oneof![
            4 => vec(prop_oneof![3 => reads(map), 2 => writes(map), 1 => Just("c0".to_owned()), 1 => Just("c1".to_owned())], 0..=3),
            answers => local_response().prop_map(|reply| vec![reply]),
            answers => select(vec!["x0", "x1"]).prop_map(|close| vec![close.to_owned()]),
        ];
        (select(vec!["", "1", "2"]), ops, result).prop_map(move |(which, ops, result)| {
            let mut text = format!("{name}{which}:");
            for word in ops.iter().map(String::as_str).chain(result) {
                let _ = write!(text, " {word}");
            }
            text
        })
    })
    .boxed()
}

/// A callback at the end of a stream: it looks, and changes nothing. What maps and buffers still show in `proxy_on_done` and
/// `proxy_on_delete` are Envoy's leavings.
fn end_hook() -> BoxedStrategy<String> {
    let log = vec(reads(2), 1..=3).prop_map(|ops| format!("lg: {}", ops.join(" ")));
    let after = (select(vec!["dn", "dl"]), vec(property(), 1..=2));
    prop_oneof![log, after.prop_map(|(name, ops)| format!("{name}: {}", ops.join(" ")))].boxed()
}

/// A callback that waits for the answer of a call, and what is done when it has come.
fn call_hooks() -> BoxedStrategy<String> {
    let name = select(vec![("rh", 0), ("rb", 0), ("rt", 1), ("sh", 2), ("sb", 2), ("st", 3)]);
    name.prop_flat_map(|(name, map)| {
        let op = prop_oneof![3 => reads(map), 2 => writes(map), 1 => Just("p6 b4,0,100".to_owned())];
        let answers = u32::from(matches!(name, "rh" | "rb" | "rt"));
        let end = prop_oneof![3 => Just(format!("c{}", map / 2)), answers => local_response()];
        (vec(op, 0..=3), end, select(CLUSTERS.to_vec())).prop_map(move |(ops, end, (cluster, _))| {
            let call = format!("h1000,({cluster}),(:method=GET|:path=/|:authority={cluster}),()");
            format!("{name}1: {call} =1 hr1: e2 {} {end}", ops.join(" "))
        })
    })
    .boxed()
}

/// Whom plugins call, and how long an answer takes: long enough for the stream to have come to rest before it.
const CLUSTERS: [(&str, &str); 2] = [("quick", "60ms"), ("slow", "150ms")];

const NAMES: [&str; 12] = [
    "x-a",
    "x-b",
    "x-t",
    "x-u",
    "x-added",
    "content-length",
    ":path",
    ":method",
    ":status",
    "host",
    "server",
    "content-type",
];

/// Fields that the proxy itself reads or writes.
const ODD_NAMES: [&str; 22] = [
    ":path",
    ":method",
    ":authority",
    ":scheme",
    ":status",
    ":unknown",
    "Host",
    "Content-Type",
    "content-length",
    "transfer-encoding",
    "connection",
    "te",
    "server",
    "date",
    "via",
    "accept",
    "cookie",
    "set-cookie",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
    "x-envoy-upstream-service-time",
];

const ODD_VALUES: [&str; 14] = [
    "",
    "1",
    "3",
    "200",
    "204",
    "/other?a=b",
    "GET",
    "POST",
    "a.example:81",
    "https",
    "a, b",
    "close",
    "chunked",
    "trailers",
];

fn property() -> BoxedStrategy<String> {
    let paths = vec![
        "request|path",
        "request|method",
        "request|size",
        "request|total_size",
        "request|headers|x-a",
        "response|code",
        "response|size",
        "response|code_details",
        "response|flags",
        "response|headers|x-u",
        "plugin_name",
        "request|protocol",
        "route_name",
        "cluster_name",
    ];
    select(paths).prop_map(|path| format!("g({path})")).boxed()
}

fn reads(map: u32) -> BoxedStrategy<String> {
    prop_oneof![
        select(NAMES.to_vec()).prop_map(move |name| format!("v{map},({name})")),
        Just(format!("p{map}")),
        Just(format!("b{},0,100", map / 2)),
        Just(format!("B{}", map / 2)),
        property(),
    ]
    .boxed()
}

fn writes(map: u32) -> BoxedStrategy<String> {
    let plain = || (select(vec!["x-a", "x-b", "x-t", "x-u", "x-added"]), select(vec!["1", "two", ""]));
    let odd = || (select(ODD_NAMES.to_vec()), select(ODD_VALUES.to_vec()));
    let field = || prop_oneof![3 => plain(), 2 => odd()];
    let bytes = (select(vec![0, 1, 100]), select(vec![0, 2, 1000]), select(vec!["", "A", "NEW"]));
    prop_oneof![
        field().prop_map(move |(name, value)| format!("a{map},({name}),({value})")),
        field().prop_map(move |(name, value)| format!("r{map},({name}),({value})")),
        select([&NAMES[..6], &ODD_NAMES].concat()).prop_map(move |name| format!("d{map},({name})")),
        bytes.prop_map(move |(start, size, data)| format!("w{},{start},{size},({data})", map / 2)),
    ]
    .boxed()
}

fn local_response() -> BoxedStrategy<String> {
    let fields = select(vec!["", "x-l=1", "x-l=1|x-l=2", "content-type=text/html", "content-length=5"]);
    (select(vec![200, 403, 503]), select(vec!["", "no", "denied"]), fields)
        .prop_map(|(status, body, fields)| format!("R{status},-1,(why),({body}),({fields})"))
        .boxed()
}

/// Fields, body and trailers that a message may have.
fn message() -> BoxedStrategy<Value> {
    select(vec![
        json!({}),
        json!({"body": "abc"}),
        json!({"body": ""}),
        json!({"chunks": ["aaa"]}),
        json!({"chunks": ["aaa", "bbbb"]}),
        json!({"chunks": ["aaa", "bbbb"], "trailers": {"x-t": "1", "x-u": "1"}}),
    ])
    .boxed()
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

fn answer() -> impl Strategy<Value = Value> {
    let status = select(vec![200, 200, 200, 404, 204, 304, 500]);
    let response = (status, message(), option::weighted(0.3, Just(json!({"x-u": "1"}))), http());
    response.prop_map(|(status, message, headers, http)| {
        let head = json!({"status": status, "headers": headers.unwrap_or(json!({})), "http": http});
        merged(head, message)
    })
}

fn http() -> impl Strategy<Value = Value> {
    select(vec![json!(1.1), json!(1.1), json!(2)])
}

fn steps() -> impl Strategy<Value = Vec<Value>> {
    let exchange = || request().prop_map(|request| vec![json!({"request": request})]);
    prop_oneof![3 => exchange(), 1 => by_hand()]
}

fn request() -> BoxedStrategy<Value> {
    let with_body = (message(), http())
        .prop_map(|(message, http)| merged(json!({"method": "POST", "url": "/", "http": http}), message));
    let without = (select(vec!["GET", "HEAD"]), http(), option::of(Just(json!({"x-a": "1"}))));
    let without = without.prop_map(|(method, http, headers)| {
        json!({"method": method, "url": "/", "http": http, "headers": headers.unwrap_or(json!({}))})
    });
    prop_oneof![without, with_body].boxed()
}

/// A stream step by step; anybody may leave in the middle.
fn by_hand() -> BoxedStrategy<Vec<Value>> {
    let open = |http: &Value, end: bool| {
        let method = if end { "GET" } else { "POST" };
        json!({"open": {"stream": "s", "method": method, "url": "/", "http": http, "end": end}})
    };
    let send = |text: &str, end: bool| json!({"send": {"stream": "s", "chunks": [text], "end": end}});
    let respond = |text: &str, end: bool| json!({"respond": {"stream": "s", "chunks": [text], "end": end}});
    let leaves = |who: &str| json!({"abort": {"stream": "s", "by": who}});
    (http(), 0..7_usize)
        .prop_map(move |(http, how)| match how {
            0 => vec![open(&http, true), json!({"respond": {"stream": "s"}})],
            1 => vec![open(&http, true), respond("foo", false), respond("bar", true)],
            2 => vec![open(&http, true), respond("foo", false), leaves("upstream")],
            3 => vec![open(&http, true), respond("foo", false), leaves("client")],
            4 => vec![
                open(&http, false),
                send("abc", false),
                send("d", true),
                json!({"respond": {"stream": "s"}}),
            ],
            5 => vec![open(&http, false), send("abc", false), leaves("client")],
            _ => vec![open(&http, false), send("abc", false), json!({"respond": {"stream": "s"}})],
        })
        .boxed()
}
