//! What a plugin does wrong: exit code 1, unless the scenario expects it, and a message that says what it was.

mod playground;

use playground::{Playground, Ran, plugin, scenarios};

/// A plugin, options, the scenario's steps when it is expected, and what the failure says when it is not.
struct Case {
    name: &'static str,
    plugin: String,
    options: &'static [&'static str],
    expected: &'static str,
    says: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let on_request = |body: &str| {
        plugin(&format!(
            "(func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32) {body})"
        ))
    };
    let answering_false = |callback: &str| {
        plugin(&format!("(func (export \"{callback}\") (param i32 i32) (result i32) (i32.const 0))"))
    };
    vec![
        Case {
            name: "a trap in a callback",
            plugin: on_request("unreachable"),
            options: &[],
            expected: "[{request: GET /, expect: {trap: {plugin: p, message: {contains: unreachable}}}}]",
            says: &["trap", "unreachable", "proxy_on_request_headers"],
        },
        Case {
            name: "a trap in the start function",
            plugin: plugin("(func (export \"_initialize\") unreachable)"),
            options: &[],
            expected: "[{start: refused, expect: {trap: {plugin: p, message: {contains: unreachable}}}}]",
            says: &["plugin p trapped in _initialize", "unreachable"],
        },
        Case {
            name: "vm_start false",
            plugin: answering_false("proxy_on_vm_start"),
            options: &[],
            expected: "[{start: refused}]",
            says: &["plugin p answered false in proxy_on_vm_start"],
        },
        Case {
            name: "configure false",
            plugin: answering_false("proxy_on_configure"),
            options: &[],
            expected: "[{start: refused}]",
            says: &["plugin p answered false in proxy_on_configure"],
        },
        Case {
            name: "a callback that never returns",
            plugin: on_request("(loop (br 0)) (i32.const 0)"),
            options: &["--hang-timeout", "100ms"],
            expected: "[{request: GET /, expect: {trap: {message: {contains: hang timeout}}}}]",
            says: &["trap", "the call did not return within the hang timeout"],
        },
        Case {
            name: "recursion without end",
            plugin: plugin(
                "(func $again (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32)
                   (call $again (i32.const 2) (i32.const 0) (i32.const 1)))",
            ),
            options: &[],
            expected: "[{request: GET /, expect: {trap: {message: {contains: Maximum call stack size}}}}]",
            says: &["trap", "Maximum call stack size exceeded"],
        },
        Case {
            name: "memory that grows to its cap",
            plugin: on_request(
                "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (i32.const 0)",
            ),
            options: &["--max-memory", "4MiB"],
            expected: "[{request: GET /, expect: {findings: [vm/memory-cap]}}]",
            says: &["memory", "4194304"],
        },
        Case {
            name: "a stall",
            plugin: on_request("(i32.const 1)"),
            options: &[],
            expected: "[{request: GET /, expect: {stalled: true}}]",
            says: &["stalled", "paused"],
        },
    ]
}

/// Whether it has this exit code, says nothing on stderr, and no panic anywhere.
#[track_caller]
fn ended(ran: &Ran, code: i32, name: &str) {
    assert_eq!(ran.code, code, "{name}: {ran:?}");
    assert_eq!(ran.stderr, "", "{name}: {ran:?}");
}

#[test]
fn what_a_plugin_does_wrong_fails_unless_it_is_expected() {
    for Case { name, plugin, options, expected, says } in cases() {
        let play = Playground::new();
        play.write("p.wat", plugin);
        let run = [&["run"][..], options].concat();
        play.write("s.scenario.yaml", scenarios("  - {name: one, steps: [{request: GET /}]}\n"));
        let ran = play.run(&run);
        ended(&ran, 1, name);
        assert!(ran.stdout.contains("  FAILED  one"), "{name}: {ran:?}");
        assert!(
            ran.stdout.contains("    run it again: proxy-wasm-test run s.scenario.yaml --filter one"),
            "{ran:?}"
        );
        for text in says {
            assert!(ran.stdout.contains(text), "{name}: no {text:?} in {ran:?}");
        }
        let tried = play.run(&[&["try", "p.wat", "/"][..], options].concat());
        ended(&tried, 1, name);
        for text in says {
            assert!(tried.stdout.contains(text), "{name}: no {text:?} in {tried:?}");
        }
        play.write("s.scenario.yaml", scenarios(&format!("  - {{name: one, steps: {expected}}}\n")));
        ended(&play.run(&run), 0, name);
    }
}
