//! Checks of configurations: those that are none, and those that change.

use proxy_wasm_harness::abi::{BufferType, CallbackId};
use proxy_wasm_harness::check::{Check, Finding, Judged, Level, Requirement, Source};
use proxy_wasm_harness::proxy::transcript::show_bytes;
use proxy_wasm_harness::scenario::{
    Chain, Expected, LogExpectation, LogLine, Matcher, Pattern, Scenario, Span, StartOutcome, StepKind, Test,
};
use serde_json::Value;

use super::lab::{Lab, Subject, expecting};
use super::tally::Tally;
use super::trace::Trace;
use super::transform::streams::step;
use super::world::World;

/// Configurations that a plugin may be given by mistake, made of its own.
#[must_use]
pub fn malformed(own: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&'static str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("an empty object", b"{}".to_vec()),
        ("an empty list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a number", b"-1".to_vec()),
        ("a text that is no JSON", b"key: value\n  - \"".to_vec()),
        ("bytes that are no UTF-8", b"\xff\xfe{\x80}".to_vec()),
        ("a mebibyte of one letter", vec![b'a'; 1 << 20]),
        ("brackets a thousand deep", vec![b'['; 1000]),
    ];
    if own.len() > 1 {
        all.push(("its own, cut off in the middle", own[..own.len() / 2].to_vec()));
    }
    if let Ok(json) = serde_json::from_slice::<Value>(own) {
        all.push(("its own, with other types", other_types(&json).to_string().into_bytes()));
        all.push(("its own, with null in each place", nulls(&json).to_string().into_bytes()));
    }
    all
}

fn other_types(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), other_types(value))).collect()
        }
        Value::Array(_) => Value::from("a text"),
        Value::String(_) => Value::from(-1),
        Value::Number(_) => Value::from("one"),
        Value::Bool(_) | Value::Null => Value::from(vec![1, 2]),
    }
}

fn nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.keys().map(|key| (key.clone(), Value::Null)).collect(),
        _ => Value::Null,
    }
}

/// A configuration that the plugin takes and that is not its own: of another scenario, or its own with other values.
pub(super) fn other(lab: &Lab) -> Option<Vec<u8>> {
    let own = lab.world().spec().config.clone();
    let reads = lab.oracles.iter().any(|oracle| reads_configuration(&oracle.trace()));
    let of_worlds =
        lab.worlds().into_iter().map(|world| world.spec().config.clone()).find(|config| *config != own);
    if of_worlds.is_some() {
        return of_worlds;
    }
    let mut candidates = Vec::new();
    if let Ok(json) = serde_json::from_slice::<Value>(&own) {
        candidates.push(changed(&json).to_string().into_bytes());
    }
    if !own.is_empty() {
        candidates.push([&own[..], b"x"].concat());
    }
    candidates.push(Vec::new());
    candidates.push(b"conformance=other".to_vec());
    candidates.retain(|config| *config != own);
    candidates.into_iter().find(|config| {
        let world = configured(lab, lab.world(), config);
        match world.start() {
            Ok(mut host) => {
                host.allow("trap");
                // A plugin that never looks at its configuration has no other.
                reads || reads_configuration(&Trace::of(host.transcript()))
            }
            Err(_) => false,
        }
    })
}

fn changed(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), changed(value))).collect(),
        Value::Array(items) => items.iter().map(changed).collect(),
        Value::String(text) => Value::from(format!("{text}x")),
        Value::Number(number) => number.as_f64().map_or(Value::Null, |number| Value::from(number + 1.0)),
        Value::Bool(yes) => Value::from(!yes),
        Value::Null => Value::Null,
    }
}

fn reads_configuration(trace: &Trace<'_>) -> bool {
    trace.calls().any(|(_, call)| {
        let of_buffer = matches!(call.name, "proxy_get_buffer_bytes" | "proxy_get_buffer_status")
            && call.number(0) == Some(u64::from(BufferType::PluginConfiguration.to_abi()));
        of_buffer || call.name == "proxy_get_configuration"
    })
}

fn configured(lab: &Lab, world: &World, config: &[u8]) -> std::sync::Arc<World> {
    world.with(&lab.options.running(), |scenario| {
        if let Chain::Plugins(plugins) = &mut scenario.chain {
            plugins[0].config = config.to_vec();
        }
    })
}

