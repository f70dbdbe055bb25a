//! Files that Envoy takes: what it does with them, the mock has to do.

use std::path::Path;

use libtest_mimic::Failed;
use proxy_wasm_suites::harness::scenario::{self, RunOptions, Style};
use proxy_wasm_suites::modules::ModuleSource;
use proxy_wasm_suites::parity::Envoy;
use serde_json::{Value as Json, json};

use crate::running::{Running, Seen, Upstream, free_port};

/// Filters, and what is done with them.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    filters: &'static [&'static str],
    /// The environment of the proxy.
    env: &'static [(&'static str, &'static str)],
    /// The bodies of the requests; without one it is a GET.
    requests: &'static [&'static str],
    /// The plugin that traps in the first request.
    traps: Option<&'static str>,
    /// Whether everything that is logged has to be the same.
    logs: bool,
}

const GET: &[&str] = &[""];
const TWICE: &[&str] = &["", ""];

const fn case(name: &'static str, filters: &'static [&'static str]) -> Case {
    Case { name, filters, env: &[], requests: GET, traps: None, logs: true }
}

pub(crate) const CASES: &[Case] = &[
    case(
        "two plugins with text",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {name: a, root_id: ra, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"a"}'}, vm_config: {LINK}}}}"#,
            r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b", "ä": "\n"}'}, vm_config: {LINK}}}}"#,
        ],
    ),
    case(
        "names in camel case",
        &[
            r#"{name: one, typedConfig: {"@type": WASM, config: {name: a, rootId: ra, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"a"}'}, vmConfig: {vmId: v, LINK}}}}"#,
        ],
    ),
    case(
        "typed structs",
        &[
            r#"{name: one, typed_config: {"@type": type.googleapis.com/udpa.type.v1.TypedStruct, type_url: WASM, value: {config: {name: a, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"a"}'}, vm_config: {LINK}}}}}"#,
            r#"{name: two, typed_config: {"@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: WASM, value: {config: {name: b, rootId: rb, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b"}'}, vmConfig: {LINK}}}}}"#,
        ],
    ),
    case(
        "bytes",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {name: a, configuration: {"@type": PROTOBUF.BytesValue, value: eyJsaW5rIjoiYSJ9}, vm_config: {LINK}}}}"#,
        ],
    ),
    case(
        "configurations that are messages",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {name: a, configuration: {"@type": PROTOBUF.Struct, value: {link: a}}, vm_config: {LINK}}}}"#,
            r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.Struct, value: {n: [1, 1.5, true, null, "2", {}]}}, vm_config: {LINK}}}}"#,
            r#"{name: three, typed_config: {"@type": WASM, config: {name: c, configuration: {"@type": PROTOBUF.Int32Value, value: 300}, vm_config: {LINK}}}}"#,
            r#"{name: four, typed_config: {"@type": WASM, config: {name: d, configuration: {"@type": PROTOBUF.BoolValue, value: yes}, vm_config: {LINK}}}}"#,
            r#"{name: five, typed_config: {"@type": WASM, config: {name: e, configuration: {"@type": PROTOBUF.DoubleValue, value: 1.5}, vm_config: {LINK}}}}"#,
        ],
    ),
    case(
        "no configuration, in three ways",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {vm_config: {LINK}}}}"#,
            r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: ""}, vm_config: {LINK}}}}"#,
            r#"{name: three, typed_config: {"@type": WASM, config: {name: c, configuration: {"@type": PROTOBUF.Empty}, vm_config: {LINK}}}}"#,
        ],
    ),
    case(
        "text that YAML would take for something else",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {name: a, root_id: 1.10, configuration: {"@type": PROTOBUF.StringValue, value: "yes"}, vm_config: {vm_id: "007", LINK}}}}"#,
        ],
    ),
    Case {
        env: &[("POD_NAME", "httpbin-0"), ("OTHER", "unseen")],
        ..case(
            "environment",
            &[
                r#"{name: one, typed_config: {"@type": WASM, config: {name: a, vm_config: {environment_variables: {key_values: {TRUST_DOMAIN: cluster.local}, host_env_keys: [POD_NAME, NOT_THERE]}, LINK}}}}"#,
            ],
        )
    },
    case(
        "code in the file",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {name: a, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"a"}'}, vm_config: {runtime: envoy.wasm.runtime.v8, code: {local: {inline_bytes: INLINE}}}}}}"#,
        ],
    ),
    case(
        "a plugin that refuses",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {name: a, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"a"}'}, vm_config: {LINK}}}}"#,
            r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b","refuse":true}'}, vm_config: {LINK}}}}"#,
            r#"{name: three, typed_config: {"@type": WASM, config: {name: c, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"c"}'}, vm_config: {LINK}}}}"#,
        ],
    ),
    Case {
        requests: TWICE,
        traps: Some("a"),
        ..case(
            "FAIL_OPEN with a VM of its own",
            &[
                r#"{name: one, typed_config: {"@type": WASM, config: {name: a, failure_policy: FAIL_OPEN, configuration: {"@type": PROTOBUF.StringValue, value: '{"trap":true}'}, vm_config: {vm_id: own, LINK}}}}"#,
                r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b"}'}, vm_config: {LINK}}}}"#,
            ],
        )
    },
    Case {
        requests: TWICE,
        traps: Some("a"),
        ..case(
            "FAIL_OPEN in a shared VM",
            &[
                r#"{name: one, typed_config: {"@type": WASM, config: {name: a, failure_policy: FAIL_OPEN, configuration: {"@type": PROTOBUF.StringValue, value: '{"trap":true}'}, vm_config: {LINK}}}}"#,
                r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b"}'}, vm_config: {LINK}}}}"#,
            ],
        )
    },
    Case {
        requests: TWICE,
        traps: Some("a"),
        ..case(
            "the old fail_open",
            &[
                r#"{name: one, typed_config: {"@type": WASM, config: {name: a, fail_open: true, configuration: {"@type": PROTOBUF.StringValue, value: '{"trap":true}'}, vm_config: {vm_id: own, LINK}}}}"#,
                r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b"}'}, vm_config: {LINK}}}}"#,
            ],
        )
    },
    Case {
        requests: TWICE,
        traps: Some("a"),
        ..case(
            "closed by default",
            &[
                r#"{name: one, typed_config: {"@type": WASM, config: {name: a, configuration: {"@type": PROTOBUF.StringValue, value: '{"trap":true}'}, vm_config: {LINK}}}}"#,
            ],
        )
    },
    Case {
        requests: &["body"],
        ..case(
            "bodies after StopIteration, when that is allowed",
            &[
                r#"{name: one, typed_config: {"@type": WASM, config: {name: a, allow_on_headers_stop_iteration: true, configuration: {"@type": PROTOBUF.StringValue, value: "rh: l(headers) =1 rb: l(body) =0"}, vm_config: {SCRIPT}}}}"#,
            ],
        )
    },
    case(
        "only some capabilities",
        &[
            r#"{name: one, typed_config: {"@type": WASM, config: {name: a, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"a"}'}, capability_restriction_config: {allowed_capabilities: {proxy_on_context_create: {}, proxy_on_configure: {}, proxy_log: {}, proxy_get_buffer_bytes: {}, proxy_on_request_headers: {}, proxy_add_header_map_value: {}}}, vm_config: {environment_variables: {key_values: {A: b}}, LINK}}}}"#,
            r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b"}'}, vm_config: {environment_variables: {key_values: {A: b}}, LINK}}}}"#,
            r#"{name: three, typed_config: {"@type": WASM, config: {name: c, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"c"}'}, capability_restriction_config: {allowed_capabilities: {}}, vm_config: {LINK}}}}"#,
        ],
    ),
    Case {
        requests: TWICE,
        traps: Some("a"),
        ..case(
            "a VM that plugins with the same capabilities share",
            &[
                r#"{name: one, typed_config: {"@type": WASM, config: {name: a, failure_policy: FAIL_OPEN, configuration: {"@type": PROTOBUF.StringValue, value: '{"trap":true}'}, capability_restriction_config: {allowed_capabilities: {proxy_on_context_create: {}, proxy_on_configure: {}, proxy_get_buffer_bytes: {}, proxy_on_request_headers: {}}}, vm_config: {LINK}}}}"#,
                r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b"}'}, capability_restriction_config: {allowed_capabilities: {proxy_on_request_headers: {}, proxy_on_context_create: {}, proxy_on_configure: {}, proxy_get_buffer_bytes: {}}}, vm_config: {LINK}}}}"#,
            ],
        )
    },
    // In Envoy such a plugin is started, and sees no stream; here it is not started.
    Case {
        logs: false,
        ..case(
            "a filter that is switched off",
            &[
                r#"{name: one, disabled: true, typed_config: {"@type": WASM, config: {name: a, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"a"}'}, vm_config: {LINK}}}}"#,
                r#"{name: two, typed_config: {"@type": WASM, config: {name: b, configuration: {"@type": PROTOBUF.StringValue, value: '{"link":"b"}'}, vm_config: {LINK}}}}"#,
            ],
        )
    },
];

