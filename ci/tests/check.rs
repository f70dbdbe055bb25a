//! `check` and `explain`: what they print, write and answer.

mod playground;

use playground::{Playground, Ran};
use proxy_wasm_harness::proxy::FINDINGS;
use serde_json::Value;

/// Traps on requests without `accept-language` that have `accept`.
const BRITTLE: &str = r#"(module
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (global $top (mut i32) (i32.const 65536))
  (data (i32.const 16) "accept-language") (data (i32.const 48) "accept")
  (func $version (export "proxy_abi_version_0_2_1"))
  (func $malloc (export "malloc") (param i32) (result i32) (i32.const 65536))
  (func $headers (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 4) (i32.const 0))
    (drop (call $get (i32.const 0) (i32.const 48) (i32.const 6) (i32.const 0) (i32.const 4)))
    (if (i32.load (i32.const 4))
      (then (if (call $get (i32.const 0) (i32.const 16) (i32.const 15) (i32.const 0) (i32.const 4)) (then unreachable))))
    (i32.const 0)))"#;

fn brittle() -> Playground {
    let play = Playground::new();
    play.write("brittle.wat", BRITTLE);
    play
}

#[test]
fn a_finding_is_told_saved_and_fails_when_it_is_run() {
    let play = brittle();
    let ran = play.run(&["check", "brittle.wat", "--only", "headers/missing", "--save", "found"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    for part in [
        "FAIL headers/missing",
        "without the request header accept-language: the plugin traps in proxy_on_request_headers: unreachable",
        "required  A header that is not there",
        "seen in   proxy-wasm/proxy-wasm-rust-sdk#82",
        "backtrace headers",
        "scenario  proxy-wasm-test run found/headers-missing-1.scenario.yaml",
        "0 passed, 1 failed",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in\n{}", ran.stdout);
    }
    let again = play.run(&["run", "found/headers-missing-1.scenario.yaml"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stdout.contains("trap: "), "{}", again.stdout);
}

#[test]
fn quiet_tells_what_has_to_be_acted_on() {
    let play = brittle();
    let loud = play.run(&["check", "brittle.wat", "--only", "headers", "--only", "loading"]);
    let quiet = play.run(&["check", "brittle.wat", "--only", "headers", "--only", "loading", "--quiet"]);
    assert_eq!((loud.code, quiet.code), (1, 1), "{quiet:?}");
    assert!(loud.stdout.contains("\npass headers/sequence ") && loud.stdout.contains("  -  "), "{loud:?}");
    assert!(quiet.stdout.starts_with("FAIL headers/missing "), "{quiet:?}");
    assert!(!quiet.stdout.contains("pass ") && !quiet.stdout.contains("  -  "), "{quiet:?}");
    let last = |ran: &Ran| ran.stdout.lines().last().map(str::to_owned);
    assert_eq!(last(&loud), last(&quiet));
}

#[test]
fn reports_are_written_and_the_same_twice() {
    let play = brittle();
    let all =
        ["--junit", "j.xml", "--markdown", "m.md", "--badge", "b.json", "--format", "json", "--seed", "7"];
    let run = || play.run(&[&["check", "brittle.wat", "--only", "headers"][..], &all].concat());
    let first: Ran = run();
    let document: Value = serde_json::from_str(&first.stdout).expect("JSON");
    assert_eq!(
        (document["schema"].as_str(), document["seed"].as_u64()),
        (Some("proxy-wasm-test/check/1"), Some(7))
    );
    assert_eq!(document["summary"]["failed"], 1);
    assert_eq!(document["module"]["sha256"].as_str().map(str::len), Some(64));
    let badge: Value = serde_json::from_str(&play.read("b.json")).expect("JSON");
    assert_eq!(badge["color"], "red");
    assert!(play.read("j.xml").contains("<testcase name=\"headers/missing\""));
    assert!(play.read("m.md").contains("| `headers/missing` | MUST | **fail** |"));
    let written = play.files();
    assert_eq!((run().stdout, play.files()), (first.stdout, written));
}

#[test]
fn what_is_known_is_green_until_it_passes_or_expires() {
    let play = brittle();
    let known = |extra: &str| {
        format!("[[known]]\ncheck = \"headers/missing\"\nreason = \"old clients only\"\n{extra}")
    };
    let run = |check: &str| play.run(&["check", "brittle.wat", "--only", check, "--expectations", "k.toml"]);
    play.write("k.toml", known(""));
    let ran = run("headers/missing");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("known: old clients only"), "{}", ran.stdout);
    play.write("k.toml", known("expires = 2020-01-31\n"));
    let ran = run("headers/missing");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("accepted until 2020-01-31 only"), "{}", ran.stdout);
    play.write("k.toml", "[[known]]\ncheck = \"headers/sequence\"\nreason = \"x\"\n");
    let ran = run("headers/sequence");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("it passes now: take the expectation out (x)"), "{}", ran.stdout);
}

#[test]
fn input_that_cannot_be_used_is_named() {
    let play = brittle();
    play.write("k.toml", "[[known]]\ncheck = \"headers/lost\"\n").write("no.wasm", "text");
    for (arguments, message) in [
        (&["check", "missing.wasm"][..], "error: missing.wasm: cannot be read"),
        (&["check", "no.wasm"], "error: no.wasm: not a WebAssembly module"),
        (
            &["check", "brittle.wat", "--only", "headers/mising"],
            "error: there is no check and no area `headers/mising`",
        ),
        (
            &["check", "brittle.wat", "--expectations", "k.toml"],
            "error: k.toml:1: there is no check `headers/lost`",
        ),
        (
            &["explain", "bodies/lenght"],
            "error: there is no check `bodies/lenght`\nhelp: did you mean `bodies/length`?",
        ),
        (
            &["explain", "envoy/crush"],
            "error: there is no finding `envoy/crush`\nhelp: findings are envoy/body-dropped, ",
        ),
        (&["check"], "error: the following required arguments were not provided"),
    ] {
        let ran = play.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.starts_with(message), "{ran:?}");
    }
}

#[test]
fn the_catalogue_is_listed_and_explained() {
    let play = Playground::new();
    let listed = play.run(&["check", "--list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let ids: Vec<&str> = listed.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.len() >= 40, "{ids:?}");
    for id in ids {
        let ran = play.run(&["explain", id]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        for part in [id, "source ", "seen in ", "exercises ", "bad ", "good "] {
            assert!(ran.stdout.contains(part), "{}", ran.stdout);
        }
    }
}

#[test]
fn every_finding_is_explained() {
    let play = Playground::new();
    for kind in FINDINGS {
        let ran = play.run(&["explain", kind.id]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        for part in [kind.id, kind.happens, "what to do: ", kind.remedy] {
            assert!(ran.stdout.contains(part), "{}", ran.stdout);
        }
    }
}
