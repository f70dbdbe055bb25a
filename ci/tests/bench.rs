//! `bench`: what it measures, and what a baseline judges.

mod playground;

use playground::{Playground, plugin, scenarios};
use serde_json::Value;

/// A plugin that goes round a loop so often in each request.
fn busy(rounds: u32) -> String {
    plugin(&format!(
        r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
           (func $spin (param $left i32)
             (loop $again
               (local.set $left (i32.sub (local.get $left) (i32.const 1)))
               (br_if $again (i32.gt_s (local.get $left) (i32.const 0)))))
           (func (export "proxy_on_context_create") (param i32 i32))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
             (call $spin (i32.const {rounds}))
             (drop (call $log (i32.const 2) (i32.const 0) (i32.const 7)))
             (i32.const 0))"#
    ))
}

const TWO: &str = "  - {name: two, steps: [{request: GET /, repeat: 2}]}\n  - {name: none, steps: []}\n";

fn ready(rounds: u32) -> Playground {
    let ground = Playground::new();
    ground.write("p.wat", busy(rounds)).write("s.scenario.yaml", scenarios(TWO));
    ground
}

/// The arguments of a short measurement, and these.
fn short<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["bench", "--time", "1ms", "--exchanges", "10"], more].concat()
}

#[test]
fn everything_is_measured_and_told() {
    let ground = ready(100);
    let ran = ground.run(&short(&["--format", "json"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let one = &json["scenarios"][0];
    assert_eq!(
        json["scenarios"].as_array().map(Vec::len),
        Some(1),
        "a scenario without exchanges is left out"
    );
    assert_eq!((&one["name"], &one["exchanges"]), (&"s::two".into(), &2.into()));
    assert_eq!(one["hostcalls"]["proxy_log"], 2);
    assert_eq!((&one["log"]["lines"], &one["log"]["bytes"]), (&2.into(), &14.into()));
    assert_eq!((&one["bytes"]["from_plugins"], &one["bytes"]["to_plugins"]), (&14.into(), &0.into()));
    assert_eq!((&one["memory"]["started"], &one["memory"]["after"]), (&65536.into(), &65536.into()));
    assert_eq!(one["callbacks"][0]["name"], "proxy_on_request_headers");
    assert_eq!(one["callbacks"][0]["calls"], 2);
    let number = |value: &Value| value.as_f64().expect("a number");
    let fuel: f64 =
        one["callbacks"].as_array().expect("a list").iter().map(|callback| number(&callback["fuel"])).sum();
    assert_eq!(number(&one["fuel"]["exchanges"]), fuel);
    assert_eq!(number(&one["fuel"]["per_exchange"]), fuel / 2.0);
    for time in [&one["time"], &one["callbacks"][0]["time"], &one["start"]["configured"]] {
        let [low, median, high] = ["low", "median", "high"].map(|key| number(&time[key]));
        assert!(0.0 < low && low <= median && median <= high, "{time}");
    }
    assert!(number(&one["start"]["compile"][0]["time"]) > 0.0);
    let text = ground.run(&short(&[]));
    for part in
        ["s::two  2 exchanges", "  fuel  ", "p proxy_on_request_headers", "█", "hostcalls  proxy_log 2"]
    {
        assert!(text.stdout.contains(part), "{part}: {text:?}");
    }
}

#[test]
fn an_unchanged_plugin_never_fails_and_one_that_costs_a_tenth_more_always_does() {
    let ground = ready(100);
    let saved = ground.run(&short(&["--save", "baseline.json"]));
    assert_eq!(saved.code, 0, "{saved:?}");
    let against = short(&["--baseline", "baseline.json"]);
    for _ in 0..3 {
        let same = ground.run(&[&against[..], &["--max-regression", "0%"]].concat());
        assert_eq!(same.code, 0, "{same:?}");
        assert!(same.stdout.contains("as before") && same.stdout.contains("no regression"), "{same:?}");
    }
    ground.write("p.wat", busy(110));
    for _ in 0..3 {
        let slower = ground.run(&against);
        assert_eq!(slower.code, 1, "{slower:?}");
        assert!(slower.stdout.contains("1 regression: fuel may grow by 5 %"), "{slower:?}");
    }
    assert_eq!(ground.run(&[&against[..], &["--max-regression", "12%"]].concat()).code, 0);
    let json = ground.run(&[&against[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["summary"]["regressions"], 1);
    let change = &json["baseline"]["changes"][0];
    let share = change["share"].as_f64().expect("a number");
    assert!(change["of"] == "exchange" && (0.08..0.11).contains(&share), "{change}");
    ground.write("p.wat", busy(90));
    assert_eq!(ground.run(&against).code, 0, "a plugin that costs less is no regression");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let ground = ready(100);
    assert_eq!(ground.run(&short(&["--save", "baseline.json"])).code, 0);
    let refused = |text: &str, said: &str, more: &[&str]| {
        ground.write("other.json", text);
        let ran = ground.run(&[&short(&["--baseline", "other.json"])[..], more].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    };
    let saved = ground.read("baseline.json");
    let version =
        saved.split("\"wasmtime\": \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version");
    refused(&saved.replace(version, "47.0.0"), "counted by wasmtime 47.0.0", &[]);
    refused(&saved, "--streams 0, and this is --streams 3", &["--streams", "3"]);
    refused("{}", "its `schema` is not", &[]);
    refused("nothing", "no JSON", &[]);
    refused(&saved.replace("\"fuel\"", "\"oil\""), "no name or no fuel", &[]);
    assert_eq!(ground.run(&short(&["--max-regression", "much"])).code, 2);
    assert_eq!(ground.run(&short(&["--filter", "three"])).code, 2);
}

#[test]
fn scenarios_of_today_and_of_the_baseline_need_not_be_the_same() {
    let ground = ready(100);
    assert_eq!(ground.run(&short(&["--save", "baseline.json"])).code, 0);
    ground.write("s.scenario.yaml", scenarios("  - {name: other, steps: [{request: GET /}]}\n"));
    let ran = ground.run(&short(&["--baseline", "baseline.json"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("new: s::other is not in the baseline"), "{ran:?}");
    assert!(ran.stdout.contains("missing: s::two is in the baseline"), "{ran:?}");
}

#[test]
fn what_does_not_pass_is_not_measured() {
    let ground = ready(100);
    ground.write(
        "s.scenario.yaml",
        scenarios("  - {name: bad, steps: [{request: GET /, expect: {response: {status: 201}}}]}\n"),
    );
    let ran = ground.run(&short(&[]));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("s::bad does not pass, so it is not measured"), "{ran:?}");
    assert!(ran.stderr.contains("response.status: expected 201, found 200"), "{ran:?}");
}

#[test]
fn other_streams_may_be_open() {
    let ran = ready(100).run(&short(&["--streams", "5", "--format", "json"]));
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let one = &json["scenarios"][0];
    // Their own callbacks are not those of the scenario.
    assert_eq!(
        (&json["streams"], &one["exchanges"], &one["callbacks"][0]["calls"]),
        (&5.into(), &2.into(), &2.into())
    );
}

#[test]
fn a_profile_names_the_plugins_functions() {
    let ground = ready(2_000_000);
    let ran = ground.run(&short(&["--profile", "profile.json"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    let profile: Value = serde_json::from_str(&ground.read("profile.json")).expect("JSON");
    let text = profile.to_string();
    assert!(
        profile["meta"]["product"] == "s::two" && text.contains("spin"),
        "{}",
        &text[..text.len().min(2000)]
    );
    let samples = profile["threads"][0]["samples"]["length"].as_u64().expect("a number");
    assert!(samples > 10, "{samples}");
    let refused = ground.run(&short(&["--profile", "profile.json", "--unguarded"]));
    assert!(refused.code == 2 && refused.stderr.contains("leave `--unguarded` out"), "{refused:?}");
}
