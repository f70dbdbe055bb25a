//! Fuel: what it counts, that it is always the same, and what limits it.

use proxy_wasm_harness::scenario::{RunOptions, View, run};
use proxy_wasm_harness::vm::WASMTIME;

use crate::at_hand::{Folder, LIMITER, carried_out, failure, passes, scenario, steps};

const SPENDS: &str = "probes/integration/spends.wat";

/// A scenario of two requests, with these keys besides.
fn two_requests(keys: &str) -> String {
    format!(
        "plugins: [{{name: p, wasm: {SPENDS}}}]\nscenarios:\n  - name: case\n{keys}\n    steps:\n      \
         - {{request: GET /}}\n      - {{request: {{url: /, headers: {{a: b}}}}}}\n"
    )
}

#[test]
fn the_view_has_every_callback_and_the_version() {
    let run = carried_out(&scenario(&two_requests("    snapshot: [fuel]")));
    let text = run.view(View::Fuel);
    let fuel: Vec<u64> = run.spent.iter().map(|one| one.fuel).collect();
    // Six fields reach the plugin, then seven: each is a hundred rounds more.
    let [_, _, first, _, second] = fuel[..] else { panic!("{fuel:?}") };
    let round = (second - first) / 100;
    assert_eq!((second - first, round > 5), (round * 100, true), "{text}");
    let want = format!(
        "wasmtime {WASMTIME}\n\noutside of exchanges: {0}\n  p  proxy_on_context_create  {0}\n\n#1: {1}\n  \
         p  proxy_on_context_create  {0}\n  p  proxy_on_request_headers  {first}\n\n#2: {2}\n  \
         p  proxy_on_context_create  {0}\n  p  proxy_on_request_headers  {second}\n",
        fuel[0],
        fuel[0] + first,
        fuel[0] + second,
    );
    assert_eq!(text, want);
}

#[test]
fn counting_changes_nothing_and_gives_the_same_each_time() {
    let plain = steps(LIMITER, "{request: GET /, repeat: 3},");
    let counted = |by_image| {
        let options = RunOptions { count_fuel: true, by_image, ..RunOptions::default() };
        let run = run(&plain, &Folder, &options).unwrap();
        assert_eq!(run.imaged, by_image);
        (run.transcript.abi(), run.spent)
    };
    let first = counted(false);
    assert!(first.1.iter().all(|one| one.fuel > 0));
    assert_eq!(first, counted(false));
    // The code of an image is the same code.
    assert_eq!(first, counted(true));
    let uncounted = carried_out(&plain);
    assert_eq!(uncounted.spent, []);
    assert_eq!(uncounted.transcript.abi(), first.0);
}

#[test]
fn an_exchange_may_cost_what_is_stated_and_no_more() {
    let run = carried_out(&scenario(&two_requests("    cost: {max_fuel: 1000000}")));
    assert!(run.passed());
    let dearest: u64 = run.spent[3..].iter().map(|one| one.fuel).sum();
    passes(&scenario(&two_requests(&format!("    cost: {{max_fuel: {dearest}}}"))));
    let said = failure(&scenario(&two_requests(&format!("    cost: {{max_fuel: {}}}", dearest - 1))));
    let (create, headers) = (run.spent[3].fuel, run.spent[4].fuel);
    assert_eq!(
        said,
        format!(
            "\
case.yaml:4:11: cost.max_fuel: expected an exchange uses at most {less} fuel, found exchange #2 used {dearest}
 4 |     cost: {{max_fuel: {less}}}
   |           ^
  step      the whole scenario, at 0s
  expected  an exchange uses at most {less} fuel
  actual    exchange #2 used {dearest}
  because   proxy_on_request_headers of plugin p: {headers}
            proxy_on_context_create of plugin p: {create}
            counted by wasmtime {WASMTIME}
",
            less = dearest - 1
        )
    );
}

#[test]
fn a_callback_that_uses_more_than_it_may_traps() {
    let limited = |steps: &str| {
        scenario(&format!(
            "plugins: [{{name: p, wasm: {SPENDS}}}]\nhost: {{max_fuel_per_callback: 1000}}\nscenarios:\n  - name: case\n    \
             steps: [{steps}]\n"
        ))
    };
    passes(&limited("{request: GET /, expect: {trap: {plugin: p, message: {contains: used up its fuel}}}}"));
    let run = carried_out(&limited("{request: GET /}"));
    assert_eq!(run.failures[0].what, "trap");
    assert_eq!(run.spent.last().map(|one| one.fuel), Some(1000));
    passes(&steps(SPENDS, "{request: GET /},"));
}

#[test]
fn a_callback_that_a_plugin_has_not_costs_nothing() {
    // Its first callback comes with the request: until then there is only what the start was given.
    let run = carried_out(&scenario(
        "plugins: [{name: p, wasm: probes/http_fields/adds.wat}]\nhost: {max_fuel_per_callback: 1000}\nscenarios:\n  - name: case\n    \
         steps: [{request: GET /}]\n",
    ));
    let callbacks: Vec<&str> = run.spent.iter().map(|one| one.callback.name()).collect();
    assert_eq!(callbacks, ["proxy_on_request_headers", "proxy_on_response_headers"]);
}