/// Plays a case on Envoy, and holds the mock to what came.
pub(crate) fn check(case: &Case, envoy: &Envoy) -> Result<(), Failed> {
    let upstream = Upstream::new();
    let port = free_port();
    let deployed = crate::deploy(case.filters, port, upstream.port);
    let running = Running::start(envoy, &deployed.file, case.env, port)?;
    let seen: Vec<Seen> = case.requests.iter().map(|body| running.request(body, &upstream)).collect();
    let logged = running.log();
    let scenario = scenario(case, port, &seen);
    let path = deployed.home.path().join("s.scenario.yaml");
    let logged = case.logs.then_some(logged);
    mock(&path, &scenario, logged.as_deref())
}

/// What Envoy did, as what is expected of the mock.
fn scenario(case: &Case, port: u16, seen: &[Seen]) -> Json {
    let steps: Vec<Json> = case
        .requests
        .iter()
        .zip(seen)
        .enumerate()
        .map(|(index, (body, seen))| {
            let request = match *body {
                "" => json!("GET /"),
                body => json!({"method": "POST", "url": "/", "body": body}),
            };
            let chain = |values: &[String]| match values {
                [] => json!({"x-chain": {"absent": true}}),
                values => json!({"x-chain": values}),
            };
            let mut expect = json!({
                "response": {"status": seen.status, "body": seen.body, "headers": chain(&seen.chain)},
                "upstream_request": seen.upstream.as_ref().map_or(json!("none"), |values| json!({"headers": chain(values)})),
            });
            if let (0, Some(plugin)) = (index, case.traps) {
                expect["trap"] = json!({"plugin": plugin});
            }
            json!({"request": request, "expect": expect})
        })
        .collect();
    let env: serde_json::Map<String, Json> =
        case.env.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "manifests": ["envoy.yaml"],
        "workload": {"port": port, "env": env},
        "upstream": {"status": 200, "body": "hello"},
        "scenarios": [{"name": "as Envoy", "steps": steps}],
    })
}

/// Plays it on the mock; `logged`: what it has to log.
fn mock(path: &Path, scenario: &Json, logged: Option<&[Vec<u8>]>) -> Result<(), Failed> {
    let told = |why: String| Failed::from(format!("{why}\n\nEnvoy did: {scenario:#}"));
    let read = scenario::load_text(path, &scenario.to_string()).map_err(|error| told(error.to_string()))?;
    let [scenario_read] = read.scenarios.as_slice() else { return Err("there is one".into()) };
    let run = scenario::run(scenario_read, ModuleSource::shared(), &RunOptions::default())
        .map_err(|error| told(error.to_string()))?;
    if !run.passed() {
        return Err(told(scenario::report(scenario_read, &run, Style::Plain)));
    }
    let lines: Vec<Vec<u8>> = run.transcript.log_lines().map(|line| line.message.to_vec()).collect();
    let shown = |lines: &[Vec<u8>]| {
        lines.iter().map(|line| format!("  {}\n", line.escape_ascii())).collect::<String>()
    };
    if let Some(logged) = logged.filter(|logged| *logged != lines) {
        return Err(told(format!("logged here:\n{}logged by Envoy:\n{}", shown(&lines), shown(logged))));
    }
    Ok(())
}
