//! The examples: played as they are, and with the workflow that `init` writes for them.

#![cfg(unix)]

mod playground;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use playground::{Playground, Ran};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

fn example(name: &str) -> PathBuf {
    Path::new(EXAMPLES).join(name)
}

#[test]
fn they_pass_with_their_committed_modules() {
    let program = env!("CARGO_BIN_EXE_proxy-wasm-test");
    let mut command = Command::new(example("run.sh"));
    command.arg(program).env("CI", "true");
    command.env("PROXY_WASM_TEST_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/modules"));
    let ran: Ran = command.output().expect("bash").into();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("3 artifacts are up to date\n"), "{ran:?}");
    // The scenarios and the checks of each.
    assert_eq!(ran.stdout.matches(" passed, 0 failed, ").count(), 6, "{ran:?}");
}

#[test]
fn their_workflows_are_those_of_init() {
    for (name, arguments) in [
        ("api-key", &["init"][..]),
        ("canary", &["init", "build/canary.wasm"]),
        ("traceparent", &["init", "build/traceparent.wasm"]),
    ] {
        let play = Playground::new();
        let file = format!("scenarios/{name}.scenario.yaml");
        let module = format!("build/{name}.wasm");
        for path in ["Cargo.toml", "go.mod", "package.json", &file, &module] {
            if let Ok(content) = fs::read(example(name).join(path)) {
                play.write(path, content);
            }
        }
        play.write(".git/.keep", "");
        let manifest = play.files().get(&play.path().join("Cargo.toml")).cloned();
        let ran = play.run(arguments);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        let path = ".github/workflows/proxy-wasm-test.yml";
        let known = fs::read_to_string(example(name).join(path)).expect("the workflow");
        assert_eq!(
            play.read(path),
            known,
            "{name}: write it anew with `proxy-wasm-test {}`",
            arguments.join(" ")
        );
        assert_eq!(
            play.files().get(&play.path().join("Cargo.toml")),
            manifest.as_ref(),
            "nothing is left to add"
        );
    }
}
