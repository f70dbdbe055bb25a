//! Unusable input: one clear message with its place and a hint, exit code 2, no panic, and no file touched.

mod playground;

use playground::{Playground, Ran, plugin, scenarios};

const STEPS: &str = "  - {name: one, steps: [{request: GET /}]}\n";

/// Checks what every refusal has in common.
#[track_caller]
fn refused(play: &Playground, arguments: &[&str], wanted: &[&str]) -> Ran {
    let before = play.files();
    let ran = play.run(arguments);
    assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
    for text in wanted {
        assert!(ran.stderr.contains(text), "{arguments:?}: no {text:?} in {ran:?}");
    }
    assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "one message: {ran:?}");
    assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("internal error"), "{ran:?}");
    assert_eq!(play.files(), before, "{arguments:?} touched a file");
    ran
}

/// Modules that cannot be used: bytes, and what the message says.
fn modules() -> Vec<(&'static str, Vec<u8>, Vec<&'static str>)> {
    let real = std::fs::read(playground::artifact("rate_limiting_rust")).expect("the artifact");
    let text = |module: &str| module.as_bytes().to_vec();
    let importing = |import: &str| plugin(import).into_bytes();
    vec![
        ("empty", Vec::new(), vec!["p.wat: the file is empty", "help: the build or the copy did not finish"]),
        (
            "truncated",
            real[..real.len() / 2].to_vec(),
            vec!["p.wat: corrupt or truncated at byte ", "help: "],
        ),
        (
            "no wasm",
            text("\x7fELF\x02\x01\x01"),
            vec!["p.wat: not a WebAssembly module", "help: build for a wasm"],
        ),
        (
            "a component",
            text("\0asm\x0d\0\x01\0"),
            vec!["this is a WebAssembly component", "help: build a core"],
        ),
        ("text with a mistake", text("(module\n  (funk))"), vec!["p.wat:2:4: "]),
        (
            "no marker",
            text("(module (func (export \"malloc\") (param i32) (result i32) (i32.const 0)))"),
            vec!["missing or unknown Proxy-Wasm ABI version", "help: build it with a Proxy-Wasm SDK"],
        ),
        (
            "no allocator",
            text("(module (memory 1) (func (export \"proxy_abi_version_0_2_1\")))"),
            vec!["exports no allocator", "help: every Proxy-Wasm SDK exports one"],
        ),
        (
            "an unknown import",
            importing("(import \"env\" \"proxy_get_header_map_valu\" (func (param i32) (result i32)))"),
            vec!["imports env.proxy_get_header_map_valu", "did you mean `proxy_get_header_map_value`?"],
        ),
        (
            "an import of another version",
            importing("(import \"env\" \"proxy_clear_route_cache\" (func (result i32)))"),
            vec![
                "imports env.proxy_clear_route_cache, which ABI 0.1.0 has",
                "help: build with an SDK for ABI",
            ],
        ),
        (
            "an import of another type",
            importing("(import \"env\" \"proxy_log\" (func (param i32 i64 i32) (result i32)))"),
            vec![
                "imports env.proxy_log with another type: it wants i32 i64 i32 -> i32, but the host offers i32",
            ],
        ),
        (
            "more memory than allowed",
            text(
                "(module (memory 5000) (func (export \"proxy_abi_version_0_2_1\"))
                   (func (export \"malloc\") (param i32) (result i32) (i32.const 0)))",
            ),
            vec!["needs 327680000 bytes of memory to start", "help: raise the cap with `--max-memory`"],
        ),
    ]
}

#[test]
fn modules_that_cannot_be_used() {
    for (name, bytes, wanted) in modules() {
        let play = Playground::new();
        play.write("p.wat", bytes).write("s.scenario.yaml", scenarios(STEPS));
        let tried = refused(&play, &["try", "p.wat", "/"], &wanted);
        assert_eq!(tried.stdout, "", "{name}");
        // The same news for each scenario of a file is told once, with the place of the plugin.
        play.write("s.scenario.yaml", scenarios(&format!("{STEPS}{}", STEPS.replace("one", "two"))));
        let in_file: Vec<&str> = ["s.scenario.yaml:1:"].into_iter().chain(wanted).collect();
        let ran = refused(&play, &["run"], &in_file);
        assert!(ran.stdout.contains("  UNUSABLE  one\n  UNUSABLE  two\n"), "{name}: {ran:?}");
        assert!(ran.stdout.contains("0 passed, 2 failed, 0 skipped"), "{name}: {ran:?}");
    }
}

#[test]
fn a_module_that_is_missing() {
    let play = Playground::new();
    play.write("s.scenario.yaml", scenarios(STEPS));
    for arguments in [&["try", "p.wat", "/"][..], &["inspect", "p.wat"], &["run"]] {
        refused(&play, arguments, &["p.wat: cannot be read: No such file or directory"]);
    }
    play.write("p.wat", plugin(""));
    refused(&play, &["run", "--plugin", "p=q.wasm"], &["q.wasm: cannot be read"]);
    refused(
        &play,
        &["run", "--plugin", "q=p.wat"],
        &["no scenario has a plugin called \"q\"", "the plugins are: p"],
    );
}

#[test]
fn scenario_files_that_cannot_be_used() {
    let step = |step: &str| scenarios(&format!("  - name: one\n    steps:\n      - {step}\n"));
    let expecting = |what: &str| step(&format!("request: GET /\n        expect: {what}"));
    let cases: [(String, &[&str]); 12] = [
        (
            step("advanc: 1s"),
            &["s.scenario.yaml:5:9: unknown key `advanc`", "help: did you mean \"advance\"?"],
        ),
        (
            step("advance: soon"),
            &["s.scenario.yaml:5:18: `soon` is no duration", "5 |       - advance: soon", "help: "],
        ),
        (step("advance: 5parsecs"), &["unknown unit `parsecs`", "help: "]),
        (
            step("request: {method: [a], url: /}"),
            &[
                "s.scenario.yaml:5:27: expected text or a mapping with one of the forms of bytes, found a list",
            ],
        ),
        (step("request: get-it"), &["s.scenario.yaml:5:18: "]),
        (expecting("{response: {status: many}}"), &["s.scenario.yaml:6:37: "]),
        (expecting("{response: {body: {regex: \"(\"}}}"), &["s.scenario.yaml:6:", "regex"]),
        (
            scenarios(&format!("{STEPS}{STEPS}")),
            &["s.scenario.yaml:4:5: two scenarios have the name `one`, the first in line 3"],
        ),
        ("plugins: [{wasm: p.wat}]\nplugins: []\n".to_owned(), &["s.scenario.yaml:2:1: ", "plugins"]),
        ("plugins: [\n".to_owned(), &["s.scenario.yaml:2:1: "]),
        (String::new(), &["s.scenario.yaml: the file is empty"]),
        (
            scenarios(
                "  - {name: \"A b\", snapshot: [http], steps: []}\n  - {name: a-b, snapshot: [http], steps: []}\n",
            ),
            &[
                "s.scenario.yaml:4:5: the snapshots of this scenario have the names of those of `A b` in line 3",
            ],
        ),
    ];
    for (text, wanted) in cases {
        let play = Playground::new();
        play.write("p.wat", plugin("")).write("s.scenario.yaml", &text);
        let ran = refused(&play, &["run"], wanted);
        assert!(ran.stdout.contains("UNUSABLE  the file cannot be read"), "{ran:?}");
        // It is a trial, and no listing fails for it.
        let listed = play.run(&["run", "--list"]);
        assert_eq!((listed.code, listed.stdout.as_str()), (0, "s\n"), "{listed:?}");
        assert!(wanted.iter().all(|text| listed.stderr.contains(text)), "{listed:?}");
    }
}

#[test]
fn paths_without_scenarios() {
    let play = Playground::new();
    play.write("empty/readme.md", "");
    refused(
        &play,
        &["run"],
        &[".: the folder holds no scenario", "help: a scenario file ends in .scenario.yaml"],
    );
    refused(&play, &["run", "empty"], &["empty: the folder holds no scenario"]);
    refused(
        &play,
        &["run", "missing.scenario.yaml"],
        &["missing.scenario.yaml: cannot be opened: No such file"],
    );
}

#[test]
fn arguments_that_cannot_be_used() {
    let play = Playground::new();
    play.write("p.wat", plugin("")).write("s.scenario.yaml", scenarios(STEPS));
    let cases: [(&[&str], &[&str]); 17] = [
        (&["runn"], &["unrecognized subcommand 'runn'", "a similar subcommand exists: 'run'"]),
        (
            &["run", "--filter", "nothing"],
            &["no trial's name contains \"nothing\"", "help: there are 1, for example\n  s::one"],
        ),
        (&["run", "--hang-timeout", "10"], &["the duration `10` has no unit"]),
        (&["run", "--hang-timeout", "0s"], &["a timeout is longer than 0s"]),
        (&["run", "--max-memory", "1MB"], &["unknown unit in the size `1MB`", "did you mean \"MiB\"?"]),
        (&["run", "--jobs", "0"], &["--jobs"]),
        (&["run", "--plugin", "p"], &["--plugin takes NAME=FILE", "for example"]),
        (&["run", "--format", "xml"], &["invalid value 'xml'"]),
        (&["run", "--junit", "no/folder/j.xml"], &["no/folder/j.xml: cannot be written: "]),
        (&["try", "p.wat", "orders"], &["\"orders\" is neither a path", "nor a url"]),
        (&["try", "p.wat", "/", "-H", "x"], &["expected `Name: value`"]),
        (
            &["try", "p.wat", "/", "--config", "missing.json"],
            &["missing.json: there is no such file", "help: "],
        ),
        (&["try", "p.wat", "/", "-d", "@missing"], &["missing: cannot be read"]),
        (
            &["try", "p.wat", "/", "--upstream", "{statis: 1}"],
            &["(command line):1:12: unknown key `statis`", "did you mean"],
        ),
        (&["try", "p.wat", "/", "--times", "0"], &["--times"]),
        (&["try", "p.wat", "/", "--answer", "authz"], &["expected CLUSTER=ANSWER"]),
        (
            &["try", "p.wat", "/", "--answer", "a={bdy: x}"],
            &["(command line):3:9: unknown key `bdy`", "did you mean"],
        ),
    ];
    for (arguments, wanted) in cases {
        assert_eq!(refused(&play, arguments, wanted).stdout, "");
    }
    let ci =
        play.command(&["run", "--update-snapshots"]).env("CI", "true").output().expect("the binary runs");
    assert_eq!(ci.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ci.stderr).contains("snapshots are not updated under CI"));
}
