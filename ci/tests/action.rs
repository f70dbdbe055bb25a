//! `ci/action.sh`, as a workflow calls it: a repository that has a Go plugin's module and no Rust, and a release to fetch.

#![cfg(all(unix, target_os = "linux"))]

mod playground;

use std::process::Command;

use playground::{Playground, Ran, artifact};

const SCENARIOS: &str = "\
plugins: [{name: limiter, wasm: ../build/limiter.wasm}]
scenarios:
  - name: the third request within a second is refused
    steps:
      - {request: GET /, repeat: 2, expect: {response: {status: 200}}}
      - {request: GET /, expect: {response: {status: 403}}}
";

fn sh(play: &Playground, script: &str) -> Ran {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(play.path());
    command.output().expect("a shell").into()
}

/// A release that was built here, and a repository that uses it.
fn repository() -> Playground {
    let play = Playground::new();
    play.write("repo/build/limiter.wasm", std::fs::read(artifact("rate_limiting_go")).expect("a module"));
    play.write("repo/scenarios/limiter.scenario.yaml", SCENARIOS);
    play.write("releases/.keep", "");
    let packed = sh(
        &play,
        &format!(
            "cd releases
             name=proxy-wasm-test-0.1.0-$(uname -m)-unknown-linux-musl
             mkdir $name && cp '{}' $name/proxy-wasm-test
             tar -cf - $name | gzip -1 > $name.tar.gz && sha256sum $name.tar.gz > $name.tar.gz.sha256 && rm -r $name",
            env!("CARGO_BIN_EXE_proxy-wasm-test")
        ),
    );
    assert_eq!(packed.code, 0, "{packed:?}");
    play
}

fn act(play: &Playground) -> Ran {
    act_on(play, "")
}

/// The action, with a module to check where it is not empty.
fn act_on(play: &Playground, module: &str) -> Ran {
    let path = |name: &str| play.path().join(name);
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/action.sh"));
    command.current_dir(path("repo"));
    for (name, value) in [
        ("VERSION", "0.1.0".into()),
        ("PATHS", "scenarios".into()),
        ("CHECK", module.into()),
        ("REPOSITORY", "nobody/nothing".into()),
        ("RELEASES", path("releases").into_os_string()),
        ("TOOLS", path("tools").into_os_string()),
        ("GITHUB_STEP_SUMMARY", path("summary.md").into_os_string()),
        ("GITHUB_WORKSPACE", path("repo").into_os_string()),
        ("PROXY_WASM_TEST_CACHE", path("cache").into_os_string()),
        ("CI", "true".into()),
    ] {
        command.env(name, value);
    }
    command.output().expect("bash").into()
}

#[test]
fn from_checkout_to_result() {
    let play = repository();
    let ran = act(&play);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("GET / -> 403 by limiter"), "{ran:?}");
    assert!(
        play.read("summary.md").contains("**1 passed, 0 failed, 0 skipped**"),
        "{}",
        play.read("summary.md")
    );

    // The second job of the machine has it unpacked already; a failure is a mark at its line.
    play.write("repo/scenarios/limiter.scenario.yaml", SCENARIOS.replace("403", "429"));
    let ran = act(&play);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("::error file=scenarios/limiter.scenario.yaml,line=6,col="), "{ran:?}");
    assert!(play.read("summary.md").contains("expected 429"), "{}", play.read("summary.md"));
}

#[test]
fn the_module_is_checked_with_the_requests_of_the_scenarios() {
    let play = repository();
    let ran = act_on(&play, "build/limiter.wasm");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("pass lifecycle/order "), "{ran:?}");
    let summary = play.read("summary.md");
    let (run, check) = summary.split_once("**1 passed, 0 failed, 0 skipped**").expect("the scenarios");
    assert!(!run.contains("lifecycle/order") && check.contains("build/limiter.wasm"), "{summary}");

    // A defect that only the scenarios' own requests meet, for they give the configuration that shows it.
    play.write("repo/build/limiter.wasm", std::fs::read(artifact("defects_go")).expect("a module"));
    let defect = "plugins: [{name: limiter, wasm: ../build/limiter.wasm, config: non-utf8}]\nscenarios:\n  - name: a \
                  request\n    steps: [{request: GET /}]\n";
    play.write("repo/scenarios/limiter.scenario.yaml", defect);
    assert_eq!(act_on(&play, "").code, 0, "the scenario itself passes");
    let ran = act_on(&play, "build/limiter.wasm");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("::error file=build/limiter.wasm"), "{ran:?}");
    assert!(ran.stdout.contains("headers/non-utf8"), "{ran:?}");

    let ran = act_on(&play, "build/none.wasm");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("error: build/none.wasm: cannot be read"), "{ran:?}");
}

#[test]
fn without_a_repository_the_releases_are_those_of_the_actions_own() {
    let play = Playground::new();
    play.write("bin/curl", "#!/bin/sh\nfor word; do last=$word; done\necho \"asked for $last\"\nexit 22\n");
    let ran = sh(
        &play,
        &format!(
            "chmod +x bin/curl
             PATH=\"$PWD/bin:$PATH\" VERSION=0.1.0 PATHS=. CHECK= REPOSITORY= TOOLS=tools \
             GITHUB_ACTION_PATH=/home/runner/work/_actions/someone/theirs/v0.1.0/ci '{}/action.sh'",
            env!("CARGO_MANIFEST_DIR")
        ),
    );
    assert_eq!(ran.code, 22, "{ran:?}");
    let asked = "asked for https://github.com/someone/theirs/releases/download/v0.1.0/proxy-wasm-test-0.1.0-";
    assert!(ran.stdout.starts_with(asked), "{ran:?}");
}

#[test]
fn an_archive_that_is_not_the_released_one_is_not_run() {
    let play = repository();
    let spoilt = sh(&play, "cd releases && for file in *.tar.gz; do printf x >> $file; done");
    assert_eq!(spoilt.code, 0, "{spoilt:?}");
    let ran = act(&play);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(!ran.stdout.contains("GET /") && !play.path().join("summary.md").exists(), "{ran:?}");
}

#[test]
fn the_scripts_are_sound() {
    let play = Playground::new();
    for script in
        ["action.sh", "release/build.sh", "release/try.sh", "../examples/build.sh", "../examples/run.sh"]
    {
        let path = format!("{}/{script}", env!("CARGO_MANIFEST_DIR"));
        let ran = sh(&play, &format!("bash -n '{path}' && test -x '{path}'"));
        assert_eq!(ran.code, 0, "{script}: {ran:?}");
    }
}
