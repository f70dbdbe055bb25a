//! Any scenario, for the tests that hold for all of them.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::super::istio_json::plugin_config;
use super::super::*;
use super::any_expectations::{expectations, json};
use crate::abi::Status;
use crate::state::{
    Answer, AnswerKind, Body, Chunk, Failure, Field, GrpcAnswer, Protocol, Request, Response,
};

/// Text of every kind: words, what looks like other things, controls, any character.
pub(super) fn text() -> impl Strategy<Value = String> {
    let tricky = [
        "",
        " ",
        "no",
        "~",
        "null",
        "true",
        "1.10",
        "007",
        "1e3",
        "2024-01-01",
        "$(a)",
        "$$(a)",
        "$",
        "a: b",
        "a #b",
        "- a",
        "{a}",
        "[a]",
        "'",
        "\"",
        "\\",
        "a:",
        "none",
        "a\nb\n",
        "\t",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "---",
        "...",
        "? a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "a,b",
        "0x1F",
        "<<",
        "=",
        "#",
    ];
    prop_oneof![
        3 => "[a-z][a-z0-9-]{0,12}",
        2 => proptest::sample::select(tricky.to_vec()).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "[ -~]{0,150}",
    ]
}

pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => text().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..60),
        1 => (text().boxed(), 200_usize..400).prop_filter_map("empty", |(fill, size)| {
            (!fill.is_empty()).then(|| fill.bytes().cycle().take(size).collect())
        }),
    ]
}

pub(super) fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        any::<u64>().prop_map(Duration::from_nanos),
        (0..9000_u64).prop_map(Duration::from_millis)
    ]
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let name = prop_oneof![3 => proptest::sample::select(vec!["a", "b", "content-length"]).prop_map(str::to_owned), 1 => text().boxed()];
    vec((name.prop_map(String::into_bytes), bytes().boxed()), 0..5)
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::Http1), Just(Protocol::Http2)]
}

fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    vec((bytes().boxed(), time()).prop_map(|(data, after)| Chunk { data, after }), 0..4)
}