/// Bad configurations are refused, not run into.
pub static MALFORMED: Check<Subject> = Check {
    requirement: Requirement {
        id: "configuration/malformed",
        level: Level::Must,
        sentence: "A configuration that is none makes proxy_on_configure answer false, not trap.",
        source: Source::Abi("proxy_on_configure"),
        evidence: &["tetratelabs/proxy-wasm-go-sdk#360", "envoyproxy/envoy#43751", "istio/istio#55604"],
        exercises: "starts the plugin with no configuration, {}, null, other types, half of its own, a mebibyte",
        bad: "serde_json::from_slice(&config).unwrap()",
        good: "match serde_json::from_slice(&config) { Ok(..) => true, Err(error) => { log(error); false } }",
    },
    judge: |subject| subject.run(bad),
};

fn bad(lab: &Lab) -> Judged {
    let mut tally = Tally::of("configurations that are none");
    let own = lab.world().spec().config.clone();
    for (what, config) in malformed(&own) {
        let world = configured(lab, lab.world(), &config);
        match world.start() {
            Ok(mut host) => {
                host.allow("trap");
                if reads_configuration(&Trace::of(host.transcript())) {
                    tally.tried();
                }
            }
            Err(no) => {
                tally.tried();
                if no.trapped {
                    let message = format!("{what}: {}", super::lab::first_line(&no.why));
                    let script = world.script(
                        &format!("it starts with {what}"),
                        vec![step(StepKind::Start(StartOutcome::Ok))],
                    );
                    tally.found(Finding::new(message).evidence(no.log).reproduction(script));
                }
            }
        }
    }
    tally.judged()
}

/// Refusals are explained.
pub static REFUSAL: Check<Subject> = Check {
    requirement: Requirement {
        id: "configuration/refusal-logged",
        level: Level::Should,
        sentence: "A plugin that refuses its configuration logs why: the host only says that it did.",
        source: Source::Field,
        evidence: &["tetratelabs/proxy-wasm-go-sdk#360", "istio/istio#55604"],
        exercises: "reads the log of each refused start",
        bad: "Err(_) => false",
        good: "Err(error) => { log::error!(\"bad configuration: {error}\"); false }",
    },
    judge: |subject| subject.run(refusal),
};

fn refusal(lab: &Lab) -> Judged {
    let mut tally = Tally::of("refused configurations");
    let own = lab.world().spec().config.clone();
    for (what, config) in malformed(&own) {
        let world = configured(lab, lab.world(), &config);
        let Err(no) = world.start() else { continue };
        if no.trapped {
            continue;
        }
        tally.tried();
        if no.log.is_empty() {
            let shown: String = show_bytes(&config).chars().take(40).collect();
            let finding = Finding::new(format!("{what} (\"{shown}\") is refused, and nothing is logged"));
            tally.found(finding.reproduction(silent(&world, what)));
        }
    }
    tally.judged()
}

/// A start that is refused with a line in the log.
fn silent(world: &World, what: &str) -> Scenario {
    let mut refused = step(StepKind::Start(StartOutcome::Refused));
    let any = Pattern::new(".").ok().map(|pattern| Matcher::of(Test::Regex(pattern)));
    let line = LogLine { span: Span::none(), plugin: None, level: None, message: any };
    refused.expect = Some(expecting(|expect| expect.log = Some(Expected::Just(vec![LogExpectation(line)]))));
    world.script(&format!("{what} is refused with a word"), vec![refused])
}

/// Whether a callback of configuration exists at all.
#[must_use]
pub fn takes_configuration(lab: &Lab) -> bool {
    lab.has(CallbackId::Configure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_broken_in_every_way() {
        let own = br#"{"limit": 2, "name": "a", "on": true}"#;
        let all = malformed(own);
        assert!(all.len() >= 12);
        let of = |name: &str| {
            all.iter().find(|(what, _)| *what == name).map(|(_, config)| config.clone()).unwrap()
        };
        assert_eq!(of("its own, with other types"), br#"{"limit":"one","name":-1,"on":[1,2]}"#);
        assert_eq!(of("its own, with null in each place"), br#"{"limit":null,"name":null,"on":null}"#);
        assert_eq!(
            changed(&serde_json::from_slice(own).unwrap()).to_string(),
            r#"{"limit":3.0,"name":"ax","on":false}"#
        );
    }
}
