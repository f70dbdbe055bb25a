//! What is printed when an expectation is not met: a snapshot for each kind, as somebody at a terminal sees it.
//!
//! The plugins are the rate limiter and the header logger in Rust, and probes for what these two never do.

mod playground;

use playground::{Playground, artifact, plugin};

/// The kind, the plugins of the chain, and the scenario's keys.
const KINDS: &[(&str, &str, &str)] = &[
    ("response-status", LIMITER, "steps: [{request: GET /headers, repeat: 3, every: 250ms, expect: {response: {status: 200}}}]"),
    (
        "response-headers",
        LIMITER,
        "steps:
      - request: GET /headers
        expect:
          response:
            headers:
              who-am-i: wasm extension
              injected-by: {absent: true}
              x-injected-by: istio-api!
              server: [envoy, other]",
    ),
    ("response-body", LIMITER, "steps: [{request: GET /, expect: {response: {body: \"hello\\nthere\\n\"}}}]\n    upstream: {body: \"hello\\nworld\\n\"}"),
    (
        "response-body-json",
        LIMITER,
        "steps: [{request: GET /, expect: {response: {body: {json: {user: {name: alice, roles: [admin, dev]}}}}}}]
    upstream: {body: {json: {user: {name: bob, roles: [admin]}, more: 1}}}",
    ),
    ("response-chunks", LIMITER, "steps: [{request: GET /, expect: {response: {chunks: [ab, c]}}}]\n    upstream: {chunks: [a, bc]}"),
    ("response-trailers", LIMITER, "steps: [{request: GET /, expect: {response: {trailers: {x-sum: 1}}}}]\n    upstream: {chunks: [a]}"),
    ("response-complete", LIMITER, "steps: [{request: GET /, expect: {response: {complete: true}}}]\n    upstream: {fail: cut}"),
    ("response-none", LIMITER, "steps: [{request: GET /, expect: {response: none}}]"),
    (
        "upstream-request",
        LIMITER,
        "steps:
      - request: {method: POST, url: /orders, body: \"n=1\"}
        expect: {upstream_request: {method: PUT, path: /order, authority: httpbin, body: n=2, headers: {x-user: alice}}}",
    ),
    ("upstream-request-none", LIMITER, "steps: [{request: GET /, expect: {upstream_request: none}}]"),
    (
        "local-response",
        "[{name: limiter, wasm: limiter.wasm}, {name: logger, wasm: logger.wasm}]",
        "steps:
      - {request: GET /, repeat: 2}
      - request: GET /
        expect: {local_response: {plugin: logger, status: 429, body: slow down, headers: {retry-after: 1}}}",
    ),
    ("local-response-none", LIMITER, "steps: [{request: GET /, repeat: 3, expect: {local_response: none}}]"),
    ("log", LIMITER, "steps: [{request: GET /, expect: {log: [{plugin: limiter, level: critical, message: {contains: remain token 2}}]}}]"),
    (
        "log-order",
        "[{name: logger, wasm: logger.wasm}]",
        "steps:
      - request: {url: /, headers: {user-agent: one}}
      - request: {url: /, headers: {user-agent: two}}
      - expect: {log: [\"User-Agent: two\", \"User-Agent: one\"]}",
    ),
    ("log-none", LIMITER, "steps: [{request: GET /, expect: {log: none}}]"),
    ("no-log", LIMITER, "steps: [{request: GET /, expect: {no_log: [{contains: remain token}]}}]"),
    ("callbacks", LIMITER, "steps: [{request: GET /, expect: {callbacks: [{name: proxy_on_request_body, plugin: limiter, count: 1}]}}]"),
    ("hostcalls", LIMITER, "steps: [{request: GET /, expect: {hostcalls: [{name: proxy_log, count: 2}, {name: proxy_send_local_response}]}}]"),
    (
        "metrics",
        "[{wasm: counts.wat}]",
        "steps: [{request: GET /, expect: {metrics: {requests: 2, sizes: {histogram: [5]}, request: 1}}}]",
    ),
    (
        "shared-data",
        "[{wasm: stores.wat}]",
        "steps: [{request: GET /, expect: {shared_data: [{key: last, value: Seen, cas: 2}, {key: first, value: x}]}}]",
    ),
    (
        "queues",
        "[{wasm: takes_one.wat}]",
        "steps: [{enqueue: {queue: work, data: one}, expect: {queues: [{name: work, messages: [two]}]}}]",
    ),
    (
        "properties",
        "[{wasm: sets.wat}]",
        "steps: [{request: GET /, expect: {properties: [{path: user.name, value: bob}]}}]",
    ),
    (
        "respond",
        "[{wasm: pauses.wat}]",
        "steps: [{open: {stream: a, url: /}}, {respond: {stream: a, status: 200}}]",
    ),
    (
        "http-calls",
        "[{name: auth, wasm: http_calls.wat}]",
        "steps: [{request: GET /, expect: {http_calls: [{cluster: authz, path: /checks, timeout: 1s}]}}]
    clusters: {authz: {status: 200, after: 5ms}}",
    ),
    ("http-calls-none", "[{name: auth, wasm: http_calls.wat}]", "steps: [{request: GET /, expect: {http_calls: none}}]\n    clusters: {authz: {status: 200}}"),
    (
        "grpc-calls",
        "[{name: auth, wasm: grpc_calls.wat}]",
        "steps: [{request: GET /, expect: {grpc_calls: [{service: auth.Check, messages: [whom]}]}}]
    clusters: {authz: {messages: [ok]}}",
    ),
    ("took", LIMITER, "steps: [{request: GET /, expect: {took: {max: 100ms}}}]\n    upstream: {after: 250ms}"),
    ("stalled", "[{wasm: pauses.wat}]", "steps: [{request: GET /}]"),
    ("stalled-expected", LIMITER, "steps: [{request: GET /, expect: {stalled: true}}]"),
    ("trap", "[{wasm: panics.wat}]", "steps: [{request: GET /, expect: {response: {status: 200}}}]"),
    ("trap-endless-recursion", "[{wasm: recurses.wat}]", "steps: [{request: GET /}]"),
    ("trap-expected", LIMITER, "steps: [{request: GET /, expect: {trap: {plugin: limiter, message: {contains: overflow}}}}]"),
    ("findings", "[{wasm: answers_in_log.wat}]", "steps: [{request: GET /}]"),
    ("findings-expected", LIMITER, "steps: [{request: GET /, expect: {findings: [envoy/crash]}}]"),
    ("start", "[{wasm: refuses.wat}]", "steps: [{request: GET /}]"),
    ("start-refused", LIMITER, "steps: [{start: refused}]"),
    ("snapshot-missing", LIMITER, "steps: [{request: GET /}]\n    snapshot: [http]"),
    ("snapshot-differs", LIMITER, "steps: [{request: GET /}]\n    snapshot: [log]"),
    ("known-failure-that-passes", LIMITER, "steps: [{request: GET /}]\n    known_failure: the window is one nanosecond too long"),
];

const LIMITER: &str = "[{name: limiter, wasm: limiter.wasm}]";

/// A folder with every plugin, and a snapshot that says something else.
fn furnished() -> Playground {
    let play = Playground::new();
    for (name, from) in [("limiter", "rate_limiting_rust"), ("logger", "header_logger_rust")] {
        play.write(&format!("{name}.wasm"), std::fs::read(artifact(from)).expect("the artifact"));
    }
    for probe in [
        "configuration/refuses",
        "grpc_calls/asks",
        "http_calls/asks",
        "http_streams/answers_in_log",
        "integration/panics",
        "metrics/counts",
        "properties/sets",
        "shared_key_value_store/stores",
        "shared_queues/takes_one",
        "stream_operations/pauses",
    ] {
        let (section, name) = probe.split_once('/').expect("a section");
        let name = if name == "asks" { section } else { name };
        let path = format!("{}/../plugins-under-test/probes/{probe}.wat", env!("CARGO_MANIFEST_DIR"));
        play.write(&format!("{name}.wat"), std::fs::read(path).expect("the probe"));
    }
    let endless = "(func $again (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32)
         (call $again (local.get 0) (local.get 1) (local.get 2)))";
    play.write("recurses.wat", plugin(endless));
    play.write(
        "snapshots/s/snapshot-differs.log.snap",
        "---\nsource: s\n---\n[0s] limiter critical: other\n",
    );
    play
}

/// The output without what differs from run to run: time on the wall.
fn stable(stdout: &str) -> String {
    let line = |line: &str| match line.split_once(" s, ") {
        Some((counts, virtual_time)) if counts.contains(" passed, ") => {
            let (counts, _) = counts.rsplit_once(' ').expect("a number of seconds");
            format!("{counts} ... s, {virtual_time}\n")
        }
        _ => format!("{line}\n"),
    };
    stdout.lines().map(line).collect()
}

#[test]
fn failure_texts() {
    let play = furnished();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots/failures"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (kind, plugins, keys) in KINDS {
            play.write(
                "s.scenario.yaml",
                format!("plugins: {plugins}\nscenarios:\n  - name: {kind}\n    {keys}\n"),
            );
            let ran = play.run(&["run", "s.scenario.yaml", "--filter", kind]);
            assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{kind}: {ran:?}");
            insta::assert_snapshot!(*kind, stable(&ran.stdout));
        }
    });
}

#[test]
fn every_snapshot_is_of_a_kind() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots/failures");
    for entry in std::fs::read_dir(folder).expect("the snapshots") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let kind = name.strip_suffix(".snap").unwrap_or_else(|| panic!("{name} is to be reviewed"));
        assert!(KINDS.iter().any(|(known, ..)| *known == kind), "{name} is left over");
    }
}
