//! Test files of Google's plugin tester: each test of our corpus comes out as its name says, and for the reason that is
//! written down beside it.

mod playground;

use std::path::Path;
use std::process::Command;

use playground::{Playground, Ran};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../suites/google");

/// The binary in the folder of the corpus, where the files' own paths start.
fn run(arguments: &[&str]) -> Ran {
    let mut command: Command = Playground::new().command(arguments);
    command.current_dir(CORPUS).output().expect("the binary runs").into()
}

/// What each test of the corpus says: its failures, without their places.
fn outcomes() -> String {
    let ran = run(&["run", "--google", ".", "--format", "json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let mut out = String::new();
    for trial in document["trials"].as_array().expect("trials") {
        let name = trial["name"].as_str().expect("a name");
        let text = trial["text"].as_str().expect("a text");
        let (_, test) = name.split_once("::").expect("a test");
        let passed = trial["outcome"] == "passed";
        assert_eq!(passed, test.starts_with("pass: "), "{name}: {text}");
        assert_eq!(passed, !test.starts_with("fail: "), "{name}: {text}");
        assert!(trial["line"].as_u64().is_some_and(|line| line > 0), "{name} has no line");
        out.push_str(&format!("{name}\n"));
        let place = format!("{}:{}: ", trial["file"].as_str().expect("a file"), trial["line"]);
        for line in text.lines() {
            out.push_str(&format!("  {}\n", line.strip_prefix(&place).unwrap_or(line)));
        }
    }
    out
}

#[test]
fn every_test_of_the_corpus_comes_out_as_it_says_and_for_its_reason() {
    let path = Path::new(CORPUS).join("outcomes.txt");
    let outcomes = outcomes();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        std::fs::write(&path, &outcomes).expect("a file");
    }
    let known = std::fs::read_to_string(&path).expect("outcomes");
    assert_eq!(outcomes, known, "if this is meant: INSTA_UPDATE=always");
}

#[test]
fn every_file_of_the_corpus_becomes_scenarios_that_can_be_read() {
    let play = Playground::new();
    let mut files: Vec<_> = std::fs::read_dir(CORPUS)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "textproto" || ending == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let out = play.path().join(file.with_extension("scenario.yaml").file_name().expect("a name"));
        let (file, out) = (file.display().to_string(), out.display().to_string());
        let ran = run(&["import-google", &file, "--out", &out]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let again = run(&["import-google", &file, "--out", &out]);
        assert_eq!(again.code, 2, "nothing is overwritten: {again:?}");
    }
    let list = play.run(&["run", "--list"]);
    assert_eq!((list.code, list.stderr.as_str()), (0, ""), "{list:?}");
    let tests = run(&["run", "--google", ".", "--list"]).stdout;
    assert_eq!(list.stdout.lines().count(), tests.lines().count(), "{list:?}");
    // What leans on none of the tester's ways says the same on a whole proxy.
    let ran = play.run(&["run", "ordinary.scenario.yaml"]);
    assert!(ran.stdout.contains("  ok  pass: both ways\n"), "{ran:?}");
    assert!(ran.stdout.contains("  FAILED  fail: both ways\n"), "{ran:?}");
    assert!(ran.stdout.contains("\n1 passed, 1 failed, "), "{ran:?}");
}

#[test]
fn what_has_no_counterpart_is_named() {
    let ran = run(&["import-google", "headers.textproto"]);
    assert!(ran.stdout.contains("  # not taken over: headers: invert, exact \"keep: k\"\n"), "{ran:?}");
    assert!(ran.stderr.contains("warning: not taken over: pass: names lose their case"), "{ran:?}");
}

#[test]
fn module_and_configuration_of_the_command_line_come_first() {
    let play = Playground::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins-under-test/probes/script.wat");
    play.write("t.textproto", "test { name: \"one\" plugin_init { log { exact: \"hello\" } } }");
    play.write("hello.conf", "cf: l(hello)");
    let ran = play.run(&["run", "--google", "t.textproto"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("error: t.textproto: no module is named\nhelp: name one with --plugin"),
        "{ran:?}"
    );
    let ran = play.run(&["run", "--google", "t.textproto", "--plugin", script, "--config", "hello.conf"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = play.run(&["run", "--google", "t.textproto", "--plugin", script, "--filter", "two"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let ran = play.run(&["run", "--plugin", script]);
    assert!(ran.stderr.starts_with("error: --plugin takes NAME=FILE") || ran.code == 2, "{ran:?}");
}

#[test]
fn an_unknown_field_is_refused_with_its_line_and_the_other_files_are_run() {
    let play = Playground::new();
    play.write("a.textproto", "test {\n  name: \"a\"\n  retries: 3\n}\n");
    play.write("b.yaml", "test:\n  - Name: b\n");
    play.write("p.wat", playground::plugin(""));
    play.write("c.textproto", "env { wasm_path: \"p.wat\" } test { name: \"c\" request_headers { } }");
    let ran = play.run(&["run", "--google", ".", "--junit", "j.xml"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("error: ./a.textproto:3: "), "{ran:?}");
    assert!(ran.stderr.contains("error: ./b.yaml:2: Test has no field \"Name\"; it has name, "), "{ran:?}");
    assert!(ran.stdout.contains("  ok  c\n") && ran.stdout.contains("\n1 passed, 2 failed, "), "{ran:?}");
    assert!(play.read("j.xml").contains("<testcase name=\"c\""), "{}", play.read("j.xml"));
}