fn body() -> impl Strategy<Value = Body> {
    let even = (bytes().boxed(), 1_usize..9).prop_map(|(data, size)| {
        Body::Sized(
            data.chunks(size).map(|data| Chunk { data: data.to_vec(), after: Duration::ZERO }).collect(),
        )
    });
    prop_oneof![
        Just(Body::None),
        even,
        chunks().boxed().prop_map(Body::Sized),
        chunks().boxed().prop_map(Body::Chunked)
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let response = (100_u16..=999, fields().boxed(), body().boxed(), of(fields().boxed()), protocol())
        .prop_map(|(status, headers, body, trailers, protocol)| {
            AnswerKind::Response(Response { status, headers, body, trailers, protocol })
        });
    let grpc =
        (vec(bytes().boxed(), 0..3), fields().boxed(), fields().boxed(), any::<u32>(), bytes().boxed())
            .prop_map(|(messages, initial_metadata, trailing_metadata, status, message)| {
                AnswerKind::Grpc(GrpcAnswer {
                    messages,
                    initial_metadata,
                    trailing_metadata,
                    status,
                    message,
                })
            });
    let fail =
        proptest::sample::select(vec![Failure::Refused, Failure::Closed, Failure::Cut, Failure::Timeout]);
    (prop_oneof![response, grpc, fail.prop_map(AnswerKind::Fail)], time())
        .prop_map(|(kind, after)| Answer { kind, after })
}

fn answers() -> impl Strategy<Value = Answers> {
    prop_oneof![
        answer().boxed().prop_map(Answers::Every),
        vec(answer().boxed(), 0..3).prop_map(Answers::Each)
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let plain = |texts: &'static [&'static str]| prop_oneof![3 => proptest::sample::select(texts).prop_map(|t| t.as_bytes().to_vec()), 1 => bytes().boxed()];
    let line = (
        plain(&["GET", "POST", "get", ""]),
        plain(&["http", "https"]),
        plain(&["localhost", "httpbin:8000"]),
        plain(&["/", "/a?b=c#d", "/a b", "*", ""]),
    );
    let rest = (
        fields().boxed(),
        body().boxed(),
        of(fields().boxed()),
        protocol(),
        of(0_u32..4),
        of(answer().boxed()),
    );
    (line, rest).prop_map(
        |((method, scheme, authority, path), (headers, body, trailers, protocol, worker, respond))| Request {
            method,
            scheme,
            authority,
            path,
            headers,
            body,
            trailers,
            protocol,
            worker,
            respond,
        },
    )
}

/// Steps that may follow each other in any order; streams get their names from their place.
fn step() -> impl Strategy<Value = Vec<StepKind>> {
    let one = |kind: StepKind| vec![kind];
    let span = Span::none;
    prop_oneof![
        4 => request().boxed().prop_map(move |r| one(StepKind::Request(r))),
        1 => time().prop_map(move |t| one(StepKind::Advance(t))),
        1 => any::<u64>().prop_map(move |ns| one(StepKind::SetClock(WallTime { ns }))),
        1 => (bytes().boxed(), any::<Option<bool>>()).prop_map(move |(c, refused)| one(StepKind::Reconfigure(Reconfigure {
            span: span(),
            plugin: "p".into(),
            config: Config(c.clone()),
            vm: refused.map(|_| VmSpec { config: Config(c), ..VmSpec::default() }),
            outcome: if refused == Some(true) { StartOutcome::Refused } else { StartOutcome::Ok },
        }))),
        1 => (text().boxed(), text().boxed(), bytes().boxed()).prop_map(move |(vm_id, queue, data)| one(StepKind::Enqueue(Enqueue { span: span(), vm_id, queue, data }))),
        1 => (bytes().boxed(), bytes().boxed(), any::<u32>()).prop_map(move |(key, value, cas)| one(StepKind::SetSharedData(SetSharedData { span: span(), vm_id: String::new(), key, value, cas }))),
        1 => (1..5_u32, 0..5_u32).prop_map(move |(nth, count)| one(StepKind::Fault(Fault { span: span(), hostcall: "proxy_log".into(), status: Status::NotFound, plugin: None, nth, count }))),
        2 => (request().boxed(), chunks().boxed(), of(fields().boxed()), answer().boxed(), chunks().boxed(), fields().boxed()).prop_map(|(mut request, more, trailers, answer, rest, elements)| {
            let h2 = request.protocol == Protocol::Http2;
            request.trailers = None;
            let mut answer = answer;
            if let AnswerKind::Response(response) = &mut answer.kind { response.trailers = None; }
            let stream = || "S".to_owned();
            let ends = matches!(answer.kind, AnswerKind::Fail(_));
            let mut steps = vec![
                StepKind::Open(Open { stream: stream(), end: false, request }),
                StepKind::Send(Send { stream: stream(), end: true, chunks: more, trailers: trailers.clone() }),
                StepKind::Respond(Respond { stream: stream(), end: ends, with: RespondWith::Answer(answer) }),
            ];
            if h2 {
                steps.push(StepKind::Metadata(Metadata {
                    span: Span::none(),
                    stream: stream(),
                    from: Peer::Client,
                    elements: Headers(elements),
                }));
            }
            if !ends {
                let with = RespondWith::More { chunks: rest, trailers };
                steps.push(StepKind::Respond(Respond { stream: stream(), end: true, with }));
            }
            steps.push(StepKind::Abort(Abort { span: Span::none(), stream: stream(), by: Peer::Client }));
            steps
        }),
    ]
}

fn rename(kind: &mut StepKind, index: usize) {
    match kind {
        StepKind::Open(Open { stream, .. })
        | StepKind::Send(Send { stream, .. })
        | StepKind::Metadata(Metadata { stream, .. })
        | StepKind::Respond(Respond { stream, .. })
        | StepKind::Abort(Abort { stream, .. }) => *stream = format!("{stream}{index}"),
        _ => {}
    }
}

pub(super) fn scenario() -> impl Strategy<Value = Scenario> {
    let name = || "[a-z~:.$(){}0-9 ]{0,10}x";
    let config = prop_oneof![bytes().boxed(), json().boxed().prop_map(|json| plugin_config(&json))];
    let plugin = (config, text().boxed(), vec((text().boxed(), text().boxed()), 0..3), text().boxed())
        .prop_map(|(config, id, env, root_id)| PluginSpec {
            span: Span::none(),
            name: "p".to_owned(),
            root_id,
            source: PluginSource::Path(PathBuf::from("/files/p.wasm")),
            config,
            failure_policy: FailurePolicy::Open,
            vm: VmSpec { span: Span::none(), id, config: Config(Vec::new()), env: env.into_iter().collect() },
            envoy: EnvoySpec { plugin_name: Some("n".to_owned()), fail_open: true, ..EnvoySpec::default() },
        });
    let steps = vec((step().boxed(), of(expectations().boxed())), 0..4).prop_map(|groups| {
        let groups = groups.into_iter().enumerate();
        let steps = groups.flat_map(|(index, (kinds, expect))| {
            kinds.into_iter().map(move |mut kind| {
                rename(&mut kind, index);
                Step { span: Span::none(), kind, repeat: 1, every: None, expect: expect.clone() }
            })
        });
        steps.collect::<Vec<Step>>()
    });
    let around = (
        answers().boxed(),
        vec((text().boxed(), answers().boxed()), 0..2),
        vec((vec(text().boxed(), 1..3), bytes().boxed()), 0..2),
        of(any::<u64>()),
    );
    let rest = (any::<u64>(), of("[a-z~]{1,5}"), time());
    (name(), of(name()), plugin, steps, around, rest).prop_map(
        |(name, case, plugin, steps, (upstream, clusters, properties, clock), (seed, skip, patience))| {
            Scenario {
                span: Span::none(),
                name,
                case,
                chain: Chain::Plugins(vec![plugin]),
                configs: IndexMap::new(),
                upstream,
                clusters: clusters.into_iter().collect(),
                properties: properties
                    .into_iter()
                    .map(|(path, value)| Property { span: Span::none(), path: PropertyPath(path), value })
                    .collect(),
                clock: clock.map(|ns| WallTime { ns }),
                seed,
                host: HostOptions { workers: 4, enable_trailers: Some(false), ..HostOptions::default() },
                steps,
                snapshot: vec![View::Abi],
                skip,
                known_failure: None,
                patience,
                cost: None,
                parity: None,
                rate_limit: None,
            }
        },
    )
}
